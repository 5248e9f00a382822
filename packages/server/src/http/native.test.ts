import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { packed, papersPath, serving, type Serving } from '../testing/serving.js'

let on: Serving
beforeAll(async () => {
  on = await serving()
})
afterAll(() => on.close())

const papers = [
  { id: 'p1', title: 'Perceptron', year: 1958, tags: ['ai'], embedding: [1, 0, 0], $vectors: { title: [1, 0] } },
  { id: 'p2', title: 'Backpropagation', year: 1986, tags: ['ai', 'nets'], embedding: [0.8, 0.6, 0] },
  { id: 'p3', title: 'Attention', year: 2017, tags: ['nets'], embedding: [0, 1, 0] },
]
const declaration = {
  indexes: [
    { field: 'embedding', dimensions: 3 },
    { name: 'title', field: 'title', source: 'external', dimensions: 2, metric: 'dot' },
  ],
  fields: ['year'],
}
let first = ''

beforeEach(async () => {
  await on.call('DELETE', papersPath)
  expect((await on.call('PUT', papersPath, { body: declaration })).status).toBe(200)
  const { status, json } = await on.call('POST', `${papersPath}/records`, { body: { records: papers } })
  expect(status).toBe(200)
  expect(json.ids).toEqual(['p1', 'p2', 'p3'])
  first = json.version
})

/** The status and the code of a call that is refused. */
async function refused(method: string, path: string, body?: unknown): Promise<[number, string]> {
  const answer = await on.call(method, path, body === undefined ? {} : { body })
  expect(answer.json).toEqual({
    error: { code: expect.any(String), message: expect.any(String), details: expect.any(Object) },
    requestId: answer.headers.get('x-request-id'),
  })
  return [answer.status, answer.json.error.code]
}

describe('collections', () => {
  it('are made once, described and dropped', async () => {
    const again = await on.call('PUT', papersPath, { body: declaration })
    expect(again.json).toMatchObject({ name: 'papers', records: 3, fields: [{ path: 'year' }] })
    expect(again.json.indexes.map(({ name }: { name: string }) => name)).toEqual(['embedding', 'title'])
    expect((await on.call('GET', papersPath)).json).toEqual(again.json)
    expect((await on.call('GET', '/v1/namespaces/default/collections')).json).toEqual({ collections: ['papers'] })
    expect((await on.call('DELETE', papersPath)).json).toEqual({ dropped: 'papers' })
    expect(await refused('GET', papersPath)).toEqual([404, 'NOT_FOUND'])
    expect(await refused('DELETE', papersPath)).toEqual([404, 'NOT_FOUND'])
    expect(await refused('POST', `${papersPath}/records/count`, {})).toEqual([404, 'NOT_FOUND'])
  })

  it('need no body, and refuse another declaration of an index', async () => {
    expect((await on.call('PUT', '/v1/namespaces/default/collections/plain')).json).toMatchObject({ name: 'plain', indexes: [] })
    const other = { indexes: [{ field: 'embedding', dimensions: 4 }] }
    expect(await refused('PUT', papersPath, other)).toEqual([409, 'ALREADY_EXISTS'])
    expect(await refused('PUT', papersPath, { indexes: [{ field: 'x', dimensions: 0 }] })).toEqual([400, 'INVALID_ARGUMENT'])
    expect(await refused('PUT', papersPath, { index: [] })).toEqual([400, 'INVALID_ARGUMENT'])
  })

  it('are found again when somebody else made them anew', async () => {
    await on.db.dropCollection('papers')
    await (await on.db.collection('papers')).upsert([{ id: 'new' }])
    expect((await on.call('POST', `${papersPath}/records/count`, { body: {} })).json).toEqual({ count: 1 })
    await on.db.dropCollection('papers')
    await on.db.collection('papers')
    expect((await on.call('POST', `${papersPath}/records`, { body: { records: [{ id: 'newer' }] } })).status).toBe(200)
    expect((await on.call('POST', `${papersPath}/records/count`, { body: {} })).json).toEqual({ count: 1 })
  })

  it('make a namespace, which nothing else does', async () => {
    expect(await refused('GET', '/v1/namespaces/absent/collections')).toEqual([404, 'NOT_FOUND'])
    expect(await refused('POST', '/v1/namespaces/absent/commits', { message: 'x' })).toEqual([404, 'NOT_FOUND'])
    await on.call('PUT', '/v1/namespaces/tenant%207/collections/a%2Fb')
    expect((await on.call('GET', '/v1/namespaces/tenant%207/collections')).json).toEqual({ collections: ['a/b'] })
    expect((await on.call('GET', '/v1/namespaces')).json.namespaces).toEqual(['default', 'tenant 7'])
  })
})

