/** Any value that JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** Values that have an order among their own kind. */
export type OrderedValue = boolean | number | string

/** Compares what is at `path` with a value. */
export type Comparison =
  | { readonly op: 'eq' | 'ne'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'gt' | 'gte' | 'lt' | 'lte'; readonly path: string; readonly value: OrderedValue }
  | { readonly op: 'in' | 'nin'; readonly path: string; readonly values: readonly JsonValue[] }
  | { readonly op: 'exists'; readonly path: string; readonly value: boolean }

/** Combines conditions. The list has at least one member. */
export type Combination =
  | { readonly op: 'and' | 'or' | 'nor' | 'xor'; readonly conditions: readonly Condition[] }
  | { readonly op: 'not'; readonly condition: Condition }

/**
 * A filter over the fields of a record, as plain data: every syntax is parsed into this tree, and everything inside speaks it.
 * This is the reference of what its parts mean; {@link compileCondition} evaluates it.
 *
 * **Paths** are dotted. At an object, a segment names a property of its own. At an array, a whole number (`0`, `12`) is the
 * index of one element; any other segment is looked up in every element that is an object. Where an array holds no object to
 * look into, where a property or index is absent, and where something is neither object nor array, the path is *missing*.
 * A path through an array can so end at several places; a condition matches when it matches at **any** of them.
 * At a place that holds an array, `eq`, `in` and the orderings are also tried on each element (not on elements of elements).
 *
 * | op | matches |
 * |---|---|
 * | `always` | every record |
 * | `eq` | an equal value; for `null` also a missing place. Equality is deep, objects regardless of key order, and never converts: `1` is not `"1"`, `0` is `-0` |
 * | `in` | what is `eq` to one of the values; an empty list matches nothing |
 * | `ne`, `nin` | exactly the records that `eq`, `in` do not match; so also those where the path is missing, unless the value is `null` |
 * | `gt` `gte` `lt` `lte` | a value of the same type in that order: numbers, strings by their UTF-16 code units, `false` before `true`. Other types, null and missing never match |
 * | `exists` | `true`: the path is not missing at some place, be the value null; `false`: exactly the others |
 * | `and` `or` `nor` | all, any, none of the conditions |
 * | `xor` | an odd number of them; of two, exactly one |
 * | `not` | exactly the records that its condition does not match |
 */
export type Condition = { readonly op: 'always' } | Comparison | Combination

/** Bounds that every parser of conditions keeps. */
export const conditionDepthMax = 32
export const conditionNodesMax = 1_000
export const listValuesMax = 10_000
/** In UTF-16 code units. */
export const pathLengthMax = 512
