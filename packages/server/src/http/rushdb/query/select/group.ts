import type { Json } from 'quiverdb'
import { badRequest } from '../../problem.js'
import { type Accumulator, accumulatorOf } from './accumulators.js'
import { root } from './aliases.js'
import { calculated, type Evaluator } from './evaluate.js'
import {
  type Aggregate,
  aggregatesIn,
  type Expression,
  isAggregate,
  type OutputKey,
  type Source,
  sourcesOf,
} from './expression.js'
import { parseReference } from './parse-select.js'
import { joined, type Row } from './row.js'

const groupsMax = 100_000

/** What rows are grouped by, and what is said of each group. */
export interface Grouping {
  /** Also all keys of the output that are no aggregates, as in Cypher. */
  readonly by: readonly OutputKey[]
  readonly output: readonly OutputKey[]
}

/**
 * Reads `groupBy`: properties of aliases, and keys of the output. Where those keys are aggregates, there is one group for all.
 * @throws RushProblem 400
 */
export function parseGroupBy(
  groupBy: readonly string[],
  output: readonly OutputKey[],
  aliases: ReadonlyMap<string, Source>,
): Grouping {
  const by = groupBy.flatMap((entry, i): OutputKey[] => {
    const place = `groupBy.${i}`
    if (!entry.startsWith('$')) {
      if (output.some(({ key }) => key === entry)) return []
      throw badRequest(`"${place}" must be a property such as "$record.name", or a key of the output: ${entry.slice(0, 100)}`)
    }
    const expression = parseReference(entry, aliases, place)
    if (expression.kind !== 'field') throw badRequest(`"${place}" names no property: ${entry.slice(0, 100)}`)
    return [{ key: expression.name, expression }]
  })
  return { by: [...by, ...output.filter(({ expression }) => aggregatesIn(expression).length === 0)], output }
}

interface Group {
  readonly keys: readonly Json[]
  readonly accumulators: ReadonlyMap<Aggregate, Accumulator>
}

/** Groups of records, added one by one, in the order in which they appear. */
export class Groups {
  readonly #grouping: Grouping
  readonly #aggregates: readonly Aggregate[]
  readonly #sources: readonly Source[]
  readonly #groups = new Map<string, Group>()
  readonly #evaluator: Evaluator

  constructor(grouping: Grouping, evaluator: Evaluator) {
    this.#grouping = grouping
    this.#evaluator = evaluator
    this.#aggregates = [...new Set(grouping.output.flatMap(({ expression }) => aggregatesIn(expression)))]
    this.#sources = grouping.by.flatMap(({ expression }) => sourcesOf(expression))
    if (grouping.by.length === 0) this.#groupOf([])
  }

  /** Adds a record; what is related to it is known to the evaluator. */
  add(row: Row): void {
    for (const one of joined(row, [root, ...this.#sources], this.#evaluator.relatives)) this.#groupOf(this.#keysOf(one))
    for (const aggregate of this.#aggregates) this.#addTo(aggregate, row)
  }

  rows(): { [key: string]: Json }[] {
    return [...this.#groups.values()].map((group) => {
      const target = Object.create(null) as { [key: string]: Json }
      for (const [i, { key }] of this.#grouping.by.entries()) target[key] = group.keys[i]!
      for (const { key, expression } of this.#grouping.output) target[key] = this.#finished(expression, group)
      return target
    })
  }

  /** Of what is no aggregate a group has only what it is grouped by. */
  #finished(expression: Expression, group: Group): Json {
    if (isAggregate(expression)) return group.accumulators.get(expression)!.result()
    if (expression.kind === 'literal') return expression.value
    const key = this.#grouping.by.findIndex((by) => isSame(by.expression, expression))
    if (key >= 0) return group.keys[key]!
    if (expression.kind !== 'arithmetic') return null
    const [a, b] = expression.operands.map((operand) => this.#finished(operand, group))
    return calculated(expression.op, a!, b!)
  }

  /** Within a group each combination of the records that an aggregate is about counts once, whatever else the groups are made by. */
  #addTo(aggregate: Aggregate, row: Row): void {
    const sources = [root, ...sourcesOf(aggregate)]
    const seen = new Map<Group, Set<string>>()
    for (const one of joined(row, [...sources, ...this.#sources], this.#evaluator.relatives)) {
      const group = this.#groupOf(this.#keysOf(one))
      let keys = seen.get(group)
      if (!keys) seen.set(group, (keys = new Set()))
      const key = one.key(sources)
      if (keys.has(key)) continue
      keys.add(key)
      group.accumulators.get(aggregate)!.add(one)
    }
  }

  #keysOf(row: Row): readonly Json[] {
    return this.#grouping.by.map(({ expression }) => this.#evaluator.value(expression, row))
  }

  #groupOf(keys: readonly Json[]): Group {
    const name = JSON.stringify(keys)
    let group = this.#groups.get(name)
    if (group) return group
    if (this.#groups.size === groupsMax) throw badRequest(`The query makes more than ${groupsMax} groups. Narrow it.`)
    const accumulators = new Map(this.#aggregates.map((aggregate) => [aggregate, accumulatorOf(aggregate, this.#evaluator)]))
    group = { keys, accumulators }
    this.#groups.set(name, group)
    return group
  }
}

function isSame(a: Expression, b: Expression): boolean {
  return a === b || (a.kind === 'field' && b.kind === 'field' && a.source === b.source && a.name === b.name)
}
