import { beforeEach, describe, expect, it } from 'vitest'
import { newLabel, refusal, servedApi, type Wire } from '../../../testing/rushdb/api.js'

const api = servedApi()
let label: string
beforeEach(() => {
  label = newLabel()
})

const body = (vector: number[], more: object = {}) => ({ vectors: [{ propertyName: 'body', vector, ...more }] })
const doc = (name: string, vector?: number[]): Promise<Wire> => api.create(label, { name, body: name }, vector && body(vector))
const search = (query: object): Promise<Wire[]> =>
  api.data('POST', '/ai/search', { labels: [label], propertyName: 'body', ...query })
const found = async (query: object): Promise<string> => (await search(query)).map(({ name }) => name as string).join('')

describe('a vector beside a record', () => {
  it('goes into the index it fits, and is not a field', async () => {
    const { id } = await api.index(label, 'body', 3)
    const made = await doc('a', [1, 0, 0])
    expect(made).toEqual({
      __id: expect.any(String),
      __label: label,
      __proptypes: { name: 'string', body: 'string' },
      name: 'a',
      body: 'a',
    })
    expect((await api.data('GET', `/ai/indexes/${id}/stats`)).indexedRecords).toBe(1)
  })

  it('finds its index by its length', async () => {
    const three = await api.index(label, 'body', 3)
    const two = await api.index(label, 'body', 2)
    await doc('a', [1, 0])
    const counts = [three, two].map(async ({ id }) => (await api.data('GET', `/ai/indexes/${id}/stats`)).indexedRecords as number)
    expect(await Promise.all(counts)).toEqual([0, 1])
  })

  it.each<[what: string, status: number, vectors: object[]]>([
    ['a length that no index has', 404, [{ propertyName: 'body', vector: [1, 0] }]],
    ['a property without an index', 404, [{ propertyName: 'title', vector: [1, 0, 0] }]],
    [
      'a similarity function without an index',
      404,
      [{ propertyName: 'body', vector: [1, 0, 0], similarityFunction: 'euclidean' }],
    ],
  ])('is refused with %s, and the record with it', async (_, expected, vectors) => {
    await api.index(label, 'body', 3)
    const { status, json } = await api.ask('POST', '/records', { label, data: { body: 'x' }, vectors })
    expect([status, json.statusCode]).toEqual([expected, expected])
    expect(await api.find({ labels: [label] })).toEqual([])
  })

  it('says which of several is meant, or is refused', async () => {
    const cosine = await api.index(label, 'body', 3)
    await api.index(label, 'body', 3, { similarityFunction: 'euclidean' })
    const { status, json } = await api.ask('POST', '/records', { label, data: { body: 'x' }, ...body([1, 0, 0]) })
    expect([status, json]).toEqual([422, refusal(422, 'similarityFunction', 'Unprocessable Entity')])
    expect(await api.find({ labels: [label] })).toEqual([])
    await api.create(label, { body: 'x' }, body([1, 0, 0], { similarityFunction: 'cosine' }))
    expect((await api.data('GET', `/ai/indexes/${cosine.id}/stats`)).indexedRecords).toBe(1)
  })

  it('may say what it need not', async () => {
    await api.index(label, 'body', 3)
    const { status } = await api.ask('POST', '/records', { label, data: { body: 'x' }, ...body([1, 0, 0], { dimensions: 3 }) })
    expect(status).toBe(201)
  })

  it('comes with rows of an import, of any depth', async () => {
    await api.index(label, 'body', 3)
    const entry = (vector: number[]) => [{ propertyName: 'body', vector }]
    await api.data('POST', '/records/import/json', {
      label,
      data: [
        { name: 'a', $vectors: entry([1, 0, 0]) },
        { name: 'b' },
        { name: 'c', [label]: [{ name: 'd', $vectors: entry([0, 1, 0]) }] },
      ],
    })
    expect(await found({ queryVector: [1, 0, 0] })).toBe('ad')
    expect((await api.find({ labels: [label], where: { name: 'a' } }))[0]).not.toHaveProperty('$vectors')
  })

  it('comes beside the rows of an import', async () => {
    await api.index(label, 'body', 3)
    const vectors = [[{ propertyName: 'body', vector: [1, 0, 0] }], [], [{ propertyName: 'body', vector: [0, 1, 0] }]]
    await api.data('POST', '/records/import/json', { label, data: [{ name: 'a' }, { name: 'b' }, { name: 'c' }], vectors })
    expect(await found({ queryVector: [0, 1, 0] })).toBe('ca')
  })

  it('comes with rows of a table, fewer than there are rows but not more', async () => {
    await api.index(label, 'body', 3)
    const vectors = [[{ propertyName: 'body', vector: [1, 0, 0] }]]
    await api.data('POST', '/records/import/csv', { label, data: 'name\na\nb', vectors })
    expect(await found({ queryVector: [1, 0, 0] })).toBe('a')
    const more = await api.ask('POST', '/records/import/csv', { label, data: 'name\nc', vectors: [...vectors, ...vectors] })
    expect(more.status).toBe(400)
    expect(await api.find({ labels: [label] })).toHaveLength(2)
  })

  it('of an import that fails leaves nothing', async () => {
    await api.index(label, 'body', 3)
    const data = [
      { name: 'a', $vectors: [{ propertyName: 'body', vector: [1, 0, 0] }] },
      { name: 'b', $vectors: [{ propertyName: 'body', vector: [1] }] },
    ]
    expect((await api.ask('POST', '/records/import/json', { label, data })).status).toBe(404)
    expect(await api.find({ labels: [label] })).toEqual([])
  })
})

