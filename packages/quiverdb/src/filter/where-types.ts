import type { BuiltCondition } from './built-condition.js'
import type { Fold, JsonType, JsonValue, OrderedValue } from './condition.js'

/** A value that a field is compared with. A `Date` stands for its ISO text. */
export type WhereValue = JsonValue | Date

/** Where another meaning than Quiver's own is wanted, for all operators beside it that know the option. {@link Condition} says what each means. */
export interface WhereOptions {
  readonly arrays?: 'whole' | 'elements'
  readonly collect?: true
  readonly missing?: 'unknown'
  readonly as?: 'date'
  readonly fold?: Fold
  readonly order?: 'codePoint'
  readonly substrings?: true
}

/** What may be asked of one field; several are all required. {@link Condition} says what each means. */
export interface FieldOperators {
  readonly $eq?: WhereValue
  readonly $ne?: WhereValue
  /** After a `Date`: texts are compared as instants, as with `$with: { as: 'date' }`. */
  readonly $gt?: OrderedValue | Date
  readonly $gte?: OrderedValue | Date
  readonly $lt?: OrderedValue | Date
  readonly $lte?: OrderedValue | Date
  readonly $in?: readonly WhereValue[]
  readonly $nin?: readonly WhereValue[]
  readonly $all?: readonly WhereValue[]
  readonly $contains?: string
  readonly $startsWith?: string
  readonly $endsWith?: string
  /** A pattern of RE2. Of a `RegExp` the flags i, m, s and u are taken. */
  readonly $regex?: string | RegExp
  /** Flags of `$regex`: any of i, m, s. */
  readonly $options?: string
  readonly $type?: JsonType | 'bool' | readonly (JsonType | 'bool')[]
  readonly $size?: number
  /** What one element must fulfil: a filter of its fields, or operators for the element itself. */
  readonly $elemMatch?: WhereInput | FieldOperators | BuiltCondition
  readonly $exists?: boolean
  readonly $not?: FieldOperators
  readonly $with?: WhereOptions
}

/** A filter as it is given to a search: in the style of MongoDB, or built by `where()`. */
export type Filter = WhereInput | BuiltCondition

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
  readonly $and?: readonly Filter[]
  readonly $or?: readonly Filter[]
  readonly $nor?: readonly Filter[]
  readonly $xor?: readonly Filter[]
  readonly $not?: Filter
  readonly [path: string]: WhereValue | FieldOperators | Filter | readonly Filter[] | undefined
}
