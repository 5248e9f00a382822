import { and, andNot, or } from '../../filter/fields/bounds.js'
import type { FieldIndex } from '../../filter/fields/field-index.js'
import type { Terms } from '../../filter/fields/terms.js'
import { firstAbove, firstAtLeast } from '../../format/sorted.js'
import { FieldPath } from '../../filter/places.js'
import { forEachBit } from '../../format/bitset.js'
import type { RowLocation, SetState } from '../version/directory.js'
import type { Parts } from '../version/parts.js'
import type { CollectionState } from '../version/state.js'
import { IndexLookup } from './index-lookup.js'
import { livingOf, rowsById } from './list.js'
import type { RowFilter } from './matches.js'
import { parsedFields } from './parsed-rows.js'
import { compareKeys, type SortField, sortKey, type SortKey, type SortOrder, type SortPosition } from './sort-order.js'

/** A row in an order. */
export interface SortedRow extends RowLocation, SortPosition {}

/** Rows that are kept beyond those that are wanted, before the worst are let go. */
const slackRows = 1_024

/**
 * The first `count` matching rows behind a position. Where the first field has an index, its values are gone through in their order until there are
 * enough rows, and only those are read; elsewhere every matching row is.
 */
export function rowsInOrder(
  collection: CollectionState,
  parts: Parts,
  filter: RowFilter | undefined,
  order: SortOrder,
  after: SortPosition | undefined,
  count: number,
): readonly SortedRow[] {
  const byId = rowsInOrderOfIds(collection, filter, order, after, count)
  if (byId) return byId
  const best = new BestRows(order, after, count)
  const [first] = order.fields
  const lookup = new IndexLookup(collection, parts, [first!.path])
  const reader = new KeyReader(order)
  for (const state of collection.sets) {
    const matching = filter ? filter.matching(state).words : livingOf(state)
    const index = lookup.of(state).get(first!.path)
    // Texts that are not listed have places between those that are.
    const isListed = index && (!index.has('unlisted') || and(index.mark('unlisted'), matching).every((word) => word === 0))
    if (isListed) walk(state, matching, index, { best, reader, field: first!, from: after?.keys[0] })
    else forEachBit(matching, state.rows, (slot) => best.add(reader.row(state, slot)))
  }
  return best.rows()
}

/** In the order of ids, which is kept anyway, a page is walked to. Undefined where sorting what matches is likely to take less. */
function rowsInOrderOfIds(
  collection: CollectionState,
  filter: RowFilter | undefined,
  { fields }: SortOrder,
  after: SortPosition | undefined,
  count: number,
): readonly SortedRow[] | undefined {
  const [{ path, descending }] = fields as readonly [SortField]
  if (path !== 'id' || fields.length > 1) return undefined
  const matches = filter?.count() ?? collection.records
  if ((count * collection.records) / matches > matches) return undefined
  const rows: SortedRow[] = []
  const matching = new Map(filter && collection.sets.map((state) => [state, filter.matching(state)]))
  let passed = 0
  for (const { state, slot, id } of rowsById(collection, after?.id, descending)) {
    if (filter && passed++ > count + matches) return undefined
    if (matching.get(state)?.has(slot) === false) continue
    rows.push({ state, slot, id, keys: [id] })
    if (rows.length === count) break
  }
  return rows
}

interface Walk {
  readonly best: BestRows
  readonly reader: KeyReader
  /** The first field of the order. */
  readonly field: SortField
  /** The first key of the position behind which rows are wanted. */
  readonly from: SortKey | undefined
}

