import { describe, expect, test } from 'vitest'
import { Pagination } from '../../vector-engine/pagination.js'
import { type EngineFactory, expectRefusal } from './engine-under-test.js'

/** Storing, reading, deleting, listing; configuration; batches; pages. */
export function storageCases({ name, create }: EngineFactory): void {
  describe(`${name}: storage`, () => {
    test('case 1: a stored vector comes back', async () => {
      const engine = await create()
      await engine.storeEmbedding('test', [1, 2, 3])
      expect(Array.from(await engine.getEmbedding('test'))).toEqual([1, 2, 3])
    })

    test('case 2: storing again replaces', async () => {
      const engine = await create()
      await engine.storeEmbedding('key', [1, 2])
      await engine.storeEmbedding('key', [3, 4])
      expect(Array.from(await engine.getEmbedding('key'))).toEqual([3, 4])
      expect(await engine.count()).toBe(1)
    })

    test('a replacement may have another dimension', async () => {
      const engine = await create()
      await engine.storeEmbedding('key', [1, 2])
      await engine.storeEmbedding('key', [3, 4, 5])
      expect(Array.from(await engine.getEmbedding('key'))).toEqual([3, 4, 5])
      expect(await engine.searchSimilar([1, 2], 5)).toEqual([])
      expect(await engine.count()).toBe(1)
    })

    test('case 3: what is not there is NotFound', async () => {
      const engine = await create()
      await expectRefusal(() => engine.getEmbedding('x'), 'NotFound', { key: 'x' })
      await expectRefusal(() => engine.deleteEmbedding('x'), 'NotFound')
    })

    test('case 4: an empty vector is refused', async () => {
      const engine = await create()
      await expectRefusal(() => engine.storeEmbedding('k', []), 'EmptyVector')
      expect(await engine.exists('k')).toBe(false)
    })

    test('NaN and infinities are refused before anything is stored', async () => {
      const engine = await create()
      await engine.storeEmbedding('k', [1, 2])
      for (const bad of [NaN, Infinity, -Infinity, 1e39]) {
        await expectRefusal(() => engine.storeEmbedding('k', [1, bad]), 'InvalidVector', { position: 1 })
        await expectRefusal(() => engine.searchSimilar([bad, 1], 1), 'InvalidVector', { position: 0 })
        await expectRefusal(() => engine.setEntityEmbedding('k', [1, bad]), 'InvalidVector')
        await expectRefusal(() => engine.storeInCollection('c', 'k', [1, bad]), 'InvalidVector')
        const batch = [{ key: 'a', vector: [1, 2] }, { key: 'b', vector: [1, bad] }] // prettier-ignore
        await expectRefusal(() => engine.batchStoreEmbeddings(batch), 'BatchValidationError', { index: 1 })
      }
      expect(Array.from(await engine.getEmbedding('k'))).toEqual([1, 2])
      expect(await engine.listKeys()).toEqual(['k'])
    })

    test('case 5: counts and lists', async () => {
      const engine = await create()
      for (const key of ['c', 'a', 'b']) await engine.storeEmbedding(key, [1])
      expect(await engine.count()).toBe(3)
      expect(await engine.listKeys()).toEqual(['a', 'b', 'c'])
    })

    test('lists keys in the order of their UTF-8 bytes', async () => {
      const engine = await create()
      const keys = ['', 'A', 'a', 'a\u0000', 'aa', 'é', '\uffee', '\u{1f600}']
      for (const key of keys.toReversed()) await engine.storeEmbedding(key, [1])
      expect(await engine.listKeys()).toEqual(keys)
      await engine.deleteEmbedding('aa')
      await engine.storeEmbedding('ab', [1])
      expect(await engine.listKeys()).toEqual(keys.map((key) => (key === 'aa' ? 'ab' : key)))
    })

    test('case 6: a deleted key is gone', async () => {
      const engine = await create()
      await engine.storeEmbedding('k', [1])
      await engine.deleteEmbedding('k')
      expect(await engine.exists('k')).toBe(false)
    })

    test('case 7: clear says how much it deleted', async () => {
      const engine = await create()
      await engine.storeEmbedding('a', [1])
      await engine.storeEmbedding('b', [2])
      expect(await engine.clear()).toBe(2)
      expect(await engine.count()).toBe(0)
      expect(await engine.clear()).toBe(0)
    })

    test('case 8: the dimension is that of what is there', async () => {
      const engine = await create()
      expect(await engine.dimension()).toBeUndefined()
      await engine.storeEmbedding('a', [1, 2, 3])
      expect(await engine.dimension()).toBe(3)
    })

    test('case 26: zeros between numbers come back', async () => {
      const engine = await create()
      const vector = new Float32Array(100)
      vector[0] = 1
      vector[50] = 2
      vector[99] = 3
      await engine.storeEmbedding('sparse', vector)
      expect(await engine.getEmbedding('sparse')).toEqual(vector)
    })

    test('case 30: keys may be any text', async () => {
      const engine = await create()
      const keys = ['k'.repeat(1000), 'with spaces', 'a:b', 'a/b', '../a', 'a.b', `"q"'`, '漢字', '😀', '__proto__', 'emb:x', '']
      for (const [i, key] of keys.entries()) await engine.storeEmbedding(key, [1, i])
      for (const [i, key] of keys.entries()) {
        expect(Array.from(await engine.getEmbedding(key))).toEqual([1, i])
        expect((await engine.searchSimilar([1, i], 1))[0]!.key).toBe(key)
      }
    })

    test('case 31: maxDimension bounds vectors and queries', async () => {
      const engine = await create({ maxDimension: 5 })
      const long = new Array<number>(10).fill(1)
      const details = { expected: 5, got: 10 }
      await expectRefusal(() => engine.storeEmbedding('k', long), 'DimensionMismatch', details)
      await expectRefusal(() => engine.setEntityEmbedding('k', long), 'DimensionMismatch', details)
      await expectRefusal(() => engine.searchSimilar(long, 1), 'DimensionMismatch', details)
      await expectRefusal(() => engine.searchSimilarWithMetric(long, 1, 'euclidean'), 'DimensionMismatch', details)
      await expectRefusal(() => engine.searchEntities(long, 1), 'DimensionMismatch', details)
      await expectRefusal(() => engine.searchInCollection('default', long, 1), 'DimensionMismatch', details)
      await engine.storeEmbedding('k', long.slice(5))
    })

    test('defaultDimension is enforced where no collection says otherwise', async () => {
      const engine = await create({ defaultDimension: 2 })
      const details = { expected: 2, got: 3 }
      await expectRefusal(() => engine.storeEmbedding('k', [1, 2, 3]), 'DimensionMismatch', details)
      await expectRefusal(() => engine.searchSimilar([1, 2, 3], 1), 'DimensionMismatch', details)
      await expectRefusal(() => engine.setEntityEmbedding('k', [1, 2, 3]), 'DimensionMismatch', details)
      await expectRefusal(() => engine.storeInCollection('plain', 'k', [1, 2, 3]), 'DimensionMismatch', details)
      await engine.createCollection('own', { dimension: 3 })
      await engine.storeInCollection('own', 'k', [1, 2, 3])
      await engine.storeEmbedding('k', [1, 2])
    })

    test('case 32: a bad configuration is refused with its field', async () => {
      const zero = 'must be greater than 0'
      const bad = [
        [{ sparseThreshold: -0.1 }, 'sparse_threshold must be between 0.0 and 1.0'],
        [{ sparseThreshold: 1.5 }, 'sparse_threshold must be between 0.0 and 1.0'],
        [{ defaultDimension: 0 }, `default_dimension ${zero}`],
        [{ parallelThreshold: 0 }, `parallel_threshold ${zero}`],
        [{ batchParallelThreshold: 0 }, `batch_parallel_threshold ${zero}`],
        [{ maxDimension: 0 }, `max_dimension ${zero}`],
        [{ maxKeysPerScan: 0 }, `max_keys_per_scan ${zero}`],
        [{ searchTimeoutMs: 0 }, `search_timeout ${zero}`],
        [{ maxIndexFileBytes: 0 }, `max_index_file_bytes ${zero}`],
        [{ maxIndexEntries: 0 }, `max_index_entries ${zero}`],
      ] as const
      for (const [config, message] of bad) await expectRefusal(() => create(config), 'ConfigurationError', { message })
    })

    test('case 33: a batch keeps its order', async () => {
      const engine = await create()
      const batch = ['b', 'c', 'a'].map((key, i) => ({ key, vector: [i, 1] }))
      expect(await engine.batchStoreEmbeddings(batch)).toEqual({ storedKeys: ['b', 'c', 'a'], count: 3 })
      expect(await engine.batchStoreEmbeddings([])).toEqual({ storedKeys: [], count: 0 })
      expect(await engine.count()).toBe(3)
    })

    test('of several with one key in a batch the last stays', async () => {
      const engine = await create()
      const batch = [[1, 2], [3, 4, 5], [6, 7]].map((vector) => ({ key: 'k', vector })) // prettier-ignore
      expect((await engine.batchStoreEmbeddings(batch)).count).toBe(3)
      expect(Array.from(await engine.getEmbedding('k'))).toEqual([6, 7])
      expect(await engine.count()).toBe(1)
    })

    test.each([2, 100])('case 34: a batch with one bad vector stores nothing (bulk from %i)', async (batchParallelThreshold) => {
      const engine = await create({ batchParallelThreshold, maxDimension: 3 })
      await engine.storeEmbedding('a', [9])
      for (const vector of [[], [1, 2, 3, 4]]) {
        const batch = [{ key: 'a', vector: [1, 2] }, { key: 'b', vector }, { key: 'c', vector: [1, 2] }] // prettier-ignore
        await expectRefusal(() => engine.batchStoreEmbeddings(batch), 'BatchValidationError', { index: 1 })
      }
      expect(await engine.listKeys()).toEqual(['a'])
      expect(Array.from(await engine.getEmbedding('a'))).toEqual([9])
    })

    test('case 35: a batch deletes what is there', async () => {
      const engine = await create()
      await engine.storeEmbedding('a', [1])
      expect(await engine.batchDeleteEmbeddings(['a', 'zz'])).toBe(1)
      expect(await engine.exists('a')).toBe(false)
    })

    test('case 36: pages of keys', async () => {
      const engine = await create()
      for (let i = 0; i < 10; i++) await engine.storeEmbedding(`k${i}`, [1])
      expect(await engine.listKeysPaginated(new Pagination(0, 3))).toMatchObject({ items: ['k0', 'k1', 'k2'], hasMore: true })
      const first = await engine.listKeysPaginated(new Pagination(0, 5).withTotal())
      expect(first).toMatchObject({ totalCount: 10, hasMore: true })
      expect(first.items).toHaveLength(5)
      const last = await engine.listKeysPaginated(new Pagination(8, 5).withTotal())
      expect(last).toEqual({ items: ['k8', 'k9'], totalCount: 10, hasMore: false })
    })

    test('case 37: a page behind the end is empty', async () => {
      const engine = await create()
      for (let i = 0; i < 5; i++) await engine.storeEmbedding(`k${i}`, [1])
      expect(await engine.listKeysPaginated(new Pagination(10, 5).withTotal())).toEqual({
        items: [],
        totalCount: 5,
        hasMore: false,
      })
    })

    test.each([undefined, 2])('case 38: pages hold every key exactly once (at most %s per call)', async (maxKeysPerScan) => {
      const engine = await create({ maxKeysPerScan })
      for (let i = 0; i < 10; i++) await engine.storeEmbedding(`k${(7 * i) % 10}`, [1])
      const seen: string[] = []
      for (let more = true; more;) {
        const page = await engine.listKeysPaginated(new Pagination(seen.length, 3))
        seen.push(...page.items)
        more = page.hasMore
      }
      expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => `k${i}`))
    })

    test('maxKeysPerScan bounds lists and clear, never what is searched or counted', async () => {
      const engine = await create({ maxKeysPerScan: 4 })
      for (let i = 0; i < 10; i++) await engine.storeEmbedding(`k${i}`, [1, i])
      expect(await engine.listKeys()).toEqual(['k0', 'k1', 'k2', 'k3'])
      expect(await engine.count()).toBe(10)
      expect((await engine.searchSimilar([0, 1], 1))[0]!.key).toBe('k9')
      expect([await engine.clear(), await engine.clear(), await engine.clear(), await engine.clear()]).toEqual([4, 4, 2, 0])
    })

    test('case 101: concurrent writers of one key', async () => {
      const engine = await create()
      await Promise.all(Array.from({ length: 10 }, (_, i) => Promise.resolve(engine.storeEmbedding('k', [1, i]))))
      expect(await engine.count()).toBe(1)
      const deletions = await Promise.allSettled([0, 1].map(async () => engine.deleteEmbedding('k')))
      expect(deletions.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })
  })
}
