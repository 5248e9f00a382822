import { flatAheadBytes, flatFactBytes } from '@quiverdb/kernel'
import { QuiverError } from '../../errors.js'
import { alignUp, type Arena, extentAlignment } from '../arena.js'
import { checkLength } from '../check-length.js'
import { CodeBlock } from '../code-block.js'
import { Extent, type MemoryPool } from '../memory-pool.js'
import { checkVector, dimensionsMax } from '../metric.js'

const rowsMin = 4
const growth = 1.5
const rowAlignment = 16
const rowsPerCoding = 256

/** Addresses of a block's rows and of the kernel's facts of them. */
export interface FlatPlace {
  readonly dimensions: number
  readonly rows: number
  readonly facts: number
}

/** Where rows and the kernel's facts of them are: in one arena, so that one kernel call can use both. */
interface Placed {
  readonly rows: Extent
  readonly facts: Extent
  readonly capacity: number
}

/**
 * A growing block of float32 vectors in a pool's memory, known by their row numbers, for exact search with `searchFlat`. A row takes 4 bytes a
 * number, up to a multiple of 16, and 24 more.
 *
 * @example
 * ```ts
 * const pool = await MemoryPool.create()
 * const vectors = new FlatVectors(pool, 2)
 * vectors.append(Float32Array.of(1, 0, 0, 1)) // 0: the first row of two
 * vectors.set(1, Float32Array.of(3, 4))
 * vectors.read(1) // Float32Array [3, 4]
 * searchFlat(vectors, Float32Array.of(6, 8), { measure: measures.cosine, k: 1 }).rows // Uint32Array [1]
 * vectors.free()
 * ```
 */
export class FlatVectors {
  readonly pool: MemoryPool
  readonly dimensions: number
  /** Bytes from row to row. */
  readonly stride: number
  #placed: Placed | undefined
  #rows = 0
  #codes: CodeBlock | undefined

