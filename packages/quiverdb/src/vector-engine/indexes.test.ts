import { randomSource } from '@quiverdb/testing'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, test } from 'vitest'
import { expectHits, keysOf } from '../testing/vector-engine/engine-under-test.js'
import { composite } from '../vector/measure/composite.js'
import type { VectorEngineOptions } from './config.js'
import type { SearchEvent } from './engine-events.js'
import { FilterCondition } from './filter-condition.js'
import { HNSWBuildOptions } from './hnsw/build-options.js'
import { HNSWConfig } from './hnsw/hnsw-config.js'
import type { DistanceMetric } from './types.js'
import { VectorEngine } from './vector-engine.js'

const open: VectorEngine[] = []
afterEach(() => open.splice(0).forEach((engine) => engine.close()))

async function holding(
  vectors: Readonly<Record<string, readonly number[]>>,
  config: VectorEngineOptions = {},
): Promise<VectorEngine> {
  const engine = await VectorEngine.create(config)
  open.push(engine)
  engine.batchStoreEmbeddings(Object.entries(vectors).map(([key, vector]) => ({ key, vector })))
  return engine
}

const random = randomSource(3)
const randomVector = (dimensions: number): number[] => Array.from({ length: dimensions }, () => random() - 0.5)
const many = (count: number, dimensions = 8): Record<string, number[]> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${String(i).padStart(5, '0')}`, randomVector(dimensions)]))

/** How the searches in a call found their answers. */
function strategiesOf(call: () => void): string[] {
  const strategies: string[] = []
  const note = (event: unknown): void => void strategies.push((event as SearchEvent).strategy)
  subscribe('quiver:vector-engine:search', note)
  call()
  unsubscribe('quiver:vector-engine:search', note)
  return strategies
}

describe('an index of the embeddings', () => {
  test('case 69: of an empty store is empty', async () => {
    const engine = await holding({})
    const [index, keys] = engine.buildHnswIndexDefault()
    expect([index.isEmpty, keys]).toEqual([true, []])
    expect(engine.searchWithHnsw(index, keys, [1, 0], 5)).toEqual([])
  })

  test('case 72: of vectors of several dimensions is none', async () => {
    const engine = await holding({ a: [1, 2, 3], b: [1, 2] })
    expect(() => engine.buildHnswIndex()).toThrow(expect.objectContaining({ kind: 'DimensionMismatch' }))
    expect(() => engine.buildAndCacheIndex()).toThrow(expect.objectContaining({ kind: 'DimensionMismatch' }))
  })

  test('is complete, whatever maxKeysPerScan', async () => {
    const engine = await holding(many(20), { maxKeysPerScan: 5 })
    const [index, keys] = engine.buildHnswIndex()
    expect([index.length, keys.length]).toEqual([20, 20])
  })

  test('takes no more than maxNodes', async () => {
    const engine = await holding(many(6))
    expect(() => engine.buildHnswIndex({ maxNodes: 5 })).toThrow(expect.objectContaining({ kind: 'CapacityExceeded' }))
  })

  test.each(['cosine', 'euclidean', 'dotProduct'] as const)('answers by %s', async (distanceMetric) => {
    const vectors = many(1500)
    const engine = await holding(vectors)
    const [index, keys] = engine.buildHnswIndex({ distanceMetric })
    let found = 0
    for (let i = 0; i < 20; i++) {
      const query = randomVector(8)
      const exact = engine.searchSimilarWithMetric(query, 10, distanceMetric)
      const hits = engine.searchWithHnsw(index, keys, query, 10)
      const scores = new Map(exact.map(({ key, score }) => [key, score]))
      for (const { key, score } of hits) if (scores.has(key)) expect(score).toBeCloseTo(scores.get(key)!, 9)
      found += hits.filter(({ key }) => scores.has(key)).length / 200
    }
    expect(found).toBeGreaterThan(0.97)
  })

  test('the checks and the timeout of a search', async () => {
    const engine = await holding({ a: [1, 0] })
    const [index, keys] = engine.buildHnswIndex()
    const refusals: readonly [number[], number, string][] = [
      [[], 0, 'EmptyVector'],
      [[1], 0, 'InvalidTopK'],
      [[1], 1, 'DimensionMismatch'],
    ]
    for (const [query, k, kind] of refusals) {
      expect(() => engine.searchWithHnsw(index, keys, query, k)).toThrow(expect.objectContaining({ kind }))
      expect(() => engine.searchWithHnswAndMetric(index, keys, query, k, 'angular')).toThrow(expect.objectContaining({ kind }))
    }
    expect(engine.searchWithHnsw(index, keys, [0, 0], 1)).toEqual([])
    const hurried = await holding(many(1000), { searchTimeoutMs: 1e-6 })
    const [graph, names] = hurried.buildHnswIndex()
    const timeout = (operation: string) =>
      expect.objectContaining({ kind: 'SearchTimeout', details: { operation, timeoutMs: 1e-6 } })
    expect(() => hurried.searchWithHnsw(graph, names, randomVector(8), 5)).toThrow(timeout('search_with_hnsw'))
    for (const metric of ['angular', 'manhattan'] as const) {
      const call = () => hurried.searchWithHnswAndMetric(graph, names, randomVector(8), 5, metric)
      expect(call).toThrow(timeout('search_with_hnsw_and_metric'))
    }
  })

  test('case 79: an estimate of its memory', async () => {
    const engine = await holding(many(10, 128))
    expect(engine.estimateHnswMemory()).toBe(8000)
    expect((await holding({})).estimateHnswMemory()).toBe(0)
  })

  test('the form in which vectors come back', async () => {
    const vectors = { a: [1, 0, 0, 0], b: [1, 2, 3, 4], c: [0, 0, 1, 0] }
    const engine = await holding(vectors)
    const kinds = (options: HNSWBuildOptions) => engine.buildHnswIndexWithOptions(options)[0].memoryStats()
    expect(kinds(new HNSWBuildOptions())).toMatchObject({ denseCount: 3 })
    expect(kinds(HNSWBuildOptions.sparseOptimized())).toMatchObject({ sparseCount: 2, denseCount: 1 })
    expect(kinds(HNSWBuildOptions.memoryOptimized())).toMatchObject({ denseCount: 3 })
    expect(HNSWBuildOptions.memoryOptimized().hnswConfig).toEqual(HNSWConfig.highSpeed())
    expect(HNSWBuildOptions.highRecall()).toMatchObject({ storage: 'dense', hnswConfig: HNSWConfig.highRecall() })
    expect(kinds(new HNSWBuildOptions().withStorage('auto').withSparsityThreshold(0.8))).toMatchObject({ sparseCount: 0 })
  })
})

describe('metrics of an index', () => {
  test('cases 75 to 77: angular, Jaccard, Manhattan', async () => {
    const half = Math.SQRT1_2
    const angular = await holding({ a: [1, 0], b: [half, half], c: [0, 1] })
    const search = (engine: VectorEngine, query: number[], metric: Parameters<VectorEngine['searchWithHnswAndMetric']>[4]) =>
      engine.searchWithHnswAndMetric(...engine.buildHnswIndex(), query, 3, metric)
    expectHits(search(angular, [1, 0], 'angular'), [['a', 1], ['b', 0.75], ['c', 0.5]]) // prettier-ignore
    expectHits(search(angular, [1, 0], 'geodesic'), [['a', 1], ['b', 0.75], ['c', 0.5]]) // prettier-ignore
    const sets = await holding({ a: [1, 1, 0], b: [1, 0, 0], c: [0, 0, 1] })
    expectHits(search(sets, [1, 1, 0], 'jaccard'), [['a', 1], ['b', 0.5], ['c', 0]]) // prettier-ignore
    expectHits(search(sets, [1, 1, 0], 'overlap'), [['a', 1], ['b', 1], ['c', 0]]) // prettier-ignore
    const line = await holding({ origin: [0, 0], one: [1, 0], two: [2, 0] })
    expectHits(search(line, [0, 0], 'manhattan'), [['origin', 1], ['one', 0.5], ['two', 1 / 3]]) // prettier-ignore
    expectHits(search(line, [0, 0], 'chebyshev'), [['origin', 1], ['one', 0.5], ['two', 1 / 3]]) // prettier-ignore
    expectHits(search(line, [0, 0], 'euclidean'), [['origin', 1], ['one', 0.5], ['two', 1 / 3]]) // prettier-ignore
    expect(search(line, [0, 0], 'cosine')).toEqual([])
  })

  test('cosine is (1 + cos) / 2; composite and weighted Jaccard as defined', async () => {
    const engine = await holding({ a: [1, 0], b: [0, 1] })
    const [index, keys] = engine.buildHnswIndex()
    expectHits(engine.searchWithHnswAndMetric(index, keys, [1, 0], 2, 'cosine'), [['a', 1], ['b', 0.5]]) // prettier-ignore
    expectHits(engine.searchWithHnswAndMetric(index, keys, [1, 0], 2, composite()), [['a', 1], ['b', 0.3328427]]) // prettier-ignore
    expectHits(engine.searchWithHnswAndMetric(index, keys, [1, 0], 2, 'weightedJaccard'), [['a', 1], ['b', 0]]) // prettier-ignore
    const none = 'hamming' as 'jaccard'
    expect(() => engine.searchWithHnswAndMetric(index, keys, [1, 0], 2, none)).toThrow(
      expect.objectContaining({ kind: 'ConfigurationError' }),
    )
  })

  test('keys that have gone are not found, whichever way the search goes', async () => {
    const engine = await holding(many(100))
    const [index, keys] = engine.buildHnswIndex()
    const query = randomVector(8)
    const before = keysOf(engine.searchWithHnswAndMetric(index, keys, query, 95, 'angular'))
    engine.batchDeleteEmbeddings(before.slice(0, 30))
    expect(keysOf(engine.searchWithHnswAndMetric(index, keys, query, 60, 'angular'))).toEqual(before.slice(30, 90))
    expect(keysOf(engine.searchWithHnswAndMetric(index, keys, query, 60, 'manhattan'))).not.toContain(before[0])
  })
})

describe('a cached index', () => {
  const changes: Record<string, (engine: VectorEngine) => void> = {
    store: (engine) => engine.storeEmbedding('new', [9, 9, 9, 9, 9, 9, 9, 9]),
    'store over': (engine) => engine.storeEmbedding('k00000', [9, 9, 9, 9, 9, 9, 9, 9]),
    'store with another dimension': (engine) => engine.storeEmbedding('k00000', [1, 2]),
    'store with metadata': (engine) => engine.storeEmbeddingWithMetadata('new', [9, 9, 9, 9, 9, 9, 9, 9], { a: 1 }),
    'store a batch': (engine) =>
      void engine.batchStoreEmbeddings(Object.entries(many(150)).map(([key, vector]) => ({ key, vector }))),
    delete: (engine) => engine.deleteEmbedding('k00000'),
    'delete a batch': (engine) => void engine.batchDeleteEmbeddings(['k00000', 'k00001']),
  }

  test.each(Object.keys(changes))('case 81: sees a change: %s', async (name) => {
    const engine = await holding(many(600))
    engine.buildAndCacheIndex({ efSearch: 600 })
    changes[name]!(engine)
    for (const query of [randomVector(8), [9, 9, 9, 9, 9, 9, 9, 9]]) {
      let hits: string[] = []
      expect(strategiesOf(() => (hits = keysOf(engine.searchSimilar(query, 10))))).toEqual(['graph'])
      expect(hits).toEqual(keysOf(engine.searchSimilarWithMetric(query, 10, 'cosine')))
    }
  })

  test('case 81: sees clear, and a collection that was deleted', async () => {
    const engine = await holding(many(600))
    engine.buildAndCacheIndex()
    engine.clear()
    expect(engine.searchSimilar(randomVector(8), 5)).toEqual([])
    for (const [key, vector] of Object.entries(many(600))) engine.storeInCollection('c', key, vector)
    engine.buildAndCacheIndex({}, 'c')
    expect(strategiesOf(() => void engine.searchInCollection('c', randomVector(8), 5))).toEqual(['graph'])
    engine.deleteCollection('c')
    engine.storeInCollection('c', 'only', randomVector(8))
    expect(keysOf(engine.searchInCollection('c', randomVector(8), 5))).toEqual(['only'])
  })

  test('is made to hold what the store holds', async () => {
    const engine = await holding(many(600))
    const [index, keys] = engine.buildHnswIndex({ efSearch: 600 })
    engine.storeEmbedding('new', [9, 9, 9, 9, 9, 9, 9, 9])
    engine.storeEmbedding('k00001', [9, 9, 9, 9, 9, 9, 9, 8])
    engine.deleteEmbedding('k00002')
    expect(index.length).toBe(600)
    engine.cacheHnswIndex('default', index, keys)
    const query = [9, 9, 9, 9, 9, 9, 9, 9]
    expect(keysOf(engine.searchSimilar(query, 10))).toEqual(keysOf(engine.searchSimilarWithMetric(query, 10, 'cosine')))
    expect(keysOf(engine.searchWithHnsw(index, keys, query, 2))).toEqual(['new', 'k00001'])
    expect(Array.from(index.ids(), (id) => keys[id]).toSorted()).toEqual(engine.listKeys())
  })

  test('answers the same whatever its storage', async () => {
    const engine = await holding(many(1000))
    const query = randomVector(8)
    const [dense, ...others] = (['dense', 'auto', 'quantized'] as const).map((storage) => {
      const hnswConfig = HNSWConfig.highSpeed().withEfSearch(20)
      const [index, keys] = engine.buildHnswIndexWithOptions(new HNSWBuildOptions({ storage, hnswConfig }))
      return engine.searchWithHnsw(index, keys, query, 10)
    })
    expect(others).toEqual([dense, dense])
  })

  test('serves its own metric only', async () => {
    const engine = await holding(many(600))
    engine.buildAndCacheIndex({ distanceMetric: 'euclidean' })
    expect(strategiesOf(() => void engine.searchSimilar(randomVector(8), 5))).toEqual(['scan'])
    engine.buildAndCacheIndex()
    expect(strategiesOf(() => void engine.searchSimilar(randomVector(8), 5))).toEqual(['graph'])
    expect(strategiesOf(() => void engine.searchSimilarWithMetric(randomVector(8), 5, 'cosine'))).toEqual(['scan'])
    engine.invalidateHnswCache('default')
    expect(strategiesOf(() => void engine.searchSimilar(randomVector(8), 5))).toEqual(['scan'])
    expect(() => engine.cacheHnswIndex('missing', ...engine.buildHnswIndex())).toThrow(
      expect.objectContaining({ kind: 'CollectionNotFound' }),
    )
  })

  test('goes by the metric of what it is built of', async () => {
    const engine = await holding(many(600), { defaultMetric: 'euclidean' })
    expect(engine.buildHnswIndex()[0].config.distanceMetric).toBe('euclidean')
    engine.buildAndCacheIndex()
    expect(strategiesOf(() => void engine.searchSimilar(randomVector(8), 5))).toEqual(['graph'])
  })

  test('gives way to scans when it cannot follow', async () => {
    const engine = await holding(many(600))
    engine.buildAndCacheIndex({ maxNodes: 600 })
    engine.storeEmbedding('new', randomVector(8))
    let hits: string[] = []
    expect(strategiesOf(() => (hits = keysOf(engine.searchSimilar(engine.getEmbedding('new'), 1))))).toEqual(['scan'])
    expect(hits).toEqual(['new'])
  })

  test('serves filtered searches, which fall back to the filter where they find too few', async () => {
    const engine = await VectorEngine.create()
    open.push(engine)
    const items = Object.entries(many(1000)).map(([key, vector], i) => ({
      key,
      vector,
      metadata: { tenth: i % 10 === 0, rare: i === 777 },
    }))
    engine.batchStoreEmbeddings(items)
    engine.buildAndCacheIndex()
    const query = randomVector(8)
    const filtered = (field: string, oversampleFactor: number) =>
      engine.searchSimilarFiltered(query, 3, FilterCondition.eq(field, true), { strategy: 'postFilter', oversampleFactor })
    expect(strategiesOf(() => expect(filtered('tenth', 40)).toHaveLength(3))).toEqual(['postFilter'])
    expect(strategiesOf(() => expect(keysOf(filtered('rare', 3))).toEqual(['k00777']))).toEqual(['postFilter+preFilter'])
  })
})

describe('a filtered search by itself', () => {
  test('filters first where the share that matches is below selectivityThreshold', async () => {
    const engine = await holding({})
    const items = Object.entries(many(100)).map(([key, vector], i) => ({ key, vector, metadata: { half: i % 2 === 0 } }))
    engine.batchStoreEmbeddings(items)
    const filtered = (selectivityThreshold: number) => () =>
      void engine.searchSimilarFiltered(randomVector(8), 3, FilterCondition.eq('half', true), { selectivityThreshold })
    expect([0.5, 0.51].flatMap((threshold) => strategiesOf(filtered(threshold)))).toEqual(['postFilter', 'preFilter'])
  })
})

describe('a collection with autoIndex', () => {
  test('has no index without it', async () => {
    const engine = await holding({})
    engine.createCollection('c', { autoIndexThreshold: 200 })
    engine.batchStoreInCollection(
      'c',
      Object.entries(many(600)).map(([key, vector]) => ({ key, vector })),
    )
    expect(strategiesOf(() => void engine.searchInCollection('c', randomVector(8), 5))).toEqual(['scan'])
  })

  test.each(['cosine', 'euclidean', 'dotProduct'] satisfies DistanceMetric[])(
    'builds at its threshold and follows (%s)',
    async (distanceMetric) => {
      const engine = await holding({})
      engine.createCollection('c', { autoIndex: true, autoIndexThreshold: 200, distanceMetric })
      const vectors = Object.entries(many(600))
      const strategy = () => strategiesOf(() => void engine.searchInCollection('c', randomVector(8), 5))[0]
      for (const [i, [key, vector]] of vectors.entries()) {
        engine.storeInCollection('c', key, vector)
        if (i === 198) expect(strategy()).toBe('scan')
        if (i === 199) expect(strategy()).toBe('graph')
      }
      for (const [key] of vectors.slice(0, 300)) engine.deleteFromCollection('c', key)
      let found = 0
      for (let i = 0; i < 20; i++) {
        const query = randomVector(8)
        const exact = keysOf(
          engine.searchFilteredInCollection('c', query, 10, FilterCondition.eq('x', 1).or(FilterCondition.true), {
            strategy: 'preFilter',
          }),
        )
        found += keysOf(engine.searchInCollection('c', query, 10)).filter((key) => exact.includes(key)).length / 200
      }
      expect(strategy()).toBe('graph')
      expect(found).toBeGreaterThan(0.97)
    },
  )
})
