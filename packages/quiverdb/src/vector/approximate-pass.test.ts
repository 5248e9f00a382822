import { clusteredVectors, normal, randomSource, recallOf, referenceNearest, vectorAt } from '@quiverdb/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { CodeBlock } from './code-block.js'
import { MemoryPool } from './memory-pool.js'
import { type Metric, metrics } from './metric.js'
import { scanBlock } from './scan.js'

const rows = 1500
const queries = 40
type Rows = (count: number, random: () => number) => Float32Array

/** Data that one bit per dimension finds easy, and data that it does not. */
const kinds: Record<string, { dimensions: number; make: Rows }> = {
  clusters: { dimensions: 96, make: (count, random) => clusteredVectors(count, 96, Math.floor(random() * 1e9)) },
  'no structure': { dimensions: 100, make: (count, random) => Float32Array.from({ length: count * 100 }, () => normal(random)) },
  'sparse and not negative': {
    dimensions: 200,
    make: (count, random) => Float32Array.from({ length: count * 200 }, () => (random() < 0.05 ? -Math.log(1 - random()) : 0)),
  },
  'one huge dimension': {
    dimensions: 128,
    make: (count, random) =>
      clusteredVectors(count, 128, Math.floor(random() * 1e9)).map((x, i) => (i % 128 === 70 ? 300 * normal(random) : x)),
  },
  'far from the origin': {
    dimensions: 64,
    make: (count, random) => clusteredVectors(count, 64, Math.floor(random() * 1e9)).map((x) => x + 40),
  },
}

function blockOf(pool: MemoryPool, vectors: Float32Array, dimensions: number): CodeBlock {
  const block = new CodeBlock(pool, dimensions)
  block.appendAll(vectors)
  return block
}

