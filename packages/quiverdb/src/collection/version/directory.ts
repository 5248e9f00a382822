import type { Bitset } from '../../format/bitset.js'
import { hashId, type RowSet } from '../../segment/row-set.js'

/** A set of rows as one version sees it. */
export interface SetState {
  /** Unique among the sets that this process has seen of a collection. */
  readonly number: number
  readonly set: RowSet
  /** Rows that belong to the version; a memtable may hold later ones. */
  readonly rows: number
  readonly dead: Bitset
}

/** The sets of one version, by number. */
export interface SetLookup {
  setOf(number: number): SetState | undefined
}

/** Where a row lies. */
export interface RowLocation {
  readonly state: SetState
  readonly slot: number
}

const loadMax = 0.6
const free = 0xffffffff

/**
 * From id to row, for all versions of a collection that this process looks at. It is a multimap from hash to rows, open addressing with linear
 * probing over typed arrays, 24 bytes an entry: every row that ever had an id stays in it, and a version takes the one that is alive in it.
 * So versions share one directory, nothing is copied when a version is pinned, and no id is held as a string.
 */
export class IdDirectory {
  #high = new Uint32Array(0)
  #sets = new Uint32Array(0)
  #slots = new Uint32Array(0)
  #low = new Uint32Array(0)
  #entries = 0
  readonly #hash = new Uint32Array(2)

  get entries(): number {
    return this.#entries
  }

  add(setNumber: number, set: RowSet, slot: number): void {
    if (this.#entries >= this.#low.length * loadMax) this.#grow(Math.max(64, this.#low.length * 2))
    this.#insert(set.hashLow(slot), set.hashHigh(slot), setNumber, slot)
    this.#entries++
  }

  find(id: string, sets: SetLookup): RowLocation | undefined {
    hashId(id, this.#hash)
    return this.findHashed(id, this.#hash[0]!, this.#hash[1]!, sets)
  }

  /** The same where the id's hash is at hand. */
  findHashed(id: string, low: number, high: number, sets: SetLookup): RowLocation | undefined {
    if (this.#low.length === 0) return undefined
    const mask = this.#low.length - 1
    for (let at = low & mask; this.#sets[at] !== free; at = (at + 1) & mask) {
      if (this.#low[at] !== low || this.#high[at] !== high) continue
      const state = sets.setOf(this.#sets[at]!)
      const slot = this.#slots[at]!
      if (state && slot < state.rows && !state.dead.has(slot) && state.set.id(slot) === id) return { state, slot }
    }
    return undefined
  }

  #insert(low: number, high: number, setNumber: number, slot: number): void {
    const mask = this.#low.length - 1
    let at = low & mask
    while (this.#sets[at] !== free) at = (at + 1) & mask
    this.#low[at] = low
    this.#high[at] = high
    this.#sets[at] = setNumber
    this.#slots[at] = slot
  }

  reserve(entries: number): void {
    let capacity = Math.max(64, this.#low.length)
    while (entries >= capacity * loadMax) capacity *= 2
    if (capacity > this.#low.length) this.#grow(capacity)
  }

  #grow(capacity: number): void {
    const [low, high, sets, slots] = [this.#low, this.#high, this.#sets, this.#slots]
    this.#low = new Uint32Array(capacity)
    this.#high = new Uint32Array(capacity)
    this.#sets = new Uint32Array(capacity).fill(free)
    this.#slots = new Uint32Array(capacity)
    for (let at = 0; at < low.length; at++) {
      if (sets[at] !== free) this.#insert(low[at]!, high[at]!, sets[at]!, slots[at]!)
    }
  }
}
