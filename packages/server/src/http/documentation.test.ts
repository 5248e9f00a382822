import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { nativePaths, serving } from '../testing/serving.js'
import { ApiKeys } from './keys/api-keys.js'

const page = readFileSync(new URL('../../../../docs/SERVER.md', import.meta.url), 'utf8')

it('answers the calls that its page shows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quiver-page-'))
  const keys = await ApiKeys.open(join(folder, 'keys'))
  const { key } = await keys.create({ role: 'write', namespaces: '*' })
  const on = await serving({ keys })
  try {
    const commands = /A test runs these[^]*?```bash\n([^]*?)```/.exec(page)![1]!
    const env = { ...process.env, URL: on.url, KEY: key }
    const { stdout } = await promisify(execFile)('bash', ['-ec', commands.replaceAll('curl -s', 'curl --fail-with-body -s')], {
      cwd: folder,
      env,
    })
    expect(stdout).toContain('{"ids":["p1","p2"]')
    expect(stdout).toContain('"hits":[{"id":"p1"')
    expect(stdout).toContain('"done":true')
    expect(readFileSync(join(folder, 'papers.ndjson'), 'utf8').split('\n')).toHaveLength(3)
  } finally {
    await on.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

it('lists every route on its page, with its role', async () => {
  const on = await serving()
  const paths = await nativePaths(on)
  await on.close()
  const described = paths.flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { description = '' }]) => `${method.toUpperCase()} ${path} ${/`(\w+)`/.exec(description)?.[1] ?? 'none'}`,
    ),
  )
  const listed = [...page.matchAll(/^\| (`(?:GET|PUT|POST|PATCH|DELETE) .*?) \| (\w+) \|/gm)].flatMap(([, routes, role]) =>
    [...routes!.matchAll(/`(\w+) (\S+)`/g)].map(([, method, path]) => `${method} ${whole(path!)} ${role}`),
  )
  expect(listed.sort()).toEqual(described.sort())
})

function whole(path: string): string {
  if (path.startsWith('/')) return path
  return `/v1/namespaces/{namespace}/${path.replace(/^C(?=\/|$)/, 'collections/{collection}')}`
}
