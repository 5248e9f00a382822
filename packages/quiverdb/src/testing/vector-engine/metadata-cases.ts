import { describe, expect, test } from 'vitest'
import { float, type Metadata } from '../../vector-engine/types.js'
import { type EngineFactory, expectHits, expectRefusal, keysOf } from './engine-under-test.js'

/** Entities with their fields, and metadata of embeddings. */
export function metadataCases({ name, create }: EngineFactory): void {
  describe(`${name}: entities`, () => {
    test('case 39: an embedding comes and goes', async () => {
      const engine = await create()
      await engine.setEntityEmbedding('user:1', [1, 2, 3])
      expect(Array.from(await engine.getEntityEmbedding('user:1'))).toEqual([1, 2, 3])
      expect(await engine.entityHasEmbedding('user:1')).toBe(true)
      await engine.removeEntityEmbedding('user:1')
      expect(await engine.entityHasEmbedding('user:1')).toBe(false)
      expect(await engine.getEntityFields('user:1')).toEqual({})
    })

    test('case 40: the other fields stay', async () => {
      const engine = await create()
      await engine.setEntityFields('user:1', { name: 'Ada' })
      await engine.setEntityEmbedding('user:1', [1, 2, 3])
      await engine.removeEntityEmbedding('user:1')
      expect(await engine.getEntityFields('user:1')).toEqual({ name: 'Ada' })
      await expectRefusal(() => engine.removeEntityEmbedding('user:1'), 'NotFound')
      await expectRefusal(() => engine.removeEntityEmbedding('nobody'), 'NotFound')
      await expectRefusal(() => engine.getEntityEmbedding('user:1'), 'NotFound')
    })

    test('case 41: a search finds those with an embedding', async () => {
      const engine = await create()
      await engine.setEntityEmbedding('user:1', [1, 0, 0])
      await engine.setEntityEmbedding('user:2', [0, 1, 0])
      await engine.setEntityEmbedding('user:3', [1, 1, 0])
      await engine.setEntityFields('user:4', { name: 'without' })
      expectHits(await engine.searchEntities([1, 0, 0], 10), [['user:1', 1], ['user:3', Math.SQRT1_2], ['user:2', 0]]) // prettier-ignore
      expect(await engine.scanEntitiesWithEmbeddings()).toEqual(['user:1', 'user:2', 'user:3'])
      expect(await engine.countEntitiesWithEmbeddings()).toBe(3)
    })

    test('entities and embeddings do not see each other', async () => {
      const engine = await create()
      await engine.setEntityEmbedding('k', [1, 0])
      await engine.storeEmbedding('k', [0, 1])
      expect(Array.from(await engine.getEntityEmbedding('k'))).toEqual([1, 0])
      expect(await engine.searchSimilar([1, 0], 5)).toHaveLength(1)
      expect(await engine.searchEntities([1, 0], 5)).toHaveLength(1)
      await engine.clear()
      expect(await engine.entityHasEmbedding('k')).toBe(true)
    })

    test('an entity is deleted with its embedding', async () => {
      const engine = await create()
      await engine.setEntityEmbedding('k', [1, 0])
      expect([await engine.deleteEntity('k'), await engine.deleteEntity('k')]).toEqual([true, false])
      expect(await engine.searchEntities([1, 0], 5)).toEqual([])
    })
  })

  describe(`${name}: metadata`, () => {
    test('case 42: an update merges', async () => {
      const engine = await create()
      await engine.storeEmbeddingWithMetadata('k', [1, 2], { color: 'red', weight: 5 })
      await engine.updateMetadata('k', { size: 'large', color: 'blue' })
      expect(await engine.getMetadata('k')).toEqual({ color: 'blue', weight: 5, size: 'large' })
      expect(Array.from(await engine.getEmbedding('k'))).toEqual([1, 2])
      await expectRefusal(() => engine.updateMetadata('x', {}), 'NotFound')
    })

    test('case 43: storing again replaces metadata', async () => {
      const engine = await create()
      await engine.storeEmbeddingWithMetadata('k', [1], { a: 1 })
      await engine.storeEmbeddingWithMetadata('k', [1], { c: 3 })
      expect(await engine.getMetadata('k')).toEqual({ c: 3 })
      await engine.storeEmbedding('k', [1])
      expect(await engine.getMetadata('k')).toEqual({})
    })

    test('case 44: a missing field, a missing key', async () => {
      const engine = await create()
      await engine.storeEmbeddingWithMetadata('k', [1], { nothing: null })
      expect(await engine.getMetadataField('k', 'x')).toBeUndefined()
      expect(await engine.getMetadataField('k', 'toString')).toBeUndefined()
      expect(await engine.getMetadataField('k', 'nothing')).toBeNull()
      await expectRefusal(() => engine.getMetadataField('missing', 'x'), 'NotFound')
      expect([await engine.hasMetadataField('k', 'nothing'), await engine.hasMetadataField('missing', 'x')]).toEqual([
        true,
        false,
      ])
      await engine.removeMetadataField('k', 'x')
      await engine.removeMetadataField('k', 'nothing')
      expect(await engine.getMetadata('k')).toEqual({})
      await expectRefusal(() => engine.removeMetadataField('missing', 'x'), 'NotFound')
      await expectRefusal(() => engine.getMetadata('missing'), 'NotFound')
    })

    test('values keep their types', async () => {
      const engine = await create()
      const metadata: Metadata = { n: null, b: true, i: 42, big: 2n ** 60n, f: 1.5, one: float(1), s: 'x', ['__proto__']: 'own' }
      await engine.storeEmbeddingWithMetadata('k', [1], metadata)
      expect(await engine.getMetadata('k')).toEqual(metadata)
      await engine.storeEmbeddingWithMetadata('k', [1], { i: 42n })
      expect(await engine.getMetadataField('k', 'i')).toBe(42)
      const wrong = { list: [1] } as unknown as Metadata
      await expectRefusal(() => engine.storeEmbeddingWithMetadata('k', [2], wrong), 'StorageError')
      await expectRefusal(() => engine.updateMetadata('k', wrong), 'StorageError')
      expect(Array.from(await engine.getEmbedding('k'))).toEqual([1])
    })

    test('what was read or given does not change what is stored', async () => {
      const engine = await create()
      const given = { a: 1 }
      const vector = [1, 2]
      await engine.storeEmbeddingWithMetadata('k', vector, given)
      given.a = 2
      vector[0] = 9
      ;(await engine.getEmbedding('k'))[1] = 9
      expect(await engine.getMetadata('k')).toEqual({ a: 1 })
      expect(Array.from(await engine.getEmbedding('k'))).toEqual([1, 2])
      expect(keysOf(await engine.searchSimilar([1, 2], 1))).toEqual(['k'])
    })
  })
}
