import type { MemoryPool } from '../vector/memory-pool.js'
import { MemoryColumn, type VectorValues } from './memory-column.js'
import type { Residency } from './residency.js'
import { hashId, type RowSet } from './row-set.js'

/** What a column holds for a row that is appended. */
export interface NewVector {
  readonly values: VectorValues | null
  readonly vid: number
}

/**
 * Rows in memory, in the order of their commits: what has been written and not yet sealed, or a batch on its way to the log.
 * It only grows, so that several versions can look at the same one, each at its own number of rows.
 */
export class Memtable implements RowSet {
  readonly key = null
  readonly #pool: MemoryPool
  readonly #residency: Residency | undefined
  readonly #ids: string[] = []
  readonly #hashes: number[] = []
  readonly #rids: number[] = []
  readonly #fields: string[] = []
  readonly #columns = new Map<string, MemoryColumn>()
  readonly #hash = new Uint32Array(2)
  #bytes = 0

  /** @param residency for rows that are searched; a batch on its way needs none */
  constructor(pool: MemoryPool, residency?: Residency) {
    this.#pool = pool
    this.#residency = residency
  }

  get rows(): number {
    return this.#ids.length
  }

  /** What the rows would take in an object, about. */
  get sizeBytes(): number {
    return this.#bytes
  }

  append(id: string, rid: number, fieldsText: string, vectors: ReadonlyMap<string, NewVector>): void {
    hashId(id, this.#hash)
    this.#ids.push(id)
    this.#hashes.push(this.#hash[0]!, this.#hash[1]!)
    this.#rids.push(rid)
    this.#fields.push(fieldsText)
    this.#bytes += id.length + fieldsText.length + 24
    for (const [key, column] of this.#columns) {
      const vector = vectors.get(key)
      column.append(vector?.values ?? null, vector?.vid ?? 0)
      if (vector?.values) this.#bytes += vector.values.length * 4
    }
  }

  /** Adds a column; the rows so far have no vector in it. */
  addColumn(key: string, dimensions: number): MemoryColumn {
    const known = this.#columns.get(key)
    if (known) return known
    const column = new MemoryColumn(this.#pool, dimensions, this.#residency)
    for (let slot = 0; slot < this.rows; slot++) column.append(null, 0)
    this.#columns.set(key, column)
    return column
  }

  /** Forgets the rows from `rows` on: a commit that was prepared and not made. */
  truncate(rows: number): void {
    this.#ids.length = rows
    this.#hashes.length = rows * 2
    this.#rids.length = rows
    this.#fields.length = rows
    for (const column of this.#columns.values()) column.truncate(rows)
  }

  id(slot: number): string {
    return this.#ids[slot]!
  }

  hashLow(slot: number): number {
    return this.#hashes[slot * 2]!
  }

  hashHigh(slot: number): number {
    return this.#hashes[slot * 2 + 1]!
  }

  rid(slot: number): number {
    return this.#rids[slot]!
  }

  fieldsText(slot: number): string {
    return this.#fields[slot]!
  }

  columnKeys(): Iterable<string> {
    return this.#columns.keys()
  }

  column(key: string): MemoryColumn | undefined {
    return this.#columns.get(key)
  }

  free(): void {
    for (const column of this.#columns.values()) column.release()
  }
}