describe('approximate scan', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  describe.each(Object.entries(kinds))('%s', (_, { dimensions, make }) => {
    const random = randomSource(dimensions)
    const vectors = make(rows, random)
    const asked = make(queries, random)

    test.each(metrics)('%s: nearly all of the nearest are kept', (metric) => {
      const block = blockOf(pool, vectors, dimensions)
      let recall = 0
      for (let i = 0; i < queries; i++) {
        const query = vectorAt(asked, dimensions, i)
        const { nodes, complete } = scanBlock(block, query, metric, { k: 10, approximate: true })
        expect(complete).toBe(true)
        recall += recallOf(nodes, nearestRows(metric, query, vectors, 10)) / queries
      }
      expect(recall).toBeGreaterThan(0.97)
      block.free()
    })
  })

  test('only a part of the rows is looked at, and fewer when nearer ones are known', () => {
    const vectors = clusteredVectors(4000, 96, 1)
    const block = blockOf(pool, vectors, 96)
    const query = clusteredVectors(1, 96, 2)
    for (const metric of metrics) {
      const whole = scanBlock(block, query, metric, { k: 10 })
      const part = scanBlock(block, query, metric, { k: 10, approximate: true })
      expect(whole.evaluations).toBe(4000)
      expect(part.evaluations).toBeLessThan(800)
      expect(part.bound).toBeGreaterThanOrEqual(referenceNearest(metric, query, vectors, 10)[9]!.distance)
      const [nearest] = referenceNearest(metric, query, vectors, 1)
      const known = scanBlock(block, query, metric, { k: 10, approximate: true, bound: nearest!.distance + 1e-6 })
      expect(known.evaluations).toBeLessThan(part.evaluations)
      expect(known.nodes).toContain(nearest!.row)
    }
    block.free()
  })

  test('rows found are among the allowed, with the bounds that a whole scan gives them', () => {
    const vectors = clusteredVectors(3000, 64, 3)
    const block = blockOf(pool, vectors, 64)
    fc.assert(
      fc.property(
        fc.constantFrom(...metrics),
        fc.nat(),
        fc.constantFrom(0.02, 0.3, 0.9),
        fc.integer({ min: 1, max: 50 }),
        (metric, seed, share, k) => {
          const random = randomSource(seed)
          const allowed = new Uint32Array(Math.ceil(3000 / 32))
          for (let row = 0; row < 3000; row++) if (random() < share) allowed[row >> 5]! |= 1 << (row & 31)
          const isAllowed = (row: number): boolean => ((allowed[row >> 5]! >> (row & 31)) & 1) === 1
          const query = clusteredVectors(1, 64, seed)
          const found = scanBlock(block, query, metric, { k, allowed, approximate: true })
          const whole = scanBlock(block, query, metric, { k: 3000 })
          const lowers = new Map(Array.from(whole.nodes, (row, i) => [row, whole.lowers[i]!]))
          found.nodes.forEach((row, i) => {
            expect(isAllowed(row)).toBe(true)
            expect(found.lowers[i]).toBe(lowers.get(row))
          })
          expect(recallOf(found.nodes, nearestRows(metric, query, vectors, k, isAllowed))).toBeGreaterThan(0.8)
        },
      ),
      { numRuns: 40 },
    )
    block.free()
  })

  test('answers depend on the rows alone, not on when they came or what was asked before', () => {
    const vectors = clusteredVectors(1300, 64, 4)
    const asked = clusteredVectors(5, 64, 5)
    const answers = (block: CodeBlock, metric: Metric) =>
      Array.from({ length: 5 }, (_, i) => scanBlock(block, vectorAt(asked, 64, i), metric, { k: 10, approximate: true }))
    const grown = new CodeBlock(pool, 64)
    for (let row = 0; row < 1300; row++) {
      grown.append(vectorAt(vectors, 64, row))
      if (row % 97 === 0) scanBlock(grown, vectorAt(asked, 64, 0), metrics[row % 3]!, { k: 5, approximate: true })
    }
    const atOnce = blockOf(pool, vectors, 64)
    for (const metric of metrics) expect(answers(grown, metric)).toEqual(answers(atOnce, metric))
    grown.free()
    atOnce.free()
  })

  test('rows that were appended after the first scan are found', () => {
    const vectors = clusteredVectors(900, 64, 6)
    const block = blockOf(pool, vectors, 64)
    const query = clusteredVectors(1, 64, 7)
    const find = () => scanBlock(block, query, 'l2', { k: 3, approximate: true })
    find()
    for (let i = 0; i < 400; i++) {
      block.append(query.map((x) => x + 0.0015 * (400 - i)))
      expect(find().nodes).toContain(900 + i)
    }
    block.free()
  })

  test('copies of one row are all kept, numbers near the end of float32 are not lost', () => {
    const same = blockOf(pool, new Float32Array(500 * 64).fill(3), 64)
    expect(scanBlock(same, new Float32Array(64).fill(1), 'cosine', { k: 2, approximate: true }).count).toBe(500)
    const huge = blockOf(
      pool,
      clusteredVectors(500, 64, 8).map((x) => x * 1e25),
      64,
    )
    expect(scanBlock(huge, clusteredVectors(1, 64, 9), 'l2', { k: 400, approximate: true }).count).toBeGreaterThanOrEqual(400)
    const zeros = blockOf(pool, new Float32Array(500 * 64), 64)
    for (const metric of metrics)
      expect(scanBlock(zeros, new Float32Array(64), metric, { k: 9, approximate: true }).count).toBe(500)
    for (const block of [same, huge, zeros]) block.free()
  })

  test('a block gives back the memory of its sketch; where there is no room it is scanned whole', () => {
    const vectors = clusteredVectors(2000, 64, 10)
    const query = clusteredVectors(1, 64, 11)
    const block = blockOf(pool, vectors, 64)
    scanBlock(block, query, 'l2', { k: 10, approximate: true })
    block.free()
    const before = pool.bytesUsed
    block.appendAll(vectors)
    scanBlock(block, query, 'l2', { k: 10, approximate: true })
    expect(pool.bytesUsed).toBeGreaterThan(before + 2000 * (64 + 8))
    block.free()
    expect(pool.bytesUsed).toBe(before)
  })

  test('where the pool has no room for a sketch, all rows are scanned', async () => {
    const vectors = clusteredVectors(2000, 256, 12)
    const measured = await MemoryPool.create()
    const query = clusteredVectors(1, 256, 13)
    scanBlock(blockOf(measured, vectors, 256), query, 'l2', { k: 10 })
    const tight = await MemoryPool.create({ memoryBytesMax: measured.bytesUsed + 16_384 })
    measured.close()
    const block = blockOf(tight, vectors, 256)
    expect(scanBlock(block, query, 'l2', { k: 10, approximate: true }).evaluations).toBe(2000)
    tight.close()
  })
})

const nearestRows = (metric: Metric, query: Float32Array, vectors: Float32Array, k: number, allowed?: (row: number) => boolean) =>
  referenceNearest(metric, query, vectors, k, allowed).map(({ row }) => row)
