import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, test } from 'vitest'
import { keysOf, refusalOf } from '../testing/vector-engine/engine-under-test.js'
import { VectorEngineConfig, type VectorEngineOptions } from './config.js'
import { FilterCondition } from './filter-condition.js'
import { VectorEngine } from './vector-engine.js'
import type { VectorError } from './errors.js'

const open: VectorEngine[] = []
afterEach(() => open.splice(0).forEach((engine) => engine.close()))

async function engineWith(config: VectorEngineOptions | VectorEngineConfig = {}): Promise<VectorEngine> {
  const engine = await VectorEngine.create(config)
  open.push(engine)
  return engine
}

const batchOf = (count: number, dimensions = 4) =>
  Array.from({ length: count }, (_, i) => ({
    key: `k${String(i).padStart(5, '0')}`,
    vector: Array.from({ length: dimensions }, (_, j) => Math.sin(i * dimensions + j)),
  }))

/** What a call publishes on a channel. */
function eventsOf(channel: 'search' | 'write' | 'index', call: () => void): unknown[] {
  const events: unknown[] = []
  const note = (event: unknown): void => void events.push(event)
  subscribe(`quiver:vector-engine:${channel}`, note)
  call()
  unsubscribe(`quiver:vector-engine:${channel}`, note)
  return events
}

describe('VectorEngineConfig', () => {
  test('presets', () => {
    expect(VectorEngineConfig.default()).toEqual({
      ...{ defaultDimension: undefined, sparseThreshold: 0.5, parallelThreshold: 5000, defaultMetric: 'cosine' },
      ...{ maxDimension: undefined, maxKeysPerScan: undefined, batchParallelThreshold: 100, searchTimeoutMs: undefined },
      ...{ maxIndexFileBytes: 104_857_600, maxIndexEntries: 1_000_000 },
    })
    const { parallelThreshold, ...others } = VectorEngineConfig.highThroughput()
    expect({ parallelThreshold, others }).toEqual({
      parallelThreshold: 1000,
      others: expect.objectContaining({ batchParallelThreshold: 100 }),
    })
    expect(VectorEngineConfig.lowMemory()).toMatchObject({
      ...{ sparseThreshold: 0.3, maxDimension: 4096, maxKeysPerScan: 10_000, searchTimeoutMs: 30_000 },
      ...{ maxIndexFileBytes: 10_485_760, maxIndexEntries: 100_000 },
    })
  })

  test('builders change one field each', () => {
    const config = VectorEngineConfig.default()
      .withDefaultDimension(768)
      .withSparseThreshold(0.7)
      .withParallelThreshold(1000)
      .withDefaultMetric('euclidean')
      .withMaxDimension(4096)
      .withMaxKeysPerScan(50_000)
      .withBatchParallelThreshold(200)
      .withSearchTimeout(5000)
      .withMaxIndexFileBytes(1)
      .withMaxIndexEntries(2)
    expect(config).toEqual({
      ...{ defaultDimension: 768, sparseThreshold: 0.7, parallelThreshold: 1000, defaultMetric: 'euclidean' },
      ...{ maxDimension: 4096, maxKeysPerScan: 50_000, batchParallelThreshold: 200, searchTimeoutMs: 5000 },
      ...{ maxIndexFileBytes: 1, maxIndexEntries: 2 },
    })
    expect(() => config.validate()).not.toThrow()
  })
})

