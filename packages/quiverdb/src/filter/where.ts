import { BuiltCondition } from './built-condition.js'
import { conditionDepthMax, conditionNodesMax, pathLengthMax, type Condition } from './condition.js'
import { sizeOf } from './size-of.js'
import type { WhereOptions } from './where-types.js'
import { describe, invalid, isPlainObject, literalOf, placeOf } from './where-value.js'
import { comparisonOf, comparisonOperators, modifiersOf, type Modifiers } from './where-operators.js'

export type { WhereInput } from './where-types.js'

const listOperators = ['$and', '$or', '$nor', '$xor'] as const
const logicalOperators: readonly string[] = [...listOperators, '$not']
const fieldOperators: readonly string[] = [...comparisonOperators, '$not']
const modifiers: readonly string[] = ['$with', '$options']

/** Regular expressions of one filter: each is compiled when the filter is read, which takes up to 10 ms. */
export const regexesMax = 64

/**
 * Reads a filter as a user wrote it. Values are copied.
 * @throws QuiverError INVALID_FILTER, with the place (`where.$or[1].year.$gte`) in the message and in `details.place`. Also beyond
 * 32 levels, 1,000 conditions, 10,000 values of one `$in`, 512 characters of one path or pattern, 64 patterns.
 */
export function parseWhere(input: unknown): Condition {
  return parser.read(input)
}

/** Where the reading is. */
interface Position {
  readonly place: string
  /** The level of the tree at which the result stands. */
  readonly depth: number
  /** Inside `$elemMatch`, where operators without a field speak of the element. */
  readonly inElement: boolean
}

class WhereParser {
  #nodes = 0
  #regexes = 0

  read(input: unknown): Condition {
    this.#nodes = this.#regexes = 0
    return this.object(input, { place: 'where', depth: 1, inElement: false })
  }

  object(input: unknown, position: Position): Condition {
    const { place, inElement } = position
    if (input instanceof BuiltCondition) return this.#built(input.condition, position)
    if (!isPlainObject(input)) throw invalid(place, `expected an object such as { year: { $gte: 1955 } }, got ${describe(input)}`)
    const given = inElement ? modifiersOf(input, place) : undefined
    const depth = conjunctsIn(input, inElement) > 1 ? position.depth + 1 : position.depth
    if (depth > conditionDepthMax) throw invalid(place, `nested deeper than ${conditionDepthMax} levels`)
    const conditions: Condition[] = []
    for (const [key, value] of Object.entries(input)) {
      if (given && modifiers.includes(key)) continue
      const at = { place: placeOf(place, key), depth, inElement }
      if (given && comparisonOperators.includes(key)) conditions.push(this.#comparison(key, '', value, at, given))
      else if (key.startsWith('$')) conditions.push(this.#logical(key, value, at))
      else conditions.push(...this.#field(key, value, at))
    }
    given?.finish()
    return this.#all(conditions, place)
  }

  #built(condition: Condition, { place, depth }: Position): Condition {
    const size = sizeOf(condition)
    this.#nodes += size.nodes
    this.#regexes += size.regexes
    if (depth + size.depth - 1 > conditionDepthMax) throw invalid(place, `nested deeper than ${conditionDepthMax} levels`)
    this.#checkCounts(place)
    return condition
  }

  #logical(key: string, value: unknown, at: Position): Condition {
    const { place } = at
    const depth = at.depth + 1
    if (key === '$not') return this.#count({ op: 'not', condition: this.object(value, { ...at, depth }) }, place)
    const operator = listOperators.find((name) => name === key)
    if (!operator) throw unknownLogical(key, at)
    if (!Array.isArray(value) || value.length === 0) {
      throw invalid(place, `expected a list of at least one condition, got ${describe(value)}`)
    }
    const op = operator.slice(1) as 'and' | 'or' | 'nor' | 'xor'
    const conditions = Array.from(value, (item: unknown, i) => this.object(item, { ...at, place: `${place}[${i}]`, depth }))
    return this.#count({ op, conditions }, place)
  }

  #field(path: string, value: unknown, at: Position): Condition[] {
    checkPath(path, at.place)
    if (hasOperators(value)) return this.#operators(path, value, at)
    return [this.#count({ op: 'eq', path, value: literalOf(value, at.place, { operatorsRefused: true }) }, at.place)]
  }

