import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { papersPath, serving, type Serving, nativePaths } from '../testing/serving.js'
import { ApiKeys } from './keys/api-keys.js'
import { roles, type Role } from './keys/key-record.js'

const folder = mkdtempSync(join(tmpdir(), 'quiver-keys-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Every route and the least role that may use it: written down here once more, so that a change shows. */
const needs: Record<Role, readonly string[]> = {
  read: [
    'GET /metrics',
    'GET /v1/namespaces',
    'GET /v1/namespaces/{namespace}/collections',
    'GET /v1/namespaces/{namespace}/collections/{collection}',
    'GET /v1/namespaces/{namespace}/collections/{collection}/export',
    'GET /v1/namespaces/{namespace}/collections/{collection}/fields',
    'GET /v1/namespaces/{namespace}/collections/{collection}/indexes',
    'GET /v1/namespaces/{namespace}/collections/{collection}/records/{id}',
    'GET /v1/namespaces/{namespace}/log',
    'GET /v1/namespaces/{namespace}/stats',
    'GET /v1/namespaces/{namespace}/version',
    'POST /v1/namespaces/{namespace}/collections/{collection}/evaluate',
    'POST /v1/namespaces/{namespace}/collections/{collection}/records/count',
    'POST /v1/namespaces/{namespace}/collections/{collection}/records/distinct',
    'POST /v1/namespaces/{namespace}/collections/{collection}/records/facets',
    'POST /v1/namespaces/{namespace}/collections/{collection}/records/get',
    'POST /v1/namespaces/{namespace}/collections/{collection}/records/list',
    'POST /v1/namespaces/{namespace}/collections/{collection}/search',
    'POST /v1/namespaces/{namespace}/collections/{collection}/search/batch',
  ],
  write: [
    'DELETE /v1/namespaces/{namespace}/collections/{collection}/indexes/{index}',
    'DELETE /v1/namespaces/{namespace}/collections/{collection}/records/{id}',
    'PATCH /v1/namespaces/{namespace}/collections/{collection}/records/{id}',
    'POST /v1/namespaces/{namespace}/collections/{collection}/fields',
    'POST /v1/namespaces/{namespace}/collections/{collection}/fields/drop',
    'POST /v1/namespaces/{namespace}/collections/{collection}/import',
    'POST /v1/namespaces/{namespace}/collections/{collection}/indexes',
    'POST /v1/namespaces/{namespace}/collections/{collection}/records',
    'POST /v1/namespaces/{namespace}/collections/{collection}/records/delete',
    'POST /v1/namespaces/{namespace}/collections/{collection}/records/update',
    'POST /v1/namespaces/{namespace}/commits',
    'POST /v1/namespaces/{namespace}/transactions',
    'PUT /v1/namespaces/{namespace}/collections/{collection}',
    'PUT /v1/namespaces/{namespace}/collections/{collection}/indexes/{index}/vectors',
    'PUT /v1/namespaces/{namespace}/collections/{collection}/records/{id}',
  ],
  admin: [
    'DELETE /v1/namespaces/{namespace}/collections/{collection}',
    'POST /v1/namespaces/{namespace}/check',
    'POST /v1/namespaces/{namespace}/settle',
  ],
}
const open = ['GET /health', 'GET /ready']

describe('with keys', () => {
  const keyOf: Partial<Record<Role, string>> = {}
  let on: Serving
  let tenant = ''
  const log: string[] = []
  beforeAll(async () => {
    const keys = await ApiKeys.open(join(folder, 'matrix'))
    for (const role of roles) keyOf[role] = (await keys.create({ role, namespaces: '*', name: role })).key
    tenant = (await keys.create({ role: 'admin', namespaces: ['tenant'] })).key
    on = await serving({ keys, logLevel: 'debug', logTo: { write: (line) => void log.push(line) } })
    await on.call('PUT', papersPath, { key: keyOf.write })
  })
  afterAll(() => on.close())

  const send = async (route: string, key?: string) => {
    const [method, template] = route.split(' ') as [string, string]
    const path = template
      .replace('{namespace}', 'default')
      .replace('{collection}', 'papers')
      .replace('{index}', 'i')
      .replace('{id}', 'x')
    return on.call(method, path, { key })
  }

  it('knows a role for every route that it describes', async () => {
    const described = (await nativePaths(on)).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(described.sort()).toEqual([...open, ...Object.values(needs).flat()].sort())
  })

  it('lets each role do what it may, and nothing more', async () => {
    for (const needed of roles) {
      for (const route of needs[needed]) {
        expect([route, (await send(route)).status]).toEqual([route, 401])
        for (const role of roles) {
          const refused = roles.indexOf(role) < roles.indexOf(needed)
          const { status } = await send(route, keyOf[role])
          expect([route, role, status === 403]).toEqual([route, role, refused])
          expect(status).not.toBe(401)
          expect(status).toBeLessThan(500)
          // The collection is there again for the next route.
          if (route.startsWith('DELETE') && status === 200) await on.call('PUT', papersPath, { key: keyOf.write })
        }
      }
    }
    for (const route of open) expect((await send(route)).status).toBe(200)
  })

  it('shows a key its own namespaces only', async () => {
    expect((await on.call('PUT', '/v1/namespaces/tenant/collections/notes', { key: tenant })).status).toBe(200)
    expect((await on.call('GET', '/v1/namespaces', { key: tenant })).json).toEqual({ namespaces: ['tenant'] })
    for (const routes of Object.values(needs))
      for (const route of routes.filter((route) => route.includes('{namespace}')))
        expect([route, (await send(route, tenant)).status]).toEqual([route, 403])
    expect((await on.call('GET', '/metrics', { key: tenant })).status).toBe(403)
  })

  it('takes a key in its header alone, and refuses what only looks like one', async () => {
    const good = keyOf.read!
    const path = '/v1/namespaces'
    const other = `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`
    for (const key of [other, good.slice(0, -1), `${good}x`, 'quiver__', '', good.toUpperCase()])
      expect((await on.call('GET', path, { key })).status).toBe(401)
    expect((await on.call('GET', `${path}?token=${good}`)).status).toBe(401)
    expect((await on.call('GET', path, { headers: { authorization: `Basic ${good}` } })).status).toBe(401)
    expect((await on.call('GET', path, { headers: { authorization: `bearer  ${good}` } })).status).toBe(200)
  })

  it('writes no key into the log', () => {
    expect(log.length).toBeGreaterThan(100)
    const secrets = [...Object.values(keyOf), tenant].map((key) => key.slice(-43))
    for (const secret of secrets) expect(log.join('')).not.toContain(secret)
  })
})

describe('keys on disk', () => {
  it('hold no secret, and are for their owner alone', async () => {
    const path = join(folder, 'disk')
    const keys = await ApiKeys.open(path)
    const { key, record } = await keys.create({ role: 'read', namespaces: ['a'], name: 'ci' })
    expect(readdirSync(path)).toEqual([`${record.id}.json`])
    const text = readFileSync(join(path, `${record.id}.json`), 'utf8')
    expect(text).not.toContain(key.slice(-43))
    if (process.platform !== 'win32') expect(statSync(join(path, `${record.id}.json`)).mode & 0o777).toBe(0o600)
    expect((await ApiKeys.open(path)).verify(key)).toEqual(record)
  })

  it('are revoked while the server runs, and the server stays closed', async () => {
    const path = join(folder, 'revoked')
    const { key, record } = await (await ApiKeys.open(path)).create({ role: 'read', namespaces: '*' })
    const on = await serving({ keys: await ApiKeys.open(path) })
    expect((await on.call('GET', '/v1/namespaces', { key })).status).toBe(200)
    await (await ApiKeys.open(path)).revoke(record.id)
    await expect.poll(async () => (await on.call('GET', '/v1/namespaces', { key })).status, { timeout: 10_000 }).toBe(401)
    expect((await on.call('GET', '/v1/namespaces')).status).toBe(401)
    expect((await ApiKeys.open(path)).required).toBe(true)
    await expect((await ApiKeys.open(path)).revoke('000000000000')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await on.close()
  })

  it('that are damaged are named', async () => {
    const path = join(folder, 'damaged')
    const { record } = await (await ApiKeys.open(path)).create({ role: 'read', namespaces: '*' })
    writeFileSync(join(path, `${record.id}.json`), '{"id"')
    await expect(ApiKeys.open(path)).rejects.toMatchObject({
      code: 'CORRUPT',
      details: { path: join(path, `${record.id}.json`) },
    })
    const wrong = { role: 'owner' as Role, namespaces: '*' as const }
    await expect((await ApiKeys.open(join(folder, 'none'))).create(wrong)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe('without keys', () => {
  it('serves this machine alone', async () => {
    const on = await serving()
    await expect(on.server.listen({ host: '0.0.0.0', port: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect((await on.call('GET', '/v1/namespaces')).status).toBe(200)
    // A name of somebody else's that leads here: what a page in a browser would send.
    expect(await statusWithHost(`${on.url}/v1/namespaces`, 'rebound.example:80')).toBe(403)
    expect(await statusWithHost(`${on.url}/v1/namespaces`, 'localhost:80')).toBe(200)
    await on.close()
  })
})

function statusWithHost(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers: { host } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    request.on('error', reject).end()
  })
}
