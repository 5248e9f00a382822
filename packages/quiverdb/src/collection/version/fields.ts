import { QuiverError } from '../../errors.js'
import type { Condition } from '../../filter/condition.js'
import { pathsOf } from '../../filter/paths-of.js'
import { exactValues, type RowSet } from '../../segment/row-set.js'
import { columnField } from './column-key.js'
import type { Fields } from '../types.js'
import { usableVector } from './vectors.js'

/** Documented limits of a record (`docs/LIMITS.md`). */
export const fieldsDepthMax = 64
export const fieldsBytesMax = 4 * 1024 * 1024

export function fieldPath(field: string): string[] {
  return field.split('.')
}

/** The fields of a row. Those of its vectors that `restore` chooses are put back from their columns; for the others null stands in their place. */
export function readFields(set: RowSet, slot: number, restore: boolean | ((columnKey: string) => boolean)): Fields {
  const fields = JSON.parse(set.fieldsText(slot)) as Fields
  if (restore === false) return fields
  for (const key of set.columnKeys()) {
    const field = columnField(key)
    if (field === undefined || (restore !== true && !restore(key))) continue
    const column = set.column(key)!
    if (column.has(slot)) setAt(fields, fieldPath(field), Array.from(exactValues(column, slot)))
  }
  return fields
}

/** What is at a path: a vector of so many numbers, `undefined` where nothing (or null) is, `unusable` where something else is. */
export function vectorAt(
  fields: unknown,
  path: readonly string[],
  dimensions: number,
): readonly number[] | undefined | 'unusable' {
  const value = valueAt(fields, path)
  if (value == null) return undefined
  if (!Array.isArray(value) || value.length !== dimensions) return 'unusable'
  return usableVector(value as number[]) ? (value as number[]) : 'unusable'
}

export function valueAt(fields: unknown, path: readonly string[]): unknown {
  let value = fields
  for (const name of path) {
    if (value === null || typeof value !== 'object' || Array.isArray(value) || !Object.hasOwn(value, name)) return undefined
    value = (value as Fields)[name]
  }
  return value
}

export function setAt(fields: Fields, path: readonly string[], value: unknown): void {
  let owner = fields
  for (const name of path.slice(0, -1)) {
    const next = owner[name]
    if (next === null || typeof next !== 'object') return
    owner = next as Fields
  }
  define(owner, path[path.length - 1]!, value)
}

/** Keeps only the named paths; a path that is absent leaves nothing. */
export function project(fields: Fields, paths: readonly string[]): Fields {
  const kept: Fields = {}
  for (const dotted of paths) {
    const path = fieldPath(dotted)
    const value = valueAt(fields, path)
    if (value === undefined) continue
    let owner = kept
    for (const name of path.slice(0, -1)) {
      if (!Object.hasOwn(owner, name)) define(owner, name, {})
      owner = owner[name] as Fields
    }
    define(owner, path[path.length - 1]!, value)
  }
  return kept
}

/** Whether two dotted paths can speak of the same value. */
export function overlaps(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`)
}

/** Of some paths those that the text of a row's fields tells all about: where a column holds vectors, the text has null. */
export function pathsInText(paths: readonly string[], columnKeys: Iterable<string>): string[] {
  const fields = [...columnKeys].flatMap((key) => columnField(key) ?? [])
  return paths.filter((path) => !fields.some((field) => overlaps(field, path)))
}

/** True where the condition looks at one of the fields. */
export function touchesAny(condition: Condition, fields: readonly string[]): boolean {
  return pathsOf(condition).some((path) => fields.some((field) => overlaps(field, path)))
}

/**
 * Copies fields as JSON would hold them: undefined is left out, `toJSON` is asked (dates become text), and what JSON cannot hold is refused.
 * What `vectors` names by its place is kept elsewhere: null stands for it.
 * @throws QuiverError INVALID_RECORD
 */
function copyFields(value: unknown, place: string, vectors: ReadonlyMap<string, unknown>, depth = 0): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw invalid(`${place} is ${value}; JSON has no such number`)
    return value
  }
  if (vectors.size > 0 && vectors.get(place) === value) return null
  if (typeof value !== 'object') throw invalid(`${place} is a ${typeof value}, which JSON cannot hold`)
  if (depth > fieldsDepthMax) throw invalid(`${place} is nested deeper than ${fieldsDepthMax} levels`)
  if (ArrayBuffer.isView(value)) return copyFields(Array.from(value as unknown as ArrayLike<number>), place, vectors, depth)
  if (Array.isArray(value))
    return value.map((item, index) => copyFields(item === undefined ? null : item, `${place}[${index}]`, vectors, depth + 1))
  if ('toJSON' in value && typeof value.toJSON === 'function') return copyFields(value.toJSON(), place, vectors, depth + 1)
  const copy: Fields = {}
  for (const [name, item] of Object.entries(value)) {
    if (item !== undefined) define(copy, name, copyFields(item, place === '' ? name : `${place}.${name}`, vectors, depth + 1))
  }
  return copy
}

/**
 * The fields of a record as JSON text, without its reserved names; otherwise as {@link copyFields}. Plain values, which most are, are written at once.
 * @throws QuiverError INVALID_RECORD
 */
export function fieldsText(record: Fields, vectors: ReadonlyMap<string, unknown>): string {
  let text = '{'
  for (const name of Object.keys(record)) {
    const value = record[name]
    if (value === undefined || name === 'id' || name === '$vectors') continue
    if (text.length > 1) text += ','
    text += JSON.stringify(name) + ':'
    if (typeof value === 'number' && Number.isFinite(value)) text += String(value)
    else if (vectors.size > 0 && value !== null && vectors.get(name) === value) text += 'null'
    else text += JSON.stringify(copyFields(value, name, vectors, 1))
  }
  return text + '}'
}

/** Assigns an own property whatever its name; `__proto__` is a field like any other. */
export function define(owner: Fields, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(owner, name, { value, writable: true, enumerable: true, configurable: true })
  else owner[name] = value
}

function invalid(message: string): QuiverError {
  return new QuiverError('INVALID_RECORD', `The record cannot be stored: ${message}.`)
}
