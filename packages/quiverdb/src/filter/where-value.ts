import { QuiverError } from '../errors.js'
import { conditionDepthMax, type JsonValue } from './condition.js'

/** A copy of a JSON value; a `Date` becomes its ISO text. @throws QuiverError INVALID_FILTER for what JSON cannot hold, or beyond 32 levels. */
export function literalOf(value: unknown, place: string, options: { operatorsRefused?: boolean } = {}, depth = 1): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
  if (depth > conditionDepthMax) throw invalid(place, `a value nested deeper than ${conditionDepthMax} levels`)
  if (Array.isArray(value)) return Array.from(value, (item: unknown, i) => literalOf(item, `${place}[${i}]`, options, depth + 1))
  if (!isPlainObject(value)) throw invalid(place, `expected a JSON value, got ${describe(value)}${hintFor(value)}`)
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const at = placeOf(place, key)
      if (options.operatorsRefused && key.startsWith('$')) {
        throw invalid(
          at,
          'an operator inside a value. Name the inner field by a dotted path ("outer.inner"), or write { $eq: ... }',
        )
      }
      return [key, literalOf(item, at, options, depth + 1)]
    }),
  )
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Objects of another realm have a root prototype of their own.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Names a value in a message, briefly. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return isPlainObject(value) ? 'an object' : `a ${value.constructor.name || 'class instance'}`
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)
  return typeof value === 'function' ? 'a function' : String(value)
}

export function placeOf(place: string, key: string): string {
  return /^[\w$.-]+$/.test(key) ? `${place}.${key}` : `${place}[${JSON.stringify(key)}]`
}

function hintFor(value: unknown): string {
  if (value instanceof Date) return ' that is no time'
  if (value instanceof RegExp) return '; write { $regex: ... }'
  if (value === undefined) return '. Leave the field out, or ask for { $exists: false }'
  return ''
}

/** An INVALID_FILTER that names the place. */
export function invalid(place: string, problem: string, cause?: unknown): QuiverError {
  const shown = place.length > placeLengthMax ? `${place.slice(0, placeLengthMax)}...` : place
  return new QuiverError('INVALID_FILTER', `${shown}: ${problem}.`, { details: { place: shown }, cause })
}

/** In UTF-16 code units. */
const placeLengthMax = 1_000