  #operators(path: string, operators: Record<string, unknown>, at: Position): Condition[] {
    const given = modifiersOf(operators, at.place)
    const conditions: Condition[] = []
    for (const [key, operand] of Object.entries(operators)) {
      if (modifiers.includes(key)) continue
      const inner = { ...at, place: placeOf(at.place, key) }
      if (!key.startsWith('$')) throw invalid(inner.place, `operators and plain keys cannot be mixed; ${allowedOnField}`)
      if (!fieldOperators.includes(key)) throw invalid(inner.place, `unknown operator; ${allowedOnField}`)
      if (key === '$not') conditions.push(this.#fieldNot(path, operand, inner))
      else conditions.push(this.#comparison(key, path, operand, inner, given))
    }
    given.finish()
    return conditions
  }

  #comparison(key: string, path: string, operand: unknown, at: Position, given: Modifiers): Condition {
    if (key === '$elemMatch') {
      const condition = this.object(operand, { ...at, depth: at.depth + 1, inElement: true })
      return this.#count(
        { op: 'elemMatch', path, condition, ...(given.optionsFor('elemMatch') as Pick<WhereOptions, 'collect' | 'missing'>) },
        at.place,
      )
    }
    if (key === '$regex') this.#regexes++
    this.#checkCounts(at.place)
    return this.#count(comparisonOf(key, path, operand, at.place, given), at.place)
  }

  #fieldNot(path: string, operand: unknown, at: Position): Condition {
    if (!hasOperators(operand))
      throw invalid(at.place, `expected an object of operators such as { $gt: 5 }, got ${describe(operand)}`)
    const depth = at.depth + (operatorsIn(operand) > 1 ? 2 : 1)
    if (depth > conditionDepthMax) throw invalid(at.place, `nested deeper than ${conditionDepthMax} levels`)
    const condition = this.#all(this.#operators(path, operand, { ...at, depth }), at.place)
    return this.#count({ op: 'not', condition }, at.place)
  }

  #all(conditions: readonly Condition[], place: string): Condition {
    if (conditions.length === 0) return this.#count({ op: 'always' }, place)
    return conditions.length === 1 ? (conditions[0] as Condition) : this.#count({ op: 'and', conditions }, place)
  }

  #count(condition: Condition, place: string): Condition {
    this.#nodes++
    this.#checkCounts(place)
    return condition
  }

  #checkCounts(place: string): void {
    if (this.#nodes > conditionNodesMax) throw invalid(place, `more than ${conditionNodesMax} conditions`)
    if (this.#regexes > regexesMax) throw invalid(place, `more than ${regexesMax} regular expressions`)
  }
}

/** One for all: a reader that lives keeps the code that V8 made for readers. */
const parser = new WhereParser()

const allowedOnField = `allowed on a field: ${[...fieldOperators, ...modifiers].join(', ')}`

function checkPath(path: string, place: string): void {
  if (path.length > pathLengthMax) throw invalid(place, `a path of ${path.length} characters; allowed are ${pathLengthMax}`)
  if (path.split('.').includes('')) throw invalid(place, 'a path has no empty part: "author.name", not "author..name" or ""')
}

function hasOperators(value: unknown): value is Record<string, unknown> {
  return isPlainObject(value) && Object.keys(value).some((key) => key.startsWith('$'))
}

function conjunctsIn(input: Record<string, unknown>, inElement: boolean): number {
  let count = 0
  for (const [key, value] of Object.entries(input))
    if (!key.startsWith('$') && hasOperators(value)) count += operatorsIn(value)
    else if (!inElement || !modifiers.includes(key)) count++
  return count
}

function operatorsIn(operators: Record<string, unknown>): number {
  return Object.keys(operators).filter((key) => !modifiers.includes(key)).length
}

function unknownLogical(key: string, { place, inElement }: Position): Error {
  if (!inElement && [...fieldOperators, ...modifiers].includes(key))
    return invalid(place, `belongs to a field: { someField: { ${key}: ... } }`)
  const ownOperators = inElement ? `${comparisonOperators.join(', ')}, ` : ''
  return invalid(place, `unknown operator; allowed here: ${ownOperators}${logicalOperators.join(', ')} and names of fields`)
}
