import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { serving, type Serving } from '../../../testing/serving.js'

let on: Serving
let index: string
beforeAll(async () => {
  on = await serving()
  const wanted = { label: 'Doc', propertyName: 'content', external: true, dimensions: 3 }
  index = (await post('/ai/indexes', wanted)).json.data.id
  await post('/ai/indexes', { ...wanted, propertyName: 'other' })
})
afterAll(() => on.close())
beforeEach(() => post('/records/delete', { labels: ['Doc', 'Page'] }))

const send = (method: string, path: string, body: unknown) => on.call(method, `/api/v1${path}`, { body })
const post = (path: string, body: unknown) => send('POST', path, body)
const of = (...vector: number[]) => [{ propertyName: 'content', vector }]

/** Titles and scores of all that have a vector, the nearest to the first axis first. */
async function ranking(propertyName = 'content'): Promise<[title: string, score: number][]> {
  const { data } = (await post('/ai/search', { label: 'Doc', propertyName, queryVector: [1, 0, 0] })).json
  return data.map(({ title, __score }: { title: string; __score: number }) => [title, __score])
}
const counted = async () => (await post('/records/search', { labels: ['Doc'] })).json.total

describe('vectors come with', () => {
  const three = [
    ['Alpha', 1],
    ['Beta', 0.5],
    ['Gamma', 0],
  ]
  const rows = [{ title: 'Alpha' }, { title: 'Beta' }, { title: 'Gamma' }]
  const vectors = [of(1, 0, 0), of(0, 1, 0), of(-1, 0, 0)]

  it('records that are created, whether they have the property or not', async () => {
    for (const [i, data] of rows.entries())
      expect((await post('/records', { label: 'Doc', data, vectors: vectors[i] })).status).toBe(201)
    await post('/records', { label: 'Doc', data: { title: 'without', content: 'text' } })
    expect(await ranking()).toEqual(three)
    expect((await on.call('GET', `/api/v1/ai/indexes/${index}/stats`)).json.data).toEqual({ totalRecords: 4, indexedRecords: 3 })
  })

  it('property drafts', async () => {
    const properties = [{ name: 'title', type: 'string', value: 'Alpha' }]
    await post('/records', { label: 'Doc', properties, vectors: of(1, 0, 0) })
    expect(await ranking()).toEqual([['Alpha', 1]])
  })

  it('rows of an import, in them', async () => {
    const data = rows.map((row, i) => ({ ...row, $vectors: vectors[i] }))
    expect((await post('/records/import/json', { label: 'Doc', data })).status).toBe(201)
    expect(await ranking()).toEqual(three)
  })

  it('rows of an import, beside them', async () => {
    expect((await post('/records/import/json', { label: 'Doc', data: rows, vectors })).status).toBe(201)
    expect(await ranking()).toEqual(three)
  })

  it('nested records', async () => {
    const Doc = rows.map((row, i) => ({ ...row, $vectors: vectors[i] }))
    await post('/records/import/json', { label: 'Page', data: { url: 'x', Doc } })
    expect(await ranking()).toEqual(three)
  })

  it('rows of a table', async () => {
    const data = 'title,content\nAlpha,a\nBeta,b\nGamma,c'
    expect((await post('/records/import/csv', { label: 'Doc', data, vectors })).status).toBe(201)
    expect(await ranking()).toEqual(three)
  })

  it('some rows and not with others, but with no more than there are', async () => {
    await post('/records/import/json', { label: 'Doc', data: rows, vectors: [[], of(0, 1, 0)] })
    expect(await ranking()).toEqual([['Beta', 0.5]])
    expect((await post('/records/import/csv', { label: 'Doc', data: 'title\nA', vectors })).status).toBe(400)
    expect((await post('/records/import/json', { label: 'Doc', data: [{ title: 'A' }], vectors })).status).toBe(400)
    expect(await counted()).toBe(3)
  })

  it('an upsert, which keeps the record and replaces the vector', async () => {
    const upsert = async (title: string, entries?: unknown) =>
      post('/records', {
        label: 'Doc',
        data: { slug: 's', title },
        options: { mergeBy: ['slug'] },
        ...(entries !== undefined && { vectors: entries }),
      })
    const first = (await upsert('Alpha', of(1, 0, 0))).json.data.__id
    const second = (await upsert('Beta', of(0, 1, 0))).json.data.__id
    expect([second, await ranking()]).toEqual([first, [['Beta', 0.5]]])
    await upsert('Gamma')
    expect(await ranking()).toEqual([['Gamma', 0.5]])
  })
})

