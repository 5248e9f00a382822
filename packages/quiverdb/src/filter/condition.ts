/** Any value that JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** Values that have an order among their own kind. */
export type OrderedValue = boolean | number | string

/** The types of JSON. */
export type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object'

/** What is made alike in texts before they are compared: `case`, `accents` or `both`. {@link Condition} says how. */
export type Fold = 'case' | 'accents' | 'both'

/** Which values a condition is asked of. Absent is Quiver's own meaning; {@link Condition} says what the others mean. */
export interface PlaceOptions {
  readonly arrays?: 'whole' | 'elements'
  readonly collect?: true
  readonly missing?: 'unknown'
}

/** How two texts are compared. */
export interface TextOptions {
  readonly fold?: Fold
}

/** How two values are compared. */
export interface ValueOptions extends TextOptions {
  readonly as?: 'date'
}

/** `order: 'codePoint'` orders texts by their characters, which is the order of their UTF-8 bytes. */
export interface OrderOptions extends ValueOptions {
  readonly order?: 'codePoint'
}

/** How the values of a list are looked for. */
export type ListOptions = (ValueOptions & { readonly substrings?: undefined }) | { readonly substrings: true }

/** Compares what is at `path` with a value. */
export type Comparison =
  | ({ readonly op: 'eq' | 'ne'; readonly path: string; readonly value: JsonValue } & PlaceOptions & ValueOptions)
  | ({ readonly op: 'gt' | 'gte' | 'lt' | 'lte'; readonly path: string; readonly value: OrderedValue } & PlaceOptions &
      OrderOptions)
  | ({ readonly op: 'in' | 'nin'; readonly path: string; readonly values: readonly JsonValue[] } & PlaceOptions & ListOptions)
  | ({ readonly op: 'all'; readonly path: string; readonly values: readonly JsonValue[] } & PlaceOptions & ValueOptions)
  | ({ readonly op: 'contains' | 'startsWith' | 'endsWith'; readonly path: string; readonly value: string } & PlaceOptions &
      TextOptions)
  | ({ readonly op: 'regex'; readonly path: string; readonly pattern: string; readonly flags?: string } & PlaceOptions)
  | ({ readonly op: 'type'; readonly path: string; readonly types: readonly JsonType[] } & PlaceOptions)
  | ({ readonly op: 'size'; readonly path: string; readonly value: number } & Pick<PlaceOptions, 'collect' | 'missing'>)
  | ({ readonly op: 'elemMatch'; readonly path: string; readonly condition: Condition } & Pick<
      PlaceOptions,
      'collect' | 'missing'
    >)
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
 * A path through an array can so end at several *places*; a condition matches when it matches at **any** of them.
 * At a place that holds an array, a comparison is also *tried* on each element (not on elements of elements).
 *
 * | op | matches |
 * |---|---|
 * | `always` | every record |
 * | `eq` | an equal value; for `null` also a missing place. Equality is deep, objects regardless of key order, and never converts: `1` is not `"1"`, `0` is `-0`, `1` is `1.0` |
 * | `in` | what is `eq` to one of the values; an empty list matches nothing |
 * | `ne`, `nin` | exactly the records that `eq`, `in` do not match; so also those where the path is missing, unless the value is `null` |
 * | `all` | what is `eq` to each of the values, be it at different places or elements; an empty list matches nothing |
 * | `gt` `gte` `lt` `lte` | a value of the same type in that order: numbers, strings by their UTF-16 code units, `false` before `true`. Other types, null and missing never match |
 * | `contains` `startsWith` `endsWith` | a string that has the text there |
 * | `regex` | a string in which the RE2 pattern is found; `flags` are of `i` (case), `m` (lines), `s` (`.` is any character), in that order |
 * | `type` | a value of one of the types; never a missing place |
 * | `size` | an array of so many elements |
 * | `elemMatch` | an array of which one element alone fulfils `condition`; its paths begin at the element, and `''` is the element itself |
 * | `exists` | `true`: the path is not missing at some place, be the value null; `false`: exactly the others |
 * | `and` `or` `nor` | all, any, none of the conditions |
 * | `xor` | an odd number of them; of two, exactly one |
 * | `not` | exactly the records that its condition does not match |
 *
 * **Options** say where another system's meaning differs:
 *
 * | option | meaning |
 * |---|---|
 * | `arrays: 'whole'` | an array is tried itself, its elements are not |
 * | `arrays: 'elements'` | of an array only the elements are tried |
 * | `collect` | the path ends at one place: a segment that is looked up in the elements of an array gives the list of what was found, lists among it joined, or missing where nothing was |
 * | `missing: 'unknown'` | missing and null places are not tried; where there are no others the answer is unknown, as with SQL's NULL: the record matches neither the condition nor its negation. `and`, `or`, `nor`, `xor`, `not` combine unknown answers as Kleene's logic does |
 * | `as: 'date'` | strings are compared as the instants that ISO 8601 texts name, to the microsecond; a date alone is its midnight, without an offset it is UTC. What is no such text is equal to nothing and has no order |
 * | `fold` | strings are compared without regard of case (each character's lower case, of that the upper case), of accents (decomposed, without combining marks), or of both; only the value itself, not strings inside it |
 * | `order: 'codePoint'` | strings are ordered by characters instead of UTF-16 code units |
 * | `substrings` | of `in`: matches where one of the list's strings contains the value as text; numbers are written as in JSON, arrays are the texts of their elements joined by commas, null and missing match nothing |
 */
export type Condition = { readonly op: 'always' } | Comparison | Combination

/** Bounds that every parser of conditions keeps. */
export const conditionDepthMax = 32
export const conditionNodesMax = 1_000
export const listValuesMax = 10_000
/** In UTF-16 code units. */
export const pathLengthMax = 512