describe('what becomes of vectors', () => {
  it('an upsert replaces it and keeps the id', async () => {
    await api.index(label, 'body', 3)
    const upsert = (vector: number[]): Promise<Wire> =>
      api.create(label, { name: 'a' }, { options: { mergeBy: ['name'] }, ...body(vector) })
    const first = await upsert([1, 0, 0])
    expect((await upsert([0, 1, 0])).__id).toBe(first.__id)
    const [hit, ...others] = await search({ queryVector: [0, 1, 0] })
    expect([hit.__score, others]).toEqual([expect.closeTo(1, 6), []])
  })

  it('PATCH keeps it, and PUT while the property is there', async () => {
    await api.index(label, 'body', 3)
    const { __id } = await doc('a', [1, 0, 0])
    await api.data('PATCH', `/records/${__id}`, { data: { name: 'b' } })
    expect(await found({ queryVector: [1, 0, 0] })).toBe('b')
    await api.data('PUT', `/records/${__id}`, { data: { name: 'c', body: 'other' } })
    expect(await found({ queryVector: [1, 0, 0] })).toBe('c')
    await api.data('PUT', `/records/${__id}`, { data: { name: 'd' } })
    expect(await found({ queryVector: [1, 0, 0] })).toBe('')
  })

  it.each(['PUT', 'PATCH'])('%s may bring another', async (method) => {
    await api.index(label, 'body', 3)
    const { __id } = await doc('a', [1, 0, 0])
    await api.data(method, `/records/${__id}`, { data: { body: 'x' }, ...body([0, 0, 1]) })
    expect((await search({ queryVector: [0, 0, 1] }))[0].__score).toBeCloseTo(1, 6)
  })

  it('goes with its record', async () => {
    const { id } = await api.index(label, 'body', 3)
    const { __id } = await doc('a', [1, 0, 0])
    await api.data('DELETE', `/records/${__id}`)
    expect(await search({ queryVector: [1, 0, 0] })).toEqual([])
    expect(await api.data('GET', `/ai/indexes/${id}/stats`)).toEqual({ totalRecords: 0, indexedRecords: 0 })
  })

  it('does not follow its record to another label', async () => {
    await api.index(label, 'body', 3)
    const { __id } = await doc('a', [1, 0, 0])
    await api.data('PATCH', `/records/${__id}`, { label: 'Elsewhere', data: {} })
    expect(await search({ queryVector: [1, 0, 0] })).toEqual([])
  })
})

