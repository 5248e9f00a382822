import { clusteredVectors, recallOf, referenceDistance, referenceNearest, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { HnswIndex } from './hnsw-index.js'
import { MemoryPool } from './memory-pool.js'
import { metrics } from './metric.js'

describe('HnswIndex', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  for (const metric of metrics) {
    test.each(['int8', 'float32'] as const)(`finds nearly all of the nearest by ${metric} over %s codes`, (codes) => {
      const dimensions = 24
      const vectors = clusteredVectors(3000, dimensions, 7)
      const queries = clusteredVectors(40, dimensions, 8)
      const index = new HnswIndex(pool, { dimensions, metric, codes })
      index.add(vectors)
      let recall = 0
      for (let i = 0; i < 40; i++) {
        const query = vectorAt(queries, dimensions, i)
        const { ids, distances } = index.search(query, 10)
        expect(ids).toHaveLength(10)
        recall +=
          recallOf(
            ids,
            referenceNearest(metric, query, vectors, 10).map(({ row }) => row),
          ) / 40
        ids.forEach((id, j) =>
          expect(distances[j]).toBeCloseTo(referenceDistance(metric, query, vectorAt(vectors, dimensions, id)), 9),
        )
      }
      expect(recall).toBeGreaterThanOrEqual(0.95)
      expect(index.audit()).toBe(0)
      index.free()
    })
  }

  test('takes vectors one by one, between searches, from nothing', () => {
    const dimensions = 8
    const vectors = clusteredVectors(400, dimensions, 9)
    const index = new HnswIndex(pool, { dimensions, metric: 'dot' })
    expect(index.search(new Float32Array(dimensions), 3).ids).toHaveLength(0)
    for (let i = 0; i < 400; i++) {
      const vector = vectorAt(vectors, dimensions, i)
      index.add(vector)
      expect(index.size).toBe(i + 1)
      if (i % 7) continue
      const [best] = referenceNearest('dot', vector, vectors.subarray(0, (i + 1) * dimensions), 1)
      expect(index.search(vector, 1).distances[0]).toBeCloseTo(best!.distance, 9)
    }
    expect(index.audit()).toBe(0)
    index.free()
  })

  test('returns only what is allowed', () => {
    const index = new HnswIndex(pool, { dimensions: 1, metric: 'l2' })
    index.add(Float32Array.from({ length: 100 }, (_, i) => i))
    expect([...index.search(Float32Array.of(50), 3, { allowed: Uint32Array.of(0, 0b10110, 0, 0) }).ids]).toEqual([36, 34, 33])
    index.free()
  })

  test('refuses numbers that are not finite, and changes nothing', () => {
    const index = new HnswIndex(pool, { dimensions: 2, metric: 'l2' })
    expect(() => index.add(Float32Array.of(1, 2, NaN, 4))).toThrow(expect.objectContaining({ code: 'INVALID_VECTOR' }))
    expect(() => index.add(Float32Array.of(1, 2, 3))).toThrow(expect.objectContaining({ code: 'DIMENSION_MISMATCH' }))
    expect(index.size).toBe(0)
  })

  test('deletes, replaces and gives ids out again', () => {
    const index = new HnswIndex(pool, { dimensions: 2, metric: 'l2' })
    const ids = index.add(Float32Array.from({ length: 2000 }, (_, i) => i))
    expect([...ids.subarray(0, 3)]).toEqual([0, 1, 2])
    expect(index.delete(500)).toBe(true)
    expect(index.delete(500)).toBe(false)
    expect(index.has(500)).toBe(false)
    expect(index.get(500)).toBeUndefined()
    expect(index.size).toBe(999)
    expect([...index.search(Float32Array.of(1000, 1001), 2).ids]).toEqual([499, 501])
    index.replace(7, Float32Array.of(1000, 1001))
    expect(index.search(Float32Array.of(1000, 1001), 1)).toEqual({
      ids: Uint32Array.of(7),
      distances: Float64Array.of(0),
      complete: true,
    })
    expect([...index.get(7)!]).toEqual([1000, 1001])
    expect([...index.add(Float32Array.of(-1, -1, -2, -2))]).toEqual([500, 1000])
    expect(index.ids()).toHaveLength(1001)
    expect(() => index.replace(5000, Float32Array.of(1, 1))).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }))
    index.free()
  })

  test('is empty when all are deleted, and goes on', () => {
    const index = new HnswIndex(pool, { dimensions: 8, metric: 'cosine' })
    for (let round = 0; round < 3; round++) {
      const vectors = clusteredVectors(700, 8, round)
      for (const id of index.add(vectors)) if (id % 2) index.delete(id)
      for (const id of index.ids()) index.delete(id)
      expect(index.size).toBe(0)
      expect(index.search(vectorAt(vectors, 8, 0), 3)).toEqual({
        ids: new Uint32Array(0),
        distances: new Float64Array(0),
        complete: true,
      })
      expect(index.audit()).toBe(0)
    }
    index.free()
  })

  test('returns all there are when asked for more, and refuses to return none', () => {
    const index = new HnswIndex(pool, { dimensions: 4, metric: 'l2' })
    index.add(clusteredVectors(900, 4, 3))
    for (let id = 0; id < 200; id++) index.delete(id)
    const found = index.search(Float32Array.of(0, 0, 0, 0), 1000)
    expect([...found.ids].sort((a, b) => a - b)).toEqual([...index.ids()])
    expect(() => index.search(Float32Array.of(0, 0, 0, 0), 0)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    index.free()
  })

  test('takes no more than its bound, and no zeros under cosine', () => {
    const index = new HnswIndex(pool, { dimensions: 2, metric: 'cosine', capacityMax: 5 })
    index.add(Float32Array.of(1, 0, 0, 1, 1, 1))
    expect(() => index.add(new Float32Array(6).fill(1))).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    expect(() => index.add(Float32Array.of(1, 2, 0, 0))).toThrow(expect.objectContaining({ code: 'ZERO_VECTOR' }))
    expect(index.size).toBe(3)
    index.add(new Float32Array(4).fill(1))
    index.replace(0, Float32Array.of(3, 3))
    expect(index.size).toBe(5)
    index.free()
  })

  test('gives all of its memory back', () => {
    const before = pool.bytesUsed
    const add = () => {
      const index = new HnswIndex(pool, { dimensions: 16, metric: 'cosine' })
      index.add(clusteredVectors(500, 16, 1))
      index.search(new Float32Array(16).fill(1), 5)
      index.free()
    }
    add()
    const scratch = pool.bytesUsed - before
    add()
    expect(pool.bytesUsed - before).toBe(scratch)
  })
})
