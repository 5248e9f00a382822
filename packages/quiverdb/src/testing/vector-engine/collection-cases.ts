import { describe, expect, test } from 'vitest'
import { FilterCondition } from '../../vector-engine/filter-condition.js'
import { Pagination } from '../../vector-engine/pagination.js'
import { type EngineFactory, expectHits, expectRefusal, keysOf } from './engine-under-test.js'

/** Collections and what is in them. */
export function collectionCases({ name, create }: EngineFactory): void {
  describe(`${name}: collections`, () => {
    test('case 54: a name is taken once, and must exist to be deleted', async () => {
      const engine = await create()
      await engine.createCollection('t')
      await expectRefusal(() => engine.createCollection('t'), 'CollectionExists', { name: 't' })
      await expectRefusal(() => engine.deleteCollection('missing'), 'CollectionNotFound', { name: 'missing' })
      expect(await engine.collectionExists('t')).toBe(true)
      expect(await engine.listCollections()).toEqual(['t'])
    })

    test('case 55: a dimension is enforced', async () => {
      const engine = await create()
      await engine.createCollection('c', { dimension: 3 })
      await expectRefusal(() => engine.storeInCollection('c', 'k', [1, 2]), 'DimensionMismatch', { expected: 3, got: 2 })
      await expectRefusal(() => engine.searchInCollection('c', [1, 2], 1), 'DimensionMismatch', { expected: 3, got: 2 })
    })

    test('case 56: each has keys of its own', async () => {
      const engine = await create()
      await engine.storeInCollection('coll_a', 'key1', [1])
      await engine.storeInCollection('coll_b', 'key1', [2])
      await engine.storeEmbedding('key1', [3])
      expect(Array.from(await engine.getFromCollection('coll_a', 'key1'))).toEqual([1])
      expect(Array.from(await engine.getFromCollection('coll_b', 'key1'))).toEqual([2])
      expect(Array.from(await engine.getEmbedding('key1'))).toEqual([3])
      expect(await engine.searchInCollection('coll_a', [1], 10)).toHaveLength(1)
      expect(await engine.searchSimilar([1], 10)).toHaveLength(1)
    })

    test('names and keys do not reach into each other', async () => {
      const engine = await create()
      await engine.storeInCollection('a', 'x', [1])
      await engine.storeInCollection('a:emb:x', 'y', [2])
      await engine.storeInCollection('a', 'emb:x:y', [3])
      await engine.storeEmbedding('coll:a:emb:z', [4])
      expect(await engine.listCollectionKeys('a')).toEqual(['emb:x:y', 'x'])
      expect(await engine.collectionCount('a')).toBe(2)
      await engine.deleteCollection('a')
      expect(Array.from(await engine.getFromCollection('a:emb:x', 'y'))).toEqual([2])
      expect(await engine.exists('coll:a:emb:z')).toBe(true)
    })

    test('case 57: deleting takes the embeddings along', async () => {
      const engine = await create()
      await engine.storeInCollection('c', 'a', [1])
      await engine.storeInCollection('c', 'b', [2])
      await engine.deleteCollection('c')
      expect(await engine.collectionExists('c')).toBe(false)
      expect(await engine.collectionCount('c')).toBe(0)
      expect(await engine.getCollectionConfig('c')).toBeUndefined()
      await engine.createCollection('c')
      expect(await engine.listCollectionKeys('c')).toEqual([])
    })

    test('case 58: storing makes a collection', async () => {
      const engine = await create()
      await engine.storeInCollection('new', 'k', [1, 2])
      expect(Array.from(await engine.getFromCollection('new', 'k'))).toEqual([1, 2])
      expect(await engine.listCollections()).toEqual(['new'])
      await engine.deleteCollection('new')
    })

    test('what is refused makes no collection', async () => {
      const engine = await create({ maxDimension: 3 })
      await expectRefusal(() => engine.storeInCollection('c', 'k', []), 'EmptyVector')
      await expectRefusal(() => engine.storeInCollectionWithMetadata('c', 'k', [1, 2, 3, 4], {}), 'DimensionMismatch')
      const batch = [{ key: 'a', vector: [1] }, { key: 'b', vector: [] }] // prettier-ignore
      await expectRefusal(() => engine.batchStoreInCollection('c', batch), 'BatchValidationError', { index: 1 })
      expect(await engine.collectionExists('c')).toBe(false)
      await engine.createCollection('c')
      await expectRefusal(() => engine.storeInCollection('c', 'k', []), 'EmptyVector')
      expect(await engine.collectionExists('c')).toBe(true)
    })

    test('case 59: an unknown collection is empty', async () => {
      const engine = await create()
      expect(await engine.searchInCollection('unknown', [1], 5)).toEqual([])
      expect(await engine.searchFilteredInCollection('unknown', [1], 5, FilterCondition.true)).toEqual([])
      expect(await engine.listCollectionKeys('unknown')).toEqual([])
      await expectRefusal(() => engine.getFromCollection('unknown', 'k'), 'NotFound', { key: 'unknown:k' })
      await expectRefusal(() => engine.deleteFromCollection('unknown', 'k'), 'NotFound')
      expect(await engine.listCollections()).toEqual([])
    })

    test('case 60: a query of zeros by Euclidean distance, with and without a filter', async () => {
      const engine = await create()
      await engine.createCollection('c', { distanceMetric: 'euclidean' })
      for (const [i, key] of ['far', 'near'].entries()) {
        await engine.storeInCollectionWithMetadata('c', key, [10 - 9 * i, 0], { n: i })
      }
      const expected = [['near', 0.5], ['far', 1 / 11]] as const // prettier-ignore
      expectHits(await engine.searchInCollection('c', [0, 0], 5), expected)
      for (const strategy of ['auto', 'preFilter', 'postFilter'] as const) {
        const filter = FilterCondition.exists('n')
        expectHits(await engine.searchFilteredInCollection('c', [0, 0], 5, filter, { strategy }), expected)
      }
    })

    test.each(['cosine', 'dotProduct', 'euclidean'] as const)(
      'filtered by either strategy scores by %s',
      async (distanceMetric) => {
        const engine = await create()
        await engine.createCollection('c', { distanceMetric })
        for (let i = 0; i < 30; i++) await engine.storeInCollectionWithMetadata('c', `k${i}`, [i, 30 - i], { even: i % 2 === 0 })
        const filter = FilterCondition.eq('even', true)
        const pre = await engine.searchFilteredInCollection('c', [1, 2], 5, filter, { strategy: 'preFilter' })
        const post = await engine.searchFilteredInCollection('c', [1, 2], 5, filter, { strategy: 'postFilter' })
        expect(pre).toHaveLength(5)
        expect(pre).toEqual(post)
        const all = await engine.searchInCollection('c', [1, 2], 30)
        expect(pre).toEqual(all.filter(({ key }) => Number(key.slice(1)) % 2 === 0).slice(0, 5))
      },
    )

    test('metadata in collections', async () => {
      const engine = await create()
      await engine.storeInCollectionWithMetadata('c', 'k', [1], { color: 'red', size: 1 })
      await engine.updateCollectionMetadata('c', 'k', { color: 'blue' })
      expect(await engine.getCollectionMetadata('c', 'k')).toEqual({ color: 'blue', size: 1 })
      await engine.removeCollectionMetadataField('c', 'k', 'size')
      expect(await engine.getCollectionMetadataField('c', 'k', 'size')).toBeUndefined()
      expect(await engine.hasCollectionMetadataField('c', 'k', 'color')).toBe(true)
      expect(await engine.listKeysMatchingInCollection('c', FilterCondition.eq('color', 'blue'))).toEqual(['k'])
      expect(await engine.countMatchingInCollection('c', FilterCondition.eq('color', 'red'))).toBe(0)
      await expectRefusal(() => engine.getCollectionMetadata('c', 'x'), 'NotFound', { key: 'c:x' })
    })

    test('batches and pages in collections', async () => {
      const engine = await create()
      const batch = Array.from({ length: 5 }, (_, i) => ({ key: `k${i}`, vector: [1, i], metadata: { i } }))
      expect((await engine.batchStoreInCollection('c', batch)).count).toBe(5)
      expect(await engine.getCollectionMetadata('c', 'k3')).toEqual({ i: 3 })
      const page = await engine.listCollectionKeysPaginated('c', new Pagination(3, 3).withTotal())
      expect(page).toEqual({ items: ['k3', 'k4'], totalCount: 5, hasMore: false })
      const hits = await engine.searchInCollectionPaginated('c', [1, 0], 4, new Pagination(2, 3).withTotal())
      expect(keysOf(hits.items)).toEqual(['k2', 'k3'])
      expect(hits).toMatchObject({ totalCount: 4, hasMore: false })
      await engine.deleteFromCollection('c', 'k0')
      expect(await engine.existsInCollection('c', 'k0')).toBe(false)
    })

    test('`default` is the store without a collection', async () => {
      const engine = await create()
      await engine.storeInCollection('default', 'k', [1, 2])
      expect(Array.from(await engine.getEmbedding('k'))).toEqual([1, 2])
      await expectRefusal(() => engine.createCollection('default'), 'CollectionExists')
      await expectRefusal(() => engine.deleteCollection('default'), 'CollectionNotFound')
      expect(await engine.listCollections()).toEqual([])
    })

    test('a configuration that is none', async () => {
      const engine = await create()
      await expectRefusal(() => engine.createCollection('c', { dimension: 0 }), 'ConfigurationError')
      await expectRefusal(() => engine.createCollection('c', { autoIndexThreshold: 0 }), 'ConfigurationError')
      expect(await engine.collectionExists('c')).toBe(false)
    })
  })
}
