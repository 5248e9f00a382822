import { QuiverError } from '../errors.js'
import { conditionDepthMax, conditionNodesMax, listValuesMax, pathLengthMax } from './condition.js'
import type { Comparison, Condition, JsonValue, OrderedValue } from './condition.js'
import { describe, isPlainObject, literalOf, placeOf } from './where-value.js'

/** What may be asked of one field; several are all required. {@link Condition} says what each means. */
export interface FieldOperators {
  readonly $eq?: JsonValue
  readonly $ne?: JsonValue
  readonly $gt?: OrderedValue
  readonly $gte?: OrderedValue
  readonly $lt?: OrderedValue
  readonly $lte?: OrderedValue
  readonly $in?: readonly JsonValue[]
  readonly $nin?: readonly JsonValue[]
  readonly $exists?: boolean
  readonly $not?: FieldOperators
}

/**
 * A filter in the style of MongoDB. Fields are named by dotted paths; all entries of an object are required; `{}` matches
 * every record. A value that is not an object of operators means `$eq`.
 *
 * @example
 * ```ts
 * { year: { $gte: 1955, $lt: 1960 }, 'author.country': 'US', $or: [{ tag: 'ai' }, { cited: { $gt: 100 } }] }
 * ```
 */
export interface WhereInput {
  readonly $and?: readonly WhereInput[]
  readonly $or?: readonly WhereInput[]
  readonly $nor?: readonly WhereInput[]
  readonly $xor?: readonly WhereInput[]
  readonly $not?: WhereInput
  readonly [path: string]: JsonValue | FieldOperators | WhereInput | readonly WhereInput[] | undefined
}

const listOperators = ['$and', '$or', '$nor', '$xor'] as const
const logicalOperators: readonly string[] = [...listOperators, '$not']
const fieldOperators: readonly string[] = ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$exists', '$not']

/**
 * Reads a filter as a user wrote it. Values are copied.
 * @throws QuiverError INVALID_FILTER, with the place (`where.$or[1].year.$gte`) in the message and in `details.place`. Also beyond
 * 32 levels, 1,000 conditions, 10,000 values of one `$in`, 512 characters of one path.
 */
export function parseWhere(input: unknown): Condition {
  return new WhereParser().object(input, 'where', 1)
}

class WhereParser {
  #nodes = 0

  /** `depth` is the level of the tree at which the result stands. */
  object(input: unknown, place: string, depth: number): Condition {
    if (!isPlainObject(input)) throw invalid(place, `expected an object such as { year: { $gte: 1955 } }, got ${describe(input)}`)
    const inner = conjunctsIn(input) > 1 ? depth + 1 : depth
    if (inner > conditionDepthMax) throw invalid(place, `nested deeper than ${conditionDepthMax} levels`)
    const conditions: Condition[] = []
    for (const [key, value] of Object.entries(input)) {
      const at = placeOf(place, key)
      if (key.startsWith('$')) conditions.push(this.#logical(key, value, at, inner))
      else conditions.push(...this.#field(key, value, at, inner))
    }
    return this.#all(conditions, place)
  }

  #logical(key: string, value: unknown, place: string, depth: number): Condition {
    if (key === '$not') return this.#count({ op: 'not', condition: this.object(value, place, depth + 1) }, place)
    const operator = listOperators.find((name) => name === key)
    if (!operator) throw unknownLogical(key, place)
    if (!Array.isArray(value) || value.length === 0) {
      throw invalid(place, `expected a list of at least one condition, got ${describe(value)}`)
    }
    const op = operator.slice(1) as 'and' | 'or' | 'nor' | 'xor'
    return this.#count({ op, conditions: value.map((item, i) => this.object(item, `${place}[${i}]`, depth + 1)) }, place)
  }

  #field(path: string, value: unknown, place: string, depth: number): Condition[] {
    checkPath(path, place)
    if (hasOperators(value)) return this.#operators(path, value, place, depth)
    return [this.#count({ op: 'eq', path, value: literalOf(value, place, { operatorsRefused: true }) }, place)]
  }

