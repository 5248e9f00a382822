import { clusteredVectors, normal, randomSource, referenceNearest, subspaceVectors, vectorAt } from '@quiverdb/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, type Collection, type Database, type Metric } from '../index.js'

const dimensions = 8
const count = 700
const vectors = clusteredVectors(count, dimensions, 7)
const queries = clusteredVectors(20, dimensions, 8)
const metrics: Metric[] = ['cosine', 'dot', 'l2']

const idOf = (row: number): string => `r${String(row).padStart(4, '0')}`

let db: Database
let collection: Collection

beforeAll(async () => {
  db = await open('memory:', { maintenance: 'manual', tuning: { graphRowsMin: 100 } })
  collection = await db.collection('all', {
    indexes: metrics.map((metric) => ({ name: metric, field: 'embedding', dimensions, metric })),
  })
  // Graphs over most rows, the rest only scanned, and a few written over.
  const row = (n: number) => ({ id: idOf(n), n, even: n % 2 === 0, embedding: vectorAt(vectors, dimensions, n) })
  await collection.upsert(Array.from({ length: 500 }, (_, n) => row(n)))
  await db.settled()
  await collection.upsert(Array.from({ length: count - 500 }, (_, n) => row(n + 500)))
  await collection.update(idOf(3), { touched: true })
})
afterAll(() => db.close())

describe.each(metrics)('%s', (metric) => {
  const query = (n: number) => vectorAt(queries, dimensions, n)
  const expected = (n: number, k: number, allowed?: (row: number) => boolean) =>
    referenceNearest(metric, query(n), vectors, k, allowed).map(({ row }) => idOf(row))

  it('has one graph and rows beside it', async () => {
    const [status] = (await collection.indexes()).filter(({ name }) => name === metric)
    expect(status).toMatchObject({ records: count, unindexed: 200, graphs: [500], skipped: 0 })
  })

  it.each([false, true])('answers exactly where that is asked for, filtered: %s', async (filtered) => {
    for (let n = 0; n < 20; n++) {
      const { hits, complete } = await collection.search({
        index: metric,
        vector: query(n),
        limit: 15,
        ...(filtered ? { where: { even: true } } : { exact: true }),
      })
      expect(complete).toBe(true)
      expect(hits.map(({ id }) => id)).toEqual(expected(n, 15, filtered ? (row) => row % 2 === 0 : undefined))
    }
  })

  it('finds nearly all of the nearest by the graph, with exact distances', async () => {
    let found = 0
    for (let n = 0; n < 20; n++) {
      const { hits } = await collection.search({ index: metric, vector: query(n), limit: 10 })
      const nearest = referenceNearest(metric, query(n), vectors, count)
      const distances = new Map(nearest.map(({ row, distance }) => [idOf(row), distance]))
      for (const { id, distance } of hits) expect(distance).toBeCloseTo(distances.get(id)!, 4)
      const ids = new Set(expected(n, 10))
      found += hits.filter(({ id }) => ids.has(id)).length
    }
    expect(found).toBeGreaterThan(20 * 10 * 0.97)
  })

  it('skips offset and ends at maxDistance', async () => {
    const all = (await collection.search({ index: metric, vector: query(0), limit: 30, exact: true })).hits
    const part = (await collection.search({ index: metric, vector: query(0), limit: 10, offset: 12, exact: true })).hits
    expect(part).toEqual(all.slice(12, 22))
    const near = await collection.search({
      index: metric,
      vector: query(0),
      limit: 30,
      exact: true,
      maxDistance: all[8]!.distance,
    })
    expect(near.hits).toEqual(all.slice(0, 9))
    const none = await collection.search({ index: metric, vector: query(0), maxDistance: all[0]!.distance - 1 })
    expect(none.hits).toEqual([])
  })
})