describe('vectors of a record', () => {
  const create = async (vectors: unknown, data: object = { title: 'Alpha', content: 'text' }): Promise<string> =>
    (await post('/records', { label: 'Doc', data, vectors })).json.data.__id

  it('stay when it is added to, and go when their property does', async () => {
    const id = await create([...of(1, 0, 0), { propertyName: 'other', vector: [1, 0, 0] }])
    await send('PATCH', `/records/${id}`, { data: { title: 'Beta' } })
    expect(await ranking()).toEqual([['Beta', 1]])
    await send('PUT', `/records/${id}`, { data: { title: 'Gamma', content: 'other text' } })
    expect(await ranking()).toEqual([['Gamma', 1]])
    await send('PUT', `/records/${id}`, { data: { title: 'Delta' } })
    expect([await ranking(), await ranking('other')]).toEqual([[], [['Delta', 1]]])
  })

  it('are replaced by those of a change', async () => {
    const id = await create(of(1, 0, 0))
    for (const method of ['PATCH', 'PUT']) {
      const vectors = of(method === 'PUT' ? 0 : -1, method === 'PUT' ? 1 : 0, 0)
      expect(
        (await send(method, `/records/${id}`, { label: 'Doc', data: { title: method, content: 'text' }, vectors })).status,
      ).toBe(201)
      expect(await ranking()).toEqual([[method, method === 'PUT' ? 0.5 : 0]])
    }
  })

  it('go with a property that is deleted everywhere, and with the record', async () => {
    const id = await create(of(1, 0, 0))
    const { data } = (await post('/properties/search', { labels: ['Doc'] })).json
    await on.call('DELETE', `/api/v1/properties/${data.find(({ name }: { name: string }) => name === 'content').id}`)
    expect(await ranking()).toEqual([])
    await send('PATCH', `/records/${id}`, { data: {}, vectors: of(1, 0, 0) })
    expect(await ranking()).toEqual([['Alpha', 1]])
    await on.call('DELETE', `/api/v1/records/${id}`)
    expect(await ranking()).toEqual([])
  })

  it('are not read with it', async () => {
    const id = await create(of(1, 0, 0))
    const record = {
      __id: id,
      __label: 'Doc',
      __proptypes: { title: 'string', content: 'string' },
      title: 'Alpha',
      content: 'text',
    }
    expect((await on.call('GET', `/api/v1/records/${id}`)).json.data).toEqual(record)
    expect((await post('/records/search', { labels: ['Doc'] })).json.data).toEqual([record])
  })
})

describe('nothing is stored', () => {
  it.each([
    [404, of(1, 0)],
    [404, [{ propertyName: 'title', vector: [1, 0, 0] }]],
    [404, [{ propertyName: 'content', vector: [1, 0, 0], similarityFunction: 'euclidean' }]],
    [422, of(0, 0, 0)],
    [422, of(1e300, 0, 0)],
    [400, [{ propertyName: 'content' }]],
    [400, { propertyName: 'content', vector: [1, 0, 0] }],
  ])('when a vector is refused with %i: %j', async (status, vectors) => {
    const data = { title: 'Alpha', slug: 's' }
    expect((await post('/records', { label: 'Doc', data, vectors })).status).toBe(status)
    expect((await post('/records', { label: 'Doc', data, vectors, options: { mergeBy: ['slug'] } })).status).toBe(status)
    const list = [
      { title: 'Beta', $vectors: of(0, 1, 0) },
      { ...data, $vectors: vectors },
    ]
    expect((await post('/records/import/json', { label: 'Doc', data: list })).status).toBe(status)
    const { __id } = (await post('/records', { label: 'Page', data })).json.data
    expect((await send('PUT', `/records/${__id}`, { label: 'Doc', data: { title: 'Gamma' }, vectors })).status).toBe(status)
    expect((await on.call('GET', `/api/v1/records/${__id}`)).json.data).toMatchObject({ __label: 'Page', title: 'Alpha' })
    expect([await counted(), await ranking()]).toEqual([0, []])
  })
})