  #operators(path: string, operators: Record<string, unknown>, place: string, depth: number): Condition[] {
    return Object.entries(operators).map(([key, operand]) => {
      const at = `${place}.${key}`
      if (!key.startsWith('$'))
        throw invalid(
          at,
          `operators and plain keys cannot be mixed; allowed beside ${fieldOperators[0]}: ${fieldOperators.join(', ')}`,
        )
      if (!fieldOperators.includes(key)) throw invalid(at, `unknown operator; allowed on a field: ${fieldOperators.join(', ')}`)
      if (key === '$not') return this.#fieldNot(path, operand, at, depth)
      return this.#count(comparisonOf(key, path, operand, at), at)
    })
  }

  #fieldNot(path: string, operand: unknown, place: string, depth: number): Condition {
    if (!hasOperators(operand))
      throw invalid(place, `expected an object of operators such as { $gt: 5 }, got ${describe(operand)}`)
    const inner = depth + (Object.keys(operand).length > 1 ? 2 : 1)
    if (inner > conditionDepthMax) throw invalid(place, `nested deeper than ${conditionDepthMax} levels`)
    const condition = this.#all(this.#operators(path, operand, place, inner), place)
    return this.#count({ op: 'not', condition }, place)
  }

  #all(conditions: readonly Condition[], place: string): Condition {
    if (conditions.length === 0) return this.#count({ op: 'always' }, place)
    return conditions.length === 1 ? (conditions[0] as Condition) : this.#count({ op: 'and', conditions }, place)
  }

  #count(condition: Condition, place: string): Condition {
    if (++this.#nodes > conditionNodesMax) throw invalid(place, `more than ${conditionNodesMax} conditions`)
    return condition
  }
}

function comparisonOf(key: string, path: string, operand: unknown, place: string): Comparison {
  switch (key) {
    case '$eq':
    case '$ne':
      return { op: key === '$eq' ? 'eq' : 'ne', path, value: literalOf(operand, place) }
    case '$in':
    case '$nin':
      return { op: key === '$in' ? 'in' : 'nin', path, values: valuesOf(operand, place) }
    case '$exists':
      if (typeof operand !== 'boolean') throw invalid(place, `expected true or false, got ${describe(operand)}`)
      return { op: 'exists', path, value: operand }
    default:
      return { op: key.slice(1) as 'gt' | 'gte' | 'lt' | 'lte', path, value: orderedOf(operand, place) }
  }
}

function orderedOf(operand: unknown, place: string): OrderedValue {
  const value = literalOf(operand, place)
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value
  throw invalid(place, `expected a number, a string or a boolean, got ${describe(operand)}`)
}

function valuesOf(operand: unknown, place: string): readonly JsonValue[] {
  if (!Array.isArray(operand)) throw invalid(place, `expected a list of values, got ${describe(operand)}`)
  if (operand.length > listValuesMax) throw invalid(place, `${operand.length} values; allowed are ${listValuesMax}`)
  return Array.from(operand, (item: unknown, i) => literalOf(item, `${place}[${i}]`))
}

function checkPath(path: string, place: string): void {
  if (path.length > pathLengthMax)
    throw invalid(`${place.slice(0, 80)}...`, `a path of ${path.length} characters; allowed are ${pathLengthMax}`)
  if (path.split('.').includes('')) throw invalid(place, 'a path has no empty part: "author.name", not "author..name" or ""')
}

function hasOperators(value: unknown): value is Record<string, unknown> {
  return isPlainObject(value) && Object.keys(value).some((key) => key.startsWith('$'))
}

function conjunctsIn(input: Record<string, unknown>): number {
  let count = 0
  for (const [key, value] of Object.entries(input))
    count += !key.startsWith('$') && hasOperators(value) ? Object.keys(value).length : 1
  return count
}

function unknownLogical(key: string, place: string): QuiverError {
  if (fieldOperators.includes(key)) return invalid(place, `belongs to a field: { someField: { ${key}: ... } }`)
  return invalid(place, `unknown operator; allowed here: ${logicalOperators.join(', ')} and names of fields`)
}

function invalid(place: string, problem: string): QuiverError {
  return new QuiverError('INVALID_FILTER', `${place}: ${problem}.`, { details: { place } })
}
