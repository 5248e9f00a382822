import { clusteredVectors, recallOf, referenceNearest, vectorAt } from '@quiverdb/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HnswIndex } from '../hnsw-index.js'
import { MemoryPool } from '../memory-pool.js'

const dimensions = 32
const count = 4000
const vectors = clusteredVectors(count, dimensions, 1)
const queries = Array.from({ length: 40 }, (_, i) => vectorAt(clusteredVectors(40, dimensions, 2), dimensions, i))

function recallAt10(index: HnswIndex): number {
  const shares = queries.map((query) => {
    const expected = referenceNearest('l2', query, vectors, 10).map(({ row }) => row)
    return recallOf(index.search(query, 10).ids, expected)
  })
  return shares.reduce((sum, x) => sum + x, 0) / shares.length
}

describe.each([{ shared: true }, { shared: false }])('HnswIndex.addAll, shared: $shared', ({ shared }) => {
  let pool: MemoryPool
  beforeAll(async () => {
    pool = await MemoryPool.create({ shared })
  })
  afterAll(() => pool.close())

  test('adds as add does, and tells how far it is', async () => {
    const index = new HnswIndex(pool, { dimensions, metric: 'l2' })
    const told: number[] = []
    index.add(vectors.subarray(0, 100 * dimensions))
    const ids = await index.addAll(vectors.subarray(100 * dimensions), { threads: 2, onProgress: (done) => told.push(done) })
    expect([...ids]).toEqual(Array.from({ length: count - 100 }, (_, i) => 100 + i))
    expect(told.at(-1)).toBe(count - 100)
    expect(index.audit()).toBe(0)
    expect(recallAt10(index)).toBeGreaterThanOrEqual(0.97)
    expect(index.get(2500)).toEqual(vectorAt(vectors, dimensions, 2500))
    index.free()
  })

  test('is searched while it grows, and changed afterwards', async () => {
    const index = new HnswIndex(pool, { dimensions, metric: 'l2' })
    index.add(vectors.subarray(0, 1000 * dimensions))
    for (let id = 0; id < 1000; id += 3) index.delete(id)
    const control = new AbortController() // with one thread, others get their turn only where it may be aborted
    const adding = index.addAll(vectors.subarray(1000 * dimensions), { threads: 2, signal: control.signal })
    let added = false
    void adding.then(() => (added = true))
    for (let i = 0; !added; i++) {
      const query = queries[i % queries.length]!
      const { ids, distances } = index.search(query, 10)
      expect(ids).toHaveLength(10)
      expect(distances).toEqual(distances.toSorted())
      for (const id of ids) expect(index.has(id)).toBe(true)
      for (const change of [() => index.add(query), () => index.delete(1), () => index.replace(1, query), () => index.free()])
        expect(change).toThrow(expect.objectContaining({ code: 'CONFLICT' }))
      await new Promise((resolve) => setTimeout(resolve))
    }
    await adding
    expect(index.audit()).toBe(0)
    expect(index.size).toBe(count - 334)
    expect(index.delete(1)).toBe(true)
    const { ids } = index.search(vectorAt(vectors, dimensions, 2), 1)
    expect([...ids]).toEqual([2])
    index.free()
    await expect(index.addAll(new Float32Array(3))).rejects.toMatchObject({ code: 'DIMENSION_MISMATCH' })
  })

  test('keeps what it came to when it is aborted', async () => {
    const used = pool.bytesUsed
    const index = new HnswIndex(pool, { dimensions, metric: 'l2' })
    const control = new AbortController()
    const adding = index.addAll(vectors, { threads: 2, signal: control.signal, onProgress: () => control.abort() })
    await expect(adding).rejects.toMatchObject({ code: 'ABORTED' })
    const { size } = index
    expect(size).toBeGreaterThan(0)
    expect(size).toBeLessThan(count)
    expect(index.audit()).toBe(0)
    expect([...index.ids()]).toEqual(Array.from({ length: size }, (_, i) => i))
    await index.addAll(vectors.subarray(size * dimensions), { threads: 2 })
    expect(index.size).toBe(count)
    expect(recallAt10(index)).toBeGreaterThanOrEqual(0.97)
    index.free()
    expect(pool.bytesUsed - used).toBeLessThan(1024 ** 2) // scratch
  })
})
