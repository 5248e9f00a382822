import { codesKinds, transforms } from '@quiverdb/kernel'
import { assert } from '../errors.js'
import { alignUp, type Arena } from './arena.js'
import { checkLength } from './check-length.js'
import type { Extent, MemoryPool } from './memory-pool.js'
import { type RowLayout, rowLayout } from './row-layout.js'

const rowsMin = 4
/** Rows that encodeRows handles at a time, in bytes of float32. */
const encodeChunkBytes = 262_144

/** A growing block of 8-bit code rows (centre zero), one per vector, to be scanned with `scanBlock`. */
export class CodeBlock {
  readonly dimensions: number
  readonly layout: RowLayout
  readonly #pool: MemoryPool
  #extent: Extent | undefined
  #rows = 0

  /** @throws QuiverError INVALID_ARGUMENT */
  constructor(pool: MemoryPool, dimensions: number) {
    this.#pool = pool
    this.dimensions = dimensions
    this.layout = rowLayout(dimensions, 'int8')
  }

  /** Rows that were appended. */
  get rows(): number {
    return this.#rows
  }

  /** Where the rows are; undefined while there are none. */
  get extent(): Extent | undefined {
    return this.#extent
  }

  get pool(): MemoryPool {
    return this.#pool
  }

  /** Encodes one vector as the next row. The vector is finite. @throws QuiverError DIMENSION_MISMATCH, MEMORY_FULL */
  append(vector: Float32Array): void {
    checkLength(vector, this.dimensions)
    const extent = this.#reserve(1)
    encodeInto(this.#pool, extent.arena, vector, this.dimensions, this.layout, extent.pointer + this.#rows * this.layout.stride)
    this.#rows++
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

  /** Gives the memory back; the block is empty then, and can be used again. */
  free(): void {
    this.#extent?.free()
    this.#extent = undefined
    this.#rows = 0
  }

  #reserve(more: number): Extent {
    const { stride } = this.layout
    const wanted = this.#rows + more
    const present = this.#extent
    if (present && present.bytes >= wanted * stride) return present
    const capacity = Math.max(wanted, rowsMin, Math.ceil(1.5 * this.#rows))
    const extent = this.#pool.allocate(alignUp(capacity * stride, 4096))
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
  const layout = rowLayout(dimensions, 'int8')
  const rows = matrix.length / dimensions
  assert(Number.isInteger(rows), 'the matrix has whole rows')
  const out = new Uint8Array(rows * layout.stride)
  const chunkRows = Math.max(1, Math.floor(encodeChunkBytes / (4 * dimensions)))
  if (!rows) return out
  const target = pool.allocate(Math.min(rows, chunkRows) * layout.stride)
  try {
    for (let first = 0; first < rows; first += chunkRows) {
      const last = Math.min(rows, first + chunkRows)
      encodeInto(pool, target.arena, matrix.subarray(first * dimensions, last * dimensions), dimensions, layout, target.pointer)
      out.set(target.view().subarray(0, (last - first) * layout.stride), first * layout.stride)
    }
  } finally {
    target.free()
  }
  return out
}

function encodeInto(
  pool: MemoryPool,
  arena: Arena,
  rows: Float32Array,
  dimensions: number,
  layout: RowLayout,
  target: number,
): void {
  const source = pool.scratch(arena, 'source', rows.byteLength)
  const staging = pool.scratch(arena, 'staging', 8 * (dimensions + 16))
  const zeros = pool.scratch(arena, 'zeros', 4 * dimensions, () => {})
  arena.f32.set(rows, source / 4)
  const { codeBytes, stride } = layout
  const count = rows.length / dimensions
  arena.kernel.encodeRows(
    source,
    count,
    dimensions,
    transforms.none,
    0,
    zeros,
    target,
    stride,
    codesKinds.int8,
    codeBytes,
    staging,
  )
}
