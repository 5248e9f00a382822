import { randomSource, referenceDistance, vectorAt } from '@quiverdb/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { CodeBlock } from './code-block.js'
import { GraphStatistics } from './graph-statistics.js'
import { HnswBuilder } from './hnsw-builder.js'
import { MemoryPool } from './memory-pool.js'
import { type Metric, metrics } from './metric.js'
import { ResidentGraph } from './resident-graph.js'
import { scanBlock, type ScanOptions, type ScanResult } from './scan.js'

/** Vectors with everything that hurts: duplicates, zeros, near-duplicates, far outliers, tiny and huge numbers. */
const awkwardCase = fc.record({
  metric: fc.constantFrom<Metric>(...metrics),
  dimensions: fc.constantFrom(1, 2, 3, 15, 16, 17, 40, 100),
  rows: fc.integer({ min: 1, max: 120 }),
  kinds: fc.array(fc.constantFrom('normal', 'zero', 'copy', 'near', 'outlier', 'tiny', 'huge', 'shifted'), {
    minLength: 1,
    maxLength: 6,
  }),
  query: fc.constantFrom('normal', 'zero', 'copy', 'near', 'tiny', 'outlier'),
  seed: fc.nat(),
  k: fc.integer({ min: 1, max: 30 }),
  filter: fc.constantFrom(0, 0.1, 0.5, 1),
  bounded: fc.boolean(),
  perStep: fc.constantFrom(1, 7, 1000),
})
type AwkwardCase = typeof awkwardCase extends fc.Arbitrary<infer T> ? T : never

function awkwardVector(kind: string, dimensions: number, random: () => number, earlier: readonly Float32Array[]): Float32Array {
  const out = Float32Array.from({ length: dimensions }, () => 2 * random() - 1)
  const other = earlier[Math.floor(random() * earlier.length)] ?? out
  if (kind === 'zero') return out.fill(0)
  if (kind === 'copy') return other.slice()
  if (kind === 'near') return out.map((x, i) => other[i]! + 1e-5 * x)
  const factors: Record<string, number> = { outlier: 1000, tiny: 1e-30, huge: 1e25 }
  return out.map((x) => (kind === 'shifted' ? x + 10 : x * (factors[kind] ?? 1)))
}

function prepare(given: AwkwardCase) {
  const random = randomSource(given.seed)
  const list: Float32Array[] = []
  for (let i = 0; i < given.rows; i++)
    list.push(awkwardVector(given.kinds[i % given.kinds.length]!, given.dimensions, random, list))
  const query = awkwardVector(given.query, given.dimensions, random, list)
  const allowed = new Uint32Array(Math.ceil(given.rows / 32))
  for (let i = 0; i < given.rows; i++) if (random() < given.filter || given.filter === 0) allowed[i >> 5]! |= 1 << (i & 31)
  const distances = list.map((vector) => referenceDistance(given.metric, query, vector))
  const eligible = distances.flatMap((distance, row) => ((allowed[row >> 5]! >> (row & 31)) & 1 ? [{ row, distance }] : []))
  eligible.sort((a, b) => a.distance - b.distance)
  // A bound stands for k known distances that do not exceed it: here those of the k nearest themselves.
  const bound = given.bounded && eligible.length >= given.k ? eligible[given.k - 1]!.distance : undefined
  const options: ScanOptions = {
    ...{ k: given.k, bound, budget: { evaluationsPerStep: given.perStep } },
    allowed: given.filter === 0 ? undefined : allowed,
  }
  return { list, query, distances, eligible, options }
}

function expectProof(result: ScanResult, { distances, eligible, options }: ReturnType<typeof prepare>) {
  const found = new Set(result.nodes)
  expect(found.size).toBe(result.count)
  expect(result.complete).toBe(true)
  const kth = eligible[options.k - 1]?.distance ?? Infinity
  for (const { row, distance } of eligible) if (distance < kth) expect(found).toContain(row)
  const eligibleRows = new Set(eligible.map(({ row }) => row))
  result.nodes.forEach((row, i) => {
    expect(eligibleRows).toContain(row)
    expect(result.lowers[i]!).toBeLessThanOrEqual(distances[row]! + 1e-14 * Math.abs(distances[row]!))
    if (i) expect(result.estimates[i]!).toBeGreaterThanOrEqual(result.estimates[i - 1]!)
  })
  expect(result.bound).toBeGreaterThanOrEqual(kth === Infinity ? kth : kth - 1e-12 * Math.abs(kth))
}

