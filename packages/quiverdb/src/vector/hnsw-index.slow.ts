import { clusteredVectors, hardOrders, randomSource, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { recallAt10, vectorsOf } from '../testing/index-quality.js'
import { HnswIndex } from './hnsw-index.js'
import { MemoryPool } from './memory-pool.js'

describe('HnswIndex at full size', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  describe('churn', () => {
    const dimensions = 64
    const rows = 20_000
    const queries = clusteredVectors(300, dimensions, 99)

    function filled(): HnswIndex {
      const index = new HnswIndex(pool, { dimensions, metric: 'cosine' })
      index.add(clusteredVectors(rows, dimensions, 1))
      return index
    }

    function expectAsGoodAsNew(index: HnswIndex): void {
      const fresh = new HnswIndex(pool, { dimensions, metric: 'cosine' })
      fresh.add(vectorsOf(index, dimensions))
      expect(recallAt10(index, queries, dimensions)).toBeGreaterThanOrEqual(recallAt10(fresh, queries, dimensions) - 0.01)
      expect(index.audit()).toBe(0)
      fresh.free()
    }

    test('20 cycles of 5 % out and 5 % in', () => {
      const index = filled()
      const bytes = index.memoryBytes
      const window = [...index.ids()]
      for (let cycle = 0; cycle < 20; cycle++) {
        const count = rows / 20
        for (const id of window.splice(0, count)) index.delete(id)
        const arriving = clusteredVectors(count, dimensions, 100 + cycle)
        for (let i = 0; i < count; i++) window.push(index.add(vectorAt(arriving, dimensions, i))[0]!)
      }
      expectAsGoodAsNew(index)
      expect(index.memoryBytes).toBeLessThanOrEqual(1.1 * bytes)
      index.free()
    })

    test('10 cycles of 20 % replaced', () => {
      const index = filled()
      const bytes = index.memoryBytes
      const random = randomSource(7)
      for (let cycle = 0; cycle < 10; cycle++) {
        const count = rows / 5
        const changed = clusteredVectors(count, dimensions, 200 + cycle)
        for (let i = 0; i < count; i++) index.replace(Math.floor(random() * rows), vectorAt(changed, dimensions, i))
      }
      expectAsGoodAsNew(index)
      expect(index.memoryBytes).toBeLessThanOrEqual(1.1 * bytes)
      index.free()
    })
  })

  describe('orders that are hard on graphs', () => {
    const dimensions = 16
    const rows = 50_000

    for (const { name, vectors, queries } of hardOrders(rows, dimensions, 200)) {
      // Float32 distances do not tell neighbours apart on a line of so many: there it is enough that all can be reached.
      const recallMin = name === 'on a line' ? 0 : 0.98
      test(name, () => {
        const index = new HnswIndex(pool, { dimensions, metric: 'l2' })
        index.add(vectors)
        expect(index.audit()).toBe(0)
        expect(recallAt10(index, queries, dimensions)).toBeGreaterThanOrEqual(recallMin)
        for (let id = 0; id < rows; id += 5) index.delete(id)
        expect(index.audit()).toBe(0)
        expect(recallAt10(index, queries, dimensions)).toBeGreaterThanOrEqual(recallMin)
        index.free()
      })
    }
  })
})
