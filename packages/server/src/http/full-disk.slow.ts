import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'quiverdb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer } from '../testing/server-process.js'

const mebibyte = 1024 * 1024
const folder = mkdtempSync(join(tmpdir(), 'quiver-full-'))
const reserve = join(folder, 'reserve')
/** Of the system; only root may. */
const commands = { mount: 'mount', unmount: 'umount' }
let isMounted = false
try {
  execFileSync(commands.mount, ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', folder], { stdio: 'ignore' })
  isMounted = true
} catch {
  // Then there is no such disk to test with.
}
beforeAll(() => writeFileSync(reserve, Buffer.alloc(8 * mebibyte)))
afterAll(() => {
  if (isMounted) execFileSync(commands.unmount, ['-l', folder])
  rmSync(folder, { recursive: true, force: true })
})

const apis = {
  native: {
    write: (id: string, text: string) => ['/v1/namespaces/default/collections/papers/records', { records: [{ id, text }] }],
    count: ['/v1/namespaces/default/collections/papers/records/count', {}],
    total: 'count',
    made: 200,
  },
  rushdb: {
    write: (slug: string, text: string) => ['/api/v1/records', { label: 'Doc', data: { slug, text } }],
    count: ['/api/v1/records/search', { limit: 1 }],
    total: 'total',
    made: 201,
  },
} as const
/** Too large for the log, and small enough. */
const large = 'x'.repeat(100_000)
const small = 'x'.repeat(1_000)

it.runIf(isMounted)('a full disk refuses writes with 507, reads go on, and with room writes do too', async () => {
  const db = join(folder, 'db')
  const server = await startServer(db)
  const post = async ([path, body]: readonly [string, object] | readonly (string | object)[]) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(server.url + (path as string), { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
  }
  await fetch(`${server.url}/v1/namespaces/default/collections/papers`, { method: 'PUT' })
  const written = { native: 0, rushdb: 0 }
  const fill = async (name: keyof typeof apis, text: string) => {
    const api = apis[name]
    for (;;) {
      const { status, json } = await post(api.write(`d${written[name]}`, text))
      if (status !== api.made) return { status, json }
      written[name]++
    }
  }
  const countAll = async () => {
    for (const name of ['native', 'rushdb'] as const) {
      const { status, json } = await post(apis[name].count)
      expect([name, status, json[apis[name].total]]).toEqual([name, 200, written[name]])
    }
  }
  // Some of both, before there is no room for either.
  for (let n = 0; n < 10; n++)
    for (const name of ['native', 'rushdb'] as const) {
      expect((await post(apis[name].write(`d${n}`, large))).status).toBe(apis[name].made)
      written[name]++
    }
  for (const text of [large, small]) {
    expect(await fill('rushdb', text)).toMatchObject({
      status: 507,
      json: { statusCode: 507, message: expect.stringContaining('space') },
    })
    expect(await fill('native', text)).toMatchObject({ status: 507, json: { error: { code: 'STORAGE_FULL' } } })
  }
  await countAll()
  expect((await fetch(`${server.url}/ready`)).status).toBe(200)

  rmSync(reserve)
  for (const name of ['native', 'rushdb'] as const) {
    expect((await post(apis[name].write(`d${written[name]}`, large))).status).toBe(apis[name].made)
    written[name]++
  }
  await countAll()
  server.child.kill('SIGTERM')
  expect(await server.ended).toBe(0)
  const reopened = await open(db, { create: false })
  expect(await reopened.check()).toMatchObject({ ok: true, problems: [] })
  await reopened.close()
})
