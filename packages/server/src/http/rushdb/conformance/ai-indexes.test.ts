import { beforeEach, describe, expect, it } from 'vitest'
import { newLabel, refusal, servedApi, type Wire } from '../../../testing/rushdb/api.js'

const api = servedApi()
let label: string
beforeEach(() => {
  label = newLabel()
})

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/
const iso = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.]\d{3}Z$/)

describe('declaring an index', () => {
  it('answers 201 and all there is to know', async () => {
    const body = { label, propertyName: 'body', sourceType: 'external', dimensions: 768, similarityFunction: 'euclidean' }
    const { status, json } = await api.ask('POST', '/ai/indexes', body)
    expect([status, json]).toEqual([
      201,
      {
        data: {
          ...body,
          id: expect.stringMatching(uuid),
          projectId: expect.any(String),
          modelKey: '',
          vectorPropertyName: '_emb_external_euclidean_768',
          enabled: true,
          status: 'awaiting_vectors',
          createdAt: iso,
          updatedAt: iso,
        },
        success: true,
      },
    ])
  })

  it('takes external: true for the source, and cosine where nothing is said', async () => {
    const made = await api.data('POST', '/ai/indexes', { label, propertyName: 'body', external: true, dimensions: 3 })
    expect(made).toMatchObject({
      sourceType: 'external',
      similarityFunction: 'cosine',
      vectorPropertyName: '_emb_external_cosine_3',
    })
  })

  it('may come before any record', async () => {
    expect(
      (await api.ask('POST', '/ai/indexes', { label, propertyName: `never-${label}`, external: true, dimensions: 3 })).status,
    ).toBe(201)
  })

  it('of the same five is refused with 409', async () => {
    await api.index(label, 'body', 3)
    const again = { label, propertyName: 'body', external: true, dimensions: 3, similarityFunction: 'cosine' }
    const { status, json } = await api.ask('POST', '/ai/indexes', again)
    expect([status, json]).toEqual([409, refusal(409, 'already exists', 'Conflict')])
  })

  it.each<[what: string, change: object]>([
    ['label', { label: 'Another' }],
    ['property', { propertyName: 'title' }],
    ['similarity function', { similarityFunction: 'euclidean' }],
    ['dimensions', { dimensions: 4 }],
  ])('with another %s stands beside it', async (_, change) => {
    await api.index(label, 'body', 3)
    const { status } = await api.ask('POST', '/ai/indexes', {
      label,
      propertyName: 'body',
      external: true,
      dimensions: 3,
      ...change,
    })
    expect(status).toBe(201)
  })

  it.each<[what: string, body: object]>([
    ['no label', { label: undefined }],
    ['an empty label', { label: '' }],
    ['a label that is no text', { label: 7 }],
    ['no property', { propertyName: undefined }],
    ['an empty property', { propertyName: '' }],
    ['dimensions that are no whole number', { dimensions: 2.5 }],
    ['dimensions that are a text', { dimensions: '3' }],
    ['a similarity function nobody knows', { similarityFunction: 'manhattan' }],
    ['a source nobody knows', { sourceType: 'magic', external: undefined }],
  ])('refuses %s with 400', async (_, body) => {
    const { status, json } = await api.ask('POST', '/ai/indexes', {
      label,
      propertyName: 'body',
      external: true,
      dimensions: 3,
      ...body,
    })
    expect([status, json]).toEqual([400, refusal(400, /^Request validation of body failed, because: /, 'Bad Request')])
  })

  it('needs dimensions where vectors come from outside', async () => {
    const { status, json } = await api.ask('POST', '/ai/indexes', { label, propertyName: 'body', external: true })
    expect([status, json]).toEqual([422, refusal(422, 'dimensions', 'Unprocessable Entity')])
  })

  it.each([0, 4_097])('refuses %i dimensions', async (dimensions) => {
    const { status } = await api.ask('POST', '/ai/indexes', { label, propertyName: 'body', external: true, dimensions })
    expect([400, 422]).toContain(status)
  })

  it.each([1, 4_096])('takes %i dimensions', async (dimensions) => {
    expect((await api.index(label, 'body', dimensions)).dimensions).toBe(dimensions)
  })

  it('is for texts: a property with another type is refused', async () => {
    await api.create('Anywhere', { [`year-${label}`]: 1958 })
    const { status, json } = await api.ask('POST', '/ai/indexes', {
      label,
      propertyName: `year-${label}`,
      external: true,
      dimensions: 3,
    })
    expect([status, json]).toEqual([422, refusal(422, /./, 'Unprocessable Entity')])
  })

  it('that the server fills waits for its embeddings, in the dimensions of the embedder', async () => {
    const { status, json } = await api.ask('POST', '/ai/indexes', { label, propertyName: 'body' })
    expect([status, json.data]).toEqual([
      201,
      expect.objectContaining({
        sourceType: 'managed',
        similarityFunction: 'cosine',
        dimensions: expect.any(Number),
        status: 'pending',
      }),
    ])
    expect(json.data.modelKey).not.toBe('')
    await expect
      .poll(async () => (await api.data('GET', '/ai/indexes')).find((one: Wire) => one.id === json.data.id).status)
      .toBe('ready')
  })

  it('of another source stands beside one', async () => {
    const { dimensions } = await api.data('POST', '/ai/indexes', { label, propertyName: 'body' })
    expect((await api.ask('POST', '/ai/indexes', { label, propertyName: 'body', external: true, dimensions })).status).toBe(201)
    expect((await api.ask('POST', '/ai/indexes', { label, propertyName: 'body' })).status).toBe(409)
  })

  it('that the server fills has no other dimensions than its embedder', async () => {
    const { status, json } = await api.ask('POST', '/ai/indexes', { label, propertyName: 'body', dimensions: 7 })
    expect([status, json]).toEqual([422, refusal(422, /./, 'Unprocessable Entity')])
  })
})