describe('records', () => {
  it('are written, read, changed and removed one by one', async () => {
    const one = `${papersPath}/records/x%2F1`
    expect((await on.call('PUT', one, { body: { title: 'One', year: 1 } })).json).toMatchObject({ ids: ['x/1'] })
    expect((await on.call('GET', one)).json).toEqual({ id: 'x/1', title: 'One', year: 1 })
    expect((await on.call('GET', `${one}?fields=year`)).json).toEqual({ id: 'x/1', year: 1 })
    expect((await on.call('PATCH', one, { body: { year: 2, note: null } })).status).toBe(200)
    expect((await on.call('GET', one)).json).toEqual({ id: 'x/1', title: 'One', year: 2, note: null })
    expect((await on.call('DELETE', one)).json).toMatchObject({ deleted: 1 })
    expect((await on.call('DELETE', one)).json).toMatchObject({ deleted: 0 })
    expect(await refused('GET', one)).toEqual([404, 'NOT_FOUND'])
    expect(await refused('PATCH', one, { year: 3 })).toEqual([404, 'NOT_FOUND'])
    expect(await refused('PUT', one, { id: 'other' })).toEqual([400, 'INVALID_ARGUMENT'])
  })

  it('are written whole or not at all', async () => {
    const records = [{ id: 'good' }, { id: 'bad', embedding: [1, 2] }]
    expect(await refused('POST', `${papersPath}/records`, { records })).toEqual([400, 'DIMENSION_MISMATCH'])
    expect(await refused('GET', `${papersPath}/records/good`)).toEqual([404, 'NOT_FOUND'])
    expect(await refused('POST', `${papersPath}/records`, { records: [{ id: '' }] })).toEqual([400, 'INVALID_ID'])
    expect(await refused('POST', `${papersPath}/records`, {})).toEqual([400, 'INVALID_ARGUMENT'])
    expect(await refused('POST', `${papersPath}/records`)).toEqual([400, 'INVALID_ARGUMENT'])
  })

  it('take packed vectors, in fields and beside them', async () => {
    const record = { id: 'p', $packed: { embedding: packed([0, 0, 1]) }, $vectors: { title: packed([0, 2]) } }
    expect((await on.call('POST', `${papersPath}/records`, { body: { records: [record] } })).status).toBe(200)
    expect((await on.call('GET', `${papersPath}/records/p?vectors=true`)).json).toEqual({
      id: 'p',
      embedding: [0, 0, 1],
      $vectors: { title: [0, 2] },
    })
    for (const text of ['', '?', packed([1]).slice(0, 5), `${packed([0, 0, 1])}!`, 7])
      expect(await refused('PUT', `${papersPath}/records/q`, { $packed: { embedding: text } })).toEqual([400, 'INVALID_VECTOR'])
    expect(await refused('PUT', `${papersPath}/records/q`, { $packed: [] })).toEqual([400, 'INVALID_VECTOR'])
  })

  it('come by ids, in pages, in an order, and as they were', async () => {
    const get = await on.call('POST', `${papersPath}/records/get`, { body: { ids: ['p3', 'none'], fields: ['title'] } })
    expect(get.json).toEqual({ records: [{ id: 'p3', title: 'Attention' }, null] })
    const query = { where: { tags: 'ai' }, orderBy: [{ field: 'year', order: 'desc' }], fields: [], limit: 1 }
    const page = await on.call('POST', `${papersPath}/records/list`, { body: query })
    expect(page.json.records).toEqual([{ id: 'p2' }])
    const rest = await on.call('POST', `${papersPath}/records/list`, { body: { ...query, after: page.json.next } })
    expect(rest.json).toEqual({ records: [{ id: 'p1' }] })
    await on.call('DELETE', `${papersPath}/records/p1`)
    const then = encodeURIComponent(first)
    expect((await on.call('POST', `${papersPath}/records/count`, { body: {} })).json).toEqual({ count: 2 })
    expect((await on.call('POST', `${papersPath}/records/count?at=${then}`, { body: {} })).json).toEqual({ count: 3 })
    expect((await on.call('GET', `${papersPath}/records/p1?at=${then}`)).json).toMatchObject({ year: 1958 })
    expect(await refused('GET', `${papersPath}/records/p1?at=yesterday`)).toEqual([400, 'INVALID_ARGUMENT'])
    expect(await refused('GET', `${papersPath}/records/p1?at=main@9999`)).toEqual([404, 'NOT_FOUND'])
    expect(await refused('POST', `${papersPath}/records/list`, { where: { $bad: 1 } })).toEqual([400, 'INVALID_FILTER'])
    expect(await refused('POST', `${papersPath}/records/list`, { limit: 10_001 })).toEqual([400, 'INVALID_ARGUMENT'])
    expect(await refused('POST', `${papersPath}/records/list`, { surprise: 1 })).toEqual([400, 'INVALID_ARGUMENT'])
  })

  it('change and go by ids or by a condition, never by both or neither', async () => {
    const update = (body: object) => on.call('POST', `${papersPath}/records/update`, { body })
    expect((await update({ records: [{ id: 'p1', seen: true }] })).json).toMatchObject({ updated: 1 })
    expect((await update({ where: { tags: 'nets' }, set: { seen: true } })).json).toMatchObject({ updated: 2 })
    expect(await refused('POST', `${papersPath}/records/update`, { where: {} })).toEqual([400, 'INVALID_ARGUMENT'])
    expect(await refused('POST', `${papersPath}/records/update`, { records: [{ seen: true }] })).toEqual([400, 'INVALID_ID'])
    const remove = (body: object) => on.call('POST', `${papersPath}/records/delete`, { body })
    expect((await remove({ where: { seen: true, year: { $lt: 1980 } } })).json).toMatchObject({ deleted: 1 })
    expect((await remove({ ids: ['p2', 'none'] })).json).toMatchObject({ deleted: 1 })
    expect(await refused('POST', `${papersPath}/records/delete`, {})).toEqual([400, 'INVALID_ARGUMENT'])
    expect(await refused('POST', `${papersPath}/records/delete`, { ids: ['p3'], where: {} })).toEqual([400, 'INVALID_ARGUMENT'])
  })

  it('are counted by their values', async () => {
    const distinct = await on.call('POST', `${papersPath}/records/distinct`, { body: { field: 'year', where: { tags: 'ai' } } })
    expect(distinct.json.values).toEqual([
      { value: 1958, count: 1 },
      { value: 1986, count: 1 },
    ])
    const facets = await on.call('POST', `${papersPath}/records/facets`, { body: { fields: ['tags'], limit: 1 } })
    expect(facets.json.facets).toEqual({ tags: [{ value: 'ai', count: 2 }] })
    expect(await refused('POST', `${papersPath}/records/facets`, { fields: [] })).toEqual([400, 'INVALID_ARGUMENT'])
  })
})

