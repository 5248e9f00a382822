import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serving, type Serving } from '../../testing/serving.js'

const page = readFileSync(new URL('../../../../../docs/RUSHDB.md', import.meta.url), 'utf8')
let on: Serving
beforeAll(async () => {
  on = await serving()
})
afterAll(() => on.close())

it('answers the calls that its page shows', async () => {
  const commands = /A test runs these[^]*?```bash\n([^]*?)```/.exec(page)![1]!
  const { stdout } = await promisify(execFile)('bash', ['-ec', commands.replaceAll('curl -s', 'curl --fail-with-body -s')], {
    env: { ...process.env, URL: on.url, KEY: 'none' },
  })
  expect(stdout).toContain('"status":"awaiting_vectors"')
  expect(stdout).toContain('"__label":"DEPARTMENT","__proptypes":{"name":"string","founded":"datetime"},"name":"Lab"')
  expect(stdout).toMatch(/"title":"Alpha","content":"First","__score":0[.]99/)
})

it('lists every route on its page, with what it needs', async () => {
  const { json } = await on.call('GET', '/openapi.json')
  const paths = Object.entries(json.paths as Record<string, Record<string, { description?: string }>>)
  const described = paths.flatMap(([path, methods]) =>
    !path.startsWith('/api/v1')
      ? []
      : Object.entries(methods).map(
          ([method, { description = '' }]) =>
            `${method.toUpperCase()} ${path.slice('/api/v1'.length)} ${/`([\w-]+)`/.exec(description)?.[1] ?? 'none'}`,
        ),
  )
  const listed = [...page.matchAll(/^\| (`(?:GET|PUT|POST|PATCH|DELETE) .*?) \| ([\w-]+) \|/gm)].flatMap(([, routes, needs]) =>
    [...routes!.matchAll(/`(\w+) (\S+)`/g)].map(([, method, path]) => `${method} ${path} ${needs}`),
  )
  expect(listed.sort()).toEqual(described.sort())
})
