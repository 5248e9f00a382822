import { basename } from 'node:path'

/** One record of a file, and where it was found. */
export interface Row {
  /** Counted as the reader's `unit` says. */
  readonly at: number
  /** Fields as they will be stored; `id` is a string, or absent when the file names none. */
  readonly record: Record<string, unknown>
}

/** Reads the records of one file in their order, a bounded number of bytes at a time. @throws RowError */
export interface RowReader extends AsyncIterable<Row> {
  /** `line` and `record` count from 1, as editors do; `row` counts from 0, as numpy does. */
  readonly unit: 'line' | 'record' | 'row'
}

export interface ReadRowsOptions {
  /** The field that holds the vector. */
  readonly field: string
  /** The field that becomes the id; for formats without names, what stands before the row number. */
  readonly id?: string
  /** CSV only: keep all columns but the vector as text. */
  readonly textColumns?: boolean
}

/** A row, or a whole file, that cannot be read. The message names the file and the place. */
export class RowError extends Error {
  override readonly name = 'RowError'
  readonly hint: string | undefined

  constructor(path: string, place: string, message: string, hint?: string) {
    super(`${basename(path)}${place === '' ? '' : `, ${place}`}: ${message}`)
    this.hint = hint
  }
}

/** The record with its id in place: `idField` renamed to `id`, numbers turned to text. @throws RowError */
export function identified(
  fields: Record<string, unknown>,
  idField: string | undefined,
  refuse: (message: string, hint?: string) => never,
) {
  if (idField !== undefined && idField !== 'id' && 'id' in fields) {
    refuse(
      `has an "id" beside "${idField}"`,
      'The name "id" is reserved for the id of the record. Rename that field, or leave out --id.',
    )
  }
  const { [idField ?? 'id']: id, ...rest } = fields
  if (idField !== undefined && (id === undefined || id === null || id === '')) refuse(`has no "${idField}", which --id names`)
  if (id === undefined || id === null || id === '') return rest
  if (typeof id !== 'string' && typeof id !== 'number')
    refuse(`its id is ${typeof id === 'object' ? 'not a plain value' : typeof id}, not text or a number`)
  return { id: String(id), ...rest }
}