describe('search', () => {
  const vector = vectorAt(queries, dimensions, 1)

  it('returns 10 whole records unless told otherwise', async () => {
    const { hits, version } = await collection.search({ index: 'l2', vector })
    expect(hits).toHaveLength(10)
    for (const { id, record } of hits) {
      expect(record).toEqual(await collection.get(id))
      expect(record['embedding']).toEqual(Array.from(vectorAt(vectors, dimensions, record['n'] as number)))
    }
    expect(version).toBe(await db.version())
    const [bare] = (await collection.search({ index: 'l2', vector, limit: 1, fields: ['n'] })).hits
    expect(bare).toEqual({ id: hits[0]!.id, distance: hits[0]!.distance, record: { id: hits[0]!.id, n: hits[0]!.record['n'] } })
  })

  it('takes vectors in any shape', async () => {
    const shapes = [Array.from(vector), Float32Array.from(vector), Float64Array.from(vector)]
    const [first, ...others] = await Promise.all(shapes.map((shape) => collection.search({ index: 'cosine', vector: shape })))
    for (const other of others) expect(other).toEqual(first)
  })

  it('filters by id, by vector fields and by what nothing has', async () => {
    const ids = ['r0001', 'r0600', 'r0699', 'absent']
    const { hits } = await collection.search({ index: 'l2', vector, where: { id: { $in: ids } } })
    expect(hits.map(({ id }) => id).sort()).toEqual(ids.slice(0, 3))
    const own = Array.from(vectorAt(vectors, dimensions, 42))
    expect((await collection.search({ index: 'l2', vector, where: { embedding: own } })).hits.map(({ id }) => id)).toEqual([
      'r0042',
    ])
    expect((await collection.search({ index: 'l2', vector, where: { absent: 1 } })).hits).toEqual([])
    expect((await collection.search({ index: 'l2', vector, where: {}, limit: 1000 })).hits).toHaveLength(count)
    expect((await collection.search({ index: 'l2', vector, where: { touched: true } })).hits.map(({ id }) => id)).toEqual([
      'r0003',
    ])
  })

  it('returns everything there is when limit is larger', async () => {
    expect((await collection.search({ index: 'l2', vector, limit: 10_000, exact: true })).hits).toHaveLength(count)
    expect((await collection.search({ index: 'l2', vector, limit: 1, offset: 100_000 })).hits).toEqual([])
  })

  it('finds more with a larger ef, all with one as large as the graph', async () => {
    const exact = await collection.search({ index: 'l2', vector, limit: 50, exact: true })
    expect((await collection.search({ index: 'l2', vector, limit: 50, ef: 700 })).hits).toEqual(exact.hits)
    expect((await collection.search({ index: 'l2', vector, limit: 50, ef: 1 })).hits).toHaveLength(50)
  })

  it('sees no deleted record and each changed one once', async () => {
    const some = await db.collection('changing', { indexes: [{ field: 'v', dimensions: 2, metric: 'l2' }] })
    await some.upsert(Array.from({ length: 300 }, (_, n) => ({ id: `${n}`, v: [n, 0] })))
    await db.settled()
    expect((await some.indexes())[0]!.graphs).toEqual([300])
    await some.delete(['10', '12'])
    await some.update('11', { v: [1000, 0] })
    await some.update('13', { other: 1 })
    await some.upsert([{ id: '14', v: [14.25, 0] }, { id: '15' }])
    for (const exact of [false, true]) {
      const { hits } = await some.search({ vector: [12, 0], limit: 5, exact })
      expect(hits.map(({ id, distance }) => [id, distance])).toEqual([
        ['13', 1],
        ['14', 2.25 ** 2],
        ['9', 9],
        ['16', 16],
        ['8', 16],
      ])
    }
    expect((await some.search({ vector: [1000, 0], limit: 1 })).hits[0]).toMatchObject({ id: '11', distance: 0 })
  })

  it('orders equal distances by id, wherever the rows lie', async () => {
    const some = await db.collection('ties', { indexes: [{ field: 'v', dimensions: 2 }] })
    const ids = Array.from({ length: 60 }, (_, n) => `t${(n * 37) % 60}`)
    await some.upsert(ids.slice(0, 30).map((id) => ({ id, v: [1, 1] })))
    await db.settled()
    await some.upsert(ids.slice(30).map((id) => ({ id, v: [1, 1] })))
    const sorted = [...ids].sort()
    for (const limit of [7, 45, 60]) {
      expect((await some.search({ vector: [1, 1], limit, exact: true })).hits.map(({ id }) => id)).toEqual(sorted.slice(0, limit))
      expect((await some.search({ vector: [1, 1], limit })).hits.map(({ id }) => id)).toEqual(sorted.slice(0, limit))
      expect((await some.search({ vector: [1, 1], limit, where: {} })).hits.map(({ id }) => id)).toEqual(sorted.slice(0, limit))
    }
  })
})

