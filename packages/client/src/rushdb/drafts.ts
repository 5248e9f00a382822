import { invalid } from './error.js'
import type { MergeOptions, PropertyDraft, VectorEntry, WriteOptions } from './types.js'

/** A record to be written: fields, or properties with their types. */
export interface RecordDraft<T extends object> {
  readonly label?: string
  readonly data: T | readonly PropertyDraft[]
  readonly options?: WriteOptions & MergeOptions
  /** Stored with the record or not at all, each in the external index it fits. */
  readonly vectors?: readonly VectorEntry[]
}

/** Names that the server gives, which records bring along when they are written again. */
const givenNames: readonly string[] = ['__id', '__label', '__proptypes', '__score']

/** The body of a write. @throws RushDBError INVALID_ARGUMENT: nested fields */
export function draftBody({ label, data, options, vectors }: RecordDraft<object>): object {
  return {
    label,
    ...(Array.isArray(data) ? { properties: data as PropertyDraft[] } : { data: flat(data) }),
    options,
    vectors: vectors?.map(wireEntry),
  }
}

/** Rows with their vectors beside their fields. @throws RushDBError INVALID_ARGUMENT */
export function rowsWithVectors(rows: readonly object[], vectors: readonly (readonly VectorEntry[])[] = []): object[] {
  if (vectors.length > rows.length) throw invalid(`There are vectors for ${vectors.length} rows, but ${rows.length} rows.`)
  return rows.map((row, at) => {
    const fields = flat(row)
    const entries = entriesOf(vectors, at)
    return entries.length > 0 ? { ...fields, $vectors: entries } : fields
  })
}

export function wireVectors(vectors: readonly (readonly VectorEntry[])[] | undefined): object[][] | undefined {
  return vectors?.map((_, at) => entriesOf(vectors, at))
}

function entriesOf(vectors: readonly (readonly VectorEntry[])[], at: number): object[] {
  const entries = vectors[at] ?? []
  if (!Array.isArray(entries)) throw invalid('`vectors` is a list for each row, of the vectors of that row.')
  return entries.map(wireEntry)
}

function wireEntry(entry: VectorEntry): object {
  return { ...entry, vector: [...entry.vector] }
}

/** The fields that a caller may write. @throws RushDBError INVALID_ARGUMENT */
function flat(fields: object): object {
  const pairs = Object.entries(fields).filter(([name]) => !givenNames.includes(name))
  const nested = pairs.find(([, value]) => (Array.isArray(value) ? value.some(isObject) : isObject(value)))
  if (nested) throw invalid(`'${nested[0]}' is not flat. Import nested data with records.importJson.`)
  return Object.fromEntries(pairs)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Date)
}
