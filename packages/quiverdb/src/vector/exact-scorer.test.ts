import { normal, randomSource, referenceDistance, vectorAt } from '@quiverdb/testing'
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
})
