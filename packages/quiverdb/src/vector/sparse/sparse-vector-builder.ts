import { checkDimension, checkPosition } from './checks.js'
import { SparseVector } from './sparse-vector.js'

/**
 * Collects values in any order. The last value of a position wins; zeros are ignored.
 *
 * @example
 * ```ts
 * const vector = new SparseVectorBuilder(30_000).push(17, 0.5).push(3, 1.25).build()
 * ```
 */
export class SparseVectorBuilder {
  readonly #dimension: number
  readonly #values = new Map<number, number>()

  /** @throws QuiverError LIMIT_EXCEEDED, INVALID_ARGUMENT */
  constructor(dimension: number) {
    checkDimension(dimension)
    this.#dimension = dimension
  }

  /** @throws QuiverError INVALID_ARGUMENT: a position outside of the dimensions */
  push(position: number, value: number): this {
    checkPosition(position, this.#dimension)
    if (Math.fround(value) !== 0) this.#values.set(position, value)
    return this
  }

  build(): SparseVector {
    return SparseVector.fromParts(this.#dimension, [...this.#values.keys()], [...this.#values.values()])
  }
}
