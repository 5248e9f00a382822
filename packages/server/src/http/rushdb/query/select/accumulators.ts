import type { Json } from 'quiverdb'
import { type StoredRecord, wireOf } from '../../stored.js'
import type { Aggregate, Collect, Expression, OutputKey, Statistic } from './expression.js'
import { propertyOf } from './property.js'
import type { Row } from './row.js'
import { compareKeys, compareValues, rounded } from './values.js'

/** Takes in rows, and says what is computed of them. */
export interface Accumulator {
  add(row: Row): void
  result(): Json
}

/** What computes single rows. */
export interface RowValues {
  readonly kept: { add(): void }
  value(expression: Expression, row: Row): Json
  output<T extends { [key: string]: Json }>(target: T, keys: readonly OutputKey[], row: Row): T
}

export function accumulatorOf(aggregate: Aggregate, evaluator: RowValues): Accumulator {
  if (aggregate.kind === 'collect') return new Collected(aggregate, evaluator)
  if (aggregate.fn === 'count') return new Counting(aggregate, evaluator)
  return aggregate.fn === 'sum' || aggregate.fn === 'avg' ? new Total(aggregate, evaluator) : new Extreme(aggregate, evaluator)
}

class Total implements Accumulator {
  readonly #statistic: Statistic
  readonly #evaluator: RowValues
  #sum = 0
  #count = 0

  constructor(statistic: Statistic, evaluator: RowValues) {
    this.#statistic = statistic
    this.#evaluator = evaluator
  }

  add(row: Row): void {
    const value = this.#evaluator.value(this.#statistic.of!, row)
    if (typeof value !== 'number') return
    this.#sum += value
    this.#count++
  }

  result(): Json {
    const { fn, precision } = this.#statistic
    if (fn === 'sum') return rounded(this.#sum, precision)
    return this.#count === 0 ? null : rounded(this.#sum / this.#count, precision)
  }
}

class Extreme implements Accumulator {
  readonly #statistic: Statistic
  readonly #evaluator: RowValues
  #best: Json = null

  constructor(statistic: Statistic, evaluator: RowValues) {
    this.#statistic = statistic
    this.#evaluator = evaluator
  }

  add(row: Row): void {
    const value = this.#evaluator.value(this.#statistic.of!, row)
    if (value === null || typeof value === 'object') return
    const order = compareValues(value, this.#best, 'asc')
    if (this.#best === null || (this.#statistic.fn === 'min' ? order < 0 : order > 0)) this.#best = value
  }

  result(): Json {
    return typeof this.#best === 'number' ? rounded(this.#best, this.#statistic.precision) : this.#best
  }
}

/** Counts values that differ, or all; records by their ids. Nothing is not counted. */
class Counting implements Accumulator {
  readonly #statistic: Statistic
  readonly #evaluator: RowValues
  readonly #seen = new Set<string>()
  #count = 0

  constructor(statistic: Statistic, evaluator: RowValues) {
    this.#statistic = statistic
    this.#evaluator = evaluator
  }

  add(row: Row): void {
    const { of, unique } = this.#statistic
    const value = of ? (of.kind === 'record' ? (row.get(of.source)?.id ?? null) : this.#evaluator.value(of, row)) : true
    if (value === null) return
    if (of && unique) {
      const key = JSON.stringify(value)
      if (this.#seen.has(key)) return
      this.#evaluator.kept.add()
      this.#seen.add(key)
    }
    this.#count++
  }

  result(): Json {
    return this.#count
  }
}

interface Item {
  readonly value: Json
  /** What it is sorted by; equal ones the newest first. */
  readonly keys: readonly Json[]
  readonly id: string
}

class Collected implements Accumulator {
  readonly #collect: Collect
  readonly #evaluator: RowValues
  readonly #items: Item[] = []
  readonly #seen = new Set<string>()

  constructor(collect: Collect, evaluator: RowValues) {
    this.#collect = collect
    this.#evaluator = evaluator
  }

  add(row: Row): void {
    const record = row.get(this.#collect.source)
    if (!record) return
    for (const value of this.#valuesOf(record, row)) {
      if (value === null) continue
      if (this.#collect.unique) {
        const key = this.#collect.item ? JSON.stringify(value) : record.id
        if (this.#seen.has(key)) continue
        this.#seen.add(key)
      }
      this.#evaluator.kept.add()
      this.#items.push({ value, id: record.id, keys: this.#collect.orderBy.map(({ key }) => keyOf(value, key, record)) })
    }
  }

  result(): Json {
    const { orderBy, skip, limit } = this.#collect
    const directions = orderBy.map(({ direction }) => direction)
    this.#items.sort((a, b) => compareKeys(a.keys, b.keys, directions) || compareValues(a.id, b.id, 'desc'))
    return this.#items.slice(skip, limit === undefined ? undefined : skip + limit).map(({ value }) => value)
  }

  #valuesOf(record: StoredRecord, row: Row): readonly Json[] {
    const { item, withRecord } = this.#collect
    if (!item) return [wireOf(record)]
    if ('kind' in item) {
      const value = this.#evaluator.value(item, row)
      return Array.isArray(value) ? value : [value]
    }
    const target = withRecord ? wireOf(record) : (Object.create(null) as { [key: string]: Json })
    return [this.#evaluator.output(target, item, row)]
  }
}

/** A key of the item, else the property of its record. */
function keyOf(value: Json, key: string, record: StoredRecord): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, key)) return value[key]!
  return propertyOf(record, key)
}
