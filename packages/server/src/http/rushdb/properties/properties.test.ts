import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, serving, type Serving } from '../../../testing/serving.js'

let on: Serving
beforeAll(async () => {
  on = await serving()
  await post('/records/import/json', { label: 'Paper', data: papers })
  await post('/records/import/json', {
    label: 'Author',
    data: [
      { name: 'Ada', born: '1815-12-10' },
      { name: 'Bo', year: 1 },
    ],
  })
})
afterAll(() => on.close())

const papers = [
  { title: 'Alpha', year: 1958, tags: ['b', 'a'], at: '2024-01-01T00:00:00+02:00' },
  { title: 'Beta', year: 1961, tags: 'c', at: '2024-01-01T01:00:00Z', open: true },
  { title: 'Gamma', year: 'unknown', at: '2024-01-01T00:30:00' },
]
const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  on.call(method, `/api/v1${path}`, body === undefined ? {} : { body })
const post = (path: string, body?: unknown): Promise<Answer> => call('POST', path, body)
const found = async (query?: object): Promise<Answer['json'][]> => (await post('/properties/search', query)).json.data
const idOf = async (name: string, type: string): Promise<string> =>
  (await found()).find((property) => property.name === name && property.type === type).id
const values = async (name: string, type: string, body: object = {}): Promise<Answer['json']> =>
  (await post(`/properties/${await idOf(name, type)}/values`, body)).json.data

describe('properties', () => {
  it('are one for each name and type, with how many records have it', async () => {
    const brief = (await found()).map(({ name, type, recordsCount }) => [name, type, recordsCount])
    expect(brief).toEqual([
      ['at', 'datetime', 3],
      ['born', 'datetime', 1],
      ['name', 'string', 2],
      ['open', 'boolean', 1],
      ['tags', 'string', 2],
      ['title', 'string', 3],
      ['year', 'number', 3],
      ['year', 'string', 1],
    ])
  })

  it('are those of the records that match, counted in all', async () => {
    const names = async (query: object): Promise<unknown[]> =>
      (await found(query)).map(({ name, type, recordsCount }) => [name, type, recordsCount])
    expect(await names({ labels: ['Author'], where: { name: 'Bo' } })).toEqual([
      ['name', 'string', 2],
      ['year', 'number', 3],
    ])
    expect(await names({ labels: ['None'] })).toEqual([])
  })

  it('are found by their ids, which stay', async () => {
    const id = await idOf('year', 'number')
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect((await call('GET', `/properties/${id}`)).json).toEqual({
      data: { id, name: 'year', type: 'number', metadata: '', recordsCount: 3 },
      success: true,
    })
    for (const method of ['GET', 'DELETE']) expect((await call(method, '/properties/none')).status).toBe(404)
    expect((await post('/properties/none/values', {})).status).toBe(404)
  })

  it('have values', async () => {
    expect(await values('year', 'number')).toEqual({ values: [1, 1958, 1961], min: 1, max: 1961, type: 'number' })
    expect(await values('year', 'number', { labels: ['Paper'], orderBy: 'desc', skip: 1, limit: 1 })).toEqual({
      values: [1958],
      min: 1958,
      max: 1961,
      type: 'number',
    })
    expect(await values('tags', 'string')).toEqual({ values: ['a', 'b', 'c'], type: 'string' })
    expect(await values('tags', 'string', { query: 'B' })).toEqual({ values: ['b'], type: 'string' })
    expect(await values('at', 'datetime')).toMatchObject({ min: '2024-01-01T00:00:00+02:00', max: '2024-01-01T01:00:00Z' })
    expect(await values('title', 'string', { where: { year: { $gt: 1960 } } })).toEqual({ values: ['Beta'], type: 'string' })
    expect(await values('title', 'string', { where: { year: 7 } })).toEqual({})
    expect((await post(`/properties/${await idOf('year', 'number')}/values`, { limit: 0 })).status).toBe(400)
  })

  it('are taken from all records', async () => {
    const { __id } = (await post('/records', { label: 'X', data: { gone: 1, stays: 2 } })).json.data
    const other = (await post('/records', { label: 'X', data: { gone: 'text' } })).json.data
    const id = await idOf('gone', 'number')
    const { status, json } = await call('DELETE', `/properties/${id}`)
    expect([status, json.data.message]).toEqual([200, expect.any(String)])
    expect((await call('GET', `/records/${__id}`)).json.data).toEqual({
      __id,
      __label: 'X',
      __proptypes: { stays: 'number' },
      stays: 2,
    })
    expect((await call('GET', `/records/${other.__id}`)).json.data).toEqual(other)
    expect((await call('GET', `/properties/${id}`)).status).toBe(404)
  })
})

it('labels are counted', async () => {
  await post('/records/import/json', { label: '__proto__', data: [{ special: 1 }] })
  const counted = await post('/labels/search', { where: { name: { $exists: true } } })
  expect(counted.json).toEqual({ data: { Author: 2 }, success: true })
  expect((await post('/labels/search', { where: { special: 1 } })).text).toBe('{"data":{"__proto__":1},"success":true}')
  expect((await post('/labels/search', { where: { $or: 1 } })).status).toBe(400)
})

it('records that match are deleted, with their relationships', async () => {
  const data = { PARENT: [{ p: 1, CHILD: [{ c: 1 }, { c: 2 }] }] }
  const rows = (await post('/records/import/json', { data, options: { returnResult: true } })).json.data
  const { status, json } = await post('/records/delete', { labels: ['CHILD'], where: { c: 1 }, limit: 0 })
  expect([status, json.data.message]).toEqual([201, expect.any(String)])
  const state = async (): Promise<number[]> =>
    Promise.all(rows.map(async ({ __id }: { __id: string }) => (await call('GET', `/records/${__id}`)).status))
  expect(await state()).toEqual([200, 404, 200])
  const relationships = await on.db.collection('rushdb-relationships')
  expect(await relationships.count()).toBe(1)
  await call('DELETE', `/records/${rows[0].__id}`)
  expect(await relationships.count()).toBe(0)
  await post('/records/delete', {})
  expect((await post('/labels/search', {})).json.data).toEqual({})
})
