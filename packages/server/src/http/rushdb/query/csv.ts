import Papa from 'papaparse'
import { nameOf, type StoredRecord } from '../stored.js'

/** Records as a table: id and label, then all properties that any of them has, by name. Lists are written as JSON. */
export function csvOf(records: readonly StoredRecord[]): string {
  const names = new Set(records.flatMap(({ data }) => Object.keys(data)))
  const columns = [...names].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  const rows = records.map(({ id, label, data }) => [
    id,
    label ?? '',
    ...columns.map((name) => {
      const value = Object.hasOwn(data, name) ? data[name]! : ''
      return Array.isArray(value) ? JSON.stringify(value) : value
    }),
  ])
  return Papa.unparse([['__id', '__label', ...columns.map(nameOf)], ...rows], { newline: '\r\n' })
}
