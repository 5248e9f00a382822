import { normal, randomSource } from '@quiverdb/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { recallAt10 } from '../testing/index-quality.js'
import { HnswIndex } from './hnsw-index.js'
import { MemoryPool } from './memory-pool.js'

const dimensions = 128
const rows = 50_000
const copies = 10_000
const queryCount = 200

describe('HnswIndex finds 98 % at its defaults', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())
  const random = randomSource(7)
  const centres = Array.from({ length: 100 }, () => Array.from({ length: dimensions }, () => normal(random)))
  const point = () => centres[Math.floor(random() * centres.length)]!.map((x) => x + 0.15 * normal(random))
  const packed = (count: number, make: (i: number) => readonly number[]) => {
    const out = new Float32Array(count * dimensions)
    for (let i = 0; i < count; i++) out.set(make(i), i * dimensions)
    return out
  }

  test.each([
    ['tight clusters', 0],
    ['tight clusters and a fifth of equal vectors', copies],
  ])('%s', (_, equal) => {
    const index = new HnswIndex(pool, { dimensions, metric: 'cosine' })
    const same = point()
    index.add(packed(rows, (i) => (i % Math.max(1, rows / equal) || !equal ? point() : same)))
    expect(recallAt10(index, packed(queryCount, point), dimensions)).toBeGreaterThanOrEqual(0.98)
    expect(
      recallAt10(
        index,
        packed(queryCount, () => same.map((x) => x + 0.01 * normal(random))),
        dimensions,
      ),
    ).toBeGreaterThanOrEqual(0.98)
    index.free()
  })
})
