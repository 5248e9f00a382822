import type { PropertyType } from './types.js'

interface Own {
  readonly __id: string
  readonly __label: string
  readonly __proptypes: { readonly [property: string]: PropertyType }
  /** Nearness, of results of a vector search: 1 is the same. */
  readonly __score?: number
}

/** What a record offers besides its fields, unless a field has the name. */
interface Shorthands<T> {
  readonly data: T & Own
  readonly id: string
  readonly label: string
  readonly score: number | undefined
}

/** The names that a type has, without those that an index signature allows. */
type NamesOf<T> = keyof { [K in keyof T as string extends K ? never : number extends K ? never : K]: T[K] }

/**
 * A record: its fields, `__id`, `__label`, `__proptypes` and, where it was searched for by a vector, `__score`. Also `data` (all of these as a plain
 * object), `id`, `label` and `score`; a field of such a name comes first, so what must be right for any record is said with the underscores.
 */
export type RushRecord<T extends object> = T & Own & Omit<Shorthands<T>, NamesOf<T>>

const shorthands = {
  get data(): object {
    return { ...this }
  },
  get id(): unknown {
    return (this as Partial<Own>).__id
  },
  get label(): unknown {
    return (this as Partial<Own>).__label
  },
  get score(): unknown {
    return (this as Partial<Own>).__score
  },
}

/** What JSON.parse made, read as a record: fields are its own, so they hide what the prototype offers. */
export function recordOf<T extends object>(wire: object): RushRecord<T> {
  return Object.setPrototypeOf(wire, shorthands) as RushRecord<T>
}

/** The records of an answer; none where it only says that it was done. */
export function recordsOf<T extends object>(answer: unknown): RushRecord<T>[] {
  return Array.isArray(answer) ? answer.map((wire: object) => recordOf<T>(wire)) : []
}

/** A record, its id, or what a call that made it resolved to. */
export type RecordRef = string | { readonly __id: string } | { readonly data: { readonly __id: string } }

export function idOf(record: RecordRef): string {
  if (typeof record === 'string') return record
  return '__id' in record ? record.__id : record.data.__id
}