  /** @throws QuiverError INVALID_ARGUMENT unless the dimensions are a whole number from 1 to 16,384 */
  constructor(pool: MemoryPool, dimensions: number) {
    if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > dimensionsMax) {
      throw new QuiverError('INVALID_ARGUMENT', `dimensions must be an integer from 1 to ${dimensionsMax}, not ${dimensions}.`)
    }
    this.pool = pool
    this.dimensions = dimensions
    this.stride = alignUp(4 * dimensions, rowAlignment)
  }

  /** Consecutive rows of another block, in a pool of its memory on any thread, to be searched as long as that block stays as it is. */
  static within(pool: MemoryPool, arena: Arena, place: FlatPlace, first: number, end: number): FlatVectors {
    const vectors = new FlatVectors(pool, place.dimensions)
    const count = end - first
    const rows = Extent.borrowed(arena, place.rows + first * vectors.stride, count * vectors.stride)
    const facts = Extent.borrowed(arena, place.facts + first * flatFactBytes, count * flatFactBytes)
    vectors.#placed = { rows, facts, capacity: count }
    vectors.#rows = count
    return vectors
  }

  /** Where its rows are, for `within`. */
  get place(): FlatPlace {
    return { dimensions: this.dimensions, rows: this.#placed?.rows.pointer ?? 0, facts: this.#placed?.facts.pointer ?? 0 }
  }

  /** How many vectors it holds. */
  get rows(): number {
    return this.#rows
  }

  /** Bytes of the pool that it occupies, codes included. */
  get bytes(): number {
    return (this.#placed?.rows.bytes ?? 0) + (this.#placed?.facts.bytes ?? 0) + (this.#codes?.bytes ?? 0)
  }

  /** Where the rows and what the kernel knows of them are; undefined until there was one. For `searchFlat`. */
  get placed(): Placed | undefined {
    return this.#placed
  }

  /**
   * Adds one vector, or several tightly packed: all or none. Returns the row of the first.
   *
   * @throws QuiverError DIMENSION_MISMATCH, INVALID_VECTOR when a number is not finite, MEMORY_FULL
   */
  append(vectors: Float32Array): number {
    const first = this.#rows
    const count = Math.floor(vectors.length / this.dimensions)
    if (vectors.length !== count * this.dimensions) checkLength(vectors.subarray(count * this.dimensions), this.dimensions)
    this.#reserve(first + count)
    this.#write(first, vectors)
    // float64 holds the squared norm of all finite float32 numbers, so it tells whether they are.
    for (let i = 0; i < count; i++) {
      if (Number.isFinite(this.#squaredNorm(first + i))) continue
      checkVector(vectors.subarray(i * this.dimensions, (i + 1) * this.dimensions), this.dimensions)
    }
    this.#rows += count
    return first
  }

  /** Replaces a vector. @throws QuiverError NOT_FOUND, DIMENSION_MISMATCH, INVALID_VECTOR when a number is not finite */
  set(row: number, vector: Float32Array): void {
    this.#check(row)
    checkVector(vector, this.dimensions)
    this.#write(row, vector)
    if (this.#codes && row < this.#codes.rows) this.#codes.set(row, vector)
  }

  /** A copy of a vector. @throws QuiverError NOT_FOUND */
  read(row: number): Float32Array<ArrayBuffer> {
    this.#check(row)
    const { arena, pointer } = this.#placed!.rows
    const at = (pointer + row * this.stride) / 4
    return arena.f32.slice(at, at + this.dimensions)
  }

  /** The rows as 8-bit codes, made when first asked for and kept up to date with the rows. For `searchFlat`. @throws QuiverError MEMORY_FULL */
  codes(): CodeBlock {
    this.#codes ??= new CodeBlock(this.pool, this.dimensions)
    for (let first = this.#codes.rows; first < this.#rows; first = this.#codes.rows) {
      this.#codes.appendAll(this.#packed(first, Math.min(this.#rows, first + rowsPerCoding)))
    }
    return this.#codes
  }

  /** Gives the memory back; it is empty then, and can be used again. */
  free(): void {
    this.#placed?.rows.free()
    this.#placed?.facts.free()
    this.#codes?.free()
    this.#placed = this.#codes = undefined
    this.#rows = 0
  }

  /** A copy of consecutive vectors, tightly packed. */
  #packed(first: number, end: number): Float32Array<ArrayBuffer> {
    const { arena, pointer } = this.#placed!.rows
    const out = new Float32Array((end - first) * this.dimensions)
    for (let row = first; row < end; row++) {
      const at = (pointer + row * this.stride) / 4
      out.set(arena.f32.subarray(at, at + this.dimensions), (row - first) * this.dimensions)
    }
    return out
  }

  #check(row: number): void {
    if (Number.isInteger(row) && row >= 0 && row < this.#rows) return
    throw new QuiverError('NOT_FOUND', `There is no row ${row}: there are ${this.#rows}.`)
  }

  #squaredNorm(row: number): number {
    const { arena, pointer } = this.#placed!.facts
    return arena.f64[(pointer + row * flatFactBytes) / 8]!
  }

  /** Writes tightly packed vectors as the rows from `first` on. */
  #write(first: number, vectors: Float32Array): void {
    if (!vectors.length) return
    const { dimensions, stride } = this
    const { rows, facts } = this.#placed!
    const { f32, kernel } = rows.arena
    const start = rows.pointer / 4 + (first * stride) / 4
    const rowNumbers = stride / 4
    const count = vectors.length / dimensions
    if (rowNumbers === dimensions) f32.set(vectors, start)
    else {
      f32.fill(0, start, start + count * rowNumbers)
      for (let i = 0; i < count; i++) f32.set(vectors.subarray(i * dimensions, (i + 1) * dimensions), start + i * rowNumbers)
    }
    kernel.flatFacts(4 * start, stride, count, dimensions, facts.pointer + flatFactBytes * first)
  }

  #reserve(wanted: number): void {
    const present = this.#placed
    if (!wanted || (present && present.capacity >= wanted)) return
    const capacity = Math.max(wanted, rowsMin, Math.ceil(growth * this.#rows))
    const [rows, facts] = this.pool.allocateTogether([
      alignUp(capacity * this.stride + flatAheadBytes, extentAlignment),
      alignUp(capacity * flatFactBytes, extentAlignment),
    ])
    if (present) {
      rows!.view().set(present.rows.view().subarray(0, this.#rows * this.stride))
      facts!.view().set(present.facts.view().subarray(0, this.#rows * flatFactBytes))
      present.rows.free()
      present.facts.free()
    }
    this.#placed = { rows: rows!, facts: facts!, capacity }
  }
}
