import * as v from 'valibot'
import { float64s, uint32s } from '../format/bytes.js'
import type { Containers } from '../format/container.js'
import { decodeShort, decodeText } from '../format/texts.js'
import { CodeBlock } from '../vector/code-block.js'
import type { MemoryPool } from '../vector/memory-pool.js'
import { PartFile, type PartSource } from './part-file.js'
import type { Resident, Residency } from './residency.js'
import { ResidentVectors } from './resident-vectors.js'
import type { ResidentRows, RowSet, VectorColumn } from './row-set.js'
import { sealedVids, type SealedVids } from './sealed-vids.js'

/** A column's vectors are kept in memory after so many single reads, or a sixteenth of its rows. */
const readsBeforeKept = 256
/** Texts of fields that are read at once where rows are read one after the other. */
const aheadBytes = 64 * 1024
/** Vectors that are in the heap at one time while codes are made of them. */
const encodedTogetherBytes = 4 * 1024 * 1024

/** What the directory of a row part says beside its sections (`docs/FORMAT.md`, "Row part"). */
export const rowPartMeta = v.object({
  rows: v.number(),
  /** `isOrdered`: the vids of the rows with a vector ascend. A batch does not say so, and mostly they do. */
  columns: v.array(v.object({ key: v.string(), dimensions: v.number(), isOrdered: v.optional(v.boolean()) })),
})
export type RowPartMeta = v.InferOutput<typeof rowPartMeta>

/** Sealed rows in one object. Sections are read when something needs them: a search reads codes, a hit reads its own fields. */
export class RowPart implements RowSet {
  readonly key: string
  readonly file: PartFile
  readonly #pool: MemoryPool
  readonly #residency: Residency
  /** Number of the first row where the object does not say: the commit's number was not known when it was written. */
  readonly base: number
  readonly #columns = new Map<string, RowPartColumn>()
  #meta: RowPartMeta | undefined
  #fieldsOffsets: Uint32Array | undefined
  /** A piece of the fields' texts behind the row that was read last. */
  #ahead: { readonly start: number; readonly bytes: Uint8Array } | undefined
  #lastRead = -2
  #idOffsets: Uint32Array | undefined
  #idBytes: Uint8Array | undefined
  #hashes: Uint32Array | undefined
  #rids: Float64Array | null | undefined

  constructor(source: PartSource, containers: Containers, pool: MemoryPool, residency: Residency, key: string, base: number) {
    this.file = new PartFile(source, containers, key, 'rows')
    this.#pool = pool
    this.#residency = residency
    this.key = key
    this.base = base
  }

