import { CodeBlock } from '../vector/code-block.js'
import type { MemoryPool } from '../vector/memory-pool.js'
import { Bitset } from '../format/bitset.js'
import type { Resident, Residency } from './residency.js'
import type { VectorColumn } from './row-set.js'

/** Numbers of a vector on their way into a column. */
export type VectorValues = readonly number[] | Float32Array | Float64Array

const rowsMin = 4

/** A column that grows in memory: of a memtable, or taken out of the fields of rows that were written before their index existed. */
export class MemoryColumn implements VectorColumn, Resident {
  readonly dimensions: number
  lastUsed = 0
  readonly #residency: Residency | undefined
  readonly #pool: MemoryPool
  /** float32, row by row; rows without a vector hold zeros. */
  #matrix: Float32Array
  readonly #present = new Bitset()
  /** Only for vectors that float32 would change. */
  readonly #exact = new Map<number, Float64Array>()
  readonly #vids: number[] = []
  #codes: CodeBlock | undefined

  /** @param residency where its codes are one of many things in memory, which leave when they are used least */
  constructor(pool: MemoryPool, dimensions: number, residency?: Residency) {
    this.#pool = pool
    this.#residency = residency
    this.dimensions = dimensions
    this.#matrix = new Float32Array(0)
  }

  get rows(): number {
    return this.#vids.length
  }

  /** Makes room for so many rows at once. */
  reserve(rows: number): void {
    if (this.#matrix.length >= rows * this.dimensions) return
    const matrix = new Float32Array(rows * this.dimensions)
    matrix.set(this.#matrix)
    this.#matrix = matrix
  }

  /** Copies a vector of the column's dimensions; null: the row has none. */
  append(values: VectorValues | null, vid: number): void {
    const slot = this.#vids.length
    this.#vids.push(vid)
    if (this.#matrix.length < (slot + 1) * this.dimensions) this.reserve(Math.max(rowsMin, slot * 2))
    const row = this.#matrix.subarray(slot * this.dimensions, (slot + 1) * this.dimensions)
    if (!values) {
      row.fill(0)
      return
    }
    this.#present.add(slot)
    row.set(values)
    if (!(values instanceof Float32Array) && !isExact(row, values)) this.#exact.set(slot, Float64Array.from(values))
  }

  /** Forgets the rows from `rows` on. */
  truncate(rows: number): void {
    for (let slot = rows; slot < this.#vids.length; slot++) {
      this.#exact.delete(slot)
      this.#present.remove(slot)
    }
    this.#vids.length = Math.min(rows, this.#vids.length)
    if (this.#codes && this.#codes.rows > rows) this.free()
  }

  has(slot: number): boolean {
    return this.#present.has(slot)
  }

  vid(slot: number): number {
    return this.#vids[slot]!
  }

  readInto(slot: number, target: Uint8Array): void {
    target.set(new Uint8Array(this.#matrix.buffer, slot * this.dimensions * 4, this.dimensions * 4))
  }

  exact(slot: number): Float64Array | null {
    return this.#exact.get(slot) ?? null
  }

  /** The vectors of the first rows, as they lie; good until the next append. */
  matrix(rows: number): Float32Array {
    return this.#matrix.subarray(0, rows * this.dimensions)
  }

  codes(): CodeBlock {
    this.#residency?.use(this)
    this.#codes ??= new CodeBlock(this.#pool, this.dimensions)
    for (let slot = this.#codes.rows; slot < this.rows; slot++) {
      this.#codes.append(this.#matrix.subarray(slot * this.dimensions, (slot + 1) * this.dimensions))
    }
    return this.#codes
  }

  free(): void {
    this.#codes?.free()
    this.#codes = undefined
  }

  /** Gives the codes back for good; they are made again if an old version is searched. */
  release(): void {
    if (this.#residency) this.#residency.release(this)
    else this.free()
  }
}

function isExact(rounded: Float32Array, values: readonly number[] | Float64Array): boolean {
  for (let i = 0; i < rounded.length; i++) if (!Object.is(rounded[i], values[i])) return false
  return true
}