describe('search', () => {
  async function four(): Promise<void> {
    await api.index(label, 'body', 3)
    await doc('a', [1, 0, 0])
    await doc('b', [1, 1, 0])
    await doc('c', [0, 1, 0])
    await doc('d', [-1, 0, 0])
    await doc('none')
  }

  it('answers whole records with their score, best first, and no total', async () => {
    await four()
    const { status, json } = await api.ask('POST', '/ai/search', {
      labels: [label],
      propertyName: 'body',
      queryVector: [2, 0, 0],
    })
    expect([status, Object.keys(json).sort()]).toEqual([200, ['data', 'success']])
    expect(json.data.map(({ name }: Wire) => name)).toEqual(['a', 'b', 'c', 'd'])
    expect(json.data[0]).toEqual({
      __id: expect.any(String),
      __label: label,
      __proptypes: { name: 'string', body: 'string' },
      name: 'a',
      body: 'a',
      __score: expect.closeTo(1, 6),
    })
  })

  it('scores a cosine as (1 + cos) / 2', async () => {
    await four()
    const scores = (await search({ queryVector: [1, 0, 0] })).map(({ __score }) => __score as number)
    for (const [at, expected] of [1, (1 + Math.SQRT1_2) / 2, 0.5, 0].entries()) expect(scores[at]).toBeCloseTo(expected, 6)
  })

  it('scores a distance as 1 / (1 + d²)', async () => {
    await api.index(label, 'body', 3, { similarityFunction: 'euclidean' })
    await doc('a', [1, 2, 3])
    await doc('b', [2, 0, 0])
    const [first, second] = await search({ queryVector: [4, 5, 5] })
    expect([first!.name, first!.__score, second!.__score]).toEqual(['a', expect.closeTo(1 / 23, 7), expect.closeTo(1 / 55, 7)])
  })

  it('narrows first, then ranks', async () => {
    await four()
    expect(await found({ queryVector: [1, 0, 0], where: { name: { $in: ['d', 'c'] } }, limit: 2 })).toBe('cd')
    expect(await found({ queryVector: [1, 0, 0], where: { $not: { name: 'a' } }, limit: 1 })).toBe('b')
    expect(await found({ queryVector: [1, 0, 0], where: { nothing: 'x' } })).toBe('')
  })

  it('narrows by what is related', async () => {
    await api.index(label, 'body', 3)
    const a = await doc('a', [1, 0, 0])
    await doc('b', [1, 0, 0])
    const author = await api.create(`${label}A`, { name: 'Ada' })
    await api.data('POST', `/relationships/${author.__id}`, { targetIds: [a.__id] })
    expect(await found({ queryVector: [1, 0, 0], where: { [`${label}A`]: { name: 'Ada' } } })).toBe('a')
  })

  it('pages', async () => {
    await four()
    expect(await found({ queryVector: [1, 0, 0], limit: 2 })).toBe('ab')
    expect(await found({ queryVector: [1, 0, 0], skip: 1, limit: 2 })).toBe('bc')
    expect(await found({ queryVector: [1, 0, 0], skip: 4 })).toBe('')
  })

  it('takes twenty where nothing else is said', async () => {
    await api.index(label, 'body', 3)
    const data = Array.from({ length: 30 }, (_, n) => ({ n, $vectors: [{ propertyName: 'body', vector: [1, n, 0] }] }))
    await api.data('POST', '/records/import/json', { label, data })
    expect(await search({ queryVector: [1, 0, 0] })).toHaveLength(20)
    expect(await search({ queryVector: [1, 0, 0], limit: 25 })).toHaveLength(25)
  })

  it.each(['label', 'labels'])('takes a text as %s', async (name) => {
    await four()
    const { json } = await api.ask('POST', '/ai/search', {
      [name]: label,
      propertyName: 'body',
      queryVector: [1, 0, 0],
      limit: 1,
    })
    expect(json.data[0].name).toBe('a')
  })

  it('looks in every label that has an index, and passes over the others', async () => {
    await four()
    const second = `${label}b`
    await api.index(second, 'body', 3)
    await api.create(second, { name: 'e' }, body([1, 0.1, 0]))
    expect(await found({ labels: [label, second, 'Nowhere'], queryVector: [1, 0, 0], limit: 3 })).toBe('aeb')
  })

  it('is not for what awaits no vectors: an empty index finds nothing', async () => {
    await api.index(label, 'body', 3)
    await doc('none')
    expect(await search({ queryVector: [1, 0, 0] })).toEqual([])
  })

  it('is in the order of the function that is said', async () => {
    await api.index(label, 'body', 2)
    await api.index(label, 'body', 2, { similarityFunction: 'euclidean' })
    const both = (name: string, vector: number[]) =>
      api.create(
        label,
        { name },
        { vectors: ['cosine', 'euclidean'].map((similarityFunction) => ({ propertyName: 'body', vector, similarityFunction })) },
      )
    await both('far', [100, 0])
    await both('near', [1, 1])
    expect(await found({ queryVector: [1, 0], similarityFunction: 'cosine', limit: 1 })).toBe('far')
    expect(await found({ queryVector: [1, 0], similarityFunction: 'euclidean', limit: 1 })).toBe('near')
    const { status, json } = await api.ask('POST', '/ai/search', { labels: [label], propertyName: 'body', queryVector: [1, 0] })
    expect([status, json]).toEqual([422, refusal(422, /./, 'Unprocessable Entity')])
  })

  it('resolves by the length of the vector', async () => {
    await api.index(label, 'body', 2)
    await api.index(label, 'body', 3)
    await doc('two', [1, 0])
    await doc('three', [1, 0, 0])
    expect(await found({ queryVector: [1, 0] })).toBe('two')
    expect(await found({ queryVector: [1, 0, 0] })).toBe('three')
  })

  it.each<[what: string, status: number, query: object]>([
    ['no index of the label', 404, { labels: ['Nowhere'], queryVector: [1, 0, 0] }],
    ['no index of the property', 404, { propertyName: 'title', queryVector: [1, 0, 0] }],
    ['a vector of another length', 422, { queryVector: [1, 0] }],
    ['a text and a vector', 422, { query: 'x', queryVector: [1, 0, 0] }],
    ['neither text nor vector', 422, {}],
    ['a text for vectors from outside', 422, { query: 'x' }],
    ['dimensions that are not those of the vector', 422, { queryVector: [1, 0, 0], dimensions: 2 }],
    ['no labels', 400, { labels: undefined, queryVector: [1, 0, 0] }],
    ['no property', 400, { propertyName: undefined, queryVector: [1, 0, 0] }],
    ['a vector that is none', 400, { queryVector: 'x' }],
    ['conditions that are none', 400, { queryVector: [1, 0, 0], where: { name: { $in: [] } } }],
  ])('refuses %s', async (_, expected, query) => {
    await api.index(label, 'body', 3)
    await doc('a', [1, 0, 0])
    const { status, json } = await api.ask('POST', '/ai/search', { labels: [label], propertyName: 'body', ...query })
    expect([status, json.statusCode]).toEqual([expected, expected])
  })

  it.each<[what: string, paging: object]>([
    ['a limit of nothing', { limit: 0 }],
    ['a limit that is none', { limit: 'many' }],
    ['a skip that is none', { skip: -3 }],
  ])('goes on as if nothing was said with %s', async (_, paging) => {
    await four()
    expect(await found({ queryVector: [1, 0, 0], ...paging })).toBe('abcd')
  })

  it('of a prompt that is a search becomes that search', async () => {
    await four()
    const prompt = { label, propertyName: 'body', queryVector: [1, 0, 0], limit: 2 }
    const { searchQuery, warnings } = await api.data('POST', '/ai/search-query', { prompt })
    expect(warnings).toEqual([])
    const results = await api.data('POST', '/records/search', searchQuery)
    expect(results.map(({ name, __score }: Wire) => [name, __score])).toEqual([
      ['a', expect.closeTo(1, 6)],
      ['b', expect.closeTo((1 + Math.SQRT1_2) / 2, 6)],
    ])
  })

  it('of a prompt in words needs a language model', async () => {
    expect((await api.ask('POST', '/ai/search-query', { prompt: 'articles of last week' })).status).toBe(503)
    expect((await api.ask('POST', '/ai/search-query', { prompt: '' })).status).toBe(400)
  })

  it('sees the writes of its transaction', async () => {
    await api.index(label, 'body', 3)
    const { id } = await api.data('POST', '/tx', {})
    const tx = { 'x-transaction-id': id as string }
    await api.data('POST', '/records', { label, data: { name: 'a' }, ...body([1, 0, 0]) }, tx)
    const query = { labels: [label], propertyName: 'body', queryVector: [1, 0, 0] }
    expect(await api.data('POST', '/ai/search', query, tx)).toMatchObject([{ name: 'a' }])
    expect(await search({ queryVector: [1, 0, 0] })).toEqual([])
    await api.data('POST', `/tx/${id}/commit`, {})
    expect(await found({ queryVector: [1, 0, 0] })).toBe('a')
  })
})