  get meta(): RowPartMeta {
    return (this.#meta ??= v.parse(rowPartMeta, this.file.meta))
  }

  get rows(): number {
    return this.meta.rows
  }

  id(slot: number): string {
    this.#idOffsets ??= uint32s(this.file.section('idOffsets'))
    this.#idBytes ??= this.file.section('idBytes')
    return decodeShort(this.#idBytes, this.#idOffsets[slot]!, this.#idOffsets[slot + 1]!)
  }

  touchId(slot: number): number {
    return this.#idOffsets && this.#idBytes ? this.#idBytes[this.#idOffsets[slot]!]! : 0
  }

  hashLow(slot: number): number {
    this.#hashes ??= uint32s(this.file.section('hashes'))
    return this.#hashes[slot * 2]!
  }

  hashHigh(slot: number): number {
    this.#hashes ??= uint32s(this.file.section('hashes'))
    return this.#hashes[slot * 2 + 1]!
  }

  rid(slot: number): number {
    if (this.#rids === undefined) this.#rids = this.file.has('rids') ? float64s(this.file.section('rids')) : null
    return this.#rids ? this.#rids[slot]! : this.base + slot
  }

  fieldsText(slot: number): string {
    const offsets = (this.#fieldsOffsets ??= uint32s(this.file.section('fieldsOffsets')))
    const start = offsets[slot]!
    const end = offsets[slot + 1]!
    let ahead = this.#ahead
    if (!ahead || start < ahead.start || end > ahead.start + ahead.bytes.byteLength) {
      // Whoever reads two rows in their order will mostly read on.
      const length =
        slot === this.#lastRead + 1 ? Math.max(end - start, Math.min(aheadBytes, offsets[this.rows]! - start)) : end - start
      const bytes = new Uint8Array(length)
      this.file.readInto('fieldsBytes', start, bytes)
      ahead = { start, bytes }
      if (length > end - start) this.#ahead = ahead
    }
    this.#lastRead = slot
    return decodeText(ahead.bytes.subarray(start - ahead.start, end - ahead.start))
  }

  columnKeys(): Iterable<string> {
    return this.meta.columns.map((column) => column.key)
  }

  column(key: string): RowPartColumn | undefined {
    const known = this.#columns.get(key)
    if (known) return known
    const index = this.meta.columns.findIndex((column) => column.key === key)
    if (index < 0) return undefined
    const { dimensions, isOrdered } = this.meta.columns[index]!
    const column = new RowPartColumn(
      this.file,
      this.#pool,
      this.#residency,
      index,
      dimensions,
      this.rows,
      (slot) => this.rid(slot),
      this.base,
      isOrdered,
    )
    this.#columns.set(key, column)
    return column
  }

  /** Gives back the linear memory of its columns. */
  free(): void {
    for (const column of this.#columns.values()) column.release()
    this.#ahead = undefined
  }
}

/** One column of a row part. Full vectors stay in the object; only codes become resident. */
export class RowPartColumn implements VectorColumn, Resident {
  readonly dimensions: number
  lastUsed = 0
  readonly #file: PartFile
  readonly #pool: MemoryPool
  readonly #residency: Residency
  readonly #name: string
  readonly #vectorsName: string
  readonly #rows: number
  readonly #rid: (slot: number) => number
  readonly #base: number
  readonly #isOrdered: boolean | undefined
  #sealed: SealedVids | undefined
  #wide: Map<number, number> | undefined
  #codes: CodeBlock | undefined
  #vectors: ResidentVectors | undefined
  #reads = 0

  constructor(
    file: PartFile,
    pool: MemoryPool,
    residency: Residency,
    index: number,
    dimensions: number,
    rows: number,
    rid: (slot: number) => number,
    base: number,
    isOrdered: boolean | undefined,
  ) {
    this.#file = file
    this.#pool = pool
    this.#residency = residency
    this.#name = `c${index}`
    this.#vectorsName = `c${index}.vectors`
    this.dimensions = dimensions
    this.#rows = rows
    this.#rid = rid
    this.#base = base
    this.#isOrdered = isOrdered
  }

  has(slot: number): boolean {
    const { present } = this.sealed()
    return ((present[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0
  }

  vid(slot: number): number {
    return this.sealed().vids[slot]!
  }

  sealed(): SealedVids {
    return (this.#sealed ??= sealedVids(this.#readVids(), uint32s(this.#file.section(`${this.#name}.present`)), this.#isOrdered))
  }

  resident(): ResidentRows | undefined {
    if (!this.#vectors?.ready) return undefined
    this.#residency.use(this.#vectors)
    return this.#vectors.rows()
  }

  readInto(slot: number, target: Uint8Array, once = false): void {
    if (this.#vectors?.ready) {
      this.#residency.use(this.#vectors)
      this.#vectors.readInto(slot, target)
      return
    }
    this.#file.readInto(this.#vectorsName, slot * this.dimensions * 4, target)
    if (once) return
    if (this.#vectors) this.#vectors.advance()
    else if (++this.#reads === Math.max(readsBeforeKept, this.#rows >>> 4)) this.#keepVectors()
  }

  exact(slot: number): Float64Array | null {
    const wide = this.#wideRows().get(slot)
    if (wide === undefined) return null
    const exact = new Float64Array(this.dimensions)
    this.#file.readInto(`${this.#name}.wideValues`, wide * this.dimensions * 8, new Uint8Array(exact.buffer))
    return exact
  }

  codes(): CodeBlock {
    this.#residency.use(this)
    if (!this.#codes) {
      const block = new CodeBlock(this.#pool, this.dimensions)
      try {
        this.#fillCodes(block)
      } catch (error) {
        block.free()
        throw error
      }
      this.#codes = block
    }
    return this.#codes
  }

  get holder(): Resident {
    return this
  }

  free(): void {
    this.#codes?.free()
    this.#codes = undefined
  }

  /** Gives back all that the column holds of the pool. */
  release(): void {
    this.#residency.release(this)
    if (this.#vectors) this.#residency.release(this.#vectors)
    this.#vectors = undefined
    this.#reads = 0
  }

  #readVids(): Float64Array {
    if (!this.#file.has(`${this.#name}.vids`)) return Float64Array.from({ length: this.#rows }, (_, slot) => this.#rid(slot))
    const vids = float64s(this.#file.section(`${this.#name}.vids`))
    return vids.includes(relativeVid) ? vids.map((vid, slot) => (vid === relativeVid ? this.#base + slot : vid)) : vids
  }

  /** A batch that was stored as it came has no codes yet. */
  #fillCodes(block: CodeBlock): void {
    const section = `${this.#name}.codes`
    if (this.#file.has(section)) {
      block.appendFilled(this.#rows, (target) => this.#file.fill(section, target))
      return
    }
    const rowsAtOnce = Math.max(1, Math.floor(encodedTogetherBytes / (this.dimensions * 4)))
    for (let first = 0; first < this.#rows; first += rowsAtOnce) {
      const vectors = new Float32Array(Math.min(rowsAtOnce, this.#rows - first) * this.dimensions)
      this.#file.readInto(this.#vectorsName, first * this.dimensions * 4, new Uint8Array(vectors.buffer))
      block.appendAll(vectors)
    }
  }

  #keepVectors(): void {
    if (!this.#file.worthKeeping) return
    const rowBytes = this.dimensions * 4
    this.#vectors = ResidentVectors.load(this.#pool, this.#file, this.#vectorsName, this.#rows * rowBytes, rowBytes)
    if (this.#vectors) this.#residency.use(this.#vectors)
  }

  #wideRows(): Map<number, number> {
    if (this.#wide) return this.#wide
    const wide = new Map<number, number>()
    if (this.#file.has(`${this.#name}.wideSlots`)) {
      uint32s(this.#file.section(`${this.#name}.wideSlots`)).forEach((slot, index) => wide.set(slot, index))
    }
    return (this.#wide = wide)
  }
}

/** In the vids of a part that is written before its commit's number is known: the vector is the row's own. */
export const relativeVid = -2