describe('settings', () => {
  test('case 27: sparseThreshold decides the form, which loses nothing', async () => {
    const engine = await engineWith()
    const withZeros = (zeros: number) => Float32Array.from({ length: 100 }, (_, i) => (i < zeros ? (i % 3 ? 0 : 1e-7) : i))
    const forms = [50, 40, 97].map((zeros) => {
      engine.storeEmbedding(`${zeros}`, withZeros(zeros))
      expect(engine.getEmbedding(`${zeros}`)).toEqual(withZeros(zeros))
      return engine.storageOf(`${zeros}`)
    })
    expect(forms).toEqual(['sparse', 'dense', 'sparse'])
    const always = await engineWith({ sparseThreshold: 0 })
    always.storeEmbedding('k', [1, 2])
    expect(always.storageOf('k')).toBe('sparse')
    const nearlyNever = await engineWith({ sparseThreshold: 1 })
    nearlyNever.batchStoreEmbeddings([{ key: 'k', vector: [0, 0, 1] }, { key: 'zero', vector: [0, 0] }]) // prettier-ignore
    expect(['k', 'zero'].map((key) => nearlyNever.storageOf(key))).toEqual(['dense', 'sparse'])
  })

  test.each([
    { parallelThreshold: 400, from: 400 },
    { parallelThreshold: 50, from: 257 },
  ])('parallelThreshold $parallelThreshold: scans of $from vectors are shared', async ({ parallelThreshold, from }) => {
    const engine = await VectorEngine.create({ parallelThreshold }, { threads: 2 })
    open.push(engine)
    const query = [1, 2, 3, 4]
    engine.batchStoreEmbeddings(batchOf(from - 1))
    const alone = eventsOf('search', () => engine.searchSimilar(query, 5))
    expect(alone).toEqual([expect.objectContaining({ parallel: false, lanes: 1, strategy: 'scan', count: 5 })])
    engine.storeEmbedding('more', query)
    const together = eventsOf('search', () => {
      expect(engine.searchSimilar(query, 1)[0]!.key).toBe('more')
      engine.searchSimilarFiltered(query, 1, FilterCondition.exists('x'), { strategy: 'preFilter' })
    })
    const shared = { durationMs: expect.any(Number) as number, parallel: true, lanes: 2 }
    expect(together).toEqual([
      { ...shared, operation: 'search_similar', strategy: 'scan', count: 1 },
      { ...shared, operation: 'search_similar_filtered', strategy: 'preFilter', count: 0 },
    ])
  })

  test('threads share a scan, with the same answer', async () => {
    const batch = batchOf(6000, 16)
    const engine = await VectorEngine.create({ parallelThreshold: 6000 }, { threads: 2 })
    open.push(engine)
    const alone = await engineWith()
    for (const each of [engine, alone]) each.batchStoreEmbeddings(batch)
    for (const metric of ['cosine', 'euclidean', 'dotProduct'] as const) {
      const query = batch[17]!.vector
      const events = eventsOf('search', () => {
        expect(engine.searchSimilarWithMetric(query, 10, metric)).toEqual(alone.searchSimilarWithMetric(query, 10, metric))
      })
      expect(events).toEqual([expect.objectContaining({ parallel: true, lanes: 2 }), expect.objectContaining({ lanes: 1 })])
    }
  })

  test('batchParallelThreshold: from it on, a batch is stored in one piece, with the same result', async () => {
    const one = await engineWith({ batchParallelThreshold: 1000 })
    const bulk = await engineWith({ batchParallelThreshold: 10 })
    const batch = [...batchOf(60), ...batchOf(20, 3), { key: 'sparse', vector: [0, 0, 0, 1] }]
    const written = (engine: VectorEngine) => eventsOf('write', () => engine.batchStoreEmbeddings(batch))
    const event = { operation: 'batch_store_embeddings', count: 81, durationMs: expect.any(Number) as number }
    expect(written(one)).toEqual([{ ...event, bulk: false }])
    expect(written(bulk)).toEqual([{ ...event, bulk: true }])
    for (const query of [[1, 2, 3, 4], [1, 2, 3]]) expect(bulk.searchSimilar(query, 100)).toEqual(one.searchSimilar(query, 100)) // prettier-ignore
    expect(bulk.listKeys()).toEqual(one.listKeys())
    expect(bulk.storageOf('sparse')).toBe('sparse')
  })

  test('a batch that is stored in one piece takes memory once', async () => {
    const resources = { memoryBytesMax: 4 * 1024 ** 2 }
    const batch = batchOf(6000, 100)
    const bulk = await VectorEngine.create({}, resources)
    const grown = await VectorEngine.create({ batchParallelThreshold: 10_000 }, resources)
    open.push(bulk, grown)
    expect(bulk.batchStoreEmbeddings(batch).count).toBe(6000)
    expect(() => grown.batchStoreEmbeddings(batch)).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
  })

  test('searchTimeoutMs ends filters and scans of many rows', async () => {
    const engine = await engineWith({ searchTimeoutMs: 0.01 })
    engine.batchStoreEmbeddings(batchOf(20_000))
    const timeout = (operation: string) =>
      expect.objectContaining({ kind: 'SearchTimeout', details: { operation, timeoutMs: 0.01 } })
    const query = [1, 2, 3, 4]
    expect(() => engine.searchSimilar(query, 5)).toThrow(timeout('search_similar'))
    for (const strategy of ['preFilter', 'postFilter'] as const) {
      const filtered = () => engine.searchSimilarFiltered(query, 5, FilterCondition.exists('x'), { strategy })
      expect(filtered).toThrow(timeout('search_similar_filtered'))
    }
    const patient = await engineWith({ searchTimeoutMs: 60_000 })
    patient.batchStoreEmbeddings(batchOf(2000))
    expect(patient.searchSimilar(query, 5)).toHaveLength(5)
  })

  test('case 28: finds one of many by itself, by scan and by index', async () => {
    const vector = (s: number, dimensions: number) =>
      Array.from({ length: dimensions }, (_, i) => Math.sin((31 * s + 17 * i) * 1e-4) * (s + i) * 1e-3)
    const engine = await engineWith()
    engine.batchStoreEmbeddings(Array.from({ length: 10_000 }, (_, i) => ({ key: `k${i}`, vector: vector(i, 128) })))
    expect(engine.searchSimilar(vector(5000, 128), 5)[0]).toEqual({ key: 'k5000', score: expect.closeTo(1, 5) })
    const indexed = await engineWith()
    indexed.batchStoreEmbeddings(Array.from({ length: 1000 }, (_, i) => ({ key: `k${i}`, vector: vector(i, 64) })))
    indexed.buildAndCacheIndex()
    const hits = indexed.searchSimilar(vector(500, 64), 10)
    expect(keysOf(hits)).toContain('k500')
    expect(hits.every(({ score }) => score > 0.99)).toBe(true)
  })
})

