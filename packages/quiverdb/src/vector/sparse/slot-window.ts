import type { PostingList } from './posting-list.js'

/** Slots that are summed up together: their sums (64 KiB) stay in the cache of a core. */
export const windowSlots = 8192

/** A posting list that is read from the front, with the weight of its position in the query. */
export class Term {
  readonly list: PostingList
  readonly weight: number
  #at = 0

  constructor(list: PostingList, weight: number) {
    this.list = list
    this.weight = weight
  }

  /** The next slot; Infinity behind the last. */
  get next(): number {
    return this.#at < this.list.length ? this.list.slots[this.#at]! : Infinity
  }

  /** Adds `weight * value` for every slot of the window, or 1 when `counting`. Returns how many slots it had. */
  addTo(window: SlotWindow, counting: boolean): number {
    const { slots, values, length } = this.list
    const { sums, seen, touched, start } = window
    const end = start + windowSlots
    const first = this.#at
    let at = first
    let count = window.touchedCount
    for (; at < length; at++) {
      const slot = slots[at]!
      if (slot >= end) break
      const place = slot - start
      if (seen[place] === 0) {
        seen[place] = 1
        touched[count++] = place
      }
      sums[place]! += counting ? 1 : this.weight * values[at]!
    }
    window.touchedCount = count
    this.#at = at
    return at - first
  }
}

/** Sums over the lists for a run of slots, with the list of those that any had. */
export class SlotWindow {
  readonly sums = new Float64Array(windowSlots)
  readonly seen = new Uint8Array(windowSlots)
  readonly touched = new Uint16Array(windowSlots)
  touchedCount = 0
  /** The first slot. */
  start = 0

  clear(): void {
    for (let i = 0; i < this.touchedCount; i++) {
      const place = this.touched[i]!
      this.sums[place] = 0
      this.seen[place] = 0
    }
    this.touchedCount = 0
  }
}
