import { bytesOf } from '../format/bytes.js'
import type { Containers, Section } from '../format/container.js'
import { encodeTexts } from '../format/texts.js'
import { encodeRows } from '../vector/code-block.js'
import type { MemoryPool } from '../vector/memory-pool.js'
import { Bitset } from '../format/bitset.js'
import type { MemoryColumn } from './memory-column.js'
import { Memtable } from './memtable.js'
import { relativeVid, type RowPartMeta } from './row-part.js'
import type { RowSet } from './row-set.js'

/** A row to be sealed. */
export interface RowAddress {
  readonly set: RowSet
  readonly slot: number
}

export interface ColumnShape {
  readonly key: string
  readonly dimensions: number
}

export interface SealOptions {
  readonly columns: readonly ColumnShape[]
  /** Write each row's number. Without, rows are numbered from a base that is known when the commit is made. */
  readonly numbered: boolean
  /** Write eight-bit codes; rows inside a commit go to memory, where they are made when needed. */
  readonly codes: boolean
  /** For each row which input it comes from and its slot there, as pairs: a compaction's proof of what it replaced. */
  readonly origin?: Uint32Array
}

/** Seals rows into the chunks of one object: ids, hashes, fields, and for each column presence, float32 vectors, float64 where needed, codes. */
export function sealRows(
  containers: Containers,
  pool: MemoryPool,
  rows: readonly RowAddress[],
  options: SealOptions,
): Uint8Array[] {
  const sections: Section[] = []
  const ids = encodeTexts(rows.map(({ set, slot }) => set.id(slot)))
  const fields = encodeTexts(rows.map(({ set, slot }) => set.fieldsText(slot)))
  const hashes = new Uint32Array(rows.length * 2)
  rows.forEach(({ set, slot }, index) => {
    hashes[index * 2] = set.hashLow(slot)
    hashes[index * 2 + 1] = set.hashHigh(slot)
  })
  sections.push({ name: 'hashes', bytes: bytesOf(hashes) })
  sections.push({ name: 'idOffsets', bytes: bytesOf(ids.offsets) }, { name: 'idBytes', bytes: ids.bytes })
  sections.push({ name: 'fieldsOffsets', bytes: bytesOf(fields.offsets) }, { name: 'fieldsBytes', bytes: fields.bytes })
  if (options.numbered) sections.push({ name: 'rids', bytes: bytesOf(Float64Array.from(rows, ({ set, slot }) => set.rid(slot))) })
  if (options.origin) sections.push({ name: 'origin', bytes: bytesOf(options.origin) })
  const columns = options.columns.map(({ key, dimensions }, index) => {
    const column = columnSections(pool, rows, { key, dimensions }, `c${index}`, options)
    sections.push(...column.sections)
    return { key, dimensions, ...(column.isOrdered && { isOrdered: true }) }
  })
  const meta: RowPartMeta = { rows: rows.length, columns }
  return containers.encode('rows', meta, sections)
}

function columnSections(
  pool: MemoryPool,
  rows: readonly RowAddress[],
  shape: ColumnShape,
  name: string,
  options: SealOptions,
): { sections: Section[]; isOrdered: boolean } {
  const { dimensions } = shape
  const present = new Bitset(rows.length)
  const vids = new Float64Array(rows.length)
  const wideSlots: number[] = []
  const wideValues: Float64Array[] = []
  const whole = wholeColumn(rows, shape.key)
  const vectors = whole ? whole.matrix(rows.length) : new Float32Array(rows.length * dimensions)
  const vectorBytes = bytesOf(vectors)
  let relative = !options.numbered
  let isOrdered = options.numbered
  let last = -1
  for (let index = 0; index < rows.length; index++) {
    const { set, slot } = rows[index]!
    const column = whole ?? set.column(shape.key)
    const has = column?.has(slot) ?? false
    const vid = column ? column.vid(slot) : 0
    vids[index] = vid
    if (vid !== relativeVid && (has || vid !== 0)) relative = false
    if (!column || !has) continue
    isOrdered &&= vid > last
    last = vid
    present.add(index)
    if (!whole) column.readInto(slot, vectorBytes.subarray(index * dimensions * 4, (index + 1) * dimensions * 4))
    const exact = column.exact(slot)
    if (!exact) continue
    wideSlots.push(index)
    wideValues.push(exact)
  }
  const sections: Section[] = [{ name: `${name}.present`, bytes: bytesOf(present.words) }]
  if (!relative) sections.push({ name: `${name}.vids`, bytes: bytesOf(vids) })
  sections.push({ name: `${name}.vectors`, bytes: vectorBytes })
  if (options.codes) sections.push({ name: `${name}.codes`, bytes: encodeRows(pool, vectors, dimensions) })
  if (wideSlots.length > 0) {
    const exact = new Float64Array(wideSlots.length * dimensions)
    wideValues.forEach((values, index) => exact.set(values, index * dimensions))
    sections.push({ name: `${name}.wideSlots`, bytes: bytesOf(Uint32Array.from(wideSlots)) })
    sections.push({ name: `${name}.wideValues`, bytes: bytesOf(exact) })
  }
  return { sections, isOrdered }
}

/** The column itself where the rows are all rows of one memtable in their order: then its vectors need not be copied. */
function wholeColumn(rows: readonly RowAddress[], key: string): MemoryColumn | undefined {
  const set = rows[0]?.set
  if (!(set instanceof Memtable) || set.rows !== rows.length) return undefined
  return rows.every((row, index) => row.set === set && row.slot === index) ? set.column(key) : undefined
}
