import { clusteredVectors, normal, randomSource, subspaceVectors } from '@quiverdb/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { begunGraph, finishedGraph, type GraphTestOptions, knownQueries, recallAt10Of } from '../testing/build-graph.js'
import { MemoryPool } from './memory-pool.js'
import { effortFor, evaluationsAt, isCurrent, type KeptCurve } from './recall-curve.js'

/** Recalls that grow with the effort and shrink with k, as they do but for chance. */
const curves: fc.Arbitrary<KeptCurve> = fc
  .array(fc.record({ step: fc.integer({ min: 1, max: 200 }), found: fc.float({ min: 0, max: 1, noNaN: true }) }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((points) => {
    const efs: number[] = []
    const recalls: number[] = []
    for (const { step, found } of points) {
      efs.push((efs.at(-1) ?? 4) + step)
      recalls.push(Math.max(recalls.at(-1) ?? 0, found))
    }
    const [k1, k10, k100] = [1, 1.3, 2].map((power) => recalls.map((recall) => recall ** power)) as [number[], number[], number[]]
    return { nodes: 5000, blocks: false, efs, k1, k10, k100, evaluations: efs.map((ef) => 20 * ef) }
  })
const recalls = fc.double({ min: 0.001, max: 0.999, noNaN: true })
const ks = fc.integer({ min: 1, max: 1000 })

describe('the effort for a recall', () => {
  test('is more for more recall, and for more neighbours', () => {
    fc.assert(
      fc.property(curves, recalls, recalls, ks, ks, (curve, a, b, k, l) => {
        expect(effortFor(curve, k, Math.min(a, b))).toBeLessThanOrEqual(effortFor(curve, k, Math.max(a, b)))
        expect(effortFor(curve, Math.min(k, l), a)).toBeLessThanOrEqual(effortFor(curve, Math.max(k, l), a))
      }),
    )
  })

  test('is between efforts that were measured, above them where the recall was not reached', () => {
    const measured = { efs: [10, 20, 40, 80], k1: [0.6, 0.8, 0.9, 0.95], k10: [0.5, 0.7, 0.9, 0.95], k100: [0.1, 0.2, 0.4, 0.8] }
    const curve = { nodes: 1000, blocks: false, ...measured, evaluations: [100, 180, 340, 700] }
    const effort = effortFor(curve, 10, 0.8)
    expect(effort).toBeGreaterThan(20)
    expect(effort).toBeLessThan(40)
    expect(effortFor(curve, 1, 0.1)).toBe(10)
    expect(effortFor(curve, 10, 0.99)).toBeGreaterThan(80)
    expect(effortFor(curve, 500, 0.5)).toBeGreaterThan(effortFor(curve, 100, 0.5))
    expect(evaluationsAt(curve, 30)).toBe(260)
    expect(evaluationsAt(curve, 160)).toBe(1400)
  })

  test.each([0, 1, -0.5, 1.5, NaN])('a recall of %d is refused', (recall) => {
    fc.assert(
      fc.property(curves, (curve) => {
        expect(() => effortFor(curve, 10, recall)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
      }),
      { numRuns: 5 },
    )
  })

  test('a curve is that of a graph that is nearly as large, with blocks or without', () => {
    const curve = { nodes: 1000, blocks: true, efs: [10], k1: [1], k10: [1], k100: [1], evaluations: [100] }
    expect(isCurrent(curve, 1000, true)).toBe(true)
    expect(isCurrent(curve, 1200, true)).toBe(true)
    expect(isCurrent(curve, 1250, true)).toBe(false)
    expect(isCurrent(curve, 800, true)).toBe(false)
    expect(isCurrent(curve, 1000, false)).toBe(false)
  })
})

describe('recall that was measured', async () => {
  const pool = await MemoryPool.create()
  afterAll(() => pool.close())

  const count = 4000
  /** What collections keep for the 10 nearest. */
  const kept = 36
  const unseen = 150

  function tightClusters(dimensions: number): Float32Array {
    const centres = clusteredVectors(100, dimensions, 3, 100)
    const random = randomSource(4)
    return Float32Array.from({ length: (count + unseen) * dimensions }, (_, i) => {
      const row = Math.floor(i / dimensions)
      return centres[(row % 100) * dimensions + (i % dimensions)]! + 0.05 * normal(random)
    })
  }

  const all = count + unseen
  function spreadNorms(dimensions: number): Float32Array {
    const random = randomSource(12)
    const factors = Array.from({ length: all }, () => Math.exp(0.4 * normal(random)))
    return clusteredVectors(all, dimensions, 13).map((x, i) => x * factors[Math.floor(i / dimensions)]!)
  }

  const uniform = (dimensions: number, seed: number) => Float32Array.from({ length: all * dimensions }, randomSource(seed))
  const sets: Record<string, readonly [Float32Array, GraphTestOptions]> = {
    clusters: [clusteredVectors(all, 32, 7), { dimensions: 32 }],
    'a subspace, over blocks': [subspaceVectors(all, 96, 16, 8), { dimensions: 96, mode: 'speed' }],
    'uniform ones': [uniform(24, 9), { dimensions: 24, mode: 'balanced' }],
    'tight clusters': [tightClusters(16), { dimensions: 16, mode: 'speed' }],
    'uniform ones over float32': [uniform(24, 10), { dimensions: 24, codes: 'float32' }],
    'clusters under dot, of unequal norms': [spreadNorms(32), { dimensions: 32, metric: 'dot' }],
    'clusters under cosine': [clusteredVectors(all, 48, 11), { dimensions: 48, metric: 'cosine', m: 8, m0: 16 }],
  }

  test.each(Object.keys(sets))('is that of unseen queries: vectors of %s', (name) => {
    const [given, options] = sets[name]!
    const vectors = given.subarray(0, count * options.dimensions)
    const image = finishedGraph(begunGraph(pool, vectors, { efConstruction: 60, ...options }))
    const known = knownQueries(given.subarray(count * options.dimensions), vectors, options)
    const recall = image.header.recall!
    expect(recall.nodes).toBeGreaterThan(0.9 * count)
    // With a smaller effort fewer are kept than make up for what codes confuse.
    const measured = recall.efs
      .map((ef, at) => ({ ef, measured: recall.k10[at]! }))
      .filter(({ ef }, at) => ef >= kept && at % 2 === 0)
    expect(measured.length).toBeGreaterThan(0)
    const found = measured.map(({ ef, ...said }) => ({ ef, ...said, found: recallAt10Of(pool, image, known, ef) }))
    expect(found.filter(({ measured, found }) => Math.abs(found - measured) > 0.03)).toEqual([])
    for (const target of [0.8, 0.95, 0.99])
      expect(recallAt10Of(pool, image, known, Math.max(kept, effortFor(recall, 10, target)))).toBeGreaterThanOrEqual(
        target - 0.02,
      )
  })
})
