import { QuiverError } from '../../errors.js'
import { checkDimension, checkPosition, checkSameDimension } from './checks.js'
import { lowerBound, type Entries } from './entries.js'
import { cosineOf, dot, magnitude, measure, squaredMagnitude, unionSums } from './measures.js'

const capacityMin = 4
const bytesPerEntry = 8
/** The dimension and the number of entries. */
const headBytes = 8
const float32NormalMin = 2 ** -126
/** How far from 1 the length of a normalised vector may end up. */
const normalTolerance = 0.01

/**
 * A vector of mostly zeros: only other values are kept, as float32 with their positions, ascending. Results are summed in float64.
 * Operations on two vectors need equal dimensions, else they throw DIMENSION_MISMATCH.
 *
 * @example
 * ```ts
 * const a = SparseVector.fromDense([1, 0, 2, 0])
 * const b = SparseVector.fromParts(4, [1, 2], [3, 4])
 * a.dot(b) // 8
 * a.add(b).toDense() // Float32Array [1, 3, 6, 0]
 * ```
 */
export class SparseVector implements Iterable<[position: number, value: number]> {
  readonly dimension: number
  #positions: Uint32Array
  #values: Float32Array
  #nnz = 0

  /** A vector of zeros. @throws QuiverError LIMIT_EXCEEDED beyond 2^32-1 dimensions, INVALID_ARGUMENT */
  constructor(dimension: number) {
    checkDimension(dimension)
    this.dimension = dimension
    this.#positions = new Uint32Array(0)
    this.#values = new Float32Array(0)
  }

  /** A vector of zeros with room for so many values, so that setting them allocates nothing. */
  static withCapacity(dimension: number, capacity: number): SparseVector {
    const vector = new SparseVector(dimension)
    vector.#reserve(capacity)
    return vector
  }

  /**
   * Takes positions and their values, in any order. Zeros are left out; the last value of a position wins.
   * @throws QuiverError INVALID_ARGUMENT: a position outside of the dimensions, or lists of different lengths
   */
  static fromParts(dimension: number, positions: ArrayLike<number>, values: ArrayLike<number>): SparseVector {
    if (positions.length !== values.length) {
      const message = `There are ${positions.length} positions and ${values.length} values.`
      throw new QuiverError('INVALID_ARGUMENT', message, { details: { positions: positions.length, values: values.length } })
    }
    const vector = SparseVector.withCapacity(dimension, positions.length)
    for (let i = 0; i < positions.length; i++) checkPosition(positions[i]!, dimension)
    for (const i of ascendingOrder(positions)) vector.#append(positions[i]!, values[i]!)
    return vector
  }

  /** Keeps every value but zero. */
  static fromDense(values: ArrayLike<number>): SparseVector {
    return SparseVector.fromDenseWithThreshold(values, 0)
  }

  /** Keeps the values of at least this absolute size. */
  static fromDenseWithThreshold(values: ArrayLike<number>, threshold: number): SparseVector {
    const vector = new SparseVector(values.length)
    // What is not below is kept, and so is NaN: it is not ours to lose.
    for (let i = 0; i < values.length; i++) if (!(Math.abs(values[i]!) < threshold)) vector.#append(i, values[i]!)
    return vector
  }

  /** `after - before`, of which the differences above this absolute size are kept. @throws QuiverError DIMENSION_MISMATCH */
  static fromDiff(before: ArrayLike<number>, after: ArrayLike<number>, threshold: number): SparseVector {
    checkSameDimension(before.length, after.length)
    const vector = new SparseVector(after.length)
    for (let i = 0; i < after.length; i++) {
      const difference = after[i]! - before[i]!
      if (!(Math.abs(difference) <= threshold)) vector.#append(i, difference)
    }
    return vector
  }

  /** How many values are not zero. */
  get nnz(): number {
    return this.#nnz
  }

  /** The share of zeros, from 0 to 1; 0 without dimensions. */
  get sparsity(): number {
    return this.dimension === 0 ? 0 : 1 - this.#nnz / this.dimension
  }

  /** The positions with a value, ascending. A view that the next change makes void; not to be written to. */
  get positions(): Uint32Array {
    return this.#positions.subarray(0, this.#nnz)
  }

  /** The value of each of {@link positions}. */
  get values(): Float32Array {
    return this.#values.subarray(0, this.#nnz)
  }

  get isZero(): boolean {
    return this.#nnz === 0
  }

