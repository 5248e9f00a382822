import type { Json } from 'quiverdb'
import { storedName, type StoredRecord } from '../../stored.js'

/** A property, or what every record has; null where there is none. */
export function propertyOf(record: StoredRecord, name: string): Json {
  if (name === '__id') return record.id
  if (name === '__label') return record.label ?? null
  // Absent where only other fields were read.
  const { data } = record as Partial<StoredRecord>
  const stored = storedName(name)
  return data && Object.hasOwn(data, stored) ? data[stored]! : null
}
