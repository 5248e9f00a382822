import { beforeEach, describe, expect, it } from 'vitest'
import { newLabel, refusal, servedApi, type Wire } from '../../../testing/rushdb/api.js'

/** What RushDB's page on vectors of one's own promises, statement by statement. */
const api = servedApi()
let label: string
beforeEach(() => {
  label = newLabel()
})

const vectors = (vector: number[], more: object = {}) => ({ vectors: [{ propertyName: 'body', vector, ...more }] })
const statusOf = async (id: string): Promise<string> =>
  (await api.data('GET', '/ai/indexes')).find((one: Wire) => one.id === id).status

describe('the page', () => {
  it('a search takes one label', async () => {
    await api.index(label, 'body', 3)
    await api.create(label, { body: 'x' }, vectors([1, 0, 0]))
    expect(await api.data('POST', '/ai/search', { label, propertyName: 'body', queryVector: [1, 0, 0] })).toMatchObject([
      { body: 'x' },
    ])
  })

  it('a search finds the external index without being told the source', async () => {
    await api.index(label, 'body', 3, { similarityFunction: 'euclidean' })
    await api.create(label, { body: 'x' }, vectors([1, 0, 0]))
    expect(await api.data('POST', '/ai/search', { label, propertyName: 'body', queryVector: [1, 0, 0] })).toHaveLength(1)
  })

  it('two functions and none said: 422 for writes and for searches', async () => {
    await api.index(label, 'body', 3)
    await api.index(label, 'body', 3, { similarityFunction: 'euclidean' })
    const write = await api.ask('POST', '/records', { label, data: { body: 'x' }, ...vectors([1, 0, 0]) })
    const search = await api.ask('POST', '/ai/search', { label, propertyName: 'body', queryVector: [1, 0, 0] })
    for (const { status, json } of [write, search])
      expect([status, json]).toEqual([422, refusal(422, /./, 'Unprocessable Entity')])
  })

  it('ready after the first vector, whatever other records have', async () => {
    const { id } = await api.index(label, 'body', 3)
    await api.create(label, { body: 'without' })
    expect(await statusOf(id)).toBe('awaiting_vectors')
    await api.create(label, { body: 'with' }, vectors([1, 0, 0]))
    expect(await statusOf(id)).toBe('ready')
  })

  it('a vector of a property that the record does not have is stored', async () => {
    await api.index(label, 'body', 3)
    await api.create(label, { name: 'Widget' }, vectors([1, 0, 0]))
    expect(await api.data('POST', '/ai/search', { label, propertyName: 'body', queryVector: [1, 0, 0] })).toMatchObject([
      { name: 'Widget', __score: 1 },
    ])
  })

  it('external needs dimensions', async () => {
    expect((await api.ask('POST', '/ai/indexes', { label, propertyName: 'body', external: true })).status).toBe(422)
  })

  it('vectors are replaced by the same call, which says how many', async () => {
    const { id } = await api.index(label, 'body', 3)
    const { __id: recordId } = await api.create(label, { body: 'x' })
    for (const vector of [
      [1, 0, 0],
      [0, 1, 0],
    ])
      expect(await api.data('POST', `/ai/indexes/${id}/vectors/upsert`, { items: [{ recordId, vector }] })).toEqual({
        updated: 1,
        requested: 1,
      })
    expect(
      (await api.data('POST', '/ai/search', { label, propertyName: 'body', queryVector: [0, 1, 0] }))[0].__score,
    ).toBeCloseTo(1, 6)
  })

  it('records are found by __label', async () => {
    await api.create(label, { body: 'x' })
    await api.create('Another', { body: 'y' })
    expect(await api.find({ where: { __label: label } })).toMatchObject([{ body: 'x', __label: label }])
  })

  it('dimensions that differ are no doubt: the length says which', async () => {
    await api.index(label, 'body', 3)
    await api.index(label, 'body', 2)
    expect((await api.ask('POST', '/records', { label, data: { body: 'x' }, ...vectors([1, 0]) })).status).toBe(201)
  })

  it('an import takes vectors in rows and beside them', async () => {
    await api.index(label, 'body', 3)
    const entry = (vector: number[]) => [{ propertyName: 'body', vector }]
    await api.data('POST', '/records/import/json', { label, data: [{ n: 1, $vectors: entry([1, 0, 0]) }] })
    await api.data('POST', '/records/import/json', { label, data: [{ n: 2 }], vectors: [entry([0, 1, 0])] })
    const found = await api.data('POST', '/ai/search', { label, propertyName: 'body', queryVector: [0, 1, 0] })
    expect(found.map(({ n }: Wire) => n)).toEqual([2, 1])
  })

  it('an import of nested data is followed by vectors', async () => {
    const { id } = await api.index(`${label}D`, 'body', 3)
    const options = { returnResult: true }
    const made = await api.data('POST', '/records/import/json', {
      label,
      data: { name: 'x', [`${label}D`]: [{ body: 'p' }, { body: 'q' }] },
      options,
    })
    const items = made.slice(1).map(({ __id }: Wire, at: number) => ({ recordId: __id, vector: [at, 1, 0] }))
    expect(await api.data('POST', `/ai/indexes/${id}/vectors/upsert`, { items })).toEqual({ updated: 2, requested: 2 })
  })

  it('an index may be declared before there is a record', async () => {
    expect((await api.index(label, 'body', 3)).status).toBe('awaiting_vectors')
  })

  it('a score is readable beside the fields', async () => {
    await api.index(label, 'body', 3)
    await api.create(label, { title: 'Alpha', body: 'x' }, vectors([1, 0, 0]))
    const [first] = await api.data('POST', '/ai/search', { label, propertyName: 'body', queryVector: [1, 0, 0] })
    expect([first.title, first.__score]).toEqual(['Alpha', expect.closeTo(1, 6)])
  })
})
