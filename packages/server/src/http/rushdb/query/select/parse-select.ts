import { badRequest } from '../../problem.js'
import { parseWhere } from '../parse-where.js'
import { collectOptions } from './collect-options.js'
import {
  aggregatesIn,
  type ArithmeticOperator,
  type Collect,
  type Expression,
  type OutputKey,
  type Source,
  type Statistic,
} from './expression.js'
import { bucketOf } from './time-bucket.js'

const keysMax = 64
const depthMax = 16

type Entries = Readonly<Record<string, unknown>>
type Aliases = ReadonlyMap<string, Source>

const arithmetic: readonly string[] = ['$add', '$subtract', '$multiply', '$divide'] satisfies ArithmeticOperator[]
const statistics: readonly string[] = ['$sum', '$avg', '$min', '$max', '$count']

/** Reads `select`. @throws RushProblem 400 */
export function parseSelect(select: Entries, aliases: Aliases, place = 'select', depth = 0): OutputKey[] {
  const keys = Object.keys(select)
  if (keys.length > keysMax) throw badRequest(`"${place}" must have at most ${keysMax} keys`)
  const parser = new SelectParser(select, aliases, place, depth)
  return keys.map((key) => ({ key, expression: parser.key(key) }))
}

/** `$alias.field`, or `$alias` for the whole record. @throws RushProblem 400 */
export function parseReference(text: unknown, aliases: Aliases, place: string): Expression {
  if (typeof text !== 'string' || !text.startsWith('$')) throw badRequest(`"${place}" must be a text such as "$record.name"`)
  const dot = text.indexOf('.')
  const source = sourceOf(dot < 0 ? text : text.slice(0, dot), aliases, place)
  if (dot < 0) return { kind: 'record', source }
  const name = text.slice(dot + 1)
  if (name === '') throw badRequest(`"${place}" names no property: ${text.slice(0, 100)}`)
  return { kind: 'field', source, name }
}

/** @throws RushProblem 400 */
export function sourceOf(alias: unknown, aliases: Aliases, place: string): Source {
  const source = typeof alias === 'string' ? aliases.get(alias) : undefined
  if (source) return source
  throw badRequest(
    `"${place}" names an unknown alias: ${String(alias).slice(0, 100)}. Known are ${[...aliases.keys()].join(', ')}`,
  )
}

class SelectParser {
  readonly #select: Entries
  readonly #aliases: Aliases
  readonly #place: string
  readonly #depth: number
  readonly #done = new Map<string, Expression>()
  readonly #open = new Set<string>()

  constructor(select: Entries, aliases: Aliases, place: string, depth: number) {
    this.#select = select
    this.#aliases = aliases
    this.#place = place
    this.#depth = depth
  }

  key(key: string): Expression {
    const done = this.#done.get(key)
    if (done) return done
    if (this.#open.has(key)) throw badRequest(`"${this.#place}.${key}" has a circular reference`)
    this.#open.add(key)
    const expression = this.#expression(this.#select[key], `${this.#place}.${key}`, this.#depth)
    this.#done.set(key, expression)
    return expression
  }

  #expression(value: unknown, place: string, depth: number): Expression {
    if (depth > depthMax) throw badRequest(`"${place}" is nested deeper than ${depthMax} levels`)
    if (typeof value === 'number' || typeof value === 'boolean') return { kind: 'literal', value }
    if (typeof value === 'string') return parseReference(value, this.#aliases, place)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badRequest(`"${place}" is not an expression`)
    const entries = Object.entries(value).filter(([name]) => name !== '$precision')
    const [operator, operand] = entries[0] ?? ['', undefined]
    if (entries.length !== 1) throw badRequest(`"${place}" must be one expression, such as { "$sum": "$record.amount" }`)
    return this.#operator(operator, operand, value as Entries, `${place}.${operator}`, depth)
  }

  #operator(operator: string, operand: unknown, value: Entries, place: string, depth: number): Expression {
    if (operator === '$ref') return this.#reference(operand, place)
    if (statistics.includes(operator)) return this.#statistic(operator, operand, value, place, depth)
    if (arithmetic.includes(operator)) return this.#arithmetic(operator as ArithmeticOperator, operand, place, depth)
    if (operator === '$collect') return this.#collect(entriesOf(operand, place), place, depth)
    if (operator === '$timeBucket') return this.#bucket(entriesOf(operand, place), place)
    throw badRequest(`"${place}" is not an expression`)
  }

  #reference(key: unknown, place: string): Expression {
    if (typeof key === 'string' && Object.hasOwn(this.#select, key)) return this.key(key)
    throw badRequest(`"${place}" refers to no key of "${this.#place}"`)
  }

  #statistic(operator: string, operand: unknown, value: Entries, place: string, depth: number): Statistic {
    const fn = operator.slice(1) as Statistic['fn']
    const precision = precisionOf(value['$precision'], `${place.slice(0, -operator.length)}$precision`)
    const common = { kind: 'statistic', fn, unique: true, ...(precision !== undefined && { precision }) } as const
    if (fn === 'count' && operand === '*') return common
    const of = this.#expression(operand, place, depth + 1)
    if (aggregatesIn(of).length > 0) throw badRequest(`"${place}" has one aggregate within another`)
    return { ...common, of }
  }

  #arithmetic(op: ArithmeticOperator, operands: unknown, place: string, depth: number): Expression {
    if (!Array.isArray(operands) || operands.length !== 2) throw badRequest(`"${place}" must be a list of two expressions`)
    const [a, b] = operands.map((operand: unknown, i) => this.#expression(operand, `${place}.${i}`, depth + 1))
    return { kind: 'arithmetic', op, operands: [a!, b!] }
  }

  #bucket({ field, unit, size }: Entries, place: string): Expression {
    const of = parseReference(field, this.#aliases, `${place}.field`)
    if (of.kind !== 'field') throw badRequest(`"${place}.field" names no property`)
    return { ...of, kind: 'bucket', bucket: bucketOf(unit, size, place, 'unit'), as: 'number' }
  }

  #collect(collect: Entries, place: string, depth: number): Collect {
    const { from, label, where, select, unique } = collect
    if ((from === undefined) === (label === undefined)) throw badRequest(`"${place}" must have either "from" or "label"`)
    const source = from === undefined ? this.#related(label, where, place) : sourceOf(from, this.#aliases, `${place}.from`)
    const aliases = new Map([...this.#aliases, ['$self', source]])
    const item = select === undefined || select === null ? undefined : entriesOf(select, `${place}.select`)
    return {
      kind: 'collect',
      source,
      ...(item && { item: parseSelect(item, aliases, `${place}.select`, depth + 1) }),
      withRecord: false,
      ...collectOptions(collect, place),
      unique: unique !== false,
    }
  }

  /** Records with a label that are related to those of the level around. */
  #related(label: unknown, where: unknown, place: string): Source {
    if (typeof label !== 'string') throw badRequest(`"${place}.label" must be a string`)
    const block = { label, walk: {}, where: parseWhere(where, `${place}.where`) }
    return { block, parent: this.#aliases.get('$self') ?? this.#aliases.get('$record')! }
  }
}

/** @throws RushProblem 400 */
export function precisionOf(precision: unknown, place: string): number | undefined {
  if (precision === undefined || precision === null) return undefined
  if (typeof precision === 'number' && Number.isInteger(precision) && precision >= 0 && precision <= precisionMax)
    return precision
  throw badRequest(`"${place}" must be a whole number from 0 to ${precisionMax}`)
}

const precisionMax = 15

function entriesOf(value: unknown, place: string): Entries {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Entries
  throw badRequest(`"${place}" must be an object`)
}
