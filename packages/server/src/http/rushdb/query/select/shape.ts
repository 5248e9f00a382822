import type { Filter, Json } from 'quiverdb'
import type { Unit } from '../../project.js'
import { badRequest } from '../../problem.js'
import { type StoredRecord, wireOf } from '../../stored.js'
import { type Direction, limitDefault, type SearchQuery } from '../body.js'
import type { Budget } from '../budget.js'
import { sortFields } from '../order.js'
import { pageOf } from '../page.js'
import { pagesOf } from '../pages.js'
import { parseWhere } from '../parse-where.js'
import { aliasesOf, root } from './aliases.js'
import { Evaluator } from './evaluate.js'
import type { OutputKey } from './expression.js'
import { type Grouping, Groups, parseGroupBy } from './group.js'
import { fieldsOf, type Needs, needsOf } from './needs.js'
import { parseAggregate } from './parse-aggregate.js'
import { parseSelect } from './parse-select.js'
import { RelativesLoader } from './relatives.js'
import { Row } from './row.js'
import { compareKeys } from './values.js'

/** Records that are looked at together with what is related to them. */
const batchRecords = 10_000
/** Rows that are kept beyond those that are wanted, before the worst are let go. */
const slackRows = 1_024

/** What a query wants to get instead of records. */
export interface Shape {
  readonly output: readonly OutputKey[]
  readonly grouping?: Grouping
}

/** Undefined: records as they are. @throws RushProblem 400 */
export function shapeOf({ select, aggregate, groupBy, where }: SearchQuery): Shape | undefined {
  if (select && aggregate) throw badRequest('"select" and "aggregate" cannot stand together')
  const aliases = aliasesOf(parseWhere(where))
  const output = select ? parseSelect(select, aliases) : parseAggregate(aggregate ?? {}, aliases)
  if (output.length === 0) return undefined
  return groupBy && groupBy.length > 0 ? { output, grouping: parseGroupBy(groupBy, output, aliases) } : { output }
}

type OutputRow = { [key: string]: Json }

/** Makes the rows that a query wants of the records that match. */
export class Shaper {
  readonly #unit: Unit
  readonly #query: SearchQuery
  readonly #where: Filter
  readonly #budget: Budget
  readonly #evaluator = new Evaluator()
  readonly #loader: RelativesLoader

  constructor(unit: Unit, query: SearchQuery, where: Filter, budget: Budget) {
    this.#unit = unit
    this.#query = query
    this.#where = where
    this.#budget = budget
    this.#loader = new RelativesLoader(unit, budget)
  }

  async rows({ output, grouping }: Shape): Promise<readonly OutputRow[]> {
    if (grouping) return this.#cut(await this.#groups(grouping))
    const records = this.#isSortedBy(output) ? await this.#sortedLate(output) : await this.#sortedFirst()
    await this.#load(needsOf(output.map(({ expression }) => expression)), records)
    return records.map((record) => this.#evaluator.output<OutputRow>(wireOf(record), output, new Row(root, record)))
  }

  /** Of all records that match, whatever part of the groups is wanted. */
  async #groups(grouping: Grouping): Promise<readonly OutputRow[]> {
    const groups = new Groups(grouping, this.#evaluator)
    for await (const record of this.#all(needsOf([...grouping.by, ...grouping.output].map(({ expression }) => expression))))
      groups.add(new Row(root, record))
    const rows = groups.rows()
    const keys = this.#orderKeys()
    const directions = keys.map(([, direction]) => direction)
    const keysOf = (row: OutputRow): Json[] => keys.map(([key]) => row[key] ?? null)
    return keys.length === 0 ? rows : rows.sort((a, b) => compareKeys(keysOf(a), keysOf(b), directions))
  }

  #cut<R>(rows: readonly R[]): readonly R[] {
    const { skip = 0, limit = limitDefault } = this.#query
    return rows.slice(skip, skip + limit)
  }

  #sortedFirst(): Promise<readonly StoredRecord[]> {
    const { orderBy, skip = 0, limit = limitDefault } = this.#query
    return pageOf(this.#unit.records, { where: this.#where, orderBy: sortFields(orderBy), skip, limit }, this.#budget)
  }

  /** By what is computed of each record: it is computed of all of them, and the first are kept. */
  async #sortedLate(output: readonly OutputKey[]): Promise<readonly StoredRecord[]> {
    const { skip = 0, limit = limitDefault } = this.#query
    const keys = this.#orderKeys()
    const expressions = keys.map(
      ([name]) => output.find(({ key }) => key === name)?.expression ?? { kind: 'field' as const, source: root, name },
    )
    const first = new FirstRows(
      keys.map(([, direction]) => direction),
      skip + limit,
    )
    for await (const record of this.#all(needsOf(expressions))) {
      const row = new Row(root, record)
      first.add({ id: record.id, keys: expressions.map((expression) => this.#evaluator.value(expression, row)) })
    }
    const ids = this.#cut(first.rows()).map(({ id }) => id)
    return (await this.#unit.records.getMany(ids)).filter((record) => record !== null)
  }

  /** All that match, oldest first, each while what is related to it is known. */
  async *#all(needs: Needs): AsyncGenerator<StoredRecord> {
    const fields = fieldsOf(needs, root)
    const query = { where: this.#where, limit: batchRecords, ...(fields && { fields }) }
    for await (const page of pagesOf(this.#unit.records, query, this.#budget)) {
      await this.#load(needs, page)
      yield* page
    }
  }

  async #load(needs: Needs, records: readonly StoredRecord[]): Promise<void> {
    this.#evaluator.relatives = await this.#loader.load(
      needs,
      records.map(({ id }) => id),
    )
  }

  #isSortedBy(output: readonly OutputKey[]): boolean {
    return this.#orderKeys().some(([name]) => output.some(({ key }) => key === name))
  }

  #orderKeys(): readonly (readonly [string, Direction])[] {
    const { orderBy } = this.#query
    return typeof orderBy === 'object' && orderBy !== null ? Object.entries(orderBy) : []
  }
}

interface KeyedRow {
  readonly id: string
  readonly keys: readonly Json[]
}

/** The first rows of an order, equal ones the newest first. */
class FirstRows {
  readonly #directions: readonly Direction[]
  readonly #count: number
  #rows: KeyedRow[] = []

  constructor(directions: readonly Direction[], count: number) {
    this.#directions = directions
    this.#count = count
  }

  add(row: KeyedRow): void {
    this.#rows.push(row)
    if (this.#rows.length >= 2 * this.#count + slackRows) this.#prune()
  }

  rows(): readonly KeyedRow[] {
    this.#prune()
    return this.#rows
  }

  #prune(): void {
    this.#rows.sort((a, b) => compareKeys(a.keys, b.keys, this.#directions) || (a.id < b.id ? 1 : -1))
    if (this.#rows.length > this.#count) this.#rows.length = this.#count
  }
}
