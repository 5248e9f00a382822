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
