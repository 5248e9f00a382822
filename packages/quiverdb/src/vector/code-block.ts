import { transforms } from '@quiverdb/kernel'
import { assert } from '../errors.js'
import { alignUp, extentAlignment } from './arena.js'
import { checkLength } from './check-length.js'
import { eachChunk } from './chunks.js'
import { encodeAt, type Encoding } from './encode.js'
import { Extent, type MemoryPool } from './memory-pool.js'
import type { Metric } from './metric.js'
import { type RowLayout, rowLayout } from './row-layout.js'
import { RowSketch } from './row-sketch.js'

const rowsMin = 4

/** Where a block is, for another thread that shares its memory. */
export interface BlockPlace {
  readonly dimensions: number
  readonly rows: number
  readonly pointer: number
}

/** A growing block of 8-bit code rows (centre zero), one per vector, to be scanned with `scanBlock`. */
export class CodeBlock {
  readonly dimensions: number
  readonly layout: RowLayout
  readonly #pool: MemoryPool
  #extent: Extent | undefined
  #rows = 0
  #sketch: RowSketch | undefined

  /** @throws QuiverError INVALID_ARGUMENT */
  constructor(pool: MemoryPool, dimensions: number) {
    this.#pool = pool
    this.dimensions = dimensions
    this.layout = rowLayout(dimensions, 'int8')
  }

  /** The block of another thread, in a pool within its memory; it stays as it is. */
  static within(pool: MemoryPool, { dimensions, rows, pointer }: BlockPlace): CodeBlock {
    const block = new CodeBlock(pool, dimensions)
    block.#extent = Extent.borrowed(pool.onlyArena, pointer, rows * block.layout.stride)
    block.#rows = rows
    return block
  }

  /** For `within` on another thread, where it has rows. */
  get place(): BlockPlace | undefined {
    return this.#extent && { dimensions: this.dimensions, rows: this.#rows, pointer: this.#extent.pointer }
  }

  /** Rows that were appended. */
  get rows(): number {
    return this.#rows
  }

  /** Where the rows are; undefined while there are none. */
  get extent(): Extent | undefined {
    return this.#extent
  }

  /** Bytes of the pool that it occupies, its sketch included. */
  get bytes(): number {
    return (this.#extent?.bytes ?? 0) + (this.#sketch?.bytes ?? 0)
  }

  get pool(): MemoryPool {
    return this.#pool
  }

  /** How its vectors become rows; a query of `scanBlock` is encoded alike. */
  get encoding(): Encoding {
    return { dimensions: this.dimensions, kind: 'int8', layout: this.layout, transform: transforms.plain, phi: 0 }
  }

  /** Encodes one vector as the next row. The vector is finite. @throws QuiverError DIMENSION_MISMATCH, MEMORY_FULL */
  append(vector: Float32Array): void {
    checkLength(vector, this.dimensions)
    this.appendAll(vector)
  }

  /** Encodes tightly packed vectors as the next rows. @throws QuiverError MEMORY_FULL */
  appendAll(vectors: Float32Array): void {
    const count = vectors.length / this.dimensions
    assert(Number.isInteger(count), 'vectors come whole')
    if (!count) return
    const { arena, pointer } = this.#reserve(count)
    eachChunk(vectors, this.dimensions, (chunk, first) => {
      encodeAt(this.#pool, arena, chunk, pointer + (this.#rows + first) * this.layout.stride, this.encoding)
    })
    this.#rows += count
  }

  /** Encodes a vector in the place of a row. @throws QuiverError DIMENSION_MISMATCH, MEMORY_FULL */
  set(row: number, vector: Float32Array): void {
    checkLength(vector, this.dimensions)
    assert(this.#extent && row < this.#rows, 'the row is there')
    const { arena, pointer } = this.#extent
    encodeAt(this.#pool, arena, vector, pointer + row * this.layout.stride, this.encoding)
    this.#sketch?.renew(row)
  }

  /** Appends rows that were encoded before. @throws QuiverError MEMORY_FULL */
  appendEncoded(bytes: Uint8Array): void {
    const { stride } = this.layout
    assert(bytes.length % stride === 0, 'encoded rows are whole')
    if (!bytes.length) return
    const extent = this.#reserve(bytes.length / stride)
    extent.view().set(bytes, this.#rows * stride)
    this.#rows += bytes.length / stride
  }

  /** Appends rows that were encoded before and that `fill` writes straight into place. It must not allocate in the pool. */
  appendFilled(rows: number, fill: (target: Uint8Array) => void): void {
    if (rows === 0) return
    const { stride } = this.layout
    const extent = this.#reserve(rows)
    fill(extent.view().subarray(this.#rows * stride, (this.#rows + rows) * stride))
    this.#rows += rows
  }

  /** The rows' bytes, to be written somewhere: a view, good until the pool next allocates. */
  encoded(): Uint8Array {
    return this.#extent?.view().subarray(0, this.#rows * this.layout.stride) ?? new Uint8Array(0)
  }

  /** The vector that a row's codes stand for. */
  decode(row: number): Float32Array {
    assert(this.#extent && row < this.#rows, 'the row is there')
    const { arena, pointer } = this.#extent
    const { codeBytes, stride } = this.layout
    const at = pointer + row * stride
    const scale = arena.f32[(at + codeBytes) / 4]!
    return Float32Array.from(new Int8Array(arena.u8.buffer, at, this.dimensions), (code) => code * scale)
  }

  /** The sketch of its rows for a metric, which may have to be completed; begun anew for another metric, or when the rows have become many more. */
  sketch(metric: Metric): RowSketch | undefined {
    if (this.#sketch?.metric !== metric || !this.#sketch.fits) {
      this.#dropSketch()
      this.#sketch = RowSketch.begin(this, metric)
    }
    return this.#sketch
  }

  /** Forgets the rows and keeps their memory. */
  clear(): void {
    this.#dropSketch()
    this.#rows = 0
  }

  /** Gives the memory back; the block is empty then, and can be used again. */
  free(): void {
    this.#dropSketch()
    this.#extent?.free()
    this.#extent = undefined
    this.#rows = 0
  }

  #dropSketch(): void {
    this.#sketch?.free()
    this.#sketch = undefined
  }

  #reserve(more: number): Extent {
    const { stride } = this.layout
    const wanted = this.#rows + more
    const present = this.#extent
    if (present && present.bytes >= wanted * stride) return present
    const capacity = Math.max(wanted, rowsMin, Math.ceil(1.5 * this.#rows))
    const extent = this.#pool.allocate(alignUp(capacity * stride, extentAlignment))
    if (present) {
      extent.view().set(present.view().subarray(0, this.#rows * stride))
      present.free()
    }
    this.#extent = extent
    return extent
  }
}

/** Encodes a matrix of float32 rows, tightly packed, as 8-bit code rows of `rowBytes(dimensions)` each. */
export function encodeRows(pool: MemoryPool, matrix: Float32Array, dimensions: number): Uint8Array<ArrayBuffer> {
  const block = new CodeBlock(pool, dimensions)
  const { stride } = block.layout
  const out = new Uint8Array((matrix.length / dimensions) * stride)
  try {
    eachChunk(matrix, dimensions, (chunk, first) => {
      block.appendAll(chunk)
      out.set(block.encoded(), first * stride)
      block.clear()
    })
  } finally {
    block.free()
  }
  return out
}
