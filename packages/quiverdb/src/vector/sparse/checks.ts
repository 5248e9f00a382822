import { QuiverError } from '../../errors.js'

/** Positions are unsigned 32-bit numbers. */
export const sparseDimensionMax = 2 ** 32 - 1

/** @throws QuiverError LIMIT_EXCEEDED beyond 2^32-1, INVALID_ARGUMENT: not a count */
export function checkDimension(dimension: number): void {
  if (!Number.isInteger(dimension) || dimension < 0) {
    throw new QuiverError('INVALID_ARGUMENT', `A dimension is a whole number from 0 on, not ${dimension}.`, {
      details: { dimension },
    })
  }
  if (dimension > sparseDimensionMax) {
    const message = `A sparse vector has at most ${sparseDimensionMax} dimensions, not ${dimension}.`
    throw new QuiverError('LIMIT_EXCEEDED', message, { details: { dimension, max: sparseDimensionMax } })
  }
}

/** @throws QuiverError INVALID_ARGUMENT */
export function checkPosition(index: number, dimension: number): void {
  if (Number.isInteger(index) && index >= 0 && index < dimension) return
  const message = `Position ${index} is not within the ${dimension} dimensions of the vector.`
  throw new QuiverError('INVALID_ARGUMENT', message, { details: { index, dimension } })
}

/** @throws QuiverError DIMENSION_MISMATCH */
export function checkSameDimension(expected: number, actual: number): void {
  if (expected === actual) return
  const message = `One vector has ${expected} dimensions, the other ${actual}.`
  throw new QuiverError('DIMENSION_MISMATCH', message, { details: { expected, actual } })
}
