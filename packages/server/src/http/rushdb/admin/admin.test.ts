import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Answer, serving, type Serving } from '../../../testing/serving.js'
import { ApiKeys } from '../../keys/api-keys.js'

const credentials = { login: 'admin', password: 'a secret' }
const forbidden = { statusCode: 403, message: 'Forbidden resource', error: 'Forbidden' }
let folder: string
let keys: ApiKeys
let on: Serving
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-rushdb-admin-'))
  keys = await ApiKeys.open(folder)
  on = await serving({ keys, rushdb: credentials, corsOrigins: ['https://app.example'] })
})
afterAll(async () => {
  await on.close()
  await rm(folder, { recursive: true })
})

const call = (method: string, path: string, key?: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> =>
  on.call(method, `/api/v1${path}`, { ...(key !== undefined && { key }), ...(body && { body }), headers })
const signIn = async (): Promise<string> => (await call('POST', '/auth/login', undefined, credentials)).json.data.token

describe('who signs in', () => {
  it('makes projects, and keys of each, which see no other', async () => {
    const session = await signIn()
    expect(session).toMatch(/^[\w-]+[.][\w-]+[.][\w-]+$/)
    const workspaces = await call('GET', '/workspaces', session)
    expect(workspaces.json.data).toEqual([{ id: expect.any(String), name: 'default' }])
    const made = await Promise.all(['a', 'b'].map((name) => call('POST', '/projects', session, { name })))
    expect(made.map(({ status }) => status)).toEqual([201, 201])
    const [a, b] = made.map(({ json }) => json.data.id)
    const key = async (project: string, more: object = {}): Promise<string> => {
      const headers = { 'x-project-id': project, 'x-workspace-id': workspaces.json.data[0].id }
      const { status, json } = await call('POST', '/tokens', session, { name: 'k', expiration: '*', ...more }, headers)
      expect(status).toBe(201)
      return json.data.value
    }
    const [ofA, ofB, readsA] = [await key(a), await key(b), await key(a, { level: 'read', expiration: '1d' })]
    expect(ofA.split('.')).toHaveLength(1)
    const record = await call('POST', '/records', ofA, { label: 'X', data: { n: 1 } })
    expect(record.status).toBe(201)
    const path = `/records/${record.json.data.__id}`
    expect((await call('GET', path, ofA)).status).toBe(200)
    expect((await call('GET', path, undefined, undefined, { token: ofA })).status).toBe(200)
    expect((await call('GET', path, ofB)).status).toBe(404)
    expect((await call('GET', path, readsA)).status).toBe(200)
    expect((await call('DELETE', path, readsA)).status).toBe(403)
    expect((await call('GET', path, session, undefined, { 'x-project-id': a })).status).toBe(200)
    expect((await call('GET', path, session, undefined, { 'x-project-id': b })).status).toBe(404)

    expect((await call('GET', '/tokens/current', readsA)).json.data).toEqual({
      id: expect.any(String),
      name: 'k',
      created: expect.any(String),
      expiration: expect.any(String),
      expired: false,
      level: 'read',
    })
    const { json } = await call('GET', `/projects/${a}`, session)
    expect(json.data).toMatchObject({ id: a, name: 'a', stats: expect.any(String) })
    expect(JSON.parse(json.data.stats)).toEqual({ records: 1, properties: 1, relationships: 0 })
    expect((await call('GET', '/projects', session)).json.data).toHaveLength(2)
  })

  it('asks for what there is', async () => {
    const session = await signIn()
    expect((await call('GET', '/projects/none', session)).status).toBe(404)
    expect((await call('POST', '/tokens', session, {}, { 'x-project-id': 'none' })).status).toBe(404)
    expect((await call('POST', '/projects', session, {})).status).toBe(400)
    const { id } = (await call('POST', '/projects', session, { name: 'c' })).json.data
    expect((await call('POST', '/tokens', session, { expiration: 'soon' }, { 'x-project-id': id })).status).toBe(400)
  })

  it('needs the password, and a token that was given here', async () => {
    expect((await call('POST', '/auth/login', undefined, { ...credentials, password: 'another' })).status).toBe(403)
    expect((await call('POST', '/auth/login', undefined, { login: 'admin' })).status).toBe(400)
    const session = await signIn()
    const [head, claims, signature] = session.split('.')
    const longer = Buffer.from(JSON.stringify({ sub: 'admin', exp: 1e12 })).toString('base64url')
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url')
    for (const token of ['a.b.c', '..', `${head}.${longer}.${signature}`, `${none}.${claims}.`, `${head}.${claims}.x`])
      for (const path of ['/projects', '/tokens/current']) {
        const { status, json } = await call('GET', path, token)
        expect([status, json]).toEqual([403, forbidden])
      }
    expect((await call('GET', '/projects')).status).toBe(403)
  })

  it('is asked for the password again after an hour', async () => {
    const session = await signIn()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61 * 60_000 })
    try {
      expect((await call('GET', '/projects', session)).status).toBe(403)
    } finally {
      vi.useRealTimers()
    }
  })

  it('cannot try passwords without end', async () => {
    const other = await serving({ rushdb: credentials })
    const attempt = (password: string): Promise<Answer> =>
      other.call('POST', '/api/v1/auth/login', { body: { login: 'admin', password } })
    for (let n = 0; n < 10; n++) expect((await attempt(`${n}`)).status).toBe(403)
    expect((await attempt(credentials.password)).status).toBe(429)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    try {
      expect((await attempt(credentials.password)).status).toBe(200)
    } finally {
      vi.useRealTimers()
      await other.close()
    }
  })

  it('cannot where there are no credentials, and makes no keys where there is no folder', async () => {
    const closed = await serving()
    expect((await closed.call('POST', '/api/v1/auth/login', { body: { login: '', password: '' } })).status).toBe(403)
    expect((await closed.call('GET', '/api/v1/projects')).status).toBe(403)
    await closed.close()
    const keyless = await serving({ rushdb: credentials })
    const { token } = (await keyless.call('POST', '/api/v1/auth/login', { body: credentials })).json.data
    const { id } = (await keyless.call('POST', '/api/v1/projects', { body: { name: 'p' }, key: token })).json.data
    const made = await keyless.call('POST', '/api/v1/tokens', { body: {}, key: token, headers: { 'x-project-id': id } })
    expect(made.status).toBe(422)
    await keyless.close()
  })
})

