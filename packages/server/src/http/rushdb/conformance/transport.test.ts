import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, apiOf, refusal } from '../../../testing/rushdb/api.js'
import { exchange } from '../../../testing/rushdb/raw-request.js'
import { serving, type Serving } from '../../../testing/serving.js'
import { ApiKeys } from '../../keys/api-keys.js'

const folder = mkdtempSync(join(tmpdir(), 'quiver-transport-'))
let on: Serving
let key: string
let readKey: string
let api: Api
let reader: Api
let stranger: Api
beforeAll(async () => {
  const keys = await ApiKeys.open(folder)
  key = (await keys.create({ role: 'write', namespaces: ['one'] })).key
  readKey = (await keys.create({ role: 'read', namespaces: ['one'] })).key
  const other = (await keys.create({ role: 'write', namespaces: ['two'] })).key
  on = await serving({ keys, corsOrigins: ['https://app.example'] })
  api = apiOf(on, key)
  reader = apiOf(on, readKey)
  stranger = apiOf(on, other)
})
afterAll(async () => {
  await on.close()
  rmSync(folder, { recursive: true, force: true })
})

const forbidden = { statusCode: 403, message: 'Forbidden resource', error: 'Forbidden' }
const json = { 'content-type': 'application/json' }

describe('bodies', () => {
  it.each<[method: string, path: string, status: number]>([
    ['GET', '/settings', 200],
    ['GET', '/ai/indexes', 200],
    ['DELETE', '/records/0190b5a0-0000-7000-8000-000000000001', 200],
    ['POST', '/tx', 200],
  ])('%s %s may announce JSON and send nothing', async (method, path, status) => {
    expect((await api.ask(method, path, undefined, json)).status).toBe(status)
  })

  it('may come in chunks', async () => {
    const head = `POST /api/v1/records HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`
    const chunks = ['{"label":"Chu', 'nk","data":{"a"', ':1}}']
      .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
      .join('')
    const answer = await exchange(on.url, `${head}${chunks}0\r\n\r\n`)
    expect([answer.status, answer.json.data]).toEqual([201, expect.objectContaining({ __label: 'Chunk', a: 1 })])
  })

  it('that are no JSON are 400', async () => {
    const answer = await api.ask('POST', '/records', '{"label":', json)
    expect([answer.status, answer.json]).toEqual([400, refusal(400, /./, 'Bad Request')])
  })

  it('keep keys that nobody knows out of the way', async () => {
    expect((await api.ask('POST', '/records/search', { labels: ['X'], someday: { soon: true } })).status).toBe(200)
    expect((await api.ask('POST', '/labels/search', { limit: 5, someday: 1 })).status).toBe(200)
  })

  it('are tolerated with null for what may be left out', async () => {
    expect((await api.ask('POST', '/records/search', { labels: ['X'], where: {} })).status).toBe(200)
    expect((await api.ask('POST', '/records', { label: null, data: { a: 1 }, options: null })).status).toBe(201)
  })
})

describe('answers', () => {
  it('are JSON in an envelope', async () => {
    const { headers, json: body } = await api.ask('POST', '/records', { label: 'E', data: { a: 1 } })
    expect(headers.get('content-type')).toMatch(/^application[/]json/)
    expect(Object.keys(body)).toEqual(['data', 'success'])
  })

  it('have a total where there is one', async () => {
    expect(Object.keys((await api.ask('POST', '/records/search', {})).json).sort()).toEqual(['data', 'success', 'total'])
  })

  it('do not take a record apart that has a field data or total', async () => {
    const made = await api.create('E', { data: 'mine', total: 7, success: false })
    expect(made).toMatchObject({ data: 'mine', total: 7, success: false })
    expect((await api.ask('GET', `/records/${made.__id}`)).json).toEqual({ data: made, success: true })
  })

  it('leave fields out that are null', async () => {
    expect(await api.create('E', { a: null, b: 1 })).toEqual(expect.not.objectContaining({ a: null }))
  })

  it('never tell the project, nor how a record is stored', async () => {
    const made = await api.create('E', { a: 1 })
    expect(Object.keys(made).sort()).toEqual(['__id', '__label', '__proptypes', 'a'])
  })
})

describe('errors', () => {
  it('of what is not there', async () => {
    const { status, json: body } = await api.ask('GET', `/records/${api.nobody}`)
    expect([status, body]).toEqual([404, expect.objectContaining({ statusCode: 404, message: expect.any(String) })])
  })

  it('of a path that is not there', async () => {
    expect((await api.ask('GET', '/nothing/here')).json).toEqual(refusal(404, /./, 'Not Found'))
  })

  it('of a body name what is wrong', async () => {
    const { status, json: body } = await api.ask('POST', '/ai/indexes', { label: 'A', propertyName: 3 })
    expect([status, body]).toEqual([
      400,
      refusal(400, /^Request validation of body failed, because: [^]*propertyName/, 'Bad Request'),
    ])
  })
})

