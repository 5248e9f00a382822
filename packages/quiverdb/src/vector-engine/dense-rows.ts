import { QuiverError } from '../errors.js'
import { Bitset } from '../format/bitset.js'
import type { MemoryPool } from '../vector/memory-pool.js'
import type { Embedding, Scored } from './embedding.js'
import { FlatVectors } from '../vector/flat/flat-vectors.js'
import type { DenseMeasure } from '../vector/measure/measure.js'
import { acceptedRows, type ExactScan, type ScanLimits } from './exact-scan.js'

/** Free rows are worth a compaction when there are this many, or this many more than at one that failed, and more of them than others. */
const compactionRowsMin = 1024
const compactionChunkRows = 256

/** The dense vectors of one dimension: rows of float32, each owned by an embedding or free. */
export class DenseRows {
  readonly #pool: MemoryPool
  readonly #dimension: number
  #vectors: FlatVectors
  /** By row; a row that is reserved has no owner yet, and no search sees it. */
  #owners: (Embedding | undefined)[] = []
  #owned = new Bitset()
  #free: number[] = []
  #count = 0
  /** The fewest free rows that are worth a compaction. */
  #compactionFrom = compactionRowsMin

  constructor(pool: MemoryPool, dimension: number) {
    this.#pool = pool
    this.#dimension = dimension
    this.#vectors = new FlatVectors(pool, dimension)
  }

  /** Rows with an owner. */
  get count(): number {
    return this.#count
  }

  /** Reserves a row and writes a vector to it. @throws QuiverError MEMORY_FULL */
  reserve(vector: Float32Array): number {
    const free = this.#free.pop()
    if (free === undefined) return this.#vectors.append(vector)
    this.#vectors.set(free, vector)
    return free
  }

  /** Reserves rows for tightly packed vectors with one copy; returns the first of them. @throws QuiverError MEMORY_FULL */
  reserveMany(vectors: Float32Array): number {
    return this.#vectors.append(vectors)
  }

  own(row: number, embedding: Embedding): void {
    this.#owners[row] = embedding
    this.#owned.add(row)
    this.#count++
  }

  release(row: number): void {
    if (this.#owners[row]) this.#count--
    this.#owners[row] = undefined
    this.#owned.remove(row)
    this.#free.push(row)
  }

  read(row: number): Float32Array {
    return this.#vectors.read(row)
  }

  /** The k best, exactly, ties by row. Undefined when the budget ended first. */
  scan(query: Float32Array, k: number, measure: DenseMeasure, scan: ExactScan, limits: ScanLimits): Scored[] | undefined {
    if (!this.#count) return []
    const allowed = limits.accepts
      ? acceptedRows(this.#owners, limits.accepts)
      : this.#free.length
        ? this.#owned.words
        : undefined
    const { rows, distances, complete } = scan(this.#vectors, query, { measure, k, allowed, budget: limits.budget })
    if (!complete) return undefined
    return Array.from(rows, (row, i) => ({ embedding: this.#owners[row]!, raw: distances[i]! }))
  }

  /** Moves rows together once most are free; call it when none is reserved. Where memory has no room for that, it is put off: nobody asked for it. */
  compactWhenDue(): void {
    if (this.#free.length < Math.max(this.#compactionFrom, this.#count)) return
    const owners = this.#owners.filter((owner) => owner !== undefined)
    const vectors = new FlatVectors(this.#pool, this.#dimension)
    try {
      this.#copyTo(vectors, owners)
    } catch (error) {
      vectors.free()
      if (!(error instanceof QuiverError) || error.code !== 'MEMORY_FULL') throw error
      this.#compactionFrom = this.#free.length + compactionRowsMin
      return
    }
    this.#vectors.free()
    this.#vectors = vectors
    this.#owners = owners
    this.#owned = new Bitset(owners.length)
    this.#free = []
    this.#compactionFrom = compactionRowsMin
    owners.forEach(({ place }, row) => {
      place.row = row
      this.#owned.add(row)
    })
  }

  free(): void {
    this.#vectors.free()
  }

  #copyTo(vectors: FlatVectors, owners: readonly Embedding[]): void {
    for (let first = 0; first < owners.length; first += compactionChunkRows) {
      const chunk = owners.slice(first, first + compactionChunkRows)
      const packed = new Float32Array(chunk.length * this.#dimension)
      chunk.forEach(({ place }, i) => packed.set(this.#vectors.read(place.row), i * this.#dimension))
      vectors.append(packed)
    }
  }
}
