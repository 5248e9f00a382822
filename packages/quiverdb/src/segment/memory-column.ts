import { CodeBlock } from '../vector/code-block.js'
import type { MemoryPool } from '../vector/memory-pool.js'
import type { VectorColumn } from './row-set.js'

/** A column that grows in memory: of a memtable, or taken out of the fields of rows that were written before their index existed. */
export class MemoryColumn implements VectorColumn {
  readonly dimensions: number
  readonly #pool: MemoryPool
  readonly #vectors: (Float32Array | null)[] = []
  /** Only for vectors that float32 would change. */
  readonly #exact = new Map<number, Float64Array>()
  readonly #vids: number[] = []
  #codes: CodeBlock | undefined
  #coded = 0

  constructor(pool: MemoryPool, dimensions: number) {
    this.#pool = pool
    this.dimensions = dimensions
  }

  get rows(): number {
    return this.#vectors.length
  }

  append(values: Float32Array | Float64Array | null, vid: number): void {
    if (values instanceof Float64Array) {
      const rounded = Float32Array.from(values)
      if (!rounded.every((value, index) => Object.is(value, values[index]))) this.#exact.set(this.#vectors.length, values)
      this.#vectors.push(rounded)
    } else {
      this.#vectors.push(values)
    }
    this.#vids.push(vid)
  }

  /** Forgets the rows from `rows` on. */
  truncate(rows: number): void {
    for (let slot = rows; slot < this.#vectors.length; slot++) this.#exact.delete(slot)
    this.#vectors.length = Math.min(rows, this.#vectors.length)
    this.#vids.length = this.#vectors.length
    if (this.#coded > rows) this.free()
  }

  has(slot: number): boolean {
    return this.#vectors[slot] != null
  }

  vid(slot: number): number {
    return this.#vids[slot]!
  }

  readInto(slot: number, target: Uint8Array): void {
    const vector = this.#vectors[slot]!
    target.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength))
  }

  exact(slot: number): Float64Array | null {
    return this.#exact.get(slot) ?? null
  }

  codes(): CodeBlock {
    this.#codes ??= new CodeBlock(this.#pool, this.dimensions)
    const zeros = this.#coded < this.#vectors.length ? new Float32Array(this.dimensions) : undefined
    for (; this.#coded < this.#vectors.length; this.#coded++) this.#codes.append(this.#vectors[this.#coded] ?? zeros!)
    return this.#codes
  }

  free(): void {
    this.#codes?.free()
    this.#codes = undefined
    this.#coded = 0
  }
}
