import { clusteredVectors, recallOf, referenceDistance, referenceNearest, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { HnswIndex } from './hnsw-index.js'
import { MemoryPool } from './memory-pool.js'
import { metrics } from './metric.js'

describe('HnswIndex', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  for (const metric of metrics) {
    test.each(['int8', 'float32'] as const)(`finds 95 %% of the nearest by ${metric} over %s codes`, (codes) => {
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
        recall += recallOf(ids, referenceNearest(metric, query, vectors, 10).map(({ row }) => row)) / 40 // prettier-ignore
        ids.forEach((id, j) =>
          expect(distances[j]).toBeCloseTo(referenceDistance(metric, query, vectorAt(vectors, dimensions, id)), 9),
        )
      }
      expect(recall).toBeGreaterThanOrEqual(0.95)
      expect(index.audit()).toBe(0)
      index.free()
    })
  }
})
