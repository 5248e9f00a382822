import { allocateAmply } from './amply.js'
import { alignUp, type Arena, extentAlignment } from './arena.js'
import type { Extent, MemoryPool } from './memory-pool.js'
import { type Metric, modeOf } from './metric.js'

const growth = 1.5
/** Vectors lie in pieces of this size, each in any memory that has room, so that together they may outgrow one. */
const pieceBytes = 256 * 1024 ** 2

/** Exact distances of one call of the kernel. Their room is had with each piece, so that a memory which is full can still be searched. */
const rowsAtOnce = 1024

/** float32 vectors in linear memory by number, tightly packed in pieces. */
export class StoredVectors {
  readonly dimensions: number
  readonly #pool: MemoryPool
  readonly #stride: number
  /** Vectors of a piece. */
  readonly #pieceRows: number
  /** All are full-sized but the last, which grows. */
  readonly #pieces: Extent[] = []

  /** Bytes of a piece: a test makes them small. */
  constructor(pool: MemoryPool, dimensions: number, bytes = pieceBytes) {
    this.#pool = pool
    this.dimensions = dimensions
    this.#stride = 4 * dimensions
    this.#pieceRows = Math.floor(bytes / this.#stride)
  }

  get bytes(): number {
    return this.#pieces.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Makes room for `count` vectors; those that are there stay. @throws QuiverError MEMORY_FULL, and nothing has changed */
  reserve(count: number): void {
    const capacity = this.#capacity()
    if (count <= capacity) return
    allocateAmply(Math.max(count, Math.floor(growth * capacity)), count, (rows) => this.#grow(rows))
  }

  set(number: number, vector: Float32Array): void {
    const { arena, pointer } = this.#pieceOf(number)
    arena.f32.set(vector, (pointer + this.#offsetOf(number)) / 4)
  }

  /** A view that is good until the pool next allocates. */
  view(number: number): Float32Array {
    const { arena, pointer } = this.#pieceOf(number)
    const start = (pointer + this.#offsetOf(number)) / 4
    return arena.f32.subarray(start, start + this.dimensions)
  }

  /** Addresses of vectors in one memory: those that lie in others are copied to it. Good until vectors are added or placed. @throws QuiverError MEMORY_FULL */
  place(numbers: readonly number[]): { readonly arena: Arena; readonly addresses: Float64Array } {
    // The newest piece is the likeliest to have room beside it.
    const { arena } = this.#pieces.at(-1)!
    const addresses = Float64Array.from(numbers, (number) => this.#pieceOf(number).pointer + this.#offsetOf(number))
    if (this.#pieces.every((piece) => piece.arena === arena)) return { arena, addresses }
    const copies = this.#pool.scratch(arena, 'vectors', Math.max(1, numbers.length) * this.#stride)
    numbers.forEach((number, i) => {
      if (this.#pieceOf(number).arena === arena) return
      addresses[i] = copies + i * this.#stride
      arena.f32.set(this.view(number), addresses[i] / 4)
    })
    return { arena, addresses }
  }

  /** Exact distances of a query to the vectors from..to, in the metric's own scale. @throws QuiverError MEMORY_FULL */
  distances(query: Float32Array, metric: Metric, from: number, to: number): Float64Array<ArrayBuffer> {
    const distances = new Float64Array(to - from)
    for (let start = from, end = from; start < to; start = end) {
      end = Math.min(to, start + rowsAtOnce, (Math.floor(start / this.#pieceRows) + 1) * this.#pieceRows)
      const { arena, pointer } = this.#pieceOf(start)
      const { source, out } = this.#placeScan(arena)
      arena.f32.set(query, source / 4)
      const vectors = pointer + this.#offsetOf(start)
      arena.kernel.exactDistances(source, vectors, this.#stride, end - start, this.dimensions, modeOf(metric), out)
      distances.set(arena.f64.subarray(out / 8, out / 8 + end - start), start - from)
    }
    return distances
  }

  free(): void {
    for (const piece of this.#pieces.splice(0)) piece.free()
  }

  #pieceOf(number: number): Extent {
    return this.#pieces[Math.floor(number / this.#pieceRows)]!
  }

  /** In bytes, in its piece. */
  #offsetOf(number: number): number {
    return (number % this.#pieceRows) * this.#stride
  }

  #placeScan(arena: Arena): { source: number; out: number } {
    const source = this.#pool.scratch(arena, 'source', this.#stride)
    return { source, out: this.#pool.scratch(arena, 'distances', 8 * rowsAtOnce) }
  }

  #capacity(): number {
    const last = this.#pieces.at(-1)
    if (!last) return 0
    return (this.#pieces.length - 1) * this.#pieceRows + Math.min(this.#pieceRows, Math.floor(last.bytes / this.#stride))
  }

  /** Replaces the last piece where it is not full-sized, and adds pieces. */
  #grow(rows: number): void {
    const kept = Math.floor(this.#capacity() / this.#pieceRows)
    const added: Extent[] = []
    try {
      for (let first = kept * this.#pieceRows; first < rows; first += this.#pieceRows) {
        const bytes = Math.min(rows - first, this.#pieceRows) * this.#stride
        const piece = this.#pool.allocate(alignUp(bytes, extentAlignment))
        added.push(piece)
        this.#placeScan(piece.arena)
      }
    } catch (error) {
      for (const piece of added) piece.free()
      throw error
    }
    const [replaced] = this.#pieces.splice(kept)
    if (replaced) {
      added[0]!.view().set(replaced.view())
      replaced.free()
    }
    this.#pieces.push(...added)
  }
}
