import { Bitset } from '../segment/bitset.js'
import type { MemoryPool } from '../vector/memory-pool.js'
import type { Embedding, Scored } from './embedding.js'
import { FlatVectors } from '../vector/flat/flat-vectors.js'
import type { DenseMeasure } from '../vector/measure/measure.js'
import type { ExactScan, ScanLimits } from './exact-scan.js'

/** Free rows are worth a compaction when there are this many, and more of them than others. */
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

  constructor(pool: MemoryPool, dimension: number) {
    this.#pool = pool
    this.#dimension = dimension
    this.#vectors = new FlatVectors(pool, dimension)
  }

  /** Rows with an owner. */
  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#vectors.bytes
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
    const allowed = limits.accepts ? this.#accepted(limits.accepts) : this.#free.length ? this.#owned.words : undefined
    const { rows, distances, complete } = scan(this.#vectors, query, { measure, k, allowed, budget: limits.budget })
    if (!complete) return undefined
    return Array.from(rows, (row, i) => ({ embedding: this.#owners[row]!, raw: distances[i]! }))
  }

  /** Moves rows together once most are free; call it when none is reserved. */
  compactWhenDue(): void {
    if (this.#free.length < compactionRowsMin || this.#free.length < this.#count) return
    const owners = this.#owners.filter((owner) => owner !== undefined)
    const vectors = new FlatVectors(this.#pool, this.#dimension)
    for (let first = 0; first < owners.length; first += compactionChunkRows) {
      const chunk = owners.slice(first, first + compactionChunkRows)
      const packed = new Float32Array(chunk.length * this.#dimension)
      chunk.forEach(({ place }, i) => packed.set(this.#vectors.read(place.row), i * this.#dimension))
      vectors.append(packed)
    }
    this.#vectors.free()
    this.#vectors = vectors
    this.#owners = owners
    this.#owned = new Bitset(owners.length)
    this.#free = []
    owners.forEach(({ place }, row) => {
      place.row = row
      this.#owned.add(row)
    })
  }

  free(): void {
    this.#vectors.free()
  }

  #accepted(accepts: (embedding: Embedding) => boolean): Uint32Array {
    const bits = new Bitset(this.#owners.length)
    this.#owners.forEach((owner, row) => {
      if (owner && accepts(owner)) bits.add(row)
    })
    return bits.words
  }
}
