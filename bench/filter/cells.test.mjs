import { expect, test } from 'vitest'
import { attributeFields, bucketCount, distancesTo, madeAttributes, pivotRows } from '../sets/attributes.mjs'
import { Random } from '../sets/random.mjs'
import { Vectors } from '../sets/vectors.mjs'
import { conditionsOf, kinds, shares } from './cells.mjs'

const rows = 2_000
const dimensions = 3
const random = new Random(5)
const base = new Vectors(
  Float32Array.from({ length: rows * dimensions }, () => random.normal()),
  dimensions,
)
const attributes = madeAttributes(base, 'l2')

const matching = ({ field, from, to }) =>
  Array.from({ length: rows }, (_, row) => row).filter((row) => attributes[field][row] >= from && attributes[field][row] < to)

test.each(kinds.flatMap((kind) => shares.map((share) => [kind, share])))(
  '%s filters of %d %% match that share each',
  (kind, share) => {
    const conditions = conditionsOf(kind, share)
    expect(conditions).toHaveLength(10)
    for (const condition of conditions) expect(matching(condition)).toHaveLength((share / 100) * rows)
    const different = new Set(conditions.map((condition) => JSON.stringify(condition)))
    expect(different.size).toBe(kind === 'independent' && share === 100 ? 1 : 10)
  },
)

test('correlated filters match the rows nearest to a pivot, adversarial ones the farthest', () => {
  for (const [i, pivot] of pivotRows(rows).entries()) {
    const distances = distancesTo(base.row(pivot), base, 'l2')
    const order = [...distances.keys()].sort((a, b) => distances[a] - distances[b])
    expect(new Set(matching(conditionsOf('correlated', 10)[i]))).toEqual(new Set(order.slice(0, rows / 10)))
    expect(new Set(matching(conditionsOf('adversarial', 10)[i]))).toEqual(new Set(order.slice(-rows / 10)))
  }
})

test('every attribute has each of its values equally often', () => {
  for (const field of attributeFields) {
    const counts = new Uint32Array(bucketCount)
    for (const value of attributes[field]) counts[value]++
    expect(new Set(counts)).toEqual(new Set([rows / bucketCount]))
  }
})