describe('zero vectors', () => {
  it('are refused by cosine, unless the index keeps them', async () => {
    const strict = await db.collection('strict', { indexes: [{ field: 'v', dimensions: 2 }] })
    await expect(strict.upsert([{ v: [0, 0] }])).rejects.toMatchObject({ code: 'ZERO_VECTOR' })
    await expect(strict.search({ vector: [0, 0] })).rejects.toMatchObject({ code: 'ZERO_VECTOR' })
    const kind = await db.collection('kind', { indexes: [{ field: 'v', dimensions: 2, zeroVectors: 'keep' }] })
    await kind.upsert([
      { id: 'zero', v: [0, 0] },
      { id: 'one', v: [1, 0] },
    ])
    expect((await kind.search({ vector: [1, 0] })).hits.map(({ id, distance }) => [id, distance])).toEqual([
      ['one', 0],
      ['zero', 1],
    ])
    expect((await kind.search({ vector: [0, 0] })).hits.map(({ id, distance }) => [id, distance])).toEqual([
      ['one', 1],
      ['zero', 1],
    ])
  })

  it('are ordinary to the other metrics', async () => {
    const some = await db.collection('zeros', {
      indexes: [
        { name: 'l2', field: 'v', dimensions: 2, metric: 'l2' },
        { name: 'dot', field: 'v', dimensions: 2, metric: 'dot' },
      ],
    })
    await some.upsert([
      { id: 'zero', v: [0, 0] },
      { id: 'one', v: [2, 0] },
    ])
    expect((await some.search({ index: 'l2', vector: [1, 0] })).hits.map(({ id, distance }) => [id, distance])).toEqual([
      ['one', 1],
      ['zero', 1],
    ])
    expect((await some.search({ index: 'dot', vector: [1, 0] })).hits.map(({ id, distance }) => [id, distance + 0])).toEqual([
      ['one', -2],
      ['zero', 0],
    ])
  })
})

