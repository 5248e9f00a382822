import { QuiverError } from '../errors.js'
import type { Comparison, JsonType, JsonValue, OrderedValue, OrderOptions, ValueOptions } from './condition.js'
import { jsonEqual, jsonMembership } from './equal.js'
import { folded } from './fold.js'
import { instantOf } from './instant.js'
import type { ValueTest } from './places.js'
import { compilePattern } from './regex.js'
import { compareCodePoints } from './text-order.js'

/** Comparisons whose answer at a place is that of one value. */
export type SingleValued = Exclude<Comparison, { op: 'exists' | 'size' | 'elemMatch' | 'all' }>

/** The test of one value; `ne` and `nin` have that of `eq` and `in`. @throws QuiverError INVALID_FILTER for a pattern or date that is none */
export function valueTest(comparison: SingleValued): ValueTest {
  switch (comparison.op) {
    case 'eq':
    case 'ne':
      return onKeys(comparison, (keyOf) => equalTo(keyOf(comparison.value)))
    case 'in':
    case 'nin':
      if (comparison.substrings) return withinOneOf(comparison.values)
      return onKeys(comparison, (keyOf) => oneOf(comparison.values.map(keyOf) as JsonValue[]))
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return onKeys(comparison, (keyOf) => textHas(comparison.op, keyOf(comparison.value) as string))
    case 'regex': {
      const isFound = compilePattern(comparison.pattern, comparison.flags)
      return (value) => typeof value === 'string' && isFound(value)
    }
    case 'type':
      return (value) => value !== undefined && comparison.types.includes(typeOf(value))
    default:
      return onKeys(comparison, (keyOf) => ordered(comparison.op, keyOf(comparison.value) as OrderedValue, comparison.order))
  }
}

/** What a value is compared by: itself, or what the options make of it. Equal keys are equal values. */
export function keyOf({ as, fold }: ValueOptions, value: unknown): unknown {
  if (as === 'date') return value === null ? null : typeof value === 'string' ? (instantOf(value) ?? noInstant) : noInstant
  return fold && typeof value === 'string' ? folded(value, fold) : value
}

/** Equal to nothing, and without order. */
const noInstant = NaN

function onKeys(options: ValueOptions, testFor: (keyOf: (operand: JsonValue) => unknown) => ValueTest): ValueTest {
  if (!options.as && !options.fold) return testFor((operand) => operand)
  const test = testFor((operand) => operandKey(options, operand))
  return (value) => test(value === undefined ? undefined : keyOf(options, value))
}

/** @throws QuiverError INVALID_FILTER */
export function operandKey(options: ValueOptions, operand: JsonValue): unknown {
  const key = keyOf(options, operand)
  if (Number.isNaN(key))
    throw new QuiverError('INVALID_FILTER', `expected an ISO 8601 date such as 2024-01-31T12:00Z, got ${JSON.stringify(operand)}`)
  return key
}

function equalTo(wanted: unknown): ValueTest {
  if (wanted === null) return (value) => value === null || value === undefined
  if (typeof wanted !== 'object') return (value) => value === wanted
  return (value) => jsonEqual(value, wanted)
}

function oneOf(values: readonly JsonValue[]): ValueTest {
  const isMember = jsonMembership(values)
  const matchesMissing = values.includes(null)
  return (value) => (value === undefined ? matchesMissing : isMember(value))
}

function withinOneOf(values: readonly JsonValue[]): ValueTest {
  const texts = values.filter((value) => typeof value === 'string')
  return (value) => {
    if (value === null || value === undefined) return false
    const text = textOf(value)
    return texts.some((other) => other.includes(text))
  }
}

/** As `String` writes a JSON value, whatever properties it has. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => (item === null ? '' : textOf(item))).join(',')
  return typeof value === 'object' ? '[object Object]' : String(value)
}

function textHas(op: 'contains' | 'startsWith' | 'endsWith', text: string): ValueTest {
  switch (op) {
    case 'contains':
      return (value) => typeof value === 'string' && value.includes(text)
    case 'startsWith':
      return (value) => typeof value === 'string' && value.startsWith(text)
    case 'endsWith':
      return (value) => typeof value === 'string' && value.endsWith(text)
  }
}

function typeOf(value: unknown): JsonType {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : (typeof value as JsonType)
}

function ordered(op: 'gt' | 'gte' | 'lt' | 'lte', bound: OrderedValue, order: OrderOptions['order']): ValueTest {
  if (order === 'codePoint' && typeof bound === 'string') {
    const accepts = ordered(op, 0, undefined)
    return (value) => typeof value === 'string' && accepts(compareCodePoints(value, bound))
  }
  const type = typeof bound
  switch (op) {
    case 'gt':
      return (value) => typeof value === type && (value as OrderedValue) > bound
    case 'gte':
      return (value) => typeof value === type && (value as OrderedValue) >= bound
    case 'lt':
      return (value) => typeof value === type && (value as OrderedValue) < bound
    case 'lte':
      return (value) => typeof value === type && (value as OrderedValue) <= bound
  }
}
