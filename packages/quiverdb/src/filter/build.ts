import { BuiltCondition } from './built-condition.js'
import type { JsonType, ListOptions, OrderOptions, PlaceOptions, TextOptions, ValueOptions } from './condition.js'
import { formatWhere } from './format-where.js'
import type { OrderedAt, PathOf, ValueAt } from './record-paths.js'
import type { FieldOperators, Filter, WhereInput } from './where-types.js'
import { parseWhere } from './where.js'

type ArrayOptions = Pick<PlaceOptions, 'collect' | 'missing'>

/** Functions that build a filter. `Condition` says what each matches. All throw QuiverError INVALID_FILTER, as a filter in the style of MongoDB would. */
export interface ConditionBuilder<T extends object> {
  /** Every record. */
  always(): BuiltCondition
  eq<P extends PathOf<T>>(path: P, value: ValueAt<T, P>, options?: PlaceOptions & ValueOptions): BuiltCondition
  ne<P extends PathOf<T>>(path: P, value: ValueAt<T, P>, options?: PlaceOptions & ValueOptions): BuiltCondition
  /** A `Date` has texts compared as instants, here and in the other orderings. */
  gt<P extends PathOf<T>>(path: P, value: OrderedAt<T, P>, options?: PlaceOptions & OrderOptions): BuiltCondition
  gte<P extends PathOf<T>>(path: P, value: OrderedAt<T, P>, options?: PlaceOptions & OrderOptions): BuiltCondition
  lt<P extends PathOf<T>>(path: P, value: OrderedAt<T, P>, options?: PlaceOptions & OrderOptions): BuiltCondition
  lte<P extends PathOf<T>>(path: P, value: OrderedAt<T, P>, options?: PlaceOptions & OrderOptions): BuiltCondition
  in<P extends PathOf<T>>(path: P, values: readonly ValueAt<T, P>[], options?: PlaceOptions & ListOptions): BuiltCondition
  nin<P extends PathOf<T>>(path: P, values: readonly ValueAt<T, P>[], options?: PlaceOptions & ListOptions): BuiltCondition
  all<P extends PathOf<T>>(path: P, values: readonly ValueAt<T, P>[], options?: PlaceOptions & ValueOptions): BuiltCondition
  contains(path: PathOf<T>, text: string, options?: PlaceOptions & TextOptions): BuiltCondition
  startsWith(path: PathOf<T>, text: string, options?: PlaceOptions & TextOptions): BuiltCondition
  endsWith(path: PathOf<T>, text: string, options?: PlaceOptions & TextOptions): BuiltCondition
  /** A pattern of RE2; flags are those of the `RegExp`. */
  regex(path: PathOf<T>, pattern: string | RegExp, options?: PlaceOptions): BuiltCondition
  type(path: PathOf<T>, types: JsonType | readonly JsonType[], options?: PlaceOptions): BuiltCondition
  size(path: PathOf<T>, elements: number, options?: ArrayOptions): BuiltCondition
  /** What one element must fulfil: a filter of its fields, or operators for the element itself. */
  elemMatch(path: PathOf<T>, element: Filter | FieldOperators, options?: ArrayOptions): BuiltCondition
  exists(path: PathOf<T>, value?: boolean): BuiltCondition
  and(...filters: Filter[]): BuiltCondition
  or(...filters: Filter[]): BuiltCondition
  nor(...filters: Filter[]): BuiltCondition
  xor(...filters: Filter[]): BuiltCondition
  not(filter: Filter): BuiltCondition
}

/**
 * Functions that build a filter, typed by the records: paths and values are checked as far as the type knows them.
 *
 * @example
 * ```ts
 * const { and, gte, contains } = where<{ year: number; author: { name: string } }>()
 * const hits = await papers.search({ vector, where: and(gte('year', 1955), contains('author.name', 'Simon')) })
 * ```
 */
export function where<T extends object = Record<string, unknown>>(): ConditionBuilder<T> {
  return builder as ConditionBuilder<T>
}

const builder: ConditionBuilder<Record<string, unknown>> = Object.freeze({
  always: () => built({}),
  eq: onField('$eq'),
  ne: onField('$ne'),
  gt: onField('$gt'),
  gte: onField('$gte'),
  lt: onField('$lt'),
  lte: onField('$lte'),
  in: onField('$in'),
  nin: onField('$nin'),
  all: onField('$all'),
  contains: onField('$contains'),
  startsWith: onField('$startsWith'),
  endsWith: onField('$endsWith'),
  regex: onField('$regex'),
  type: onField('$type'),
  size: onField('$size'),
  elemMatch: onField('$elemMatch'),
  exists: (path: string, value = true) => built({ [path]: { $exists: value } }),
  and: (...filters: Filter[]) => built({ $and: filters }),
  or: (...filters: Filter[]) => built({ $or: filters }),
  nor: (...filters: Filter[]) => built({ $nor: filters }),
  xor: (...filters: Filter[]) => built({ $xor: filters }),
  not: (filter: Filter) => built({ $not: filter }),
})

function onField(operator: string): (path: string, operand: unknown, options?: object) => BuiltCondition {
  return (path, operand, options) => built({ [path]: { [operator]: operand, ...(options && { $with: options }) } })
}

/** The parser of filters checks, so that both ways of writing one have the same rules. */
function built(filter: WhereInput): BuiltCondition {
  const condition = parseWhere(filter)
  return new BuiltCondition(condition, formatWhere(condition))
}
