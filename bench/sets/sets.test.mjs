import { expect, test } from 'vitest'
import { baseStream, LatentSource, queryStream } from './latent-set.mjs'
import { recipes } from './recipes.mjs'
import { setInfo, synthesised } from './sets.mjs'

const names = Object.keys(recipes)
const smallSet = (name, rows) => synthesised(setInfo(name, { quick: false, data: '' }, { rows }))
function dot(a, b) {
  let sum = 0
  for (let d = 0; d < a.length; d++) sum += a[d] * b[d]
  return sum
}
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Cosines of every vector to its nearest other one. */
const nearestCosines = (vectors) =>
  Array.from({ length: vectors.rows }, (_, a) =>
    Math.max(...Array.from({ length: vectors.rows }, (_, b) => (a === b ? -1 : dot(vectors.row(a), vectors.row(b))))),
  )

test.each(names)(
  '%s: a smaller set is a prefix of a larger one, its vectors have unit length and are never those of a query',
  (name) => {
    const small = smallSet(name, 20)
    const large = smallSet(name, 40)
    expect(large.first(20).values).toEqual(small.values)
    for (let row = 0; row < 40; row++) expect(dot(large.row(row), large.row(row))).toBeCloseTo(1, 5)
    const queries = new LatentSource(recipes[name], queryStream).next(1)
    expect(queries.row(0)).not.toEqual(large.row(0))
  },
)

test('a set comes out the same in any batches', () => {
  const source = new LatentSource(recipes.scale, baseStream)
  const batches = [source.next(3), source.next(5)]
  expect(Float32Array.from(batches.flatMap(({ values }) => [...values]))).toEqual(smallSet('scale', 8).values)
})

test('synthetic vectors share a direction, and most have a near neighbour of their own topic', () => {
  const vectors = smallSet('synthetic', 400)
  const others = Array.from({ length: 200 }, (_, i) => dot(vectors.row(2 * i), vectors.row(2 * i + 1)))
  expect(mean(others)).toBeGreaterThan(0.2)
  expect(mean(nearestCosines(vectors))).toBeGreaterThan(mean(others) + 0.2)
})

test('the neighbours of the hard set are hardly nearer than others', () => {
  const vectors = smallSet('hard', 400)
  const others = Array.from({ length: 200 }, (_, i) => dot(vectors.row(2 * i), vectors.row(2 * i + 1)))
  expect(Math.abs(mean(others))).toBeLessThan(0.02)
  const nearest = nearestCosines(vectors)
  expect(mean(nearest)).toBeLessThan(0.35)
  expect(Math.max(...nearest)).toBeLessThan(0.5)
})

test('the clusters are a hundred, alike in size, and tight', () => {
  const vectors = smallSet('clusters', 2_000)
  /** @type {Float32Array[]} one of each cluster */
  const first = []
  const sizes = []
  for (let row = 0; row < vectors.rows; row++) {
    const cluster = first.findIndex((other) => dot(vectors.row(row), other) > 0.9)
    if (cluster < 0) sizes[first.push(vectors.row(row)) - 1] = 1
    else sizes[cluster]++
  }
  expect(first.length).toBe(100)
  expect(Math.max(...sizes)).toBeLessThan(60)
})

test('of the duplicates every fifth is the first vector', () => {
  const vectors = smallSet('duplicates', 1_000)
  const copies = Array.from({ length: 1_000 }, (_, row) => row).filter((row) => dot(vectors.row(row), vectors.row(0)) > 0.99999)
  expect(copies).toEqual(Array.from({ length: 200 }, (_, i) => 5 * i))
})
