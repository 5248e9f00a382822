import { CodeBlock } from '../vector/code-block.js'
import { dimensionsMax } from '../vector/metric.js'
import { MemoryPool } from '../vector/memory-pool.js'
import { scanBlock } from '../vector/scan.js'
import { ItemSelector } from './item-selector.js'
import type { ItemTable } from './item-table.js'
import type { IndexItem } from './types.js'

/**
 * How far a score of float64 numbers can be from the cosine of the same vectors in float32, which are what is coded. Rounding turns each of the
 * two vectors by at most 2^-24 of its length (rounding to nearest, no number lost to underflow), so the angle between them changes by at most
 * 2^-23 = 1.2e-7, and the cosine by no more than that. The stored norm adds its tolerance, sums in float64 add less than 1e-11.
 */
const roundingMargin = 1.5e-7
/** How far a stored norm may be from the vector's own, relative to it. Files may hold any number. */
const normTolerance = 1e-9
/** Between these, squares and their sums keep their precision in float32. */
const normMin = 1e-15
const normMax = 1e15
/** Rows that are looked at to tell how long vectors are. */
const sampledRows = 64
/** Vectors that are encoded at a time, in numbers. */
const chunkNumbers = 65_536

/** One memory for the codes of all indexes of a process; undefined where there is none to have. */
let pool: Promise<MemoryPool | undefined> | undefined

const sharedPool = (): Promise<MemoryPool | undefined> => (pool ??= MemoryPool.create().catch(() => undefined))

/** Indexes are not closed, so their memory is given back when nobody holds them any longer. */
const abandoned = new FinalizationRegistry((block: CodeBlock) => block.free())

/** 8-bit codes of the vectors of a table, row by row. */
export class ItemCodes {
  readonly table: ItemTable
  readonly #dimensions: number
  readonly #block: CodeBlock
  /** Rows whose items are always measured: their vectors have another length, or numbers that codes cannot stand for. */
  readonly #unusual = new Set<number>()
  #numbering: number

  private constructor(table: ItemTable, pool: MemoryPool, dimensions: number) {
    this.table = table
    this.#dimensions = dimensions
    this.#block = new CodeBlock(pool, dimensions)
    this.#numbering = table.numbering
    abandoned.register(this, this.#block)
  }

  /** Undefined where there is no memory for codes, or the vectors have none. */
  static async of(table: ItemTable): Promise<ItemCodes | undefined> {
    const memory = await sharedPool()
    const dimensions = usualLength(table)
    if (!memory || dimensions < 1 || dimensions > dimensionsMax) return undefined
    return new ItemCodes(table, memory, dimensions)
  }

  /** Whether most of the table is still found by these codes, or others would do no better. */
  get isUseful(): boolean {
    return 2 * this.#unusual.size <= this.table.size || usualLength(this.table) === this.#dimensions
  }

  /** Rows among which the nearest are, ascending; undefined when all have to be measured. `allowed` has a bit for each row that may be one. */
  candidates(
    vector: ArrayLike<number>,
    { norm, wanted, allowed }: { norm: number; wanted: number; allowed?: Uint32Array<ArrayBuffer> },
  ): number[] | undefined {
    if (!isUsual(vector, norm, this.#dimensions)) return undefined
    try {
      this.#catchUp()
      const open = this.#openRows(allowed)
      const { nodes } = scanBlock(this.#block, Float32Array.from(vector), 'cosine', {
        k: wanted,
        allowed: open,
        margin: roundingMargin + normTolerance,
      })
      const rows = [...nodes]
      for (const row of this.#unusual) {
        if (!this.table.rows[row]) this.#unusual.delete(row)
        else if (!allowed || isSet(allowed, row)) rows.push(row)
      }
      return rows.sort((a, b) => a - b)
    } catch {
      // Without memory the answer is the same, and only slower.
      return undefined
    }
  }

  /** Codes what was inserted or replaced since the last query. */
  #catchUp(): void {
    const { table } = this
    if (this.#numbering !== table.numbering) {
      this.#numbering = table.numbering
      this.#block.clear()
      this.#unusual.clear()
      table.takeReplaced()
    }
    for (const row of table.takeReplaced()) if (row < this.#block.rows) this.#recode(row)
    const rowsPerChunk = Math.ceil(chunkNumbers / this.#dimensions)
    while (this.#block.rows < table.rows.length) this.#append(Math.min(rowsPerChunk, table.rows.length - this.#block.rows))
  }

  #append(count: number): void {
    const first = this.#block.rows
    const vectors = new Float32Array(count * this.#dimensions)
    for (let i = 0; i < count; i++) {
      const vector = this.#coded(first + i)
      if (vector) vectors.set(vector, i * this.#dimensions)
    }
    this.#block.appendAll(vectors)
  }

  #recode(row: number): void {
    this.#unusual.delete(row)
    const vector = this.#coded(row)
    if (vector) this.#block.set(row, Float32Array.from(vector))
  }

  /** The vector to code in a row, if the row is one to be found by its codes. */
  #coded(row: number): number[] | undefined {
    const item = this.table.rows[row]?.item
    if (!item) return undefined
    if (isUsual(item.vector, item.norm, this.#dimensions)) return item.vector
    this.#unusual.add(row)
    return undefined
  }

  /** The rows that are found by their codes; undefined: all. */
  #openRows(allowed: Uint32Array<ArrayBuffer> | undefined): Uint32Array | undefined {
    const { rows, size } = this.table
    if (!this.#unusual.size && (allowed || size === rows.length)) return allowed
    const open = allowed?.slice() ?? livingRows(rows)
    for (const row of this.#unusual) open[row >> 5]! &= ~(1 << (row & 31))
    return open
  }
}

const isSet = (bits: Uint32Array, row: number): boolean => ((bits[row >> 5]! >> (row & 31)) & 1) === 1

function livingRows(rows: ItemTable['rows']): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(Math.ceil(rows.length / 32))
  rows.forEach((row, i) => {
    if (row) bits[i >> 5]! |= 1 << (i & 31)
  })
  return bits
}

/** The length that most vectors of a sample have. */
function usualLength({ rows }: ItemTable): number {
  const counts = new Map<number, number>()
  const step = Math.max(1, Math.floor(rows.length / sampledRows))
  for (let i = 0; i < rows.length; i += step) {
    const length = rows[i]?.item.vector.length ?? 0
    if (length) counts.set(length, (counts.get(length) ?? 0) + 1)
  }
  return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), [0, 0])[0]
}

/** Whether the codes of a vector say where its score lies. */
function isUsual(vector: ArrayLike<number>, norm: IndexItem['norm'], dimensions: number): boolean {
  if (vector.length !== dimensions || !(norm >= normMin && norm <= normMax)) return false
  return Math.abs(ItemSelector.normalize(vector) - norm) <= normTolerance * norm
}