describe('keys', () => {
  it.each<[what: string, headers: () => Record<string, string>]>([
    ['none', () => ({})],
    ['one that nobody made', () => ({ authorization: 'Bearer nobody' })],
    ['one that nobody made, as token', () => ({ token: 'nobody' })],
    ['one without its last sign', () => ({ authorization: `Bearer ${key.slice(0, -1)}` })],
    ['something else than a bearer', () => ({ authorization: `Basic ${key}` })],
  ])('403 for %s', async (_, headers) => {
    const { status, json: body } = await on.call('POST', '/api/v1/records/search', { body: {}, headers: headers() })
    expect([status, body]).toEqual([403, forbidden])
  })

  it.each<[what: string, headers: () => Record<string, string>]>([
    ['as a bearer', () => ({ authorization: `Bearer ${key}` })],
    ['as token', () => ({ token: key })],
  ])('are taken %s', async (_, headers) => {
    expect((await on.call('POST', '/api/v1/records/search', { body: {}, headers: headers() })).status).toBe(200)
  })

  it('do not look like tokens of a dashboard', () => {
    expect(key.split('.')).toHaveLength(1)
  })

  it.each<[method: string, path: string, body?: object]>([
    ['POST', '/records', { data: { a: 1 } }],
    ['PUT', '/records/x', { data: { a: 1 } }],
    ['PATCH', '/records/x', { data: { a: 1 } }],
    ['DELETE', '/records/x'],
    ['POST', '/records/delete', { labels: ['X'] }],
    ['POST', '/records/import/json', { label: 'X', data: [] }],
    ['POST', '/records/import/csv', { label: 'X', data: 'a' }],
    ['POST', '/ai/indexes', { label: 'X', propertyName: 'a', external: true, dimensions: 3 }],
    ['DELETE', '/ai/indexes/x'],
    ['POST', '/ai/indexes/x/vectors/upsert', { items: [] }],
    ['POST', '/relationships/x', { targetIds: ['y'] }],
    ['PUT', '/relationships/x', { targetIds: ['y'] }],
    ['POST', '/relationships/create-many', { source: { label: 'A' }, target: { label: 'B' } }],
    ['DELETE', '/properties/x'],
  ])('that only read are refused %s %s', async (method, path, body) => {
    const { status, json: answer } = await reader.ask(method, path, body)
    expect([status, answer.error]).toEqual([403, 'Forbidden'])
    expect(answer.message).not.toBe(forbidden.message)
  })

  it.each<[method: string, path: string, body?: object]>([
    ['POST', '/records/search', {}],
    ['POST', '/records/export/csv', {}],
    ['POST', '/relationships/search', {}],
    ['POST', '/properties/search', {}],
    ['POST', '/labels/search', {}],
    ['POST', '/ai/schema', {}],
    ['POST', '/ai/schema/md', {}],
    ['GET', '/ai/indexes'],
    ['GET', '/ai/indexes/0190b5a0-0000-7000-8000-000000000001/stats'],
    ['GET', '/settings'],
    ['GET', '/tokens/current'],
  ])('that only read may %s %s', async (method, path, body) => {
    expect((await reader.ask(method, path, body)).status).toBe(200)
  })
})

describe('projects', () => {
  it('know nothing of each other', async () => {
    const mine = await api.create('Secret', { a: 1 })
    const other = await stranger.create('Public', { a: 1 })
    for (const method of ['GET', 'PUT', 'PATCH'])
      expect(
        (await stranger.ask(method, `/records/${mine.__id}`, method === 'GET' ? undefined : { data: { a: 2 } })).status,
      ).toBe(404)
    expect((await stranger.ask('DELETE', `/records/${mine.__id}`)).status).toBe(200)
    expect((await stranger.ask('POST', `/records/${mine.__id}/search`, {})).json).toMatchObject({ data: [], total: 0 })
    await stranger.ask('POST', `/relationships/${other.__id}`, { targetIds: [mine.__id] })
    expect(await stranger.data('POST', '/relationships/search', {})).toEqual([])
    expect(await stranger.find({ labels: ['Secret'] })).toEqual([])
    expect(await stranger.data('POST', '/labels/search', {})).toEqual({ Public: 1 })
    expect(await api.data('GET', `/records/${mine.__id}`)).toEqual(mine)
  })

  it('have indexes, properties and transactions of their own', async () => {
    const { id } = await api.index('Secret', 'body', 3)
    expect(await stranger.data('GET', '/ai/indexes')).toEqual([])
    expect((await stranger.ask('DELETE', `/ai/indexes/${id}`)).status).toBe(404)
    expect((await stranger.ask('POST', `/ai/indexes/${id}/vectors/upsert`, { items: [] })).status).toBe(404)
    expect(
      (await stranger.ask('POST', '/ai/indexes', { label: 'Secret', propertyName: 'body', external: true, dimensions: 3 }))
        .status,
    ).toBe(201)
    const tx = await api.data('POST', '/tx', {})
    expect((await stranger.ask('GET', `/tx/${tx.id}`)).status).toBe(404)
    expect((await stranger.ask('POST', '/records/search', {}, { 'x-transaction-id': tx.id })).status).toBe(404)
  })
})

it('pages of other origins may send what clients send', async () => {
  const wanted = 'authorization,content-type,token,x-transaction-id'
  const answer = await on.call('OPTIONS', '/api/v1/records', {
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': wanted,
    },
  })
  const allowed = (name: string) => (answer.headers.get(`access-control-allow-${name}`) ?? '').toLowerCase()
  expect(answer.status).toBeLessThan(300)
  expect(allowed('origin')).toBe('https://app.example')
  expect(allowed('methods')).toContain('patch')
  for (const name of wanted.split(',')) expect(allowed('headers')).toContain(name)
})
