import { QuiverError } from '../../errors.js'
import { runWithin, type Budget } from '../budget.js'
import { BestSlots } from './best-slots.js'
import { checkDimension, checkSameDimension } from './checks.js'
import { MatchingSearch, type SearchInput } from './matching-search.js'
import { higherIsBetter, type SparseMetric, sparseMetrics } from './measures.js'
import { PostingList } from './posting-list.js'
import { EuclideanSearch, ScanSearch } from './scan-search.js'
import { SparseRows } from './sparse-rows.js'
import { SparseVector } from './sparse-vector.js'

export interface SparseSearchOptions {
  /** Default: `dot`. */
  readonly metric?: SparseMetric
  /** Bit i of word i >> 5 allows slot i. Absent: all. */
  readonly allowed?: Uint32Array
  readonly budget?: Budget
}

export interface SparseSearchResult {
  /** Best first, equal scores by slot. */
  readonly slots: Uint32Array
  /** In the metric's own scale: similarities descend, distances ascend. */
  readonly scores: Float64Array
  /** False where the budget ended the search: better vectors may be missing. */
  readonly complete: boolean
}

export interface SparseIndexStats {
  readonly vectors: number
  /** Values that are not zero, in all vectors. */
  readonly values: number
  /** Positions at which some vector has a value. */
  readonly postingLists: number
  readonly postingBytes: number
  readonly rowBytes: number
  readonly slotBytes: number
  /** Of the arrays, without what JavaScript keeps about them. */
  readonly totalBytes: number
}

interface Search {
  step(evaluationsMax: number): boolean
}

/**
 * An inverted index over sparse vectors, in memory: for each position the vectors that have a value there. Searches are exact in every
 * metric; dot, cosine, jaccard and overlap read only the lists of the query, euclidean those and the lengths, the others every vector.
 *
 * @example
 * ```ts
 * const index = new SparseIndex(30_000)
 * const slot = index.add(SparseVector.fromParts(30_000, [17, 204], [0.5, 1.5]))
 * index.search(SparseVector.fromParts(30_000, [204], [2]), 10) // { slots: [0], scores: [3], complete: true }
 * index.delete(slot)
 * ```
 */
export class SparseIndex {
  readonly dimension: number
  readonly #lists = new Map<number, PostingList>()
  readonly #rows = new SparseRows()

  /** @throws QuiverError LIMIT_EXCEEDED, INVALID_ARGUMENT */
  constructor(dimension: number) {
    checkDimension(dimension)
    this.dimension = dimension
  }

  /** How many vectors it holds. */
  get size(): number {
    return this.#rows.size
  }

  /** Keeps a copy. Returns its slot: the one that was freed last, else the next number. @throws QuiverError DIMENSION_MISMATCH, INVALID_VECTOR */
  add(vector: SparseVector): number {
    this.#check(vector)
    const slot = this.#rows.allocate()
    this.#write(slot, vector)
    return slot
  }

  /** Puts another vector into a slot. @throws QuiverError NOT_FOUND, DIMENSION_MISMATCH, INVALID_VECTOR */
  replace(slot: number, vector: SparseVector): void {
    this.#check(vector)
    this.#unlist(this.#present(slot))
    this.#write(slot, vector)
  }

  /** Returns whether there was a vector. Its slot will be used again. */
  delete(slot: number): boolean {
    if (!this.#rows.has(slot)) return false
    this.#unlist(slot)
    this.#rows.release(slot)
    return true
  }

  has(slot: number): boolean {
    return this.#rows.has(slot)
  }

  /** A copy of the vector. @throws QuiverError NOT_FOUND */
  get(slot: number): SparseVector {
    const { positions, values, start, end } = this.#rows.row(this.#present(slot))
    return SparseVector.fromParts(this.dimension, positions.subarray(start, end), values.subarray(start, end))
  }

  /**
   * The k best vectors, exactly: as if each were measured. A budget may end the search early.
   * @throws QuiverError DIMENSION_MISMATCH, INVALID_VECTOR, INVALID_ARGUMENT: k is not a positive integer, ABORTED
   */
  search(query: SparseVector, k: number, options: SparseSearchOptions = {}): SparseSearchResult {
    this.#check(query)
    if (!Number.isInteger(k) || k < 1) {
      throw new QuiverError('INVALID_ARGUMENT', `k is a whole number from 1 on, not ${k}.`, { details: { path: 'k' } })
    }
    const { metric = 'dot', allowed, budget } = options
    if (!sparseMetrics.includes(metric)) {
      throw new QuiverError('INVALID_ARGUMENT', `There is no metric ${String(metric)}; there are ${sparseMetrics.join(', ')}.`, {
        details: { path: 'metric' },
      })
    }
    const best = new BestSlots(k)
    const allows = allowed ? (slot: number) => ((allowed[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0 : () => true
    const search = searchBy(metric, { lists: this.#lists, rows: this.#rows, query: query.entries, allows, best })
    const complete = runWithin(budget, (evaluationsMax) => search.step(evaluationsMax))
    const sign = higherIsBetter(metric) ? 1 : -1
    return { slots: best.slots(), scores: best.scores().map((score) => sign * score), complete }
  }

  stats(): SparseIndexStats {
    let postingBytes = 0
    for (const list of this.#lists.values()) postingBytes += list.bytes
    const { size: vectors, entries: values, bytes: rowBytes, slotBytes } = this.#rows
    const totalBytes = postingBytes + rowBytes + slotBytes
    return { vectors, values, postingLists: this.#lists.size, postingBytes, rowBytes, slotBytes, totalBytes }
  }

  #write(slot: number, vector: SparseVector): void {
    this.#rows.write(slot, vector.entries)
    const { positions, values, end } = vector.entries
    for (let i = 0; i < end; i++) {
      const position = positions[i]!
      let list = this.#lists.get(position)
      if (!list) this.#lists.set(position, (list = new PostingList()))
      list.add(slot, values[i]!, this.#rows.magnitudes)
    }
  }

  /** Takes a slot out of its posting lists. */
  #unlist(slot: number): void {
    const { positions, start, end } = this.#rows.row(slot)
    for (let i = start; i < end; i++) {
      const list = this.#lists.get(positions[i]!)!
      list.remove(slot, this.#rows.magnitudes)
      if (list.length === 0) this.#lists.delete(positions[i]!)
    }
  }

  #check(vector: SparseVector): void {
    checkSameDimension(this.dimension, vector.dimension)
    const broken = vector.values.findIndex((value) => !Number.isFinite(value))
    if (broken < 0) return
    const position = vector.positions[broken]!
    const message = `The value at position ${position} is ${vector.values[broken]}, not a finite float32.`
    throw new QuiverError('INVALID_VECTOR', message, { details: { position } })
  }

  #present(slot: number): number {
    if (this.#rows.has(slot)) return slot
    throw new QuiverError('NOT_FOUND', `There is no vector in slot ${slot}.`, { details: { slot } })
  }
}

function searchBy(metric: SparseMetric, input: SearchInput): Search {
  switch (metric) {
    case 'dot':
    case 'cosine':
      return new MatchingSearch(input, metric)
    case 'jaccard':
    case 'overlap':
      // Two empty sets are alike, though they share nothing.
      return input.query.end === 0 ? new ScanSearch(input, metric) : new MatchingSearch(input, metric)
    case 'euclidean':
      return new EuclideanSearch(input)
    case 'weightedJaccard':
    case 'angular':
    case 'manhattan':
    case 'chebyshev':
      return new ScanSearch(input, metric)
  }
}