/** Goes through one set, value by value, until it cannot have better rows. */
function walk(state: SetState, matching: Uint32Array, index: FieldIndex, { best, reader, field, from }: Walk): void {
  const { descending, missingFirst } = field
  const wanted = index.has('several') ? andNot(matching, index.mark('several')) : matching
  const boolean = (value: boolean): boolean => {
    if (from !== undefined && compareKeys(value, from, field) < 0) return false
    forEachBit(and(wanted, index.mark(value ? 'true' : 'false')), state.rows, (slot) => best.add(reader.row(state, slot, value)))
    return false
  }
  const terms = <V extends number | string>(values: Terms<V>): boolean => {
    for (const term of termsFrom(values, field, from)) {
      const value = values.value(term)
      if (best.isFull(value, field)) return true
      values.postings.forEachRow(term, (slot) => {
        if ((wanted[slot >>> 5]! >>> (slot & 31)) & 1) best.add(reader.row(state, slot, value))
      })
    }
    return false
  }
  const missing = (): boolean => {
    if (best.isFull(null, field)) return true
    forEachBit(without(index, matching, wanted), state.rows, (slot) => best.add(reader.row(state, slot, null)))
    return false
  }
  const steps = [() => boolean(false), () => boolean(true), () => terms(index.numbers), () => terms(index.texts)]
  if (descending) steps.reverse()
  for (const step of missingFirst ? [missing, ...steps] : [...steps, missing]) if (step()) return
}

/** The matching rows whose value has no order. */
function without(index: FieldIndex, matching: Uint32Array, wanted: Uint32Array): Uint32Array {
  const ordered = or(index.mark('false'), index.mark('true'))
  for (const { postings, count } of [index.numbers, index.texts]) postings.mark(0, count, ordered)
  return andNot(matching, and(ordered, wanted))
}

/** The terms in the order of the walk, from the first that is not before a key. */
function* termsFrom<V extends number | string>(
  terms: Terms<V>,
  field: SortField,
  from: SortKey | undefined,
): Generator<number, void, void> {
  const { count } = terms
  const { descending } = field
  if (count === 0) return
  let start = descending ? count - 1 : 0
  if (from !== undefined) {
    if (typeof from === typeof terms.value(0))
      start = descending ? firstAbove(terms, from as V) - 1 : firstAtLeast(terms, from as V)
    else if (compareKeys(terms.value(0), from, field) < 0) return
  }
  for (let term = start; term >= 0 && term < count; term += descending ? -1 : 1) yield term
}

/** Reads what a row is sorted by. */
class KeyReader {
  readonly #paths: readonly (FieldPath | undefined)[]

  constructor(order: SortOrder) {
    this.#paths = order.fields.map(({ path }) => (path === 'id' ? undefined : new FieldPath(path)))
  }

  /** @param first what it is sorted by first, where that is known */
  row(state: SetState, slot: number, first?: SortKey): SortedRow {
    const { set } = state
    const id = set.id(slot)
    let fields: unknown
    const keys = this.#paths.map((path, place) => {
      if (place === 0 && first !== undefined) return first
      if (!path) return id
      fields ??= set.key === null ? parsedFields(set, slot) : JSON.parse(set.fieldsText(slot))
      return sortKey(path.placesIn(fields))
    })
    return { state, slot, id, keys }
  }
}

/** The first rows of an order among those that are added. */
class BestRows {
  readonly #order: SortOrder
  readonly #after: SortPosition | undefined
  readonly #count: number
  #rows: SortedRow[] = []
  /** The last of the best, once there were enough. */
  #worst: SortedRow | undefined

  constructor(order: SortOrder, after: SortPosition | undefined, count: number) {
    this.#order = order
    this.#after = after
    this.#count = count
  }

  add(row: SortedRow): void {
    if (this.#after && this.#order.compare(row, this.#after) <= 0) return
    if (this.#worst && this.#order.compare(row, this.#worst) > 0) return
    this.#rows.push(row)
    if (this.#rows.length >= 2 * this.#count + slackRows) this.#prune()
  }

  /** Whether rows with this first key, or later ones, are all behind the best. */
  isFull(key: SortKey, field: SortField): boolean {
    if (this.#rows.length < this.#count) return false
    if (!this.#worst) this.#prune()
    return compareKeys(this.#worst!.keys[0]!, key, field) < 0
  }

  rows(): readonly SortedRow[] {
    this.#prune()
    return this.#rows
  }

  #prune(): void {
    this.#rows.sort((a, b) => this.#order.compare(a, b))
    if (this.#rows.length < this.#count) return
    this.#rows.length = this.#count
    this.#worst = this.#rows[this.#count - 1]
  }
}
