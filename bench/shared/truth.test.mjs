import { expect, test } from 'vitest'
import { Random } from './random.mjs'
import { Vectors } from './sets.mjs'
import { textSet } from './text-set.mjs'
import { exactNeighbours } from './truth.mjs'

const randomVectors = (random, rows, dimensions) =>
  new Vectors(
    Float32Array.from({ length: rows * dimensions }, () => random.normal()),
    dimensions,
  )

/** What the scan does, without its tricks. */
function naiveNeighbours(base, queries, k) {
  return Array.from({ length: queries.rows }, (_, query) =>
    Array.from({ length: base.rows }, (_, row) => {
      const distance = base.row(row).reduce((sum, value, d) => sum + (value - queries.row(query)[d]) ** 2, 0)
      return { row, distance }
    })
      .sort((a, b) => a.distance - b.distance)
      .slice(0, k)
      .map(({ row }) => row),
  ).flat()
}

test('the exact neighbours are those of a naive scan, for any number of queries', () => {
  const base = randomVectors(new Random(1), 200, 12)
  for (const count of [1, 4, 7]) {
    const queries = randomVectors(new Random(2), count, 12)
    expect([...exactNeighbours(base, queries, 'l2', 5)]).toEqual(naiveNeighbours(base, queries, 5))
  }
})

test('a smaller text set is a prefix of a larger one, and its vectors have unit length', () => {
  const small = textSet(20, 3)
  const large = textSet(40, 3)
  expect(large.base.subarray(0, small.base.length)).toEqual(small.base)
  expect(large.queries).toEqual(small.queries)
  const [first] = [new Vectors(small.base, 768).row(0)]
  expect(first.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5)
})

test('the normal numbers have mean 0 and deviation 1', () => {
  const random = new Random(7)
  const values = Array.from({ length: 100_000 }, () => random.normal())
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  expect(Math.abs(mean)).toBeLessThan(0.02)
  expect(Math.abs(variance - 1)).toBeLessThan(0.02)
})
