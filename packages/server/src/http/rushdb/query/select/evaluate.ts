import type { Json } from 'quiverdb'
import { badRequest } from '../../problem.js'
import { propOf, type StoredRecord, wireOf } from '../../stored.js'
import { accumulatorOf, type RowValues } from './accumulators.js'
import { type Aggregate, type ArithmeticOperator, type Expression, isAggregate, type OutputKey, sourcesOf } from './expression.js'
import { propertyOf } from './property.js'
import { Relatives } from './relatives.js'
import { joined, type Row } from './row.js'
import { bucketStart, instantOf } from './time-bucket.js'

/** Values that one query keeps to tell them apart or to list them. */
const keptMax = 500_000

/** Counts what a query keeps. */
class Kept {
  #count = 0

  /** @throws RushProblem 400 */
  add(): void {
    if (++this.#count > keptMax) throw badRequest(`The query counts or collects more than ${keptMax} values. Narrow it.`)
  }
}

/** Computes expressions over rows. */
export class Evaluator implements RowValues {
  readonly kept = new Kept()
  /** Of the records that are being looked at. */
  relatives = new Relatives()

  /** Adds the keys to an object that has no prototype. */
  output<T extends { [key: string]: Json }>(target: T, keys: readonly OutputKey[], row: Row): T {
    for (const { key, expression } of keys) (target as { [key: string]: Json })[key] = this.value(expression, row)
    return target
  }

  /** An aggregate is over all rows that joining its sources makes of this one. */
  value(expression: Expression, row: Row): Json {
    if (!isAggregate(expression)) return this.#plain(this.#bound(expression, row), row, expression)
    const accumulator = accumulatorOf(expression, this)
    for (const one of joined(row, sourcesOf(expression), this.relatives)) accumulator.add(one)
    return accumulator.result()
  }

  /** The record that a plain expression is about: where its source is not joined, the first there is. */
  #bound(expression: Exclude<Expression, Aggregate>, row: Row): StoredRecord | null {
    if (expression.kind === 'literal' || expression.kind === 'arithmetic') return null
    const here = row.get(expression.source)
    if (here !== undefined) return here
    const [first] = joined(row, [expression.source], this.relatives)
    return first?.get(expression.source) ?? null
  }

  #plain(record: StoredRecord | null, row: Row, expression: Exclude<Expression, Aggregate>): Json {
    switch (expression.kind) {
      case 'literal':
        return expression.value
      case 'arithmetic': {
        const [a, b] = expression.operands.map((operand) => this.value(operand, row))
        return calculated(expression.op, a!, b!)
      }
      case 'record':
        return record && wireOf(record)
      case 'field':
        return record && propertyOf(record, expression.name)
      case 'bucket': {
        if (!record?.props.includes(propOf('datetime', expression.name))) return null
        const value = propertyOf(record, expression.name)
        const instant = typeof value === 'string' ? instantOf(value) : null
        if (instant === null) return null
        const start = bucketStart(instant, expression.bucket)
        return expression.as === 'number' ? start : new Date(start).toISOString().replace('.000Z', 'Z')
      }
      case 'similarity': {
        const value = record && propertyOf(record, expression.name)
        return Array.isArray(value) && value.every((number) => typeof number === 'number')
          ? expression.similarity.of(expression.query, value)
          : null
      }
    }
  }
}

export function calculated(op: ArithmeticOperator, a: Json, b: Json): Json {
  if (typeof a !== 'number' || typeof b !== 'number') return null
  const result = op === '$add' ? a + b : op === '$subtract' ? a - b : op === '$multiply' ? a * b : a / b
  return Number.isFinite(result) ? result : null
}
