import type { RowSet } from '../../segment/row-set.js'
import type { Fields } from '../types.js'

/** Longer texts are parsed each time: what they become takes several times their length. */
const keptLengthMax = 16 * 1024

interface ParsedRow {
  readonly text: string
  readonly fields: Fields
}

const parsedRows = new WeakMap<RowSet, ParsedRow[]>()

/**
 * The fields of a row in memory, parsed once for all filters that look at it; not to be changed. Rows can be taken back from a memtable and others take
 * their places: a text says whose fields they are.
 */
export function parsedFields(set: RowSet, slot: number): Fields {
  const text = set.fieldsText(slot)
  let rows = parsedRows.get(set)
  if (!rows) parsedRows.set(set, (rows = []))
  const known = rows[slot]
  if (known?.text === text) return known.fields
  const fields = JSON.parse(text) as Fields
  if (text.length <= keptLengthMax) rows[slot] = { text, fields }
  return fields
}
