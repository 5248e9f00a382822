import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serving, type Serving } from '../../../testing/serving.js'
import { scoreOf } from './score.js'

let on: Serving
beforeAll(async () => {
  on = await serving()
})
afterAll(() => on.close())

interface Scored {
  __id: string
  __label: string
  __score: number
  title?: string
}

const post = (path: string, body: unknown, headers?: Record<string, string>) =>
  on.call('POST', `/api/v1${path}`, { body, ...(headers && { headers }) })
const declare = async (body: object): Promise<string> =>
  (await post('/ai/indexes', { external: true, dimensions: 3, ...body })).json.data.id
const found = async (body: object): Promise<Scored[]> => (await post('/ai/search', body)).json.data
const statusOf = async (body: object): Promise<number> => (await post('/ai/search', body)).status
const titles = async (body: object): Promise<unknown[]> => (await found(body)).map(({ title }) => title)

async function record(label: string, propertyName: string, title: string, vector: number[], more: object = {}): Promise<string> {
  const vectors = [{ propertyName, vector, ...('similarityFunction' in more ? more : {}) }]
  const { status, json } = await post('/records', { label, data: { title, ...more }, vectors })
  expect(status).toBe(201)
  return json.data.__id
}

describe('a search', () => {
  beforeAll(async () => {
    await declare({ label: 'Doc', propertyName: 'content' })
    await record('Doc', 'content', 'Alpha', [1, 0, 0], { tenant: 'a', year: 1958 })
    await record('Doc', 'content', 'Beta', [0, 1, 0], { tenant: 'a', year: 1961 })
    await record('Doc', 'content', 'Gamma', [-1, 0, 0], { tenant: 'b', year: 1970 })
    await post('/records', { label: 'Doc', data: { title: 'without a vector' } })
  })
  const near = { label: 'Doc', propertyName: 'content', queryVector: [1, 0, 0] }

  it('finds the nearest first, on the scale of RushDB', async () => {
    const { status, json } = await post('/ai/search', near)
    expect(status).toBe(200)
    expect(json).toEqual({
      data: [
        expect.objectContaining({
          __label: 'Doc',
          title: 'Alpha',
          __score: 1,
          __proptypes: { title: 'string', tenant: 'string', year: 'number' },
        }),
        expect.objectContaining({ title: 'Beta', __score: 0.5 }),
        expect.objectContaining({ title: 'Gamma', __score: 0 }),
      ],
      success: true,
    })
  })

  it('takes labels in every form', async () => {
    for (const labels of [
      { labels: 'Doc' },
      { labels: ['Doc'] },
      { labels: [null, 'Doc', 'Absent'] },
      { label: 'Doc', labels: ['Doc'] },
    ])
      expect(await titles({ ...near, label: undefined, ...labels })).toEqual(['Alpha', 'Beta', 'Gamma'])
  })

  it('asks the filter before it looks for the nearest', async () => {
    const where = (where: object, limit = 1) => titles({ ...near, where, limit })
    expect(await where({ tenant: 'b' })).toEqual(['Gamma'])
    expect(await where({ tenant: 'a', year: { $gt: 1958 } })).toEqual(['Beta'])
    expect(await where({ $not: { title: 'Alpha' } }, 9)).toEqual(['Beta', 'Gamma'])
    expect(await where({ __label: 'Doc', absent: null }, 2)).toEqual(['Alpha', 'Beta'])
    expect(await where({ tenant: 'c' })).toEqual([])
    expect(await where({}, 9)).toEqual(['Alpha', 'Beta', 'Gamma'])
    expect(await statusOf({ ...near, where: { year: { $gt: true } } })).toBe(400)
  })

  it('has pages, and passes over what is none', async () => {
    expect(await titles({ ...near, skip: 1, limit: 1 })).toEqual(['Beta'])
    expect(await titles({ ...near, skip: 3 })).toEqual([])
    expect(await titles({ ...near, skip: -1, limit: 'many', topK: 1 })).toEqual(['Alpha', 'Beta', 'Gamma'])
    expect(await titles({ ...near, skip: null, limit: 1_000_000 })).toEqual(['Alpha', 'Beta', 'Gamma'])
    expect(await titles({ ...near, skip: 99_999, limit: 1_000_000 })).toEqual([])
    expect(await titles({ ...near, skip: 1_000_000 })).toEqual([])
  })

  it.each([
    [400, { propertyName: undefined }],
    [400, { propertyName: '' }],
    [400, { label: undefined }],
    [400, { label: undefined, labels: [] }],
    [400, { label: 7 }],
    [400, { queryVector: 'text' }],
    [400, { queryVector: [] }],
    [400, { queryVector: [1, null, 0] }],
    [400, { sourceType: 'field' }],
    [400, { similarityFunction: 'dot' }],
    [400, { dimensions: 'three' }],
    [400, { where: [] }],
    [404, { label: 'Absent' }],
    [404, { labels: ['Absent', 'Other'], label: undefined }],
    [404, { propertyName: 'title' }],
    [404, { similarityFunction: 'euclidean' }],
    [404, { sourceType: 'managed' }],
    [422, { queryVector: undefined }],
    [422, { query: 'text' }],
    [422, { query: 'text', queryVector: undefined }],
    [422, { query: '', queryVector: undefined }],
    [422, { queryVector: [1, 0] }],
    [422, { dimensions: 2 }],
    [422, { queryVector: [0, 0, 0] }],
  ])('is refused with %i for %j', async (status, change) => {
    const { json, status: answered } = await post('/ai/search', { ...near, ...change })
    expect([answered, json.statusCode, typeof json.message]).toEqual([status, status, 'string'])
  })

  it('is refused without a body', async () => {
    for (const body of ['null', '[]', '"text"', '7']) expect((await post('/ai/search', body)).status, body).toBe(400)
  })

  it('sees what its transaction wrote, and nobody else does', async () => {
    const { id } = (await post('/tx', {})).json.data
    const headers = { 'x-transaction-id': id }
    const vectors = [{ propertyName: 'content', vector: [0.9, 0.1, 0] }]
    await post('/records', { label: 'Doc', data: { title: 'Delta' }, vectors }, headers)
    const inside = (await post('/ai/search', { ...near, limit: 2 }, headers)).json.data
    expect(inside.map(({ title }: Scored) => title)).toEqual(['Alpha', 'Delta'])
    expect(await titles({ ...near, limit: 2 })).toEqual(['Alpha', 'Beta'])
    await on.call('POST', `/api/v1/tx/${id}/rollback`, { body: {} })
  })

  it('does not find a record that has another label now', async () => {
    const id = await record('Doc', 'content', 'Moved', [1, 0, 0])
    expect(await titles({ ...near, limit: 2 })).toContain('Moved')
    await on.call('PATCH', `/api/v1/records/${id}`, { body: { label: 'Page', data: {} } })
    expect(await titles(near)).not.toContain('Moved')
  })

  it('can be had by what ai.search of newer clients asks for', async () => {
    const { status, json } = await post('/ai/search-query', { prompt: near })
    expect([status, json.data]).toEqual([200, { searchQuery: { labels: ['Doc'], $vectorSearch: near }, warnings: [] }])
    const sent = await post('/records/search', json.data.searchQuery)
    expect([sent.status, sent.json]).toEqual([200, (await post('/ai/search', near)).json])
    expect((await post('/records/search', { labels: ['Doc'], $vectorSearch: 'Alpha' })).status).toBe(400)
    expect((await post('/ai/search-query', { prompt: { ...near, label: undefined } })).status).toBe(400)
    expect((await post('/ai/search-query', { prompt: '  ' })).status).toBe(400)
    expect((await post('/ai/search-query', {})).status).toBe(400)
    expect((await post('/ai/search-query', { prompt: 'all documents of 1958' })).status).toBe(503)
  })
})

