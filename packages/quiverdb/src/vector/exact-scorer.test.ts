import { normal, randomSource, referenceDistance, vectorAt } from '@quiverdb/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { ExactScorer } from './exact-scorer.js'
import { MemoryPool } from './memory-pool.js'
import { metrics } from './metric.js'

describe('ExactScorer', async () => {
  const pool = await MemoryPool.create()
  const scorer = new ExactScorer(pool)
  afterAll(() => pool.close())

  test.each([1, 2, 3, 4, 5, 15, 16, 17, 100, 784, 1537])('agrees with float64 sums in %i dimensions', (dimensions) => {
    const random = randomSource(dimensions)
    const rows = Float32Array.from({ length: 90 * dimensions }, () => normal(random))
    const query = Float32Array.from({ length: dimensions }, () => normal(random))
    for (const metric of metrics) {
      scorer.begin(query, metric)
      for (let i = 0; i < 90; i++) {
        if (i & 1) scorer.setRow(i, vectorAt(rows, dimensions, i))
        else scorer.row(i).set(new Uint8Array(rows.buffer, 4 * i * dimensions, 4 * dimensions))
      }
      const distances = scorer.score(90)
      expect(distances).toHaveLength(90)
      distances.forEach((distance, i) => {
        const expected = referenceDistance(metric, query, vectorAt(rows, dimensions, i))
        expect(Math.abs(distance - expected)).toBeLessThanOrEqual(1e-12 * dimensions)
      })
    }
  })

  test.each([1, 2, 3, 4, 5, 7, 16, 33, 100, 784])(
    'the bits of a distance do not depend on what else is scored: %i dimensions',
    (dimensions) => {
      const random = randomSource(dimensions)
      const rows = Array.from({ length: 7 }, (_, i) =>
        Float32Array.from({ length: dimensions }, () => 10 ** (i - 3) * normal(random)),
      )
      const query = Float32Array.from({ length: dimensions }, () => normal(random))
      for (const metric of metrics) {
        scorer.begin(query, metric)
        const alone = rows.map((row) => {
          scorer.setRow(0, row)
          return scorer.score(1)[0]
        })
        rows.forEach((row, i) => scorer.setRow(i, row))
        for (let count = 1; count <= rows.length; count++) expect([...scorer.score(count)]).toEqual(alone.slice(0, count))
      }
    },
  )

  test('zero vectors are at cosine distance 1, the same vector at 0, the opposite at 2', () => {
    scorer.begin(Float32Array.of(3, 4, 0), 'cosine')
    scorer.setRow(0, Float32Array.of(0, 0, 0))
    scorer.setRow(1, Float32Array.of(3, 4, 0))
    scorer.setRow(2, Float32Array.of(-3, -4, 0))
    expect([...scorer.score(3)]).toEqual([1, 0, 2])
    scorer.begin(new Float32Array(3), 'cosine')
    scorer.setRow(0, Float32Array.of(1, 2, 3))
    expect([...scorer.score(1)]).toEqual([1])
  })

  test('numbers that float32 could not square are scored', () => {
    scorer.begin(Float32Array.of(3e38, 1), 'l2')
    scorer.setRow(0, Float32Array.of(-3e38, 1))
    expect(scorer.score(1)[0]! / 3.6e77).toBeCloseTo(1, 6)
  })

  /** Ranks vectors by estimates that are off by at most `error`. */
  function ranked(scale: number, seed: number, count: number, k: number, error: number, first: number) {
    const dimensions = 13
    const random = randomSource(seed)
    const query = Float32Array.from({ length: dimensions }, () => scale * normal(random))
    const rows = Float32Array.from({ length: count * dimensions }, () => scale * normal(random))
    const metric = metrics[seed % metrics.length]!
    const distances = Array.from({ length: count }, (_, i) => referenceDistance(metric, query, vectorAt(rows, dimensions, i)))
    const off = distances.map((distance) => distance + error * (2 * random() - 1))
    const order = off.map((_, i) => i).sort((a, b) => off[a]! - off[b]!)
    const extent = pool.allocate(Math.max(1, rows.byteLength))
    extent.arena.f32.set(rows, extent.pointer / 4)
    scorer.begin(query, metric)
    const addresses = order.map((row) => extent.pointer + 4 * dimensions * row)
    const estimates = order.map((row) => off[row]!)
    const { arena } = extent
    const result = scorer.rank({ arena, addresses, estimates, count, first, k, worst: Infinity, error })
    const scored = result.distances.slice()
    extent.free()
    return { scored, expected: distances.toSorted((a, b) => a - b).slice(0, k), error: result.error }
  }

  test.each([1, 1e15, 1e-15, 1e-23])('ranking stops early and loses none of the nearest, of vectors scaled by %f', (scale) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 0, max: 120 }),
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom(0, 1e-6, 0.01, 0.3),
        fc.integer({ min: 1, max: 60 }),
        (seed, count, k, share, first) => {
          const isCosine = metrics[seed % metrics.length] === 'cosine'
          const error = isCosine ? share : 10 * share * scale * scale
          const { scored, expected, error: seen } = ranked(scale, seed, count, k, error, first)
          const nearest = [...scored].sort((a, b) => a - b).slice(0, k)
          expect(nearest).toHaveLength(expected.length)
          const slack = 1e-13 * (isCosine ? 1 : 100 * scale * scale)
          nearest.forEach((distance, i) => expect(Math.abs(distance - expected[i]!)).toBeLessThanOrEqual(slack))
          expect(seen).toBeGreaterThanOrEqual(error)
        },
      ),
    )
  })

  test('ranking good estimates scores few, and none where there are none', () => {
    expect(ranked(1, 2, 0, 5, 0.1, 10).scored).toHaveLength(0)
    const { scored } = ranked(1, 2, 120, 5, 1e-6, 10)
    expect(scored.length).toBeGreaterThanOrEqual(5)
    expect(scored.length).toBeLessThan(30)
  })
})