it('a key ends when its time is over', async () => {
  const { key } = await keys.create({ role: 'write', namespaces: ['p'], expires: new Date(Date.now() + 60_000) })
  expect((await call('GET', '/tokens/current', key)).status).toBe(200)
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
  try {
    expect((await call('GET', '/tokens/current', key)).status).toBe(403)
  } finally {
    vi.useRealTimers()
  }
})

describe('without a key', () => {
  it('the settings can be read', async () => {
    expect((await call('GET', '')).json).toEqual({ data: 'RushDB is running', success: true })
    expect((await call('GET', '/')).json).toEqual({ data: 'RushDB is running', success: true })
    for (const path of ['/settings', '/sdk/settings'])
      expect((await call('GET', path)).json.data).toMatchObject({ selfHosted: true, llmEnabled: false })
    expect((await on.call('GET', '/health')).json).toEqual({ status: 'ok' })
  })

  it('nothing else can', async () => {
    for (const key of [undefined, 'none', 'quiver_000000000000_'.padEnd(63, 'A')]) {
      const { status, json } = await call('POST', '/records', key, { data: {} })
      expect([status, json]).toEqual([403, forbidden])
    }
  })
})

it('pages of other origins may send the headers of this API', async () => {
  const wanted = 'authorization,content-type,token,x-project-id,x-transaction-id,x-workspace-id'
  const { status, headers } = await on.call('OPTIONS', '/api/v1/records', {
    headers: { origin: 'https://app.example', 'access-control-request-method': 'POST', 'access-control-request-headers': wanted },
  })
  expect([status, headers.get('access-control-allow-origin')]).toEqual([204, 'https://app.example'])
  expect(headers.get('access-control-allow-headers')).toBe(wanted)
})

it('raw queries are not offered', async () => {
  const { key } = await keys.create({ role: 'write', namespaces: ['p'] })
  expect((await call('POST', '/query/raw', key, { query: 'MATCH (n) RETURN n' })).status).toBe(501)
})