describe('of several indexes', () => {
  it('the one is searched that the request tells of', async () => {
    const product = { label: 'Product', propertyName: 'embedding' }
    await declare(product)
    await declare({ ...product, similarityFunction: 'euclidean' })
    await declare({ ...product, dimensions: 2 })
    await record('Product', 'embedding', 'by angle', [2, 0, 0], { similarityFunction: 'cosine' })
    await record('Product', 'embedding', 'by distance', [2, 0, 0], { similarityFunction: 'euclidean' })
    await record('Product', 'embedding', 'of two', [1, 0])
    const search = { ...product, queryVector: [1, 0, 0] }
    expect(await statusOf(search)).toBe(422)
    expect(await found({ ...search, similarityFunction: 'cosine' })).toMatchObject([{ title: 'by angle', __score: 1 }])
    expect(await found({ ...search, similarityFunction: 'euclidean' })).toMatchObject([{ title: 'by distance', __score: 0.5 }])
    expect(await titles({ ...search, queryVector: [1, 0] })).toEqual(['of two'])
  })

  it('those of several labels give one answer', async () => {
    for (const label of ['Cat', 'Dog']) await declare({ label, propertyName: 'face' })
    await declare({ label: 'Fox', propertyName: 'face', similarityFunction: 'euclidean' })
    await record('Cat', 'face', 'cat 1', [1, 0, 0])
    await record('Dog', 'face', 'dog 2', [1, 0.2, 0])
    await record('Cat', 'face', 'cat 3', [1, 0.4, 0])
    await record('Dog', 'face', 'dog 4', [1, 0.6, 0])
    const search = { labels: ['Dog', 'Unknown', 'Cat'], propertyName: 'face', queryVector: [1, 0, 0] }
    expect(await titles(search)).toEqual(['cat 1', 'dog 2', 'cat 3', 'dog 4'])
    expect(await titles({ ...search, skip: 1, limit: 2 })).toEqual(['dog 2', 'cat 3'])
    expect(await titles({ ...search, where: { title: { $startsWith: 'dog' } }, limit: 1 })).toEqual(['dog 2'])
    expect(await statusOf({ ...search, labels: ['Cat', 'Fox'] })).toBe(422)
    expect(await titles({ ...search, labels: ['Cat', 'Fox'], similarityFunction: 'cosine' })).toEqual(['cat 1', 'cat 3'])
  })
})

describe('scores', () => {
  it('are those of Neo4j', () => {
    expect([scoreOf('euclidean', 22), scoreOf('euclidean', 26)]).toEqual([Math.fround(0.043478261), Math.fround(0.037037037)])
    expect([scoreOf('cosine', 0), scoreOf('cosine', 1), scoreOf('cosine', 2)]).toEqual([1, 0.5, 0])
  })

  it('are 1 for what is the same but for rounding, and never beyond their scale', () => {
    expect([scoreOf('cosine', 3e-9), scoreOf('cosine', -1e-16), scoreOf('cosine', 2 + 1e-15)]).toEqual([1, 1, 0])
    const distance = fc.double({ min: 0, max: 2, noNaN: true })
    fc.assert(
      fc.property(fc.constantFrom('cosine' as const, 'euclidean' as const), distance, distance, (similarity, a, b) => {
        const scores = [scoreOf(similarity, Math.max(a, b)), scoreOf(similarity, Math.min(a, b))]
        expect(scores).toEqual(scores.map(Math.fround).toSorted((one, other) => one - other))
        expect(scores[0]! >= 0 && scores[1]! <= 1).toBe(true)
      }),
    )
  })
})
