import type { DenseMeasure } from '../vector/measure/measure.js'
import { SparseIndex } from '../vector/sparse/sparse-index.js'
import { SparseVector } from '../vector/sparse/sparse-vector.js'
import type { Embedding, Scored } from './embedding.js'
import { acceptedRows, type ScanLimits } from './exact-scan.js'

/** Numbers this small count as zeros where it is decided whether a vector is sparse. */
const negligible = 1e-6

/** Whether so many of the numbers are zeros that the vector is kept sparse. */
export function isSparse(vector: Float32Array, threshold: number): boolean {
  let zeros = 0
  for (const number of vector) if (Math.abs(number) <= negligible) zeros++
  return zeros >= threshold * vector.length
}

/** The sparse vectors of one dimension: slots of an inverted index, each owned by an embedding. Every number but zero is kept as it is. */
export class SparseRows {
  readonly #index: SparseIndex
  readonly #owners: (Embedding | undefined)[] = []
  #count = 0

  constructor(dimension: number) {
    this.#index = new SparseIndex(dimension)
  }

  get count(): number {
    return this.#count
  }

  reserve(vector: Float32Array): number {
    return this.#index.add(SparseVector.fromDense(vector))
  }

  own(row: number, embedding: Embedding): void {
    this.#owners[row] = embedding
    this.#count++
  }

  release(row: number): void {
    if (this.#owners[row]) this.#count--
    this.#owners[row] = undefined
    this.#index.delete(row)
  }

  read(row: number): Float32Array {
    return this.#index.get(row).toDense()
  }

  /** The k best, exactly, in no order among equals. Undefined when the budget ended first. */
  scan(query: Float32Array, k: number, measure: DenseMeasure, { accepts, budget }: ScanLimits): Scored[] | undefined {
    if (!this.#count) return []
    const name = measure.name === 'geodesic' ? 'angular' : measure.name
    if (name === 'composite') return this.#measureEach(query, measure, accepts)
    const allowed = accepts && acceptedRows(this.#owners, accepts)
    const { slots, scores, complete } = this.#index.search(SparseVector.fromDense(query), k, { metric: name, allowed, budget })
    if (!complete) return undefined
    return Array.from(slots, (slot, i) => ({ embedding: this.#owners[slot]!, raw: scores[i]! }))
  }

  #measureEach(query: Float32Array, measure: DenseMeasure, accepts?: (embedding: Embedding) => boolean): Scored[] {
    const measured: Scored[] = []
    this.#owners.forEach((embedding, row) => {
      if (!embedding || accepts?.(embedding) === false) return
      measured.push({ embedding, raw: measure.raw(query, this.read(row)) })
    })
    return measured
  }
}
