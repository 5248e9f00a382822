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
  descending = false,
): Generator<{ state: SetState; slot: number; id: string }> {
  const step = descending ? -1 : 1
  const cursors: Cursor[] = []
  for (const state of collection.sets) {
    const order = orderOf(state)
    const cursor = { state, order, at: startAt(state.set, order, after, descending), id: '' }
    if (advance(cursor, step)) cursors.push(cursor)
  }
  while (cursors.length > 0) {
    let next = 0
    for (let i = 1; i < cursors.length; i++) if (cursors[i]!.id < cursors[next]!.id !== descending) next = i
    const cursor = cursors[next]!
    yield { state: cursor.state, slot: cursor.order[cursor.at]!, id: cursor.id }
    if (!advance(cursor, step)) cursors.splice(next, 1)
  }
}

/** A place in the order of a set; before its first row, or behind its last, at the start. */
interface Cursor {
  readonly state: SetState
  readonly order: Uint32Array
  at: number
  id: string
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

function advance(cursor: Cursor, step: 1 | -1): boolean {
  const { state, order } = cursor
  do cursor.at += step
  while (cursor.at >= 0 && cursor.at < order.length && (order[cursor.at]! >= state.rows || state.dead.has(order[cursor.at]!)))
  if (cursor.at < 0 || cursor.at >= order.length) return false
  cursor.id = state.set.id(order[cursor.at]!)
  return true
}

/** One step before the first row that is wanted. */
function startAt(set: RowSet, order: Uint32Array, after: string | undefined, descending: boolean): number {
  if (after === undefined) return descending ? order.length : -1
  const behind = firstBehind(set, order, after)
  if (!descending) return behind - 1
  // Several rows may have one id, of which all but one are dead.
  let at = behind
  while (at > 0 && set.id(order[at - 1]!) === after) at--
  return at
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
