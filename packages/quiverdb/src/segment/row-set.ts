import type { Resident } from './residency.js'
import type { Arena } from '../vector/arena.js'
import type { CodeBlock } from '../vector/code-block.js'
import type { SealedVids } from './sealed-vids.js'

/**
 * Rows numbered from 0, in memory (`Memtable`) or sealed in an object (`RowPart`). A row never changes: an update is a new row elsewhere,
 * and which rows are alive is known by the version that looks, not here.
 */
export interface RowSet {
  /** The object that holds the rows; null for rows that are in memory only. */
  readonly key: string | null
  readonly rows: number
  id(slot: number): string
  /**
   * Reads a byte of an id where ids are not strings already, so that the memory of several is waited for together. Returns it, since otherwise the read
   * would be optimised away.
   */
  touchId?(slot: number): number
  /** Two 32-bit halves of the id's hash, see {@link hashId}. */
  hashLow(slot: number): number
  hashHigh(slot: number): number
  /** The row's own number in its namespace: `commit sequence * 2^20 + ordinal in the commit`. Ascending within a set. */
  rid(slot: number): number
  /** The fields as JSON text, with `null` in the place of each vector that a column holds; empty: the fields of the row before stay. */
  fieldsText(slot: number): string
  columnKeys(): Iterable<string>
  column(key: string): VectorColumn | undefined
}

/** float32 vectors in linear memory, `rowBytes` from one slot to the next. */
export interface ResidentRows {
  readonly arena: Arena
  readonly pointer: number
  readonly rowBytes: number
}

/** The vectors of one field or one external index, for every row of a set that has one. */
export interface VectorColumn {
  readonly dimensions: number
  has(slot: number): boolean
  /** The number of the row that first wrote this vector ({@link RowSet.rid}): it stays the same while only fields change. {@link keepVid}: the vector of the row before stays. */
  vid(slot: number): number
  /** Fills `4 * dimensions` bytes with float32. `once`: the vectors are not to be kept in memory, however often they are read. */
  readInto(slot: number, target: Uint8Array, once?: boolean): void
  /** Where the vectors are in linear memory, for one synchronous operation; undefined where they are not. */
  resident?(): ResidentRows | undefined
  /** The numbers as written where float32 would change one of them; null where the float32 vector is exact. */
  exact(slot: number): Float64Array | null
  /** All vids at once, where rows no longer come; absent in memory. */
  sealed?(): SealedVids
  /** Eight-bit codes of all rows, resident in linear memory; rows without a vector hold zeros. */
  codes(): CodeBlock
  /** What keeps the codes in memory, where rows no longer come: to be held while another thread looks at them. */
  readonly holder?: Resident
}

/** A column's vid in a patch: whatever vector the record has there stays. */
export const keepVid = -1
/** Commits number their rows below this. */
export const ridsPerCommit = 2 ** 20

/** Whether a row of a commit names the vector that it has by the number that it had before; else the vector is the row's own. */
export function isAbsoluteVid(vid: number): boolean {
  return vid >= ridsPerCommit
}

/** FNV-1a over UTF-16 code units in two lanes with different bases, each finished by Murmur3's mixer: 64 bits without BigInt. */
export function hashId(id: string, out: Uint32Array): void {
  let low = 0x811c9dc5
  let high = 0x9747b28c
  for (let i = 0; i < id.length; i++) {
    const unit = id.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ ((unit << 7) | (unit >>> 9)), 0x85ebca6b) + i
  }
  out[0] = mix(low)
  out[1] = mix(high)
}

function mix(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** The numbers of a vector exactly as written. */
export function exactValues(column: VectorColumn, slot: number): Float32Array | Float64Array {
  const exact = column.exact(slot)
  if (exact) return exact
  const vector = new Float32Array(column.dimensions)
  column.readInto(slot, new Uint8Array(vector.buffer))
  return vector
}
