import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { float, VectorCollectionConfig } from '../../vector-engine/types.js'
import { type EngineFactory, expectRefusal, keysOf } from './engine-under-test.js'

const methods = [
  ['saveIndex', 'loadIndex'],
  ['saveIndexBinary', 'loadIndexBinary'],
] as const

/** Collections in files. */
export function persistenceCases({ name, create }: EngineFactory): void {
  describe(`${name}: index files`, () => {
    let folder: string
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'quiver-index-'))
    })
    afterAll(() => rm(folder, { recursive: true }))

    test.each(methods)('cases 61 to 63: %s and %s give back vectors, metadata and configuration', async (save, load) => {
      const engine = await create()
      await engine.storeEmbedding('a', [1, 2, 3])
      await engine.storeEmbeddingWithMetadata('b', [0, 0, 0.1], {
        name: 'test',
        score: 42,
        whole: float(1),
        none: null,
        yes: true,
      })
      const config = new VectorCollectionConfig().withDimension(4).withMetric('euclidean').withAutoIndex(500)
      await engine.createCollection('c', config)
      await engine.storeInCollection('c', 'k', [1, 2, 3, 4])
      const paths = ['default', 'c'].map((collection) => join(folder, `${save}-${collection}`))
      await engine[save]('default', paths[0]!)
      await engine[save]('c', paths[1]!)
      const loaded = await create()
      expect([await loaded[load](paths[0]!), await loaded[load](paths[1]!)]).toEqual(['default', 'c'])
      expect(await loaded.getEmbedding('b')).toEqual(Float32Array.of(0, 0, 0.1))
      expect(await loaded.getMetadata('a')).toEqual({})
      expect(await loaded.getMetadata('b')).toEqual(await engine.getMetadata('b'))
      expect(await loaded.getCollectionConfig('c')).toEqual(config)
      expect(keysOf(await loaded.searchInCollection('c', [1, 2, 3, 4], 1))).toEqual(['k'])
    })

    test('case 64: all collections that hold something', async () => {
      const engine = await create()
      await engine.storeEmbedding('k', [1])
      for (const collection of ['coll_a', 'coll_b', '../up', 'A', 'a']) await engine.storeInCollection(collection, 'k', [2])
      await engine.createCollection('empty')
      const target = join(folder, 'all', 'inner')
      const names = ['default', '../up', 'A', 'a', 'coll_a', 'coll_b']
      expect(await engine.saveAllIndices(target)).toEqual(names)
      const files = await readdir(target)
      expect(files).toHaveLength(names.length)
      expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(names.length)
      const loaded = await create()
      expect((await loaded.loadAllIndices(target)).toSorted()).toEqual(names.toSorted())
      expect(await loaded.listCollections()).toEqual(names.slice(1))
      expect(Array.from(await loaded.getFromCollection('../up', 'k'))).toEqual([2])
      expect(Array.from(await loaded.getEmbedding('k'))).toEqual([1])
    })

    test('case 65: what cannot be read', async () => {
      const engine = await create()
      const [text, bytes] = [join(folder, 'text'), join(folder, 'bytes')]
      await writeFile(text, 'not valid json')
      await writeFile(bytes, Uint8Array.of(0xff, 0xff, 0xff))
      await expectRefusal(() => engine.loadIndex(join(folder, 'missing')), 'IoError')
      await expectRefusal(() => engine.loadIndex(text), 'SerializationError')
      await expectRefusal(() => engine.loadIndexBinary(bytes), 'SerializationError')
      await expectRefusal(() => engine.loadAllIndices(join(folder, 'missing')), 'IoError')
      await expectRefusal(() => engine.saveIndex('default', join(folder, 'missing', 'x')), 'IoError')
    })

    test('case 66: files beyond the limits', async () => {
      const engine = await create()
      for (let i = 0; i < 5; i++) await engine.storeEmbedding(`k${i}`, [1, 2, 3, 4])
      const path = join(folder, 'limits')
      await engine.saveIndex('default', path)
      const small = await create({ maxIndexFileBytes: 100 })
      await expectRefusal(() => small.loadIndex(path), 'ConfigurationError', {
        message: expect.stringContaining('exceeds limit 100'),
      })
      const few = await create({ maxIndexEntries: 2 })
      const message = expect.stringMatching(/entry count 5 exceeds limit 2/)
      await expectRefusal(() => few.loadIndex(path), 'ConfigurationError', { message })
      expect(await few.count()).toBe(0)
    })

    test('loading adds; a file with a bad vector changes nothing', async () => {
      const engine = await create({ maxDimension: 2 })
      await engine.createCollection('c', { dimension: 2 })
      await engine.storeInCollection('c', 'here', [1, 2])
      const other = await create()
      await other.storeInCollection('c', 'there', [3, 4])
      await other.storeInCollection('d', 'long', [1, 2, 3])
      const [good, bad] = [join(folder, 'good'), join(folder, 'bad')]
      await other.saveIndex('c', good)
      await other.saveIndex('d', bad)
      await engine.loadIndex(good)
      expect(await engine.listCollectionKeys('c')).toEqual(['here', 'there'])
      expect((await engine.getCollectionConfig('c'))!.dimension).toBeUndefined()
      await expectRefusal(() => engine.loadIndex(bad), 'DimensionMismatch')
      expect(await engine.collectionExists('d')).toBe(false)
    })

    test('a folder is loaded without the files that cannot be', async () => {
      const engine = await create()
      await engine.storeInCollection('b', 'too long', [1, 2, 3])
      await engine.storeInCollection('c', 'k', [1])
      const target = join(folder, 'mixed')
      await engine.saveAllIndices(target)
      await writeFile(join(target, 'bad.json'), '{')
      expect(await (await create({ maxDimension: 2 })).loadAllIndices(target)).toEqual(['c'])
    })

    test('a snapshot is a value', async () => {
      const engine = await create()
      await engine.storeInCollectionWithMetadata('c', 'b', [1, 2], { n: 1 })
      await engine.storeInCollection('c', 'a', [3])
      const snapshot = await engine.snapshotCollection('c')
      await engine.deleteCollection('c')
      expect(snapshot).toMatchObject({ collection: 'c', length: 2, isEmpty: false, version: 1 })
      expect(snapshot.vectors).toEqual([
        { key: 'a', vector: Float32Array.of(3), metadata: null },
        { key: 'b', vector: Float32Array.of(1, 2), metadata: { n: 1 } },
      ])
      expect((await engine.snapshotCollection('c')).isEmpty).toBe(true)
    })
  })
}
