import { QuiverError } from '../errors.js'

/** @throws QuiverError DIMENSION_MISMATCH */
export function checkLength(vector: Float32Array, dimensions: number): void {
  if (vector.length === dimensions) return
  throw new QuiverError(
    'DIMENSION_MISMATCH',
    `The vector has ${vector.length} numbers; the index has ${dimensions} dimensions.`,
    {
      details: { expected: dimensions, actual: vector.length },
    },
  )
}
