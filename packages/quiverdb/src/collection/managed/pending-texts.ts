import { Bitset, forEachBit, wordsFor } from '../../format/bitset.js'
import type { RowSet } from '../../segment/row-set.js'
import { whenResident } from '../../segment/part-file.js'
import { RowFilter } from '../read/matches.js'
import { Turns } from '../read/turns.js'
import type { SetState } from '../version/directory.js'
import { livingWords, type VectorIndex } from '../version/index-state.js'
import type { Parts } from '../version/parts.js'
import type { CollectionState } from '../version/state.js'
import type { Fields } from '../types.js'

/** A record whose text waits for its vector. */
export interface PendingText {
  readonly id: string
  /** Of the row that has the text. */
  readonly rid: number
  readonly text: string
}

/** Rows of a set that wait for a vector, as far as they were looked at. */
interface Waiting {
  rows: number
  readonly slots: Bitset
}

/** Rows that are looked at before the clock is. */
const rowsAtOnce = 256
const known = new WeakMap<VectorIndex, PendingTexts>()

/**
 * Which records of a managed index wait for a vector: living rows in its scope that have a text and no vector. A row never changes, so each is looked at once
 * in the life of its set, and only if it has no vector; what is found is shared by all versions.
 */
export class PendingTexts {
  readonly #index: VectorIndex
  readonly #waiting = new WeakMap<RowSet, Waiting>()

  private constructor(index: VectorIndex) {
    this.#index = index
  }

  static of(index: VectorIndex): PendingTexts {
    let pending = known.get(index)
    if (!pending) known.set(index, (pending = new PendingTexts(index)))
    return pending
  }

  /** Looks at the rows that are new since the last time. */
  async look(collection: CollectionState, parts: Parts): Promise<void> {
    const turns = new Turns()
    const { condition } = this.#index
    const filter = condition && new RowFilter(condition, collection, parts)
    for (const state of collection.sets) {
      while (this.#of(state.set).rows < state.rows) {
        await whenResident(() => this.#lookAt(state, filter))
        await turns.pause()
      }
    }
  }

  /** How many records wait, of rows that were looked at. */
  count({ sets }: CollectionState): number {
    let count = 0
    for (const state of sets) {
      const words = this.#living(state)
      if (words) count += Bitset.over(words).count()
    }
    return count
  }

  /** How many rows of these numbers wait. */
  countAmong({ sets }: CollectionState, rids: ReadonlySet<number>): number {
    let count = 0
    for (const state of rids.size === 0 ? [] : sets) {
      const words = this.#living(state)
      if (words) forEachBit(words, state.rows, (slot) => (count += rids.has(state.set.rid(slot)) ? 1 : 0))
    }
    return count
  }

  /** Some of those that wait. @param isWanted told the row's number */
  take({ sets }: CollectionState, limit: { texts: number; bytes: number }, isWanted: (rid: number) => boolean): PendingText[] {
    const taken: PendingText[] = []
    let bytes = 0
    for (const state of sets) {
      const words = this.#living(state)
      for (let slot = 0; words && slot < state.rows; slot++) {
        if (words[slot >>> 5] === 0) slot |= 31
        else if ((words[slot >>> 5]! & (1 << (slot & 31))) !== 0 && isWanted(state.set.rid(slot))) {
          const waiting = this.#read(state.set, slot)
          bytes += waiting.text.length
          if (taken.length > 0 && bytes > limit.bytes) return taken
          taken.push(waiting)
          if (taken.length === limit.texts) return taken
        }
      }
    }
    return taken
  }

  #of(set: RowSet): Waiting {
    let waiting = this.#waiting.get(set)
    if (!waiting) this.#waiting.set(set, (waiting = { rows: 0, slots: new Bitset() }))
    return waiting
  }

  #lookAt(state: SetState, filter: RowFilter | undefined): void {
    const { set, dead } = state
    const waiting = this.#of(set)
    const column = this.#index.column(set)
    const end = Math.min(state.rows, waiting.rows + rowsAtOnce)
    for (; waiting.rows < end; waiting.rows++) {
      const slot = waiting.rows
      if (dead.has(slot) || column?.has(slot) || (filter && !filter.matches(state, slot))) continue
      if (this.#index.textOf(JSON.parse(set.fieldsText(slot)) as Fields) !== undefined) waiting.slots.add(slot)
    }
  }

  #read(set: RowSet, slot: number): PendingText {
    return { id: set.id(slot), rid: set.rid(slot), text: this.#index.textOf(JSON.parse(set.fieldsText(slot)) as Fields)! }
  }

  #living({ set, rows, dead }: SetState): Uint32Array | undefined {
    const words = new Uint32Array(wordsFor(rows))
    return livingWords(this.#of(set).slots, dead, rows, words) === 0 ? undefined : words
  }
}
