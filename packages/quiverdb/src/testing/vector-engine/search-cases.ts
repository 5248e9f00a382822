import { describe, expect, test } from 'vitest'
import { Pagination } from '../../vector-engine/pagination.js'
import { VectorEngine } from '../../vector-engine/vector-engine.js'
import { type EngineFactory, expectHits, expectRefusal, keysOf } from './engine-under-test.js'

/** Exact search under the three metrics, zero queries, similarity, timeouts, pages of hits. */
export function searchCases({ name, create }: EngineFactory): void {
  async function holding(vectors: Readonly<Record<string, readonly number[]>>, config = {}) {
    const engine = await create(config)
    for (const [key, vector] of Object.entries(vectors)) await engine.storeEmbedding(key, vector)
    return engine
  }

  describe(`${name}: search`, () => {
    test('case 9: by cosine', async () => {
      const engine = await holding({ a: [1, 0, 0], b: [0, 1, 0], c: [1, 1, 0] })
      expectHits(await engine.searchSimilar([1, 0, 0], 3), [['a', 1], ['c', Math.SQRT1_2], ['b', 0]]) // prettier-ignore
    })

    test('case 10: k bounds the hits', async () => {
      const engine = await create()
      for (let i = 0; i < 10; i++) await engine.storeEmbedding(`k${i}`, [1, i])
      expect(await engine.searchSimilar([1, 0], 3)).toHaveLength(3)
      const few = await holding({ a: [1, 0], b: [0, 1] })
      expect(await few.searchSimilar([1, 0], 10)).toHaveLength(2)
    })

    test('case 11: an empty query, then a k of zero', async () => {
      const engine = await holding({ a: [1, 0] }, { maxDimension: 2 })
      await expectRefusal(() => engine.searchSimilar([], 1), 'EmptyVector')
      await expectRefusal(() => engine.searchSimilar([1, 0], 0), 'InvalidTopK')
      await expectRefusal(() => engine.searchSimilar([], 0), 'EmptyVector')
      await expectRefusal(() => engine.searchSimilar([1, 2, 3], 0), 'InvalidTopK')
      await expectRefusal(() => engine.searchSimilar([0, 0, 0], 1), 'DimensionMismatch')
      for (const k of [-1, 1.5, NaN]) await expectRefusal(() => engine.searchSimilar([1, 0], k), 'InvalidTopK')
    })

    test('case 12: all directions', async () => {
      const diagonal = Math.SQRT1_2
      const engine = await holding({
        x: [1, 0, 0],
        y: [0, 1, 0],
        z: [0, 0, 1],
        diag_xy: [diagonal, diagonal, 0],
        neg_x: [-1, 0, 0],
      })
      const expected = [['x', 1], ['diag_xy', diagonal], ['y', 0], ['z', 0], ['neg_x', -1]] as const // prettier-ignore
      expectHits(await engine.searchSimilar([1, 0, 0], 5), expected)
    })

    test('case 16: other dimensions are not looked at', async () => {
      const engine = await holding({ '2d': [1, 0], '3d': [1, 0, 0], '4d': [1, 0, 0, 0] })
      expect(keysOf(await engine.searchSimilar([1, 0], 10))).toEqual(['2d'])
    })

    test('case 17: a query of zeros finds nothing by cosine', async () => {
      const engine = await holding({ a: [1, 0] })
      expect(await engine.searchSimilar([0, 0], 5)).toEqual([])
    })

    test('case 18: an empty store finds nothing', async () => {
      const engine = await create()
      expect(await engine.searchSimilar([1, 0], 5)).toEqual([])
    })

    test('case 19: by dot product', async () => {
      const engine = await holding({ a: [1, 0], b: [2, 0], c: [0.5, 0] })
      expectHits(await engine.searchSimilarWithMetric([1, 0], 3, 'dotProduct'), [['b', 2], ['a', 1], ['c', 0.5]]) // prettier-ignore
    })

    test('case 20: by Euclidean distance', async () => {
      const engine = await holding({ a: [1, 0], b: [2, 0], c: [10, 0] })
      expectHits(await engine.searchSimilarWithMetric([1, 0], 3, 'euclidean'), [['a', 1], ['b', 0.5], ['c', 0.1]]) // prettier-ignore
    })

    test('case 21: a query of zeros by Euclidean distance', async () => {
      const engine = await holding({ origin: [0, 0], unit: [1, 0], far: [10, 0] })
      const expected = [['origin', 1], ['unit', 0.5], ['far', 1 / 11]] as const // prettier-ignore
      expectHits(await engine.searchSimilarWithMetric([0, 0], 3, 'euclidean'), expected)
    })

    test('case 22: a query of zeros by cosine and dot product', async () => {
      const engine = await holding({ a: [1, 0] })
      expect(await engine.searchSimilarWithMetric([0, 0], 3, 'cosine')).toEqual([])
      expect(await engine.searchSimilarWithMetric([0, 0], 3, 'dotProduct')).toEqual([])
    })

    test('a stored vector of zeros scores 0 by cosine', async () => {
      const engine = await holding({ zero: [0, 0], a: [1, 0], b: [-1, 0] })
      expectHits(await engine.searchSimilar([1, 0], 3), [['a', 1], ['zero', 0], ['b', -1]]) // prettier-ignore
    })

    test('case 23: one dimension, a tie', async () => {
      const engine = await holding({ b: [2], a: [1], c: [-1] })
      expectHits(await engine.searchSimilar([1], 3), [['a', 1], ['b', 1], ['c', -1]]) // prettier-ignore
    })

    test('ties are broken by key, also at the k-th place', async () => {
      const engine = await create()
      for (let i = 99; i >= 0; i--) await engine.storeEmbedding(`k${String(i).padStart(2, '0')}`, [1, 1])
      await engine.storeEmbedding('best', [1, 0])
      expect(keysOf(await engine.searchSimilar([1, 0], 4))).toEqual(['best', 'k00', 'k01', 'k02'])
    })

    test('cases 24 and 25: tiny and huge numbers', async () => {
      const engine = await holding({ tiny: [1e-18, 1e-18, 1e-18] })
      expectHits(await engine.searchSimilar([1e-18, 1e-18, 1e-18], 1), [['tiny', 1]])
      const huge = await holding({ large: [1e30, 1e30, 1e30] })
      expectHits(await huge.searchSimilar([1e30, 1e30, 1e30], 1), [['large', 1]])
    })

    test('case 29: many dimensions', async () => {
      const first = Array.from({ length: 4096 }, (_, i) => Math.sin(i * 0.001))
      const second = Array.from({ length: 4096 }, (_, i) => Math.sin(i * 0.002))
      const engine = await holding({ first, second })
      const [best] = await engine.searchSimilar(first, 2)
      expectHits([best!], [['first', 1]])
    })

    test('sparse and dense vectors are ranked together', async () => {
      const engine = await holding({ dense: [1, 2, 3, 4], sparse: [0, 0, 3, 4], zero: [0, 0, 0, 0], far: [-4, 3, -2, 1] })
      const query = [0, 1, 3, 4]
      expect(keysOf(await engine.searchSimilarWithMetric(query, 4, 'euclidean'))).toEqual(['sparse', 'dense', 'zero', 'far'])
      expect(keysOf(await engine.searchSimilarWithMetric(query, 4, 'dotProduct'))).toEqual(['dense', 'sparse', 'far', 'zero'])
    })

    test('defaultMetric is that of searches and of new collections', async () => {
      const engine = await holding({ near: [1, 0], long: [9, 9] }, { defaultMetric: 'dotProduct' })
      expectHits(await engine.searchSimilar([1, 1], 2), [['long', 18], ['near', 1]]) // prettier-ignore
      await engine.storeInCollection('c', 'a', [3, 3])
      expect((await engine.getCollectionConfig('c'))!.distanceMetric).toBe('dotProduct')
      await engine.setEntityEmbedding('e', [2, 2])
      expectHits(await engine.searchEntities([1, 1], 1), [['e', 4]])
    })

    test('case 67: a timeout ends a search without a part of the answer', async () => {
      const searchTimeoutMs = 1e-6
      const engine = await create({ searchTimeoutMs })
      const vector = (i: number): number[] => Array.from({ length: 128 }, (_, j) => Math.sin(i * 128 + j))
      await engine.batchStoreEmbeddings(Array.from({ length: 1000 }, (_, i) => ({ key: `k${i}`, vector: vector(i) })))
      await engine.setEntityEmbedding('e', vector(0))
      await engine.storeInCollection('c', 'k', vector(0))
      const calls: Record<string, () => unknown> = {
        search_similar: () => engine.searchSimilar(vector(1), 5),
        search_similar_with_metric: () => engine.searchSimilarWithMetric(vector(1), 5, 'euclidean'),
        search_entities: () => engine.searchEntities(vector(1), 5),
        search_in_collection: () => engine.searchInCollection('c', vector(1), 5),
      }
      for (const [operation, call] of Object.entries(calls)) {
        await expectRefusal(call, 'SearchTimeout', { operation, timeoutMs: searchTimeoutMs })
      }
      const patient = await holding({ a: vector(1) })
      expect(await patient.searchSimilar(vector(1), 5)).toHaveLength(1)
    })

    test('pages of hits know how many there are', async () => {
      const engine = await create()
      for (let i = 0; i < 20; i++) await engine.storeEmbedding(`k${i}`, [1, i])
      const all = keysOf(await engine.searchSimilar([1, 0], 12))
      const page = await engine.searchSimilarPaginated([1, 0], 12, new Pagination(5, 5).withTotal())
      expect(keysOf(page.items)).toEqual(all.slice(5, 10))
      expect(page).toMatchObject({ totalCount: 12, hasMore: true })
      const last = await engine.searchSimilarPaginated([1, 0], 100, new Pagination(15, 10).withTotal())
      expect(last).toMatchObject({ totalCount: 20, hasMore: false })
      expect(last.items).toHaveLength(5)
      const behind = await engine.searchSimilarPaginated([1, 0], 10, new Pagination(10, 10))
      expect(behind).toEqual({ items: [], totalCount: undefined, hasMore: false })
    })
  })

  describe('computeSimilarity', () => {
    test('case 13: alike, orthogonal, opposite, at 45 degrees', () => {
      expect(VectorEngine.computeSimilarity([1, 2, 3], [1, 2, 3])).toBe(1)
      expect(VectorEngine.computeSimilarity([1, 0], [0, 1])).toBe(0)
      expect(VectorEngine.computeSimilarity([1, 0], [-1, 0])).toBe(-1)
      expect(VectorEngine.computeSimilarity([1, 0], [1, 1])).toBeCloseTo(0.7071068, 6)
    })

    test('case 14: with zeros', () => {
      expect(VectorEngine.computeSimilarity([0, 0], [1, 2])).toBe(0)
      expect(VectorEngine.computeSimilarity([0, 0], [0, 0])).toBe(0)
    })

    test('case 15: of different lengths, and of none', async () => {
      await expectRefusal(() => VectorEngine.computeSimilarity([1, 2], [1, 2, 3]), 'DimensionMismatch', { expected: 2, got: 3 })
      await expectRefusal(() => VectorEngine.computeSimilarity([], [1]), 'EmptyVector')
    })
  })
}
