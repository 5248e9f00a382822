import { QuiverError } from '../../errors.js'
import type { IndexDefinition } from '../../history/commit.js'
import { isZeroVector } from '../../vector/metric.js'
import type { VectorInput } from '../types.js'

/** Squares of larger norms leave the range in which float32 distances can be compared. */
const normMax = 1e18

export function isVectorShaped(value: unknown): value is VectorInput {
  return Array.isArray(value) || value instanceof Float32Array || value instanceof Float64Array
}

/**
 * Checks a vector and returns it as it is: so many finite numbers, and a direction where the index needs one.
 * @param owner for messages, e.g. `record 'p1'`
 * @throws QuiverError DIMENSION_MISMATCH, INVALID_VECTOR, ZERO_VECTOR
 */
export function checkedVector(value: unknown, index: { readonly definition: IndexDefinition }, owner: string): VectorInput {
  const { name, dimensions, zeroVectors } = index.definition
  if (!isVectorShaped(value)) {
    throw new QuiverError('INVALID_VECTOR', `The vector of ${owner} for index '${name}' is not an array of numbers.`, {
      details: { index: name },
    })
  }
  if (value.length !== dimensions) throw dimensionMismatch(owner, value.length, [index])
  const squares = sumOfSquares(value)
  if (!(squares <= normMax * normMax)) throw invalidVector(value, name, owner)
  if (squares === 0 && zeroVectors === 'refuse' && isZeroVector(value)) {
    throw new QuiverError(
      'ZERO_VECTOR',
      `The vector of ${owner} for index '${name}' is all zeros, which has no direction. Leave it out, or declare the index with zeroVectors: 'keep'.`,
      { details: { index: name } },
    )
  }
  return value
}

/** NaN where something is not a number. Any infinity or NaN among the numbers shows in the sum. */
function sumOfSquares(value: VectorInput): number {
  if (value instanceof Float32Array) return sumOfFloat32Squares(value)
  let squares = 0
  for (let i = 0; i < value.length; i++) squares += typeof value[i] === 'number' ? value[i]! * value[i]! : NaN
  return squares
}

/** Four sums: an addition need not wait for the one before. */
function sumOfFloat32Squares(value: Float32Array): number {
  const end = value.length & ~3
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  for (let i = 0; i < end; i += 4) {
    const a = value[i]!
    const b = value[i + 1]!
    const c = value[i + 2]!
    const d = value[i + 3]!
    s0 += a * a
    s1 += b * b
    s2 += c * c
    s3 += d * d
  }
  for (let i = end; i < value.length; i++) s0 += value[i]! * value[i]!
  return s0 + s1 + s2 + s3
}

function invalidVector(value: VectorInput, index: string, owner: string): QuiverError {
  const position = Array.from(value).findIndex((number) => typeof number !== 'number' || !Number.isFinite(Math.fround(number)))
  if (position < 0) {
    return new QuiverError('INVALID_VECTOR', `The vector of ${owner} for index '${index}' is longer than ${normMax}.`, {
      details: { index },
    })
  }
  const found = typeof value[position] === 'number' ? String(value[position]) : JSON.stringify(value[position])
  return new QuiverError(
    'INVALID_VECTOR',
    `The vector of ${owner} for index '${index}' holds ${found} at position ${position}; every number must be finite in 32 bits.`,
    { details: { index, position } },
  )
}

/** The numbers; undefined where they could not be searched for. */
export function usableVector(value: VectorInput): VectorInput | undefined {
  return sumOfSquares(value) <= normMax * normMax ? value : undefined
}

export function dimensionMismatch(
  owner: string,
  actual: number,
  indexes: readonly { readonly definition: IndexDefinition }[],
): QuiverError {
  const expected = indexes.map(({ definition }) => `${definition.dimensions} ('${definition.name}')`).join(' or ')
  return new QuiverError('DIMENSION_MISMATCH', `The vector of ${owner} has ${actual} dimensions; the index has ${expected}.`, {
    details: { actual, expected: indexes[0]!.definition.dimensions },
  })
}

export function unknownIndex(
  name: string,
  collection: string,
  indexes: readonly { readonly definition: IndexDefinition }[],
  source?: 'external',
): QuiverError {
  const known = indexes
    .filter(({ definition }) => !source || definition.source === source)
    .map(({ definition }) => `'${definition.name}'`)
  const list = known.length === 0 ? 'It has none.' : `It has ${known.join(', ')}.`
  return new QuiverError('NOT_FOUND', `Collection '${collection}' has no ${source ?? 'vector'} index '${name}'. ${list}`, {
    details: { index: name, collection },
  })
}
