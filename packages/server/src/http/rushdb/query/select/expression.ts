import type { Direction } from '../body.js'
import type { Similarity } from '../similarity.js'
import type { Block } from '../where-tree.js'
import type { Bucket } from './time-bucket.js'

/** Where the records of a row come from: the one that was found (no block), or those that are related to the record of the parent. */
export interface Source {
  readonly block?: Block
  readonly parent?: Source
}

/** What a key of the output is made of. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: number | boolean }
  /** A property, or `__id` or `__label`. */
  | { readonly kind: 'field'; readonly source: Source; readonly name: string }
  | { readonly kind: 'record'; readonly source: Source }
  | { readonly kind: 'arithmetic'; readonly op: ArithmeticOperator; readonly operands: readonly [Expression, Expression] }
  | {
      readonly kind: 'bucket'
      readonly source: Source
      readonly name: string
      readonly bucket: Bucket
      readonly as: 'number' | 'text'
    }
  | {
      readonly kind: 'similarity'
      readonly source: Source
      readonly name: string
      readonly query: readonly number[]
      readonly similarity: Similarity
    }
  | Aggregate

export type ArithmeticOperator = '$add' | '$subtract' | '$multiply' | '$divide'

/** What is computed of many rows. */
export type Aggregate = Statistic | Collect

export interface Statistic {
  readonly kind: 'statistic'
  readonly fn: 'sum' | 'avg' | 'min' | 'max' | 'count'
  /** Absent: of `count`, the rows themselves. */
  readonly of?: Expression
  /** Of `count`: equal values count once. */
  readonly unique: boolean
  /** Digits behind the point. */
  readonly precision?: number
}

/** Records, or what is made of each, as a list. */
export interface Collect {
  readonly kind: 'collect'
  readonly source: Source
  /** Absent: the records; an expression: its values, those of lists one by one. */
  readonly item?: Expression | readonly OutputKey[]
  /** Items have the whole record too. */
  readonly withRecord: boolean
  readonly orderBy: readonly { readonly key: string; readonly direction: Direction }[]
  readonly skip: number
  readonly limit?: number
  readonly unique: boolean
}

export interface OutputKey {
  readonly key: string
  readonly expression: Expression
}

export function isAggregate(expression: Expression): expression is Aggregate {
  return expression.kind === 'statistic' || expression.kind === 'collect'
}

/** The aggregates in an expression, those within others left out. */
export function aggregatesIn(expression: Expression): readonly Aggregate[] {
  if (isAggregate(expression)) return [expression]
  return expression.kind === 'arithmetic' ? expression.operands.flatMap(aggregatesIn) : []
}

/** The sources of which a row must have a record. */
export function sourcesOf(expression: Expression): readonly Source[] {
  switch (expression.kind) {
    case 'literal':
      return []
    case 'arithmetic':
      return expression.operands.flatMap(sourcesOf)
    case 'statistic':
      return expression.of ? sourcesOf(expression.of) : []
    default:
      return [expression.source]
  }
}
