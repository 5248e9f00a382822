import { Memtable, type NewVector } from '../../segment/memtable.js'
import type { ColumnShape, RowAddress } from '../../segment/row-encoder.js'
import { exactValues, type RowSet } from '../../segment/row-set.js'
import type { MemoryPool } from '../../vector/memory-pool.js'
import { columnField } from './column-key.js'
import { fieldPath, readFields, setAt, vectorAt } from './fields.js'

/**
 * Rows move between sets with other columns: indexes come and go between the writing of a row and its sealing. What must hold in every set:
 * where it has the column of a field, every vector of that size in that field lies in the column, and none in the text. Otherwise an index
 * that finds the column would not look for vectors in the text.
 */
export function reshapeRow(
  set: RowSet,
  slot: number,
  columns: readonly ColumnShape[],
): { readonly fieldsText: string; readonly vectors: ReadonlyMap<string, NewVector> } {
  const vectors = new Map<string, NewVector>()
  const isWanted = (key: string): boolean => columns.some((column) => column.key === key)
  let fields: Record<string, unknown> | undefined
  for (const key of set.columnKeys()) {
    if (columnField(key) === undefined || isWanted(key) || !set.column(key)!.has(slot)) continue
    fields ??= readFields(set, slot, (other) => !isWanted(other))
  }
  for (const { key, dimensions } of columns) {
    const column = set.column(key)
    if (column?.has(slot)) vectors.set(key, { values: exactValues(column, slot), vid: column.vid(slot) })
    const field = columnField(key)
    if (column || field === undefined) continue
    const known = fields ?? (JSON.parse(set.fieldsText(slot)) as Record<string, unknown>)
    const found = vectorAt(known, fieldPath(field), dimensions)
    if (!Array.isArray(found)) continue
    fields = known
    setAt(fields, fieldPath(field), null)
    vectors.set(key, { values: found, vid: set.rid(slot) })
  }
  return { fieldsText: fields ? JSON.stringify(fields) : set.fieldsText(slot), vectors }
}

/** Rows of several sets, ready to be sealed together: those of sets that lack a column are copied into one that has it. */
export function reshapeRows(rows: readonly RowAddress[], pool: MemoryPool): { rows: RowAddress[]; columns: ColumnShape[] } {
  const columns = columnsOf(new Set(rows.map(({ set }) => set)))
  const uniform = new Map<RowSet, boolean>()
  let copies: Memtable | undefined
  return {
    columns,
    rows: rows.map(({ set, slot }) => {
      if (!uniform.has(set))
        uniform.set(
          set,
          columns.every(({ key }) => columnField(key) === undefined || set.column(key)),
        )
      if (uniform.get(set)) return { set, slot }
      copies ??= emptyTable(columns, pool)
      const { fieldsText, vectors } = reshapeRow(set, slot, columns)
      copies.append(set.id(slot), set.rid(slot), fieldsText, vectors)
      return { set: copies, slot: copies.rows - 1 }
    }),
  }
}

/** The columns that any of the sets has. */
export function columnsOf(sets: Iterable<RowSet>): ColumnShape[] {
  const columns = new Map<string, number>()
  for (const set of sets) for (const key of set.columnKeys()) columns.set(key, set.column(key)!.dimensions)
  return [...columns].map(([key, dimensions]) => ({ key, dimensions }))
}

function emptyTable(columns: readonly ColumnShape[], pool: MemoryPool): Memtable {
  const table = new Memtable(pool)
  for (const { key, dimensions } of columns) table.addColumn(key, dimensions)
  return table
}
