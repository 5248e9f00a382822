import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, apiOf } from '../../../testing/rushdb/api.js'
import { serving, type Serving } from '../../../testing/serving.js'
import { ApiKeys } from '../../keys/api-keys.js'

const folder = mkdtempSync(join(tmpdir(), 'quiver-tx-'))
let on: Serving
let api: Api
let reader: Api
beforeAll(async () => {
  const keys = await ApiKeys.open(folder)
  const key = async (role: 'read' | 'write') => (await keys.create({ role, namespaces: ['app'], name: `a ${role}r` })).key
  const [write, read] = [await key('write'), await key('read')]
  on = await serving({ keys })
  api = apiOf(on, write)
  reader = apiOf(on, read)
})
afterAll(async () => {
  await on.close()
  rmSync(folder, { recursive: true, force: true })
})

const begin = async (): Promise<Record<string, string>> => ({ 'x-transaction-id': (await api.data('POST', '/tx', {})).id })
const idOf = (tx: Record<string, string>): string => tx['x-transaction-id']!
const create = (label: string, tx?: Record<string, string>) => api.ask('POST', '/records', { label, data: { a: 1 } }, tx)
const count = async (label: string, tx?: Record<string, string>): Promise<number> =>
  (await api.ask('POST', '/records/search', { labels: [label] }, tx)).json.total

describe('transactions', () => {
  it('are seen by nobody else before their end', async () => {
    const tx = await begin()
    expect((await create('A', tx)).status).toBe(201)
    expect([await count('A', tx), await count('A')]).toEqual([1, 0])
    const { status, json } = await api.ask('POST', `/tx/${idOf(tx)}/commit`, {})
    expect([status, json]).toEqual([200, { data: { message: expect.any(String) }, success: true }])
    expect(await count('A')).toBe(1)
  })

  it('see their relationships, changes and deletions', async () => {
    const kept = await api.create('B', { n: 1 })
    const gone = await api.create('B', { n: 2 })
    const tx = await begin()
    await api.data('PATCH', `/records/${kept.__id}`, { data: { n: 5 } }, tx)
    await api.data('DELETE', `/records/${gone.__id}`, undefined, tx)
    const made = await api.data('POST', '/records', { label: 'C', data: {} }, tx)
    await api.data('POST', `/relationships/${kept.__id}`, { targetIds: made.__id }, tx)
    expect(await api.data('POST', '/records/search', { labels: ['B'], where: { C: {} } }, tx)).toMatchObject([{ n: 5 }])
    await api.data('POST', `/tx/${idOf(tx)}/commit`, {})
    expect(await api.find({ labels: ['B'], where: { C: {} } })).toMatchObject([{ n: 5 }])
    expect(await count('B')).toBe(1)
  })

  it('leave nothing when they are rolled back, which may be said twice', async () => {
    const tx = await begin()
    await create('D', tx)
    for (let times = 0; times < 2; times++) expect((await api.ask('POST', `/tx/${idOf(tx)}/rollback`, {})).status).toBe(200)
    expect(await count('D')).toBe(0)
    expect((await create('D', tx)).status).toBe(404)
  })

  it('are rolled back by an error in them', async () => {
    const tx = await begin()
    await create('E', tx)
    expect((await api.ask('GET', `/records/${api.nobody}`, undefined, tx)).status).toBe(404)
    expect((await api.ask('POST', `/tx/${idOf(tx)}/commit`, {})).status).toBe(404)
    expect(await count('E')).toBe(0)
  })

  it('are rolled back by a request that is refused before it begins', async () => {
    const tx = await begin()
    await create('G', tx)
    expect((await api.ask('POST', '/records/search', { limit: -1 }, tx)).status).toBe(400)
    expect((await api.ask('POST', `/tx/${idOf(tx)}/commit`, {})).status).toBe(404)
    expect(await count('G')).toBe(0)
  })

  it('are not ended by who may only read', async () => {
    const tx = await begin()
    expect((await reader.ask('POST', '/records', { data: { a: 1 } }, tx)).status).toBe(403)
    expect((await api.ask('POST', `/tx/${idOf(tx)}/commit`, {})).status).toBe(200)
  })

  it('end by themselves', async () => {
    const { id } = await api.data('POST', '/tx', { ttl: 1 })
    await expect.poll(async () => (await create('F', { 'x-transaction-id': id })).status).toBe(404)
  })

  it.each<[what: string, method: string, path: (id: string) => string, status: number]>([
    ['asked for', 'GET', (id) => `/tx/${id}`, 404],
    ['committed', 'POST', (id) => `/tx/${id}/commit`, 404],
    ['rolled back', 'POST', (id) => `/tx/${id}/rollback`, 200],
  ])('that are not there, %s', async (_, method, path, expected) => {
    expect((await api.ask(method, path(api.nobody), method === 'POST' ? {} : undefined)).status).toBe(expected)
  })

  it('that are not there are 404 for any request that names them', async () => {
    expect((await api.ask('POST', '/records/search', {}, { 'x-transaction-id': api.nobody })).status).toBe(404)
  })
})

describe('settings and health', () => {
  const flags = {
    selfHosted: true,
    dashboardUrl: expect.any(String),
    googleOAuthEnabled: false,
    githubOAuthEnabled: false,
    embeddingEnabled: true,
    llmEnabled: false,
    synxEnabled: false,
  }

  it.each(['/sdk/settings', '/settings'])('%s, with a key and without', async (path) => {
    for (const caller of [api, apiOf(on)]) {
      const { status, json } = await caller.ask('GET', path)
      expect([status, json]).toEqual([200, { data: expect.objectContaining(flags), success: true }])
    }
  })

  it('/health has no envelope', async () => {
    const { status, json } = await on.call('GET', '/health')
    expect([status, json.status]).toEqual([200, 'ok'])
  })

  it('/ says that it runs', async () => {
    expect((await api.ask('GET', '/')).json).toEqual({ data: expect.stringContaining('running'), success: true })
  })

  it('/tokens/current tells of the key', async () => {
    const told = { id: expect.any(String), created: expect.any(String), expired: false }
    expect((await api.ask('GET', '/tokens/current')).json.data).toMatchObject({ ...told, level: 'write' })
    expect((await reader.ask('GET', '/tokens/current')).json.data).toMatchObject({ ...told, level: 'read' })
  })

  it('/query/raw is refused', async () => {
    const { status, json } = await api.ask('POST', '/query/raw', { query: 'MATCH (n) RETURN n' })
    expect([status, json]).toEqual([501, expect.objectContaining({ statusCode: 501, message: expect.any(String) })])
  })
})
