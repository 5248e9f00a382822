import { referenceDistance } from '@quiverdb/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SearchResult } from './embedding.js'
import { FilterCondition } from './filter-condition.js'
import { compareKeys } from './key-order.js'
import type { DistanceMetric } from './types.js'
import { VectorEngine } from './vector-engine.js'

interface Stored {
  readonly vector: readonly number[]
  readonly group: number
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'é', '\u{1f600}', '')
const vector = fc
  .integer({ min: 1, max: 3 })
  .chain((length) => fc.array(fc.integer({ min: -2, max: 2 }), { minLength: length, maxLength: length }))
const group = fc.integer({ min: 0, max: 2 })
const item = fc.record({ key, vector, group })
const command = fc.oneof(
  fc.record({ do: fc.constant('store' as const), items: fc.array(item, { minLength: 1, maxLength: 1 }) }),
  fc.record({ do: fc.constant('batch' as const), items: fc.array(item, { maxLength: 6 }) }),
  fc.record({ do: fc.constant('delete' as const), keys: fc.array(key, { maxLength: 3 }) }),
  fc.record({ do: fc.constant('index' as const) }),
  fc.record({ do: fc.constant('clear' as const) }),
)

const scores: Record<DistanceMetric, (query: readonly number[], vector: readonly number[]) => number> = {
  cosine: (query, vector) => 1 - referenceDistance('cosine', query, vector),
  dotProduct: (query, vector) => -referenceDistance('dot', query, vector),
  euclidean: (query, vector) => 1 / (1 + Math.sqrt(referenceDistance('l2', query, vector))),
}

/** Whether hits are what the definition of a search gives. Scores that differ by rounding alone may stand in either order. */
function expectSearch(
  hits: readonly SearchResult[],
  stored: ReadonlyMap<string, Stored>,
  { query, k, metric, only }: { query: readonly number[]; k: number; metric: DistanceMetric; only?: number },
): void {
  const findable = metric !== 'euclidean' && query.every((number) => number === 0) ? [] : [...stored]
  const scoreOf = new Map(
    findable
      .filter(([, { vector, group }]) => vector.length === query.length && (only === undefined || group === only))
      .map(([key, { vector }]) => [key, scores[metric](query, vector)]),
  )
  const best = [...scoreOf.values()].sort((a, b) => b - a).slice(0, k)
  expect(hits.map(({ score }) => score)).toEqual(best.map((score) => expect.closeTo(score, 9)))
  expect(hits.map(({ score }) => score)).toEqual(hits.map(({ key }) => expect.closeTo(scoreOf.get(key)!, 9)))
  expect(hits).toEqual([...hits].sort((a, b) => b.score - a.score || compareKeys(a.key, b.key)))
  expect(new Set(hits.map(({ key }) => key)).size).toBe(hits.length)
}

function apply(
  engine: VectorEngine,
  stored: Map<string, Stored>,
  change: typeof command extends fc.Arbitrary<infer C> ? C : never,
): void {
  switch (change.do) {
    case 'store':
    case 'batch': {
      const inputs = change.items.map(({ key, vector, group }) => ({ key, vector, metadata: { group } }))
      if (change.do === 'batch') engine.batchStoreEmbeddings(inputs)
      else engine.storeEmbeddingWithMetadata(inputs[0]!.key, inputs[0]!.vector, inputs[0]!.metadata)
      for (const { key, vector, group } of change.items) stored.set(key, { vector, group })
      return
    }
    case 'delete':
      expect(engine.batchDeleteEmbeddings(change.keys)).toBe(change.keys.filter((key) => stored.delete(key)).length)
      return
    case 'index':
      if (new Set([...stored.values()].map(({ vector }) => vector.length)).size <= 1) engine.buildAndCacheIndex()
      return
    case 'clear':
      expect(engine.clear()).toBe(stored.size)
      stored.clear()
  }
}

test('does what a map would do', async () => {
  const metric = fc.constantFrom<DistanceMetric>('cosine', 'dotProduct', 'euclidean')
  const search = fc.record({
    query: vector,
    k: fc.integer({ min: 1, max: 8 }),
    metric,
    strategy: fc.constantFrom('auto', 'preFilter', 'postFilter'),
  })
  const config = fc.record({
    sparseThreshold: fc.constantFrom(0, 0.5, 1),
    batchParallelThreshold: fc.constantFrom(1, 100),
    defaultMetric: metric,
  })
  const property = fc.asyncProperty(config, fc.array(fc.tuple(command, search), { maxLength: 12 }), async (config, steps) => {
    const engine = await VectorEngine.create(config)
    const stored = new Map<string, Stored>()
    for (const [change, { query, k, metric, strategy }] of steps) {
      apply(engine, stored, change)
      expect(engine.listKeys()).toEqual([...stored.keys()].sort(compareKeys))
      for (const [key, { vector, group }] of stored) {
        expect(Array.from(engine.getEmbedding(key))).toEqual(vector.map((number) => number + 0))
        expect(engine.getMetadataField(key, 'group')).toBe(group)
      }
      expectSearch(engine.searchSimilarWithMetric(query, k, metric), stored, { query, k, metric })
      expectSearch(engine.searchSimilar(query, k), stored, { query, k, metric: config.defaultMetric })
      const filtered = engine.searchSimilarFiltered(query, k, FilterCondition.eq('group', 1), { strategy })
      expectSearch(filtered, stored, { query, k, metric: config.defaultMetric, only: 1 })
    }
    engine.close()
  })
  await fc.assert(property, { numRuns: 100 })
})