describe('listing, counting, deleting', () => {
  it('lists all of the project, without a total', async () => {
    const made = await api.index(label, 'body', 3)
    const { status, json } = await api.ask('GET', '/ai/indexes')
    expect([status, Object.keys(json).sort()]).toEqual([200, ['data', 'success']])
    expect(json.data).toContainEqual(made)
  })

  it('counts records with the property, and those with a vector', async () => {
    const { id } = await api.index(label, 'body', 3)
    await api.create(label, { body: 'a' }, { vectors: [{ propertyName: 'body', vector: [1, 0, 0] }] })
    await api.create(label, { body: 'b' })
    await api.create(label, { title: 'c' })
    await api.create('Other', { body: 'd' })
    expect((await api.ask('GET', `/ai/indexes/${id}/stats`)).json).toEqual({
      data: { totalRecords: 2, indexedRecords: 1 },
      success: true,
    })
  })

  it('counts nothing of an index that is not there', async () => {
    const { status, json } = await api.ask('GET', `/ai/indexes/${api.nobody}/stats`)
    expect([status, json.data]).toEqual([200, { totalRecords: 0, indexedRecords: 0 }])
  })

  it('deletes with 202, once', async () => {
    const { id } = await api.index(label, 'body', 3)
    const { status, json } = await api.ask('DELETE', `/ai/indexes/${id}`)
    expect([status, json]).toEqual([202, { data: { deleted: true, queued: true }, success: true }])
    expect((await api.ask('DELETE', `/ai/indexes/${id}`)).status).toBe(404)
    expect(await api.data('GET', '/ai/indexes')).not.toContainEqual(expect.objectContaining({ id }))
  })

  it('deletes vectors with it: the same index made again is empty', async () => {
    const { id } = await api.index(label, 'body', 3)
    await api.create(label, { body: 'a' }, { vectors: [{ propertyName: 'body', vector: [1, 0, 0] }] })
    await api.ask('DELETE', `/ai/indexes/${id}`)
    const again = await api.index(label, 'body', 3)
    expect(again.status).toBe('awaiting_vectors')
    expect((await api.data('GET', `/ai/indexes/${again.id}/stats`)).indexedRecords).toBe(0)
  })
})

