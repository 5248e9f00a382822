import { hardOrders, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { recallAt10 } from '../testing/index-quality.js'
import { HnswIndex } from './hnsw-index.js'
import { MemoryPool } from './memory-pool.js'

const dimensions = 16
const rows = 3000

describe('HnswIndex and orders that are hard on graphs', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  for (const { name, vectors, queries } of hardOrders(rows, dimensions, 60)) {
    test.each(['l2', 'cosine'] as const)(`${name}: %s`, (metric) => {
      const index = new HnswIndex(pool, { dimensions, metric, zeroVectors: 'keep' })
      index.add(vectors)
      expect(index.audit()).toBe(0)
      expect(recallAt10(index, queries, dimensions)).toBeGreaterThanOrEqual(0.98)
      for (let id = 0; id < rows; id += 2) index.delete(id)
      expect(index.audit()).toBe(0)
      expect(recallAt10(index, queries, dimensions)).toBeGreaterThanOrEqual(0.98)
      for (let id = 1; id < rows; id += 4) index.replace(id, vectorAt(vectors, dimensions, id - 1))
      expect(index.audit()).toBe(0)
      expect(recallAt10(index, queries, dimensions)).toBeGreaterThanOrEqual(0.98)
      index.free()
    })
  }

  test('one among two thousand equal ones is found', () => {
    const index = new HnswIndex(pool, { dimensions: 3, metric: 'cosine' })
    index.add(Float32Array.from({ length: 6000 }, (_, i) => (i % 3 === 0 ? 1 : 0)))
    const [one] = index.add(Float32Array.of(0, 1, 0))
    expect([...index.search(Float32Array.of(0, 1, 0), 1).ids]).toEqual([one])
    for (let id = 0; id < 1990; id++) index.delete(id)
    expect([...index.search(Float32Array.of(0, 1, 0), 1).ids]).toEqual([one])
    index.free()
  })
})