describe('search', () => {
  const search = (body: object, query = '') => on.call('POST', `${papersPath}/search${query}`, { body })

  it('finds the nearest by a list and by packed numbers alike', async () => {
    const listed = await search({ field: 'embedding', vector: [1, 0, 0], limit: 2, fields: ['year'] })
    expect(listed.json.hits.map(({ id }: { id: string }) => id)).toEqual(['p1', 'p2'])
    expect(listed.json).toMatchObject({ complete: true, version: expect.stringMatching(/^main@/) })
    const sent = await search({ field: 'embedding', vector: packed([1, 0, 0]), limit: 2, fields: ['year'] })
    expect(sent.json).toEqual(listed.json)
  })

  it('takes all that the library takes', async () => {
    const { status, json } = await search({
      index: 'title',
      vector: [1, 0],
      where: { year: { $gte: 1900 } },
      exact: true,
      explain: true,
      offset: 0,
      maxDistance: 5,
      timeoutMs: 1000,
      vectors: true,
    })
    expect(status).toBe(200)
    expect(json.hits[0].record.$vectors).toEqual({ title: [1, 0] })
    expect(json.explanation).toMatchObject({ records: 3 })
  })

  it('searches an old version, and many at once', async () => {
    await on.call('DELETE', `${papersPath}/records/p1`)
    const old = await search({ field: 'embedding', vector: [1, 0, 0], limit: 1 }, `?at=${first}`)
    expect(old.json.hits[0].id).toBe('p1')
    const queries = [[1, 0, 0], packed([0, 1, 0])].map((vector) => ({ field: 'embedding', vector, limit: 1 }))
    const batch = await on.call('POST', `${papersPath}/search/batch`, { body: { queries } })
    expect(batch.json.results.map(({ hits }: { hits: { id: string }[] }) => hits[0]?.id)).toEqual(['p2', 'p3'])
  })

  it('says what is wrong with a query', async () => {
    const wrong = (body: object) => refused('POST', `${papersPath}/search`, body)
    expect(await wrong({ vector: [1, 0, 0] })).toEqual([400, 'AMBIGUOUS_INDEX'])
    expect(await wrong({ field: 'embedding', vector: [1, 0] })).toEqual([400, 'DIMENSION_MISMATCH'])
    expect(await wrong({ field: 'embedding', vector: [0, 0, 0] })).toEqual([400, 'ZERO_VECTOR'])
    expect(await wrong({ field: 'embedding', vector: [1, 'x', 0] })).toEqual([400, 'INVALID_VECTOR'])
    expect(await wrong({ field: 'embedding', vector: packed([1, Infinity, 0]) })).toEqual([400, 'INVALID_VECTOR'])
    expect(await wrong({ index: 'none', vector: [1, 0, 0] })).toEqual([404, 'NOT_FOUND'])
    expect(await wrong({})).toEqual([400, 'INVALID_ARGUMENT'])
    expect(await refused('POST', `${papersPath}/search/batch`, { queries: [] })).toEqual([400, 'INVALID_ARGUMENT'])
  })

  it('evaluates', async () => {
    const body = { field: 'embedding', vectors: [[1, 0, 0], packed([0, 1, 0])], k: 1, efs: [4] }
    expect((await on.call('POST', `${papersPath}/evaluate`, { body })).json).toMatchObject({
      queries: 2,
      efforts: [{ ef: 4, recall: 1 }],
    })
    expect(await refused('POST', `${papersPath}/evaluate`, { field: 'none' })).toEqual([404, 'NOT_FOUND'])
  })
})

