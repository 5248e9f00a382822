import type { WhereValue } from './where-types.js'

/** Levels below which paths are no longer listed by the type. */
type PathDepth = 6

type Leaf = string | number | boolean | bigint | symbol | Date | ArrayBufferView | ((...args: never[]) => unknown)

/** Any text where nothing is known of a type. */
type IsOpen<T> = unknown extends T ? true : string extends keyof T ? true : false

/** The dotted paths into a record, as far as its type knows them: names, names within, and indexes of lists. */
export type PathOf<T, Depth extends unknown[] = []> = Depth['length'] extends PathDepth
  ? never
  : IsOpen<T> extends true
    ? string
    : T extends Leaf | null | undefined
      ? never
      : T extends readonly (infer E)[]
        ? `${number}` | `${number}.${PathOf<E, [...Depth, 0]>}` | PathOf<Exclude<E, readonly unknown[]>, Depth>
        : { [K in keyof T & string]: K | `${K}.${PathOf<T[K], [...Depth, 0]>}` }[keyof T & string]

type At<T, K extends string> =
  IsOpen<T> extends true
    ? unknown
    : T extends Leaf | null | undefined
      ? never
      : T extends readonly (infer E)[]
        ? K extends `${number}`
          ? E
          : At<Exclude<E, readonly unknown[]>, K>
        : K extends keyof T
          ? T[K]
          : never

type Found<T, P extends string> = P extends `${infer Head}.${infer Rest}` ? Found<At<T, Head>, Rest> : At<T, P>

type Comparable<V> = unknown extends V
  ? WhereValue
  : V extends Date
    ? Date | string
    : V extends readonly (infer E)[]
      ? V | Comparable<E>
      : V extends string
        ? V | (string extends V ? Date : never)
        : Exclude<V, undefined>

/** What the value at a path may be compared with: a value of its type, of a list also one of an element, and null. */
export type ValueAt<T, P extends string> = Comparable<Found<T, P>> | null

/** The same, of values that have an order. */
export type OrderedAt<T, P extends string> = Extract<ValueAt<T, P>, number | string | boolean | Date>
