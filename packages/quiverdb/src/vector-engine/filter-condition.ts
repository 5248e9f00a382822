import { compareKeys } from './key-order.js'
import { Float, type Metadata, type MetadataValue } from './types.js'

/** A value to compare with. Int and Float compare as numbers, whichever the metadata holds. */
export type FilterValue = MetadataValue

type ComparisonOperator = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'

/** A condition as plain data. */
export type FilterTree =
  | { readonly op: 'true' }
  | { readonly op: ComparisonOperator; readonly field: string; readonly value: FilterValue }
  | { readonly op: 'in'; readonly field: string; readonly values: readonly FilterValue[] }
  | { readonly op: 'contains' | 'startsWith'; readonly field: string; readonly text: string }
  | { readonly op: 'exists'; readonly field: string }
  | { readonly op: 'and' | 'or'; readonly left: FilterCondition; readonly right: FilterCondition }

/**
 * A condition on metadata. A field that is missing matches nothing, not even `ne`; nor do values of different types (Int and Float are
 * one). Text is compared by its UTF-8 bytes, `false` comes before `true`, and null equals only a null that was stored.
 *
 * @example
 * ```ts
 * const recent = FilterCondition.ge('year', 2020).and(FilterCondition.in('status', ['active', 'pending']))
 * const hits = engine.searchSimilarFiltered(query, 10, recent)
 * ```
 */
export class FilterCondition {
  readonly tree: FilterTree
  #matches: ((metadata: Metadata) => boolean) | undefined

  private constructor(tree: FilterTree) {
    this.tree = tree
  }

  static eq(field: string, value: FilterValue): FilterCondition {
    return new FilterCondition({ op: 'eq', field, value })
  }

  static ne(field: string, value: FilterValue): FilterCondition {
    return new FilterCondition({ op: 'ne', field, value })
  }

  static lt(field: string, value: FilterValue): FilterCondition {
    return new FilterCondition({ op: 'lt', field, value })
  }

  static le(field: string, value: FilterValue): FilterCondition {
    return new FilterCondition({ op: 'le', field, value })
  }

  static gt(field: string, value: FilterValue): FilterCondition {
    return new FilterCondition({ op: 'gt', field, value })
  }

  static ge(field: string, value: FilterValue): FilterCondition {
    return new FilterCondition({ op: 'ge', field, value })
  }

  static and(left: FilterCondition, right: FilterCondition): FilterCondition {
    return new FilterCondition({ op: 'and', left, right })
  }

  static or(left: FilterCondition, right: FilterCondition): FilterCondition {
    return new FilterCondition({ op: 'or', left, right })
  }

  /** Equal to any of the values. */
  static in(field: string, values: readonly FilterValue[]): FilterCondition {
    return new FilterCondition({ op: 'in', field, values: [...values] })
  }

  /** Text that contains another, case included. */
  static contains(field: string, text: string): FilterCondition {
    return new FilterCondition({ op: 'contains', field, text })
  }

  static startsWith(field: string, text: string): FilterCondition {
    return new FilterCondition({ op: 'startsWith', field, text })
  }

  /** The field is there, be it null. */
  static exists(field: string): FilterCondition {
    return new FilterCondition({ op: 'exists', field })
  }

  /** Matches everything. */
  static readonly true: FilterCondition = new FilterCondition({ op: 'true' })

  and(other: FilterCondition): FilterCondition {
    return FilterCondition.and(this, other)
  }

  or(other: FilterCondition): FilterCondition {
    return FilterCondition.or(this, other)
  }

  /** Compiled at the first call. */
  matches(metadata: Metadata): boolean {
    this.#matches ??= compile(this.tree)
    return this.#matches(metadata)
  }
}

/**
 * Not a condition of the filter floor, whose values are JSON: here Ints have 64 bits, a missing field does not match `ne`, fields are no paths and
 * have no lists. `conditionOf` says the same to a database; durable/where.ts says what that leaves out.
 */
function compile(tree: FilterTree): (metadata: Metadata) => boolean {
  switch (tree.op) {
    case 'true':
      return () => true
    case 'and':
      return (metadata) => tree.left.matches(metadata) && tree.right.matches(metadata)
    case 'or':
      return (metadata) => tree.left.matches(metadata) || tree.right.matches(metadata)
    case 'exists':
      return (metadata) => Object.hasOwn(metadata, tree.field)
    case 'contains':
      return onField(tree.field, (value) => typeof value === 'string' && value.includes(tree.text))
    case 'startsWith':
      return onField(tree.field, (value) => typeof value === 'string' && value.startsWith(tree.text))
    case 'in': {
      const wanted = tree.values.map(comparable)
      return onField(tree.field, (value) => wanted.some((other) => compare(value, other) === 0))
    }
    default: {
      const wanted = comparable(tree.value)
      const accepts = accepted[tree.op]
      return onField(tree.field, (value) => accepts(compare(value, wanted)))
    }
  }
}

/** What each operator makes of an order; NaN, which is no order, is accepted by none. */
const accepted: Record<ComparisonOperator, (order: number) => boolean> = {
  eq: (order) => order === 0,
  ne: (order) => order < 0 || order > 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
}

function onField(field: string, test: (value: Comparable) => boolean): (metadata: Metadata) => boolean {
  return (metadata) => Object.hasOwn(metadata, field) && test(comparable(metadata[field]!))
}

type Comparable = Exclude<MetadataValue, Float>

const comparable = (value: MetadataValue): Comparable => (value instanceof Float ? value.value : value)

/** Negative, zero or positive; NaN where the values have no order among each other. */
function compare(a: Comparable, b: Comparable): number {
  if (isNumeric(a) && isNumeric(b)) return a < b ? -1 : a > b ? 1 : a == b ? 0 : NaN // eslint-disable-line eqeqeq -- 1n == 1
  if (typeof a === 'string' && typeof b === 'string') return compareKeys(a, b)
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  return a === null && b === null ? 0 : NaN
}

const isNumeric = (value: Comparable): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'
