import { allRows } from '../../filter/fields/bounds.js'
import { Bitset, forEachBit, wordsFor } from '../../format/bitset.js'
import type { RowSet } from '../../segment/row-set.js'
import type { SetState } from '../version/directory.js'
import { livingWords } from '../version/index-state.js'
import type { RowFilter } from './matches.js'
import type { CollectionState } from '../version/state.js'

const orders = new WeakMap<RowSet, Uint32Array>()

/**
 * Living rows in the order of their ids, behind an id: a merge of the sets, each in its own order of ids, which is made once for a sealed part.
 * A page costs what it shows and one binary search a set.
 */
export function* rowsById(
  collection: CollectionState,
  after: string | undefined,
): Generator<{ state: SetState; slot: number; id: string }> {
  const cursors: { state: SetState; order: Uint32Array; at: number; id: string }[] = []
  for (const state of collection.sets) {
    const cursor = { state, order: orderOf(state), at: -1, id: '' }
    if (after !== undefined) cursor.at = firstBehind(state.set, cursor.order, after) - 1
    if (advance(cursor)) cursors.push(cursor)
  }
  while (cursors.length > 0) {
    let least = 0
    for (let i = 1; i < cursors.length; i++) if (cursors[i]!.id < cursors[least]!.id) least = i
    const cursor = cursors[least]!
    yield { state: cursor.state, slot: cursor.order[cursor.at]!, id: cursor.id }
    if (!advance(cursor)) cursors.splice(least, 1)
  }
}

/** The living rows of a set. */
export function livingOf({ rows, dead }: SetState): Uint32Array {
  const words = new Uint32Array(wordsFor(rows))
  livingWords(Bitset.over(allRows(rows)), dead, rows, words)
  return words
}

/** Ids of the matching records, set by set. */
export function matchingIds(collection: CollectionState, filter: RowFilter): string[] {
  const ids: string[] = []
  for (const state of collection.sets)
    forEachBit(filter.matching(state).words, state.rows, (slot) => ids.push(state.set.id(slot)))
  return ids
}

export function countRows(collection: CollectionState, filter: RowFilter | undefined): number {
  return filter ? filter.count() : collection.records
}

function advance(cursor: { state: SetState; order: Uint32Array; at: number; id: string }): boolean {
  const { state, order } = cursor
  do cursor.at++
  while (cursor.at < order.length && (order[cursor.at]! >= state.rows || state.dead.has(order[cursor.at]!)))
  if (cursor.at >= order.length) return false
  cursor.id = state.set.id(order[cursor.at]!)
  return true
}

/** Position of the first id greater than the given one. */
function firstBehind(set: RowSet, order: Uint32Array, id: string): number {
  let low = 0
  let high = order.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (set.id(order[middle]!) <= id) low = middle + 1
    else high = middle
  }
  return low
}

function orderOf({ set, rows }: SetState): Uint32Array {
  const known = orders.get(set)
  // A memtable that lost rows and took others has as many rows as before but not the same: only sealed orders are kept.
  if (known) return known
  const ids = Array.from({ length: rows }, (_, slot) => set.id(slot))
  const slots = Uint32Array.from(ids.keys()).sort((a, b) => (ids[a]! < ids[b]! ? -1 : ids[a]! > ids[b]! ? 1 : a - b))
  if (set.key !== null) orders.set(set, slots)
  return slots
}
