import { exactValues } from '../../segment/row-set.js'
import type { Fields, ReadOptions, Stored } from '../types.js'
import { columnField } from '../version/column-key.js'
import type { RowLocation } from '../version/directory.js'
import { define, overlaps, project, readFields } from '../version/fields.js'
import type { CollectionState } from '../version/state.js'

/** What is wanted of the record in a row. */
export function readRecord<T extends object>(
  collection: CollectionState,
  { state, slot }: RowLocation,
  { fields, vectors = false }: ReadOptions,
): Stored<T> {
  // A search that wants ids alone has many of these.
  if (fields?.length === 0 && !vectors) return { id: state.set.id(slot) } as Stored<T>
  const id = state.set.id(slot)
  const record: Fields = { id }
  if (fields === undefined || fields.length > 0) {
    const wanted = fields?.filter((field) => field !== 'id')
    const isWanted = (columnKey: string): boolean => wanted!.some((path) => overlaps(path, columnField(columnKey)!))
    const all = readFields(state.set, slot, wanted ? isWanted : true)
    for (const [name, value] of Object.entries(wanted ? project(all, wanted) : all)) define(record, name, value)
  }
  if (vectors) record['$vectors'] = externalVectors(collection, { state, slot })
  return record as Stored<T>
}

function externalVectors(collection: CollectionState, { state, slot }: RowLocation): { [index: string]: number[] } {
  const found: { [index: string]: number[] } = {}
  for (const { index } of collection.indexes) {
    if (index.definition.source !== 'external') continue
    const column = index.column(state.set)
    if (column?.has(slot)) found[index.definition.name] = Array.from(exactValues(column, slot))
  }
  return found
}