describe('budgets', () => {
  const vector = vectorAt(queries, dimensions, 2)

  it('an aborted signal stops a search before it starts, also of nothing', async () => {
    const empty = await db.collection('empty', { indexes: [{ field: 'v', dimensions: 2 }] })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(empty.search({ vector: [1, 0], signal })).rejects.toMatchObject({ code: 'ABORTED', cause: new Error('enough') })
    await expect(collection.search({ index: 'l2', vector, signal })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('no time at all still answers from the first part, and says so where there are more', async () => {
    const late = await db.collection('late', { indexes: [{ field: 'v', dimensions, metric: 'l2' }] })
    const row = (n: number) => ({ id: idOf(n), v: vectorAt(vectors, dimensions, n) })
    await late.upsert(Array.from({ length: 500 }, (_, n) => row(n)))
    await db.settled()
    expect(await late.search({ vector, timeoutMs: 0 })).toMatchObject({ complete: true })
    await late.upsert(Array.from({ length: 200 }, (_, n) => row(n + 500)))
    const { hits, complete } = await late.search({ vector, timeoutMs: 0 })
    expect(complete).toBe(false)
    expect(hits).toHaveLength(10)
    const first = new Set(referenceNearest('l2', vector, vectors, 500).map(({ row }) => idOf(row)))
    for (const { id } of hits) expect(first.has(id)).toBe(true)
  })

  it('enough time gives the whole answer', async () => {
    const whole = await collection.search({ index: 'l2', vector })
    expect(await collection.search({ index: 'l2', vector, timeoutMs: 60_000, signal: new AbortController().signal })).toEqual(
      whole,
    )
  })
})

describe('the choice of an index', () => {
  let several: Collection

  beforeAll(async () => {
    several = await db.collection('several', {
      indexes: [
        { field: 'a', dimensions: 2 },
        { field: 'b', dimensions: 2 },
        { name: 'b far', field: 'b', dimensions: 2, metric: 'l2' },
        { name: 'b wide', field: 'b', dimensions: 3 },
      ],
    })
    await several.upsert([
      { id: 'x', a: [1, 0], b: [0, 1] },
      { id: 'y', a: [0, 1], b: [1, 0, 0] },
    ])
  })

  it('is the only one, by field or by name', async () => {
    const ids = async (query: object) => (await several.search({ vector: [1, 0], ...query })).hits.map(({ id }) => id)
    expect(await ids({ field: 'a' })).toEqual(['x', 'y'])
    expect(await ids({ index: 'a' })).toEqual(['x', 'y'])
    expect(await ids({ index: 'b' })).toEqual(['x'])
    expect(await ids({ index: 'b far', field: 'b' })).toEqual(['x'])
    expect(await ids({ index: 'b wide', vector: [1, 0, 0] })).toEqual(['y'])
  })

  it('is refused where several fit or none does', async () => {
    await expect(several.search({ vector: [1, 0] })).rejects.toMatchObject({ code: 'AMBIGUOUS_INDEX' })
    await expect(several.search({ vector: [1, 0], field: 'b' })).rejects.toMatchObject({
      code: 'AMBIGUOUS_INDEX',
      details: { indexes: ['b', 'b far', 'b wide'] },
    })
    await expect(several.search({ vector: [1, 0], field: 'c' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(several.search({ vector: [1, 0], field: 'a', index: 'b' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const bare = await db.collection('bare')
    await expect(bare.search({ vector: [1, 0] })).rejects.toThrow(/'bare' has no vector index/)
  })
})

it('finds as many as are asked for in a graph with blocks, at any effort', async () => {
  const many = 1500
  const long = 128
  const own = await open('memory:', { maintenance: 'manual', tuning: { graphRowsMin: 100 } })
  const blocks = await own.collection('blocks', {
    indexes: [{ field: 'embedding', dimensions: long, metric: 'cosine', mode: 'speed' }],
  })
  const spread = subspaceVectors(many, long, 20, 9)
  await blocks.upsert(Array.from({ length: many }, (_, n) => ({ id: idOf(n), embedding: vectorAt(spread, long, n) })))
  await own.settled()
  for (const limit of [100, 500, many]) {
    for (const ef of [undefined, limit]) {
      const { hits } = await blocks.search({ vector: vectorAt(spread, long, 5), limit, ef })
      expect(new Set(hits.map(({ id }) => id)).size).toBe(limit)
    }
  }
  await own.close()
})

it('reaches a recall that is asked for in clusters that codes can hardly tell apart', async () => {
  const many = 1500
  const own = await open('memory:', { maintenance: 'manual', tuning: { graphRowsMin: 100 } })
  const tight = await own.collection('tight', { indexes: [{ field: 'embedding', dimensions, metric: 'l2' }] })
  const random = randomSource(3)
  const near = (row: number) => vectorAt(vectors, dimensions, row % 50).map((x) => x + 0.05 * normal(random))
  const all = Float32Array.from(Array.from({ length: many }, (_, row) => [...near(row)]).flat())
  await tight.upsert(Array.from({ length: many }, (_, row) => ({ id: idOf(row), embedding: vectorAt(all, dimensions, row) })))
  await own.settled()
  let found = 0
  for (let row = 0; row < 50; row++) {
    const vector = near(row)
    const { hits } = await tight.search({ vector, limit: 10, recall: 0.95 })
    const ids = new Set(hits.map(({ id }) => id))
    found += referenceNearest('l2', vector, all, 10).filter((nearest) => ids.has(idOf(nearest.row))).length
  }
  expect(found / 500).toBeGreaterThanOrEqual(0.95)
  await own.close()
})
