import { expect, test } from 'vitest'
import { Random } from './random.mjs'
import { RecallJudge } from './recall.mjs'
import { exactNeighbours } from './truth.mjs'
import { Vectors } from './vectors.mjs'

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
    expect([...exactNeighbours(base, queries, 'l2', 5).rows]).toEqual(naiveNeighbours(base, queries, 5))
  }
})

const judgeOver = (rows, metric) => {
  const base = new Vectors(Float32Array.from(rows.flat()), 2)
  const queries = new Vectors(Float32Array.of(1, 0), 2)
  return new RecallJudge({ base, queries, metric, truth: exactNeighbours(base, queries, metric, 2) })
}

test.each(['l2', 'cosine'])('recall counts any of several at one distance, each row once (%s)', (metric) => {
  const away = [0, 1]
  const near = [0.6, 0.8]
  const judge = judgeOver([away, [1, 0], near, near, near], metric)
  expect(judge.recall([[1, 2]], 2)).toBe(1)
  expect(judge.recall([[1, 4]], 2)).toBe(1)
  expect(judge.recall([[4, 4]], 2)).toBe(0.5)
  expect(judge.recall([[0, 1]], 2)).toBe(0.5)
  expect(judge.recall([[2]], 1)).toBe(0)
  expect(judge.recall([[]], 2)).toBe(0)
  expect(judge.recall([[-1, 99]], 2)).toBe(0)
})

test('the normal numbers have mean 0 and deviation 1', () => {
  const random = new Random(7)
  const values = Array.from({ length: 100_000 }, () => random.normal())
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  expect(Math.abs(mean)).toBeLessThan(0.02)
  expect(Math.abs(variance - 1)).toBeLessThan(0.02)
})
