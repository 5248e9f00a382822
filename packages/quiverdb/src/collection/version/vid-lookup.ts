import type { RowSet, VectorColumn } from '../../segment/row-set.js'
import { countBits } from '../../format/bitset.js'
import { areFrom, ascends } from '../../segment/sealed-vids.js'
import type { SetState } from './directory.js'

/**
 * From a vector's number to the row of a set that holds it. In a sealed part a vid occurs once and the vids nearly always ascend, so a binary
 * search is enough; in a memtable every update of other fields repeats the vid, so all its rows are kept.
 */
export class VidLookup {
  readonly #set: RowSet
  readonly #column: VectorColumn
  readonly #slotsOf = new Map<number, number[]>()
  #known = 0
  #vids: Float64Array | undefined
  #order: Uint32Array | undefined
  #compared: { readonly vids: Float64Array; readonly from: number; readonly isOrder: boolean } | undefined
  #least = Infinity
  #most = -Infinity

  constructor(set: RowSet, column: VectorColumn) {
    this.#set = set
    this.#column = column
  }

  /** The living row, or -1. `guess`: nodes of a graph and rows of a part are often in one order, so the node's number is a good one. */
  slotOf(vid: number, state: SetState, guess = -1): number {
    if (this.#set.key === null) return this.#inMemory(vid, state)
    this.#vids ??= this.#sortedVids()
    if (vid < this.#least || vid > this.#most) return -1
    let low = guess
    if (this.#vids[guess] !== vid) {
      low = firstAtLeast(this.#vids, vid)
      if (this.#vids[low] !== vid) return -1
    }
    const slot = this.#order ? this.#order[low]! : low
    return state.dead.has(slot) || !this.#column.has(slot) ? -1 : slot
  }

  /** Whether the rows of a sealed set have these vids, from a place on, one for one. `ascend`: it is known that these vids do. */
  isOrderOf(vids: Float64Array, from: number, ascend: boolean): boolean {
    if (this.#set.key === null) return false
    const known = this.#compared
    if (known?.vids === vids && known.from === from) return known.isOrder
    this.#vids ??= this.#sortedVids()
    const isOrder = !this.#order && this.#vids.length === this.#set.rows && areFrom(this.#vids, vids, from, ascend)
    this.#compared = { vids, from, isOrder }
    return isOrder
  }

  #inMemory(vid: number, state: SetState): number {
    // Only rows that are in a version: those behind them may be taken back and others take their places.
    for (; this.#known < state.rows; this.#known++) {
      if (!this.#column.has(this.#known)) continue
      const key = this.#column.vid(this.#known)
      const slots = this.#slotsOf.get(key)
      if (slots) slots.push(this.#known)
      else this.#slotsOf.set(key, [this.#known])
    }
    for (const slot of this.#slotsOf.get(vid) ?? []) {
      if (slot < state.rows && !state.dead.has(slot)) return slot
    }
    return -1
  }

  #sortedVids(): Float64Array {
    const sealed = this.#column.sealed?.()
    let vids = sealed?.vids ?? Float64Array.from({ length: this.#set.rows }, (_, slot) => this.#column.vid(slot))
    const isFull = sealed?.isAscending === true && countBits(sealed.present) === this.#set.rows
    if (!isFull && !ascends(vids)) {
      this.#order = Uint32Array.from(vids.keys()).sort((a, b) => vids[a]! - vids[b]!)
      vids = vids.slice().sort()
    }
    this.#least = vids[0] ?? Infinity
    this.#most = vids[vids.length - 1] ?? -Infinity
    return vids
  }
}

function firstAtLeast(ascending: Float64Array, wanted: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! < wanted) low = middle + 1
    else high = middle
  }
  return low
}
