import { QuiverError } from '../errors.js'
import { listValuesMax, type Comparison, type JsonType, type JsonValue, type OrderedValue } from './condition.js'
import { optionsOf, optionValues, type ComparisonOp, type OptionName } from './options.js'
import { compilePattern } from './regex.js'
import { operandKey } from './value-tests.js'
import type { WhereOptions } from './where-types.js'
import { describe, invalid, isPlainObject, literalOf, placeOf } from './where-value.js'

/** The operators that compare, as they are written. */
export const comparisonOperators: readonly string[] = Object.keys(optionsOf).map((op) => `$${op}`)

/** What stands beside operators and changes them: `$with`, and `$options` of `$regex`. */
export interface Modifiers {
  /** The options that this operator knows. */
  optionsFor(op: ComparisonOp): WhereOptions
  readonly flags: string | undefined
  /** Refuses what no operator took. */
  finish(): void
}

/** @throws QuiverError INVALID_FILTER */
export function modifiersOf(operators: Record<string, unknown>, place: string): Modifiers {
  const given = Object.hasOwn(operators, '$with') ? givenOptions(operators['$with'], `${place}.$with`) : {}
  const flags = Object.hasOwn(operators, '$options') ? flagsOf(operators['$options'], `${place}.$options`) : undefined
  const names = Object.keys(given) as OptionName[]
  const unused = new Set(names)
  return {
    flags,
    optionsFor(op) {
      const known = names.filter((name) => optionsOf[op].includes(name))
      for (const name of known) unused.delete(name)
      return Object.fromEntries(known.map((name) => [name, given[name]]))
    },
    finish() {
      if (flags !== undefined && !Object.hasOwn(operators, '$regex')) throw invalid(`${place}.$options`, 'belongs to $regex')
      const [name] = unused
      if (name === undefined) return
      const ops = comparisonOperators.filter((operator) => optionsOf[operator.slice(1) as ComparisonOp].includes(name))
      throw invalid(`${place}.$with.${name}`, `no operator beside it has this option; those that do: ${ops.join(', ')}`)
    },
  }
}

function givenOptions(input: unknown, place: string): WhereOptions {
  if (!isPlainObject(input)) throw invalid(place, `expected an object of options such as { as: 'date' }, got ${describe(input)}`)
  const options: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(input)) {
    const at = placeOf(place, name)
    if (!Object.hasOwn(optionValues, name)) throw invalid(at, `unknown option; known are ${Object.keys(optionValues).join(', ')}`)
    const allowed: readonly unknown[] = optionValues[name as OptionName]
    if (!allowed.includes(value))
      throw invalid(at, `expected ${allowed.map((one) => JSON.stringify(one)).join(' or ')}, got ${describe(value)}`)
    options[name] = value
  }
  return options
}

/** Reads what one operator asks of a field. @throws QuiverError INVALID_FILTER */
export function comparisonOf(key: string, path: string, operand: unknown, place: string, given: Modifiers): Comparison {
  const op = key.slice(1) as Exclude<ComparisonOp, 'elemMatch'>
  const options = given.optionsFor(op)
  switch (op) {
    case 'eq':
    case 'ne':
      return { op, path, value: comparable(literalOf(operand, place), place, options), ...options }
    case 'in':
    case 'nin':
    case 'all':
      return { op, path, values: valuesOf(operand, place, options), ...options } as Comparison
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return { op, path, value: textOf(operand, place), ...options }
    case 'regex':
      return { op, path, ...patternOf(operand, place, given.flags), ...options }
    case 'type':
      return { op, path, types: typesOf(operand, place), ...options }
    case 'size':
      if (!Number.isSafeInteger(operand) || (operand as number) < 0)
        throw invalid(place, `expected a whole number of elements, got ${describe(operand)}`)
      return { op, path, value: operand as number, ...options }
    case 'exists':
      if (typeof operand !== 'boolean') throw invalid(place, `expected true or false, got ${describe(operand)}`)
      return { op, path, value: operand }
    default: {
      // A date is an instant here; elsewhere it is its text.
      const asked: WhereOptions = operand instanceof Date ? { ...options, as: 'date' } : options
      return { op, path, value: orderedOf(operand, place, asked), ...asked }
    }
  }
}

function orderedOf(operand: unknown, place: string, options: WhereOptions): OrderedValue {
  const value = literalOf(operand, place)
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean')
    return comparable(value, place, options) as OrderedValue
  throw invalid(place, `expected a number, a string or a boolean (or a Date), got ${describe(operand)}`)
}

function valuesOf(operand: unknown, place: string, options: WhereOptions): readonly JsonValue[] {
  if (!Array.isArray(operand)) throw invalid(place, `expected a list of values, got ${describe(operand)}`)
  if (operand.length > listValuesMax) throw invalid(place, `${operand.length} values; allowed are ${listValuesMax}`)
  if (options.substrings && (options.as || options.fold))
    throw invalid(place, 'the option substrings goes with neither as nor fold')
  return Array.from(operand, (item: unknown, i) => comparable(literalOf(item, `${place}[${i}]`), `${place}[${i}]`, options))
}

/** Refuses what cannot be compared in the way that the options ask for. */
function comparable(value: JsonValue, place: string, { as }: WhereOptions): JsonValue {
  if (as === 'date') at(place, () => operandKey({ as }, value))
  return value
}

function textOf(operand: unknown, place: string): string {
  if (typeof operand !== 'string') throw invalid(place, `expected a string, got ${describe(operand)}`)
  return operand
}

function patternOf(operand: unknown, place: string, flags: string | undefined): { pattern: string; flags?: string } {
  const pattern = operand instanceof RegExp ? operand.source : operand
  if (typeof pattern !== 'string') throw invalid(place, `expected a pattern, got ${describe(operand)}`)
  const asked = flags ?? (operand instanceof RegExp ? flagsOf(operand.flags, place) : '')
  at(place, () => compilePattern(pattern, asked))
  return { pattern, ...(asked !== '' && { flags: asked }) }
}

/** `u` is accepted and means nothing: patterns are always read by characters. */
function flagsOf(operand: unknown, place: string): string {
  if (typeof operand !== 'string' || !/^[imsu]{0,8}$/.test(operand))
    throw invalid(place, `expected flags of i, m and s, got ${describe(operand)}`)
  return ['i', 'm', 's'].filter((flag) => operand.includes(flag)).join('')
}

const typeNames: readonly unknown[] = ['null', 'boolean', 'number', 'string', 'array', 'object'] satisfies JsonType[]

function typesOf(operand: unknown, place: string): readonly JsonType[] {
  const names: readonly unknown[] = Array.isArray(operand) ? operand : [operand]
  if (names.length === 0 || names.length > typeNames.length)
    throw invalid(place, `expected 1 to ${typeNames.length} types, got ${names.length}`)
  return names.map((given, i) => {
    const name = given === 'bool' ? 'boolean' : given
    if (typeNames.includes(name)) return name as JsonType
    throw invalid(
      Array.isArray(operand) ? `${place}[${i}]` : place,
      `expected one of ${typeNames.join(', ')}, got ${describe(given)}`,
    )
  })
}

/** Says where in the filter something was refused. */
function at<T>(place: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof QuiverError ? invalid(place, error.message, error.cause) : error
  }
}