describe('memory', () => {
  test('close gives it back, and later calls are refused', async () => {
    const engine = await engineWith()
    engine.batchStoreEmbeddings(batchOf(100))
    engine.close()
    expect(() => engine.storeEmbedding('k', [1, 2, 3, 4, 5])).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  test.each([1, 5000])('a batch that memory has no room for stores nothing (bulk from %i)', async (batchParallelThreshold) => {
    const engine = await VectorEngine.create({ batchParallelThreshold, sparseThreshold: 1 }, { memoryBytesMax: 256 * 1024 })
    open.push(engine)
    engine.batchStoreEmbeddings(batchOf(10, 100))
    const before = engine.searchSimilar(batchOf(1, 100)[0]!.vector, 20)
    const full = await refusalOf(() => engine.batchStoreEmbeddings([{ key: 'other', vector: [1] }, ...batchOf(1000, 100)]))
    expect(full).toMatchObject({ kind: 'BatchOperationError', code: 'MEMORY_FULL', cause: { code: 'MEMORY_FULL' } })
    const { index } = (full as VectorError).details as { index: number }
    // In one piece there is room for all vectors of a dimension or for none.
    expect(index === 1).toBe(batchParallelThreshold === 1)
    expect((full as VectorError).details).toEqual({ index, cause: ((full as VectorError).cause as Error).message })
    expect((full as Error).message).toBe(`Batch operation error at index ${index}: ${((full as Error).cause as Error).message}`)
    expect(() => engine.batchStoreInCollection('new', batchOf(1000, 100))).toThrow(
      expect.objectContaining({ kind: 'BatchOperationError' }),
    )
    expect(engine.collectionExists('new')).toBe(false)
    expect(engine.count()).toBe(10)
    expect(engine.searchSimilar(batchOf(1, 100)[0]!.vector, 20)).toEqual(before)
    expect(engine.searchSimilar([1], 5)).toEqual([])
    engine.storeEmbedding('k00003', batchOf(4, 100)[3]!.vector)
    expect(engine.count()).toBe(10)
  })

  test('deleting succeeds where memory has no room to move the rest together', async () => {
    const engine = await VectorEngine.create({}, { memoryBytesMax: 4 * 1024 ** 2 })
    open.push(engine)
    const batch = batchOf(6000, 64)
    engine.batchStoreEmbeddings(batch)
    const fill = (): void => {
      for (let i = 0; i < 1e5; i++) engine.storeEmbedding(`fill${i}`, batchOf(1, 100)[0]!.vector)
    }
    expect(fill).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
    const deleted = batch.slice(0, 3100).map(({ key }) => key)
    expect(engine.batchDeleteEmbeddings(deleted)).toBe(3100)
    expect(engine.searchSimilar(batch[5000]!.vector, 1)[0]!.key).toBe('k05000')
    expect(engine.searchSimilar(batch[5000]!.vector, 6000)).toHaveLength(2900)
    for (const { key, vector } of batch.slice(0, 3100)) engine.storeEmbedding(key, vector)
    expect(engine.searchSimilar(batch[5]!.vector, 6000)).toHaveLength(6000)
  })

  test('rows of what was deleted are used again', async () => {
    const engine = await VectorEngine.create({}, { memoryBytesMax: 4 * 1024 ** 2 })
    open.push(engine)
    const batch = batchOf(3000, 64)
    for (let round = 0; round < 10; round++) {
      engine.batchStoreEmbeddings(batch)
      expect(engine.batchDeleteEmbeddings(batch.slice(0, 2500).map(({ key }) => key))).toBe(2500)
      expect(engine.searchSimilar(batch[2700]!.vector, 1)[0]!.key).toBe('k02700')
      expect(engine.count()).toBe(500)
    }
  })
})
