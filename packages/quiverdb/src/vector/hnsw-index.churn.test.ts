import { clusteredVectors, randomSource, vectorAt } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { recallAt10, vectorsOf } from '../testing/index-quality.js'
import { HnswIndex } from './hnsw-index.js'
import { MemoryPool } from './memory-pool.js'
import { type Metric, metrics } from './metric.js'

const dimensions = 12
const rows = 2000

describe('HnswIndex under churn', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  const queries = clusteredVectors(100, dimensions, 99)
  const filled = (metric: Metric) => {
    const index = new HnswIndex(pool, { dimensions, metric })
    index.add(clusteredVectors(rows, dimensions, 1))
    return index
  }

  /** Recall no worse than that of an index which never knew other vectors. */
  function expectAsGoodAsNew(index: HnswIndex, metric: Metric): void {
    const fresh = new HnswIndex(pool, { dimensions, metric })
    fresh.add(vectorsOf(index, dimensions))
    expect(recallAt10(index, queries, dimensions)).toBeGreaterThanOrEqual(recallAt10(fresh, queries, dimensions) - 0.02)
    expect(index.audit()).toBe(0)
    fresh.free()
  }

  test.each(metrics)('a window that moves on: %s', (metric) => {
    const index = filled(metric)
    const bytes = index.memoryBytes
    let window = [...index.ids()]
    for (let cycle = 0; cycle < 10; cycle++) {
      const leaving = window.splice(0, rows / 10)
      for (const id of leaving) index.delete(id)
      const arriving = clusteredVectors(rows / 10, dimensions, 10 + cycle)
      for (let i = 0; i < leaving.length; i++) window = window.concat([...index.add(vectorAt(arriving, dimensions, i))])
    }
    expect(index.size).toBe(rows)
    expectAsGoodAsNew(index, metric)
    expect(index.memoryBytes).toBeLessThanOrEqual(1.1 * bytes)
    index.free()
  })

  test.each(metrics)('vectors that change: %s', (metric) => {
    const index = filled(metric)
    const bytes = index.memoryBytes
    const random = randomSource(5)
    for (let cycle = 0; cycle < 5; cycle++) {
      const changed = clusteredVectors(rows / 5, dimensions, 20 + cycle)
      for (let i = 0; i < rows / 5; i++) index.replace(Math.floor(random() * rows), vectorAt(changed, dimensions, i))
    }
    expectAsGoodAsNew(index, metric)
    expect(index.memoryBytes).toBeLessThanOrEqual(1.1 * bytes)
    index.free()
  })

  test('codes follow vectors that drift away', () => {
    const index = filled('l2')
    const far = clusteredVectors(rows, dimensions, 30).map((x) => x / 100 + 1000)
    for (let id = 0; id < rows; id++) index.replace(id, vectorAt(far, dimensions, id))
    const near = clusteredVectors(50, dimensions, 31).map((x) => x / 100 + 1000)
    // Codes around the old centre could not tell these apart at all.
    expect(recallAt10(index, near, dimensions)).toBeGreaterThanOrEqual(0.95)
    expect(index.audit()).toBe(0)
    index.free()
  })

  test('ids stay when longer vectors make a graph for dot anew', () => {
    const index = filled('dot')
    index.delete(3)
    const long = new Float32Array(dimensions).fill(50)
    index.replace(7, long)
    const [added] = index.add(long.map((x) => 2 * x))
    expect(added).toBe(3)
    expect([...index.search(long, 2).ids]).toEqual([3, 7])
    expectAsGoodAsNew(index, 'dot')
    index.free()
  })

  test('a hole grows in the middle: its edge is found', () => {
    const index = new HnswIndex(pool, { dimensions: 2, metric: 'l2' })
    const random = randomSource(8)
    index.add(Float32Array.from({ length: 4000 }, () => random()))
    const centre = Float32Array.of(0.5, 0.5)
    let recall = 0
    for (let round = 0; round < 60; round++) {
      const edge = index.searchExact(centre, 20).ids
      recall += recallAt10(index, index.get(edge[19]!)!, 2) / 60
      for (const id of edge) index.delete(id)
    }
    expect(recall).toBeGreaterThanOrEqual(0.98)
    expect(index.audit()).toBe(0)
    index.free()
  })
})