  /** The entries as the sparse index reads them, void after the next change. */
  get entries(): Entries {
    return { positions: this.#positions, values: this.#values, start: 0, end: this.#nnz }
  }

  inBounds(position: number): boolean {
    return Number.isInteger(position) && position >= 0 && position < this.dimension
  }

  /** The value at a position; 0 where there is none. */
  get(position: number): number {
    const at = this.#find(position)
    return at < this.#nnz && this.#positions[at] === position ? this.#values[at]! : 0
  }

  hasValue(position: number): boolean {
    return this.get(position) !== 0
  }

  *[Symbol.iterator](): Iterator<[position: number, value: number]> {
    for (let i = 0; i < this.#nnz; i++) yield [this.#positions[i]!, this.#values[i]!]
  }

  toDense(): Float32Array {
    const dense = new Float32Array(this.dimension)
    for (let i = 0; i < this.#nnz; i++) dense[this.#positions[i]!] = this.#values[i]!
    return dense
  }

  /** Bytes that the entries take, with the room that is kept for more. */
  memoryBytes(): number {
    return headBytes + bytesPerEntry * this.#positions.length
  }

  /** Bytes of the same vector as a plain array of float32. */
  denseMemoryBytes(): number {
    return 4 * this.dimension
  }

  /** How many times smaller this is than the plain array; below 1 it is larger. */
  compressionRatio(): number {
    return this.denseMemoryBytes() / this.memoryBytes()
  }

  /** Sets a value; zero removes it. @throws QuiverError INVALID_ARGUMENT: a position outside of the dimensions */
  set(position: number, value: number): void {
    checkPosition(position, this.dimension)
    const at = this.#find(position)
    const present = at < this.#nnz && this.#positions[at] === position
    if (Math.fround(value) === 0) {
      if (present) this.#shift(at + 1, -1)
      return
    }
    if (!present) {
      this.#reserve(this.#nnz + 1)
      this.#shift(at, 1)
      this.#positions[at] = position
    }
    this.#values[at] = value
  }

  /** Drops values below this absolute size. */
  prune(threshold: number): void {
    let kept = 0
    for (let i = 0; i < this.#nnz; i++) {
      if (Math.abs(this.#values[i]!) < threshold) continue
      this.#positions[kept] = this.#positions[i]!
      this.#values[kept++] = this.#values[i]!
    }
    this.#nnz = kept
  }

  /** A copy without the values below this absolute size. */
  pruned(threshold: number): SparseVector {
    const copy = this.clone()
    copy.prune(threshold)
    return copy
  }

  clone(): SparseVector {
    return this.scale(1)
  }

  add(other: SparseVector): SparseVector {
    return this.#combine(other, 1, 1)
  }

  sub(other: SparseVector): SparseVector {
    return this.#combine(other, 1, -1)
  }

  scale(factor: number): SparseVector {
    const scaled = SparseVector.withCapacity(this.dimension, factor === 0 ? 0 : this.#nnz)
    if (factor !== 0) for (let i = 0; i < this.#nnz; i++) scaled.#append(this.#positions[i]!, factor * this.#values[i]!)
    return scaled
  }

  /** `(w1 * this + w2 * other) / (w1 + w2)`; empty when the weights sum to zero. */
  weightedAverage(other: SparseVector, w1: number, w2: number): SparseVector {
    checkSameDimension(this.dimension, other.dimension)
    return w1 + w2 === 0 ? new SparseVector(this.dimension) : this.#combine(other, w1, w2, w1 + w2)
  }

  /** What is left of this vector without its part along `direction`; all of it when the direction is zero. */
  projectOrthogonal(direction: SparseVector): SparseVector {
    const product = this.dot(direction)
    const length2 = squaredMagnitude(direction.entries)
    return length2 === 0 ? this.clone() : this.#combine(direction, 1, -product / length2)
  }

  /** The vector of length 1 in the same direction; null when there is none that float32 can tell. */
  normalize(): SparseVector | null {
    const length = this.magnitude()
    if (!(length >= float32NormalMin)) return null
    const normal = this.scale(1 / length)
    return Math.abs(normal.magnitude() - 1) <= normalTolerance ? normal : null
  }

  magnitude(): number {
    return magnitude(this.entries)
  }

  /** O(min(nnz)) where one vector is much shorter than the other, else O(nnz of both). */
  dot(other: SparseVector): number {
    return dot(this.entries, this.#matching(other))
  }

  /** @throws QuiverError DIMENSION_MISMATCH */
  dotDense(dense: ArrayLike<number>): number {
    checkSameDimension(this.dimension, dense.length)
    let sum = 0
    for (let i = 0; i < this.#nnz; i++) sum += this.#values[i]! * dense[this.#positions[i]!]!
    return sum
  }

  /** From -1 to 1; 0 for a vector of zeros and where numbers are not finite. */
  cosineSimilarity(other: SparseVector): number {
    return measure('cosine', this.entries, this.#matching(other))
  }

  /** `1 - cosine`; 1 for a vector of zeros and where numbers are not finite. */
  cosineDistanceDense(dense: ArrayLike<number>): number {
    let length2 = 0
    for (let i = 0; i < dense.length; i++) length2 += dense[i]! * dense[i]!
    return 1 - cosineOf(this.dotDense(dense), this.magnitude(), Math.sqrt(length2))
  }

  /** The angle in radians, from 0 to pi. */
  angularDistance(other: SparseVector): number {
    return measure('angular', this.entries, this.#matching(other))
  }

  /** The same as {@link angularDistance}: the way along the unit sphere. */
  geodesicDistance(other: SparseVector): number {
    return this.angularDistance(other)
  }

  /** Shared positions over all positions with a value, whatever the values; 1 for two vectors of zeros. */
  jaccardIndex(other: SparseVector): number {
    return measure('jaccard', this.entries, this.#matching(other))
  }

  /** Shared positions over those of the vector with fewer; 0 for a vector of zeros. */
  overlapCoefficient(other: SparseVector): number {
    return measure('overlap', this.entries, this.#matching(other))
  }

  /** Sum of the smaller absolute values over the sum of the larger; 1 for two vectors of zeros. */
  weightedJaccard(other: SparseVector): number {
    return measure('weightedJaccard', this.entries, this.#matching(other))
  }

  /** At most the largest float32, as are the other distances. */
  euclideanDistance(other: SparseVector): number {
    return measure('euclidean', this.entries, this.#matching(other))
  }

  euclideanDistanceSquared(other: SparseVector): number {
    return unionSums(this.entries, this.#matching(other)).squares
  }

  manhattanDistance(other: SparseVector): number {
    return measure('manhattan', this.entries, this.#matching(other))
  }

  /** The largest difference at any position. */
  chebyshevDistance(other: SparseVector): number {
    return measure('chebyshev', this.entries, this.#matching(other))
  }

  #matching(other: SparseVector): Entries {
    checkSameDimension(this.dimension, other.dimension)
    return other.entries
  }

  #find(position: number): number {
    return lowerBound(this.#positions, position, 0, this.#nnz)
  }

  /** Behind the last entry, or over it where the position is the same. Zeros, and what float32 makes zero, are left out. */
  #append(position: number, value: number): void {
    if (Math.fround(value) === 0) return
    if (this.#nnz > 0 && this.#positions[this.#nnz - 1] === position) this.#nnz--
    this.#reserve(this.#nnz + 1)
    this.#positions[this.#nnz] = position
    this.#values[this.#nnz++] = value
  }

  /** Moves the entries from `at` on by one place. */
  #shift(at: number, by: 1 | -1): void {
    this.#positions.copyWithin(at + by, at, this.#nnz)
    this.#values.copyWithin(at + by, at, this.#nnz)
    this.#nnz += by
  }

  #reserve(entries: number): void {
    if (entries <= this.#positions.length) return
    const capacity = this.#positions.length === 0 ? entries : Math.max(capacityMin, entries, 2 * this.#positions.length)
    const positions = new Uint32Array(capacity)
    const values = new Float32Array(capacity)
    positions.set(this.#positions)
    values.set(this.#values)
    this.#positions = positions
    this.#values = values
  }

  /** `(wa * this + wb * other) / divisor`. */
  #combine(other: SparseVector, wa: number, wb: number, divisor = 1): SparseVector {
    const b = this.#matching(other)
    const sum = SparseVector.withCapacity(this.dimension, Math.max(this.#nnz, b.end))
    let i = 0
    let j = 0
    while (i < this.#nnz || j < b.end) {
      const p = i < this.#nnz ? this.#positions[i]! : Infinity
      const q = j < b.end ? b.positions[j]! : Infinity
      const x = p <= q ? wa * this.#values[i++]! : 0
      const y = q <= p ? wb * b.values[j++]! : 0
      sum.#append(Math.min(p, q), (x + y) / divisor)
    }
    return sum
  }
}

/** The indexes of a list by ascending number, equal ones as they come. */
function ascendingOrder(numbers: ArrayLike<number>): Iterable<number> {
  const order = Array.from({ length: numbers.length }, (_, i) => i)
  for (let i = 1; i < numbers.length; i++) {
    if (numbers[i - 1]! > numbers[i]!) return order.sort((a, b) => numbers[a]! - numbers[b]!)
  }
  return order
}
