import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { randomSource } from '@quiverdb/testing'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { refusalOf } from '../../testing/vector-engine/engine-under-test.js'
import {
  FilterCondition,
  float,
  openDurable,
  VectorCollectionConfig,
  VectorEngine,
  VectorError,
  type DurableVectorEngine,
  type Metadata,
} from '../index.js'

let folder: string
const engines: DurableVectorEngine[] = []
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'quiver-durable-'))))
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close()
  await rm(folder, { recursive: true })
})

async function opened(path = folder): Promise<DurableVectorEngine> {
  const engine = await openDurable(path)
  engines.push(engine)
  return engine
}

describe('a durable engine', () => {
  test('case 103: has everything when it is opened again', async () => {
    const first = await openDurable(folder)
    await first.storeEmbeddingWithMetadata('a', [1, 2], { n: null, i: 42, big: 2n ** 60n, f: float(1), s: '😀' })
    await first.createCollection('docs', new VectorCollectionConfig().withDimension(3).withMetric('euclidean').withAutoIndex(500))
    await first.storeInCollection('docs', 'd', [1, 2, 3])
    await first.setEntityFields('user:1', { name: 'Ada' })
    await first.setEntityEmbedding('user:1', [3, 4])
    await first.close()
    const second = await opened()
    expect(Array.from(await second.getEmbedding('a'))).toEqual([1, 2])
    expect(await second.getMetadata('a')).toEqual({ n: null, i: 42, big: 2n ** 60n, f: float(1), s: '😀' })
    expect(await second.getCollectionConfig('docs')).toEqual(
      new VectorCollectionConfig({ dimension: 3, distanceMetric: 'euclidean', autoIndex: true, autoIndexThreshold: 500 }),
    )
    expect(await second.searchInCollection('docs', [1, 2, 3], 1)).toEqual([{ key: 'd', score: 1 }])
    expect(await second.getEntityFields('user:1')).toEqual({ name: 'Ada' })
    expect(await second.searchEntities([3, 4], 1)).toEqual([{ key: 'user:1', score: 1 }])
  })

  test('is the same in every process that has the folder open', async () => {
    const [one, two] = [await opened(), await opened()]
    await one.storeInCollection('c', 'k', [1, 2])
    expect(Array.from(await two.getFromCollection('c', 'k'))).toEqual([1, 2])
    await two.deleteCollection('c')
    expect(await one.collectionExists('c')).toBe(false)
    expect(await one.searchInCollection('c', [1, 2], 5)).toEqual([])
    await one.storeInCollection('c', 'k', [3])
    expect(Array.from(await two.getFromCollection('c', 'k'))).toEqual([3])
    const attempts = await Promise.allSettled([one, two, one, two].map((engine) => engine.createCollection('once')))
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('leaves entities whole when several writers change one', async () => {
    const engine = await opened('memory:')
    await Promise.all(
      Array.from({ length: 8 }, (_, i) => (i % 2 ? engine.setEntityFields('e', { i }) : engine.setEntityEmbedding('e', [1, i]))),
    )
    expect(Object.keys((await engine.getEntityFields('e'))!)).toEqual(['i'])
    expect(await engine.countEntitiesWithEmbeddings()).toBe(1)
    await engine.setEntityEmbedding('e', [1, 2, 3])
    expect(await engine.searchEntities([1, 2], 5)).toEqual([])
  })

  test('finishes a deletion that was cut short', async () => {
    const first = await openDurable(folder)
    await first.storeInCollection('c', 'k', [1])
    const namespace = await first.database.namespace('vector-engine')
    const before = await namespace.collections()
    await (await namespace.collection('collections')).delete(':c')
    expect(await namespace.collections()).toEqual(before)
    await first.close()
    const second = await opened()
    const after = await (await second.database.namespace('vector-engine')).collections()
    expect(after).toEqual(before.filter((name) => !name.startsWith('space:')))
  })

  test('keeps vectors of any length, and ranks them with the others', async () => {
    const engine = await opened('memory:')
    const vectors = {
      short: [1, 0],
      long: [3e30, 4e30],
      longer: [3e38, 3e38],
      zero: [0, 0],
      back: [-1e30, 0],
      plane: [1e30, 0, 0],
    }
    const memory = await VectorEngine.create()
    for (const [key, vector] of Object.entries(vectors)) {
      await engine.storeEmbeddingWithMetadata(key, vector, { key })
      memory.storeEmbeddingWithMetadata(key, vector, { key })
    }
    expect(Array.from(await engine.getEmbedding('longer'))).toEqual([3e38, 3e38].map(Math.fround))
    for (const query of [
      [1, 0],
      [2e30, 1e30],
    ]) {
      for (const metric of ['cosine', 'dotProduct', 'euclidean'] as const) {
        const found = await engine.searchSimilarWithMetric(query, 4, metric)
        expect(
          found.map(({ key }) => key),
          metric,
        ).toEqual(memory.searchSimilarWithMetric(query, 4, metric).map(({ key }) => key))
      }
      const filter = FilterCondition.in('key', ['short', 'long', 'plane'])
      expect((await engine.searchSimilarFiltered(query, 5, filter)).map(({ key }) => key).sort()).toEqual(['long', 'short'])
    }
    await engine.storeEmbedding('long', [1, 2])
    expect((await engine.searchSimilar([1, 2], 1))[0]!.key).toBe('long')
    memory.close()
  })

  test('exchanges files with the engine in memory', async () => {
    const engine = await opened('memory:')
    await engine.createCollection('docs', { dimension: 2, distanceMetric: 'dotProduct' })
    await engine.batchStoreInCollection('docs', [
      { key: 'a', vector: [1, 2], metadata: { f: float(2) } },
      { key: 'b', vector: [3, 4] },
    ])
    await engine.storeEmbedding('k', [5])
    await engine.createCollection('empty')
    expect((await engine.snapshotCollection('docs')).length).toBe(2)
    expect((await engine.snapshotCollection('unknown')).isEmpty).toBe(true)
    expect(await engine.saveAllIndices(join(folder, 'all'))).toEqual(['default', 'docs'])
    await engine.saveIndexBinary('docs', join(folder, 'docs.bin'))
    await engine.saveIndex('docs', join(folder, 'docs.json'))
    for (const load of [
      (other: DurableVectorEngine) => other.loadAllIndices(join(folder, 'all')),
      (other: DurableVectorEngine) => other.loadIndexBinary(join(folder, 'docs.bin')),
      (other: DurableVectorEngine) => other.loadIndex(join(folder, 'docs.json')),
    ]) {
      const other = await opened('memory:')
      expect([await load(other)].flat()).toContain('docs')
      expect(await other.getCollectionConfig('docs')).toEqual(await engine.getCollectionConfig('docs'))
      expect(await other.getCollectionMetadata('docs', 'a')).toEqual({ f: float(2) })
      expect(await other.searchInCollection('docs', [1, 1], 2)).toEqual([{ key: 'b', score: 7 }, { key: 'a', score: 3 }]) // prettier-ignore
    }
  })

  test('a batch with an item that the database refuses stores nothing, and names it', async () => {
    const engine = await opened('memory:')
    await engine.storeEmbedding('a', [9])
    const large = { text: 'x'.repeat(4 * 1024 ** 2) }
    const batch = [{ key: 'a', vector: [1, 2] }, { key: 'large', vector: [1, 2], metadata: large }, { key: 'c', vector: [3] }] // prettier-ignore
    const failure = {
      kind: 'BatchOperationError',
      code: 'LIMIT_EXCEEDED',
      details: { index: 1 },
      cause: { kind: 'StorageError' },
    }
    await expect(engine.batchStoreEmbeddings(batch)).rejects.toMatchObject(failure)
    const dimensions = Array.from({ length: 70 }, (_, i) => ({ key: `d${i}`, vector: Array<number>(i + 1).fill(1) }))
    const tooMany = await refusalOf(() => engine.batchStoreEmbeddings(dimensions))
    expect(tooMany).toMatchObject({ ...failure, details: { index: expect.any(Number) as number } })
    expect((tooMany as VectorError).message).toMatch(/^Batch operation error at index 6\d: Storage error: /)
    expect(await engine.listKeys()).toEqual(['a'])
    expect(Array.from(await engine.getEmbedding('a'))).toEqual([9])
    const gone = engine.batchDeleteEmbeddings(['a', 'k'.repeat(2000)])
    await expect(gone).rejects.toMatchObject({ kind: 'BatchOperationError', details: { index: 1 } })
    expect(await engine.exists('a')).toBe(true)
    await expect(engine.batchStoreInCollection('new', batch)).rejects.toMatchObject(failure)
    expect(await engine.listCollections()).toEqual([])
  })

  test('an index file is loaded whole or not at all', async () => {
    const engine = await opened()
    await engine.createCollection('docs', { dimension: 2, distanceMetric: 'euclidean' })
    await engine.storeInCollection('docs', 'a', [1, 2])
    const config = await engine.getCollectionConfig('docs')
    const memory = await VectorEngine.create()
    const save = async (collection: string, metadata: Metadata): Promise<string> => {
      memory.createCollection(collection, { dimension: 3 })
      memory.storeInCollectionWithMetadata(collection, 'b', [1, 2, 3], metadata)
      const path = join(folder, `${collection}.json`)
      await memory.saveIndex(collection, path)
      memory.deleteCollection(collection)
      return path
    }
    for (const collection of ['docs', 'new']) {
      const path = await save(collection, { text: 'x'.repeat(4 * 1024 ** 2) })
      await expect(engine.loadIndex(path)).rejects.toMatchObject({ kind: 'BatchOperationError', details: { index: 0 } })
    }
    expect(await engine.getCollectionConfig('docs')).toEqual(config)
    expect(await engine.listCollectionKeys('docs')).toEqual(['a'])
    expect(await engine.listCollections()).toEqual(['docs'])
    for (const collection of ['docs', 'new']) await engine.loadIndex(await save(collection, {}))
    expect(await engine.listCollectionKeys('docs')).toEqual(['a', 'b'])
    expect((await engine.getCollectionConfig('docs'))?.dimension).toBe(3)
    expect(await engine.searchInCollection('docs', [1, 2, 3], 1)).toEqual([{ key: 'b', score: expect.closeTo(1, 6) as number }])
    expect((await engine.getCollectionConfig('new'))?.dimension).toBe(3)
    memory.close()
  })

  test('answers as the engine in memory does, whatever was written before', async () => {
    const random = randomSource(11)
    const [engine, memory] = [await opened('memory:'), await VectorEngine.create()]
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
    const keys = ['a', 'b', '', 'é', '😀', '\uffee']
    const vector = (): number[] => Array.from({ length: pick([2, 3]) }, () => Math.round(4 * random() - 2))
    const ints = [2n ** 53n + 1n, 2n ** 53n, -(2n ** 62n)]
    const both = async (call: (target: DurableVectorEngine | VectorEngine) => unknown): Promise<void> => {
      const outcome = async (target: DurableVectorEngine | VectorEngine): Promise<unknown> => {
        try {
          return await call(target)
        } catch (error) {
          if (!(error instanceof VectorError)) throw error
          return [error.kind, error.message]
        }
      }
      expect(await outcome(engine)).toEqual(await outcome(memory))
    }
    for (let step = 0; step < 150; step++) {
      const [key, numbers, metadata] = [
        pick(keys),
        vector(),
        { n: pick([1, 2, 0.5, float(2), NaN, null, ...ints]), s: pick(['x', 'y', '\u{1f600}', '\uffee']) },
      ]
      const query = vector()
      const filter = pick([
        FilterCondition.gt('n', 1),
        FilterCondition.eq('s', 'x'),
        FilterCondition.ne('n', 2).or(FilterCondition.contains('s', 'y')),
        FilterCondition.gt('n', pick(ints)),
        FilterCondition.in('n', [pick(ints), 2]),
        FilterCondition.lt('s', '\u{1f600}').and(FilterCondition.exists('n')),
      ])
      const change = pick<(target: DurableVectorEngine | VectorEngine) => unknown>([
        (target) => target.storeEmbeddingWithMetadata(key, numbers, metadata),
        (target) => target.batchStoreEmbeddings([{ key, vector: numbers }, { key: 'b', vector: query, metadata }]), // prettier-ignore
        (target) => target.deleteEmbedding(key),
        (target) => target.updateMetadata(key, metadata),
        (target) => target.removeMetadataField(key, 's'),
        (target) => target.setEntityEmbedding(key, numbers),
        (target) => target.removeEntityEmbedding(key),
        (target) => target.storeInCollection(pick(['one']), key, numbers),
      ])
      await both(change)
      await both((target) => target.searchSimilarWithMetric(query, 3, 'euclidean'))
      // Cosines may differ in their last digit, and so in the order of ties.
      await both(async (target) =>
        (await target.searchSimilarFiltered(query, 10, filter)).map(({ key, score }) => `${key} ${score.toFixed(9)}`).sort(),
      )
      await both((target) => target.listKeysMatching(filter))
      await both((target) => target.countMatching(filter))
      await both((target) => target.getMetadata(key))
    }
    await both((target) => target.listKeys())
    await both((target) => target.scanEntitiesWithEmbeddings())
    await both((target) => target.listCollectionKeys('one'))
    memory.close()
  })
})

const writer = `
const { openDurable } = await import(process.argv[2])
const engine = await openDurable(process.argv[3])
for (let i = Number(process.argv[4]); ; i++) {
  await engine.batchStoreEmbeddings(['p', 'q', 'r'].map((name, j) => ({ key: i + name, vector: [i, j], metadata: { i } })))
  await engine.storeInCollection('c' + (i % 3), 'latest', [i, 1])
  process.stdout.write(i + '\\n')
}
`

/** Returns the number of the last step that was acknowledged. */
function writeUntilKilled(script: string, first: number, steps: number): Promise<number> {
  const entry = pathToFileURL(createRequire(import.meta.url).resolve('quiverdb/vector-engine')).href
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, entry, join(folder, 'data'), String(first)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let last = first - 1
    createInterface({ input: child.stdout }).on('line', (line) => {
      last = Number(line)
      if (last === first + steps) child.kill('SIGKILL')
    })
    child.on('close', (_, signal) => (signal === 'SIGKILL' ? resolve(last) : reject(new Error('the writer ended by itself'))))
  })
}

describe('kill -9', () => {
  it('loses nothing that was acknowledged, and shows no batch by halves', async () => {
    const script = join(folder, 'writer.mjs')
    await writeFile(script, writer)
    let next = 0
    for (const steps of [0, 7, 40]) {
      const last = await writeUntilKilled(script, next, steps)
      expect(last).toBeGreaterThanOrEqual(next + steps)
      const engine = await openDurable(join(folder, 'data'))
      const batches = new Map<number, number>()
      for (const key of await engine.listKeys()) batches.set(parseInt(key), (batches.get(parseInt(key)) ?? 0) + 1)
      // What was under way is there whole or not at all.
      expect([last + 1, last + 2]).toContain(batches.size)
      expect([...batches.values()].every((size) => size === 3)).toBe(true)
      for (const i of [last, last - 1, last - 2].filter((step) => step >= 0)) {
        const [stored] = await engine.getFromCollection(`c${i % 3}`, 'latest')
        expect([i, i + 3]).toContain(stored)
        expect(await engine.getMetadata(`${i}r`)).toEqual({ i })
      }
      const { problems } = await (await engine.database.namespace('vector-engine')).check()
      expect(problems).toEqual([])
      await engine.close()
      next = last + 1
    }
  })
})
