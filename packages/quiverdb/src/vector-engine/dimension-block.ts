import type { MemoryPool } from '../vector/memory-pool.js'
import { DenseRows } from './dense-rows.js'
import type { Embedding, Place, Scored } from './embedding.js'
import type { ExactScan, ScanLimits } from './exact-scan.js'
import { compareKeys } from './key-order.js'
import { isSparse, SparseRows } from './sparse-rows.js'
import type { DenseMeasure } from '../vector/measure/measure.js'

/** By which factor a search asks for more while the k-th place is shared. */
const tieGrowth = 8

/** The vectors of one dimension, dense and sparse. */
export class DimensionBlock {
  readonly dimension: number
  readonly #dense: DenseRows
  readonly #sparse: SparseRows
  readonly #sparseThreshold: number

  constructor(pool: MemoryPool, dimension: number, sparseThreshold: number) {
    this.dimension = dimension
    this.#dense = new DenseRows(pool, dimension)
    this.#sparse = new SparseRows(dimension)
    this.#sparseThreshold = sparseThreshold
  }

  get count(): number {
    return this.#dense.count + this.#sparse.count
  }

  get denseCount(): number {
    return this.#dense.count
  }

  /** Writes a vector where no search sees it before `own`. @throws QuiverError MEMORY_FULL */
  reserve(vector: Float32Array): Place {
    const sparse = isSparse(vector, this.#sparseThreshold)
    const row = sparse ? this.#sparse.reserve(vector) : this.#dense.reserve(vector)
    return { dimension: this.dimension, sparse, row }
  }

  /** The same for many at once: all of them or none. @throws QuiverError MEMORY_FULL */
  reserveMany(vectors: readonly Float32Array[]): Place[] {
    const dense = vectors.filter((vector) => !isSparse(vector, this.#sparseThreshold))
    const packed = new Float32Array(dense.length * this.dimension)
    dense.forEach((vector, i) => packed.set(vector, i * this.dimension))
    let next = dense.length ? this.#dense.reserveMany(packed) : 0
    const isDense = new Set(dense)
    return vectors.map((vector) => {
      const sparse = !isDense.has(vector)
      return { dimension: this.dimension, sparse, row: sparse ? this.#sparse.reserve(vector) : next++ }
    })
  }

  own(place: Place, embedding: Embedding): void {
    this.#rowsOf(place).own(place.row, embedding)
  }

  release(place: Place): void {
    this.#rowsOf(place).release(place.row)
  }

  read(place: Place): Float32Array {
    return this.#rowsOf(place).read(place.row)
  }

  compactWhenDue(): void {
    this.#dense.compactWhenDue()
  }

  /** The k best, exactly, best first, ties in the order of their keys. Undefined when the budget ended first. */
  nearest(query: Float32Array, k: number, measure: DenseMeasure, scan: ExactScan, limits: ScanLimits): Scored[] | undefined {
    const order = bestFirst(measure)
    for (let wanted = Math.min(k, this.count) + 1; ; wanted *= tieGrowth) {
      const dense = this.#dense.scan(query, wanted, measure, scan, limits)
      const sparse = this.#sparse.scan(query, wanted, measure, limits)
      if (!dense || !sparse) return undefined
      const best = [...dense, ...sparse].sort(order)
      const last = best[k - 1]
      const tied = (list: Scored[]): boolean => list.length === wanted && list.at(-1)!.raw === last?.raw
      if (!tied(dense) && !tied(sparse)) return best.slice(0, k)
    }
  }

  free(): void {
    this.#dense.free()
  }

  #rowsOf(place: Place): DenseRows | SparseRows {
    return place.sparse ? this.#sparse : this.#dense
  }
}

/** Orders by a measure, ties by key. */
export function bestFirst(measure: DenseMeasure): (a: Scored, b: Scored) => number {
  const sign = measure.higherIsBetter ? -1 : 1
  return (a, b) => sign * (a.raw - b.raw) || compareKeys(a.embedding.key, b.embedding.key)
}