describe('giving records their vectors', () => {
  const upsert = (id: string, items: object[]) => api.ask('POST', `/ai/indexes/${id}/vectors/upsert`, { items })

  it('answers how many, and may be repeated', async () => {
    const { id } = await api.index(label, 'body', 3)
    const a = await api.create(label, { body: 'a' })
    const b = await api.create(label, { body: 'b' })
    const items = [
      { recordId: a.__id, vector: [1, 0, 0] },
      { recordId: b.__id, vector: [0, 1, 0] },
    ]
    for (let times = 0; times < 2; times++) {
      const { status, json } = await upsert(id, items)
      expect([status, json]).toEqual([200, { data: { updated: 2, requested: 2 }, success: true }])
    }
    expect(await api.data('GET', `/ai/indexes/${id}/stats`)).toEqual({ totalRecords: 2, indexedRecords: 2 })
  })

  it('makes the index ready', async () => {
    const { id } = await api.index(label, 'body', 3)
    const { __id } = await api.create(label, { body: 'a' })
    await api.create(label, { body: 'without' })
    const status = async (): Promise<string> =>
      (await api.data('GET', '/ai/indexes')).find((one: { id: string }) => one.id === id).status
    expect(await status()).toBe('awaiting_vectors')
    await upsert(id, [{ recordId: __id, vector: [1, 0, 0] }])
    expect(await status()).toBe('ready')
  })

  it('keeps the last of several for one record', async () => {
    const { id } = await api.index(label, 'body', 3)
    const { __id } = await api.create(label, { body: 'a' })
    await upsert(id, [
      { recordId: __id, vector: [1, 0, 0] },
      { recordId: __id, vector: [0, 1, 0] },
    ])
    const [found] = await api.data('POST', '/ai/search', { labels: [label], propertyName: 'body', queryVector: [0, 1, 0] })
    expect(found.__score).toBeCloseTo(1, 6)
  })

  it('is for records that have the property or not', async () => {
    const { id } = await api.index(label, 'body', 3)
    const { __id } = await api.create(label, { title: 'no body' })
    expect((await upsert(id, [{ recordId: __id, vector: [1, 0, 0] }])).status).toBe(200)
  })

  it.each<[what: string, status: number, items: (ids: { own: string; other: string }) => object[]]>([
    ['a vector of another length', 422, ({ own }) => [{ recordId: own, vector: [1, 0] }]],
    ['a record that is not there', 422, () => [{ recordId: api.nobody, vector: [1, 0, 0] }]],
    ['a record with another label', 422, ({ other }) => [{ recordId: other, vector: [1, 0, 0] }]],
    ['a vector that is no list', 400, ({ own }) => [{ recordId: own, vector: 'x' }]],
    ['a record that is no text', 400, () => [{ recordId: 3, vector: [1, 0, 0] }]],
  ])('refuses %s, and all that came with it', async (_, expected, items) => {
    const { id } = await api.index(label, 'body', 3)
    const own = (await api.create(label, { body: 'a' })).__id as string
    const other = (await api.create('Other', { body: 'a' })).__id as string
    const { status, json } = await upsert(id, [{ recordId: own, vector: [0, 0, 1] }, ...items({ own, other })])
    expect([status, json.statusCode]).toEqual([expected, expected])
    expect((await api.data('GET', `/ai/indexes/${id}/stats`)).indexedRecords).toBe(0)
  })

  it('of an index that the server fills is refused', async () => {
    const { id } = await api.data('POST', '/ai/indexes', { label, propertyName: 'body' })
    const { __id: recordId } = await api.create(label, { body: 'a' })
    expect((await upsert(id, [{ recordId, vector: [1, 0, 0] }])).status).toBe(422)
  })

  it('of an index that is not there is 404', async () => {
    expect((await upsert(api.nobody, [])).status).toBe(404)
  })
})