describe('indexes', () => {
  it('are declared, listed, filled and dropped', async () => {
    const made = await on.call('POST', `${papersPath}/indexes`, {
      body: { name: 'l2', field: 'embedding', dimensions: 3, metric: 'l2' },
    })
    expect([made.status, made.json.records]).toEqual([201, 3])
    expect(await refused('POST', `${papersPath}/indexes`, { name: 'l2', field: 'x', dimensions: 3 })).toEqual([
      409,
      'ALREADY_EXISTS',
    ])
    const items = [
      { id: 'p2', vector: [0, 1] },
      { id: 'p3', vector: packed([1, 1]) },
      { id: 'p1', vector: null },
    ]
    expect((await on.call('PUT', `${papersPath}/indexes/title/vectors`, { body: { items } })).status).toBe(200)
    const { indexes } = (await on.call('GET', `${papersPath}/indexes`)).json
    expect(indexes.map(({ name, records }: { name: string; records: number }) => [name, records])).toEqual([
      ['embedding', 3],
      ['title', 2],
      ['l2', 3],
    ])
    expect((await on.call('DELETE', `${papersPath}/indexes/l2`)).json).toEqual({ dropped: 'l2' })
    expect(await refused('DELETE', `${papersPath}/indexes/l2`)).toEqual([404, 'NOT_FOUND'])
    expect(await refused('PUT', `${papersPath}/indexes/title/vectors`, { items: [{ id: 'none', vector: [1, 1] }] })).toEqual([
      404,
      'NOT_FOUND',
    ])
  })

  it('of fields too', async () => {
    const paths = ({ json }: { json: { fields: { path: string }[] } }) => json.fields.map(({ path }) => path)
    expect(paths(await on.call('POST', `${papersPath}/fields`, { body: { paths: ['tags', 'year'] } }))).toEqual(['tags', 'year'])
    expect(paths(await on.call('POST', `${papersPath}/fields/drop`, { body: { paths: ['tags'] } }))).toEqual(['year'])
    expect(paths(await on.call('GET', `${papersPath}/fields`))).toEqual(['year'])
    expect(await refused('POST', `${papersPath}/fields/drop`, { paths: ['tags'] })).toEqual([404, 'NOT_FOUND'])
    expect(await refused('POST', `${papersPath}/fields`, { paths: ['id'] })).toEqual([400, 'INVALID_ARGUMENT'])
  })
})

