import { and } from '../../filter/fields/bounds.js'
import type { FieldIndex } from '../../filter/fields/field-index.js'
import { FieldPath } from '../../filter/places.js'
import { countBits, forEachBit } from '../../format/bitset.js'
import type { ValueCount } from '../types.js'
import { columnField } from '../version/column-key.js'
import type { SetState } from '../version/directory.js'
import { overlaps, readFields } from '../version/fields.js'
import type { Parts } from '../version/parts.js'
import type { CollectionState } from '../version/state.js'
import { IndexLookup } from './index-lookup.js'
import { livingOf } from './list.js'
import type { RowFilter } from './matches.js'
import { parsedFields } from './parsed-rows.js'
import { compareKeys, type SortKey } from './sort-order.js'

type Counts = Map<SortKey, number>

/**
 * How many matching records have each of the values of some paths, at a place or as an element of a list there. Lists and objects are no values,
 * nor is a missing place. Indexes answer by counting; rows of sets without one are read.
 */
export function countValues(
  collection: CollectionState,
  parts: Parts,
  filter: RowFilter | undefined,
  paths: readonly string[],
): ReadonlyMap<string, readonly ValueCount[]> {
  const counts = new Map<string, Counts>(paths.map((path) => [path, new Map()]))
  const lookup = new IndexLookup(collection, parts, paths)
  for (const state of collection.sets) {
    const matching = filter ? filter.matching(state).words : livingOf(state)
    if (matching.every((word) => word === 0)) continue
    const indexes = lookup.of(state)
    const unindexed: string[] = []
    for (const path of paths) {
      const index = indexes.get(path)
      if (index && !and(index.mark('unlisted'), matching).some((word) => word !== 0))
        countIndexed(index, matching, counts.get(path)!)
      else unindexed.push(path)
    }
    if (unindexed.length > 0) countRead(state, matching, unindexed, counts)
  }
  return new Map([...counts].map(([path, found]) => [path, [...found].map(([value, count]) => ({ value, count }))]))
}

/** By value: null, then as records are sorted. */
export function byValue(a: ValueCount, b: ValueCount): number {
  if (a.value === null || b.value === null) return a.value === b.value ? 0 : a.value === null ? -1 : 1
  return compareKeys(a.value, b.value, ascending)
}

const ascending = { descending: false, missingFirst: false }

/** The most frequent first, equally frequent ones by value. */
export function byCount(a: ValueCount, b: ValueCount): number {
  return b.count - a.count || byValue(a, b)
}

function countIndexed(index: FieldIndex, matching: Uint32Array, counts: Counts): void {
  const add = (value: SortKey, count: number): void => {
    if (count > 0) counts.set(value, (counts.get(value) ?? 0) + count)
  }
  for (const [name, value] of [
    ['null', null],
    ['false', false],
    ['true', true],
  ] as const) {
    if (index.has(name)) add(value, countBits(and(index.mark(name), matching)))
  }
  for (const terms of [index.numbers, index.texts]) {
    for (let term = 0; term < terms.count; term++) {
      const count = terms.postings.countIn(term, matching)
      if (count > 0) add(terms.value(term), count)
    }
  }
}

function countRead(
  { set, rows }: SetState,
  matching: Uint32Array,
  paths: readonly string[],
  counts: ReadonlyMap<string, Counts>,
): void {
  const readers = paths.map((path) => ({ path: new FieldPath(path), found: counts.get(path)! }))
  const isAsked = (columnKey: string): boolean => paths.some((path) => overlaps(path, columnField(columnKey)!))
  const needsVectors = [...set.columnKeys()].some((key) => columnField(key) !== undefined && isAsked(key))
  forEachBit(matching, rows, (slot) => {
    const fields = set.key === null && !needsVectors ? parsedFields(set, slot) : readFields(set, slot, needsVectors && isAsked)
    for (const { path, found } of readers) {
      const values = new Set<SortKey>()
      for (const place of path.placesIn(fields))
        for (const value of Array.isArray(place) ? (place as unknown[]) : [place]) addScalar(value, values)
      for (const value of values) found.set(value, (found.get(value) ?? 0) + 1)
    }
  })
}

function addScalar(value: unknown, values: Set<SortKey>): void {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') values.add(value)
  else if (typeof value === 'number') values.add(value === 0 ? 0 : value)
}
