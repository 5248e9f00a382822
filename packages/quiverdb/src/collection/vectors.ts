import { QuiverError } from '../errors.js'
import type { VectorIndex } from './index-state.js'
import type { VectorInput } from './types.js'

/** Squares of larger norms leave the range in which float32 distances can be compared. */
const normMax = 1e18

export function isVectorShaped(value: unknown): value is VectorInput {
  return Array.isArray(value) || value instanceof Float32Array || value instanceof Float64Array
}

/**
 * Copies a vector and checks it: so many finite numbers, and a direction where the index needs one.
 * @param owner for messages, e.g. `record 'p1'`
 * @throws QuiverError DIMENSION_MISMATCH, INVALID_VECTOR, ZERO_VECTOR
 */
export function checkedVector(value: unknown, index: VectorIndex, owner: string): Float32Array | Float64Array {
  const { name, dimensions, zeroVectors } = index.definition
  if (!isVectorShaped(value)) {
    throw new QuiverError('INVALID_VECTOR', `The vector of ${owner} for index '${name}' is not an array of numbers.`, { details: { index: name } })
  }
  if (value.length !== dimensions) throw dimensionMismatch(owner, value.length, [index])
  const copy = value instanceof Float32Array ? value.slice() : Float64Array.from(value as ArrayLike<number>)
  let squares = 0
  for (let i = 0; i < copy.length; i++) {
    const number = copy[i]!
    if (!Number.isFinite(Math.fround(number)) || (Array.isArray(value) && typeof value[i] !== 'number')) {
      const found = Array.isArray(value) && typeof value[i] !== 'number' ? JSON.stringify(value[i]) : String(number)
      throw new QuiverError('INVALID_VECTOR', `The vector of ${owner} for index '${name}' holds ${found} at position ${i}; every number must be finite.`, {
        details: { index: name, position: i },
      })
    }
    squares += number * number
  }
  if (squares > normMax * normMax) {
    throw new QuiverError('INVALID_VECTOR', `The vector of ${owner} for index '${name}' is longer than ${normMax}.`, { details: { index: name } })
  }
  if (zeroVectors === 'refuse' && isZero(copy)) {
    throw new QuiverError(
      'ZERO_VECTOR',
      `The vector of ${owner} for index '${name}' is all zeros, which has no direction. Leave it out, or declare the index with zeroVectors: 'keep'.`,
      { details: { index: name } },
    )
  }
  return copy
}

/** A copy of the numbers; undefined where one of them could not be searched for. */
export function usableVector(value: VectorInput): Float32Array | Float64Array | undefined {
  for (const number of value) if (typeof number !== 'number' || !Number.isFinite(Math.fround(number))) return undefined
  return value instanceof Float32Array ? value.slice() : Float64Array.from(value)
}

export function dimensionMismatch(owner: string, actual: number, indexes: readonly VectorIndex[]): QuiverError {
  const expected = indexes.map(({ definition }) => `${definition.dimensions} ('${definition.name}')`).join(' or ')
  return new QuiverError('DIMENSION_MISMATCH', `The vector of ${owner} has ${actual} dimensions; the index has ${expected}.`, {
    details: { actual, expected: indexes[0]!.definition.dimensions },
  })
}

function isZero(vector: Float32Array | Float64Array): boolean {
  for (const number of vector) if (number !== 0) return false
  return true
}