describe('transactions and versions', () => {
  const transact = (operations: object[]) => on.call('POST', '/v1/namespaces/default/transactions', { body: { operations } })
  const collection = 'papers'

  it('do all or nothing', async () => {
    const { status, json } = await transact([
      { op: 'expect', collection, where: { id: 'p1' }, count: 1 },
      { op: 'upsert', collection, records: [{ id: 'p4', $packed: { embedding: packed([1, 1, 1]) } }] },
      { op: 'update', collection, id: 'p1', set: { year: 1957 } },
      { op: 'update', collection, where: { tags: 'nets' }, set: { seen: true } },
      { op: 'setVectors', collection, index: 'title', items: [{ id: 'p4', vector: [1, 1] }] },
      { op: 'delete', collection, ids: ['p3'] },
      { op: 'expect', collection, where: {}, count: 3 },
      { op: 'delete', collection, where: { id: 'none' } },
    ])
    expect([status, json.results]).toEqual([
      200,
      [{}, { ids: ['p4'] }, { updated: 1 }, { updated: 2 }, {}, { deleted: 1 }, {}, { deleted: 0 }],
    ])
    const failing = await transact([
      { op: 'delete', collection, where: {} },
      { op: 'expect', collection, where: {}, count: 1 },
    ])
    expect([failing.status, failing.json.error]).toMatchObject([409, { code: 'CONFLICT', details: { expected: 1, actual: 0 } }])
    expect((await on.call('POST', `${papersPath}/records/count`, { body: {} })).json).toEqual({ count: 3 })
    expect((await transact([{ op: 'upsert', collection: 'none', records: [] }])).status).toBe(404)
    expect((await transact([{ op: 'update', collection }])).status).toBe(400)
    expect((await transact([{ op: 'explode', collection }])).status).toBe(400)
  })

  it('are named and listed', async () => {
    const { status, json } = await on.call('POST', '/v1/namespaces/default/commits', { body: { message: 'first import' } })
    expect(status).toBe(201)
    expect((await on.call('GET', '/v1/namespaces/default/version')).json).toEqual({ version: json.version })
    const { entries } = (await on.call('GET', '/v1/namespaces/default/log?limit=1')).json
    expect(entries).toEqual([
      { version: json.version, time: expect.any(String), kind: 'named', message: 'first import', records: 0 },
    ])
    expect(await refused('GET', '/v1/namespaces/default/log?limit=0')).toEqual([400, 'INVALID_ARGUMENT'])
    expect(await refused('POST', '/v1/namespaces/default/commits', {})).toEqual([400, 'INVALID_ARGUMENT'])
  })
})

describe('upkeep and operations', () => {
  it('settles, checks and tells', async () => {
    expect((await on.call('POST', '/v1/namespaces/default/settle')).json).toEqual({ settled: true })
    expect((await on.call('POST', '/v1/namespaces/default/check')).json).toMatchObject({ ok: true, problems: [] })
    const stats = (await on.call('GET', '/v1/namespaces/default/stats')).json
    expect(stats).toMatchObject({ version: expect.any(String), store: { objects: expect.any(Number) } })
    expect(await refused('POST', '/v1/namespaces/default/settle', { timeoutMs: -1 })).toEqual([400, 'INVALID_ARGUMENT'])
  })

  it('says how it is', async () => {
    expect((await on.call('GET', '/health')).json).toEqual({ status: 'ok' })
    expect((await on.call('GET', '/ready')).json).toEqual({ status: 'ready' })
    await on.call('POST', `${papersPath}/search`, { body: { field: 'embedding', vector: [1, 0, 0] } })
    const { text, headers } = await on.call('GET', '/metrics')
    expect(headers.get('content-type')).toContain('text/plain')
    expect(text).toMatch(/quiver_records\{namespace="default"\} \d+/)
    expect(text).toMatch(/quiver_segments\{namespace="default"\} \d+/)
    expect(text).toMatch(/quiver_waiting_writes\{namespace="default"\} 0/)
    expect(text).toMatch(/quiver_search_seconds_count [1-9]/)
    expect(text).toMatch(/quiver_request_seconds_count\{method="POST",route="[^"]+\/search",status="200"\} [1-9]/)
  })

  it('describes itself', async () => {
    const { json } = await on.call('GET', '/openapi.json')
    expect(json.openapi).toBe('3.1.0')
    expect(json.paths['/v1/namespaces/{namespace}/collections/{collection}/search'].post.security).toEqual([{ key: [] }])
    const docs = await on.call('GET', '/docs')
    expect(docs.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(docs.text).not.toMatch(/https?:/)
  })

  it('keeps the id that a request brings, where it is one', async () => {
    expect((await on.call('GET', '/health', { headers: { 'x-request-id': 'abc-1' } })).headers.get('x-request-id')).toBe('abc-1')
    expect((await on.call('GET', '/health', { headers: { 'x-request-id': 'a b' } })).headers.get('x-request-id')).not.toBe('a b')
    expect(await refused('GET', '/v2')).toEqual([404, 'NOT_FOUND'])
  })
})