describe('scan', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  test('a block with a margin: so are the k nearest by any distances within it', () => {
    fc.assert(
      fc.property(awkwardCase, fc.constantFrom(1e-7, 1e-3, 0.3), (given, margin) => {
        const { list, query, eligible, options } = prepare({ ...given, bounded: false })
        const block = new CodeBlock(pool, given.dimensions)
        list.forEach((vector) => block.append(vector))
        const found = new Set(scanBlock(block, query, given.metric, { ...options, margin }).nodes)
        block.free()
        const random = randomSource(given.seed + 1)
        const meant = eligible.map(({ row, distance }) => ({ row, distance: distance + margin * (2 * random() - 1) }))
        meant.sort((a, b) => a.distance - b.distance)
        for (const { row } of meant.slice(0, options.k)) expect(found).toContain(row)
      }),
      { numRuns: 300 },
    )
  })

  test('a block: the k nearest are always among the result', () => {
    fc.assert(
      fc.property(awkwardCase, (given) => {
        const prepared = prepare(given)
        const block = new CodeBlock(pool, given.dimensions)
        for (const vector of prepared.list) block.append(vector)
        expectProof(scanBlock(block, prepared.query, given.metric, prepared.options), prepared)
        block.free()
      }),
      { numRuns: 400 },
    )
  })

  test('a graph, also one with dot vectors longer than its phi: the k nearest are always among the result', () => {
    fc.assert(
      fc.property(
        awkwardCase,
        fc.constantFrom('int8' as const, 'float32' as const),
        fc.boolean(),
        (given, codes, calibrateOnHalf) => {
          const prepared = prepare(given)
          const { metric, dimensions, rows } = given
          const matrix = Float32Array.from(prepared.list.flatMap((vector) => [...vector]))
          const statistics = new GraphStatistics(pool, dimensions, metric)
          statistics.add(vectorsBefore(matrix, dimensions, calibrateOnHalf ? Math.ceil(rows / 2) : rows))
          const builder = HnswBuilder.create(pool, {
            dimensions,
            metric,
            codes,
            capacity: rows,
            calibration: statistics.finish(),
          })
          builder.append(matrix)
          const { header, sections } = builder.finish()
          builder.free()
          const graph = ResidentGraph.load(pool, header, (name, target) => target.set(sections[name]!))
          expectProof(graph.scan(prepared.query, prepared.options), prepared)
          graph.free()
        },
      ),
      { numRuns: 300 },
    )
  })

  test('leaves out most of what is far', () => {
    const random = randomSource(1)
    const block = new CodeBlock(pool, 64)
    for (let i = 0; i < 4000; i++) block.append(Float32Array.from({ length: 64 }, () => random() - 0.5))
    const query = Float32Array.from({ length: 64 }, () => random() - 0.5)
    for (const metric of metrics) {
      const first = scanBlock(block, query, metric, { k: 10 })
      expect(first.count).toBeLessThan(150)
      const second = scanBlock(block, query, metric, { k: 10, bound: first.bound })
      expect(second.count).toBeLessThanOrEqual(first.count)
    }
    block.free()
  })

  test('keeps thousands of equal rows when all may be the nearest', () => {
    const block = new CodeBlock(pool, 8)
    for (let i = 0; i < 5000; i++) block.append(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    expect(scanBlock(block, new Float32Array(8).fill(1), 'l2', { k: 3 }).count).toBe(5000)
    block.free()
  })

  test('a deadline ends it with what was found, an abort with an error', () => {
    const block = new CodeBlock(pool, 4)
    for (let i = 0; i < 1000; i++) block.append(Float32Array.of(i, 1, 2, 3))
    const query = new Float32Array(4)
    const cut = scanBlock(block, query, 'l2', { k: 5, budget: { deadline: 0, evaluationsPerStep: 100 } })
    expect(cut.complete).toBe(false)
    expect(cut.evaluations).toBe(100)
    expect(cut.count).toBeGreaterThanOrEqual(5)
    const signal = AbortSignal.abort()
    expect(() => scanBlock(block, query, 'l2', { k: 5, budget: { signal } })).toThrow(
      expect.objectContaining({ code: 'ABORTED' }),
    )
    block.free()
  })
})

const vectorsBefore = (matrix: Float32Array, dimensions: number, rows: number) =>
  matrix.subarray(0, vectorAt(matrix, dimensions, rows).byteOffset / 4)
