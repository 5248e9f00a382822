import * as v from 'valibot'
import { QuiverError } from '../../errors.js'

/** One field of an order, and its direction. */
export interface SortField {
  readonly path: string
  readonly descending: boolean
  /** What has no order comes first instead of last. */
  readonly missingFirst: boolean
}

/** What a record is sorted by in one field; null: nothing that has an order. */
export type SortKey = boolean | number | string | null

/** A place in an order. */
export interface SortPosition {
  readonly keys: readonly SortKey[]
  readonly id: string
}

/** Records by several fields: `false`, `true`, numbers, texts by UTF-16 code units; what has no order last or first; equal ones by id. */
export class SortOrder {
  readonly fields: readonly SortField[]

  constructor(fields: readonly SortField[]) {
    this.fields = fields
  }

  compare(a: SortPosition, b: SortPosition): number {
    for (const [place, field] of this.fields.entries()) {
      const order = compareKeys(a.keys[place]!, b.keys[place]!, field)
      if (order !== 0) return order
    }
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
  }

  /** A text that names a position, for a later call with the same order. */
  token({ keys, id }: SortPosition): string {
    const bytes = new TextEncoder().encode(JSON.stringify([this.#name(), keys, id]))
    return btoa(String.fromCharCode(...bytes))
  }

  /** @throws QuiverError INVALID_ARGUMENT: it is no token, or one of another order */
  position(token: string): SortPosition {
    const parsed = v.safeParse(tokenShape, decoded(token))
    if (parsed.success && parsed.output[0] === this.#name() && parsed.output[1].length === this.fields.length)
      return { keys: parsed.output[1], id: parsed.output[2] }
    const problem = parsed.success ? 'it belongs to another order' : 'it is not what a page gave as next'
    throw new QuiverError('INVALID_ARGUMENT', `Invalid list query, 'after': ${problem}.`, { details: { path: 'after' } })
  }

  #name(): string {
    return JSON.stringify(
      this.fields.map(({ path, descending, missingFirst }) => [path, descending, ...(missingFirst ? [true] : [])]),
    )
  }
}

export function compareKeys(a: SortKey, b: SortKey, { descending, missingFirst }: Omit<SortField, 'path'>): number {
  if (a === b) return 0
  if (a === null || b === null) return (a === null) === missingFirst ? -1 : 1
  const order = rankOf(a) - rankOf(b) || (a < b ? -1 : 1)
  return descending ? -order : order
}

/** What the places of a path give to sort by: the one value of them, where it has an order. */
export function sortKey(places: readonly unknown[]): SortKey {
  const [value] = places
  if (places.length > 1) return null
  // -0 and 0 are one value.
  if (typeof value === 'number') return value === 0 ? 0 : value
  return typeof value === 'boolean' || typeof value === 'string' ? value : null
}

const tokenShape = v.pipe(
  v.string(),
  v.parseJson(),
  v.tuple([v.string(), v.array(v.union([v.boolean(), v.number(), v.string(), v.null()])), v.string()]),
)

function decoded(token: string): string | undefined {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(token), (character) => character.charCodeAt(0)))
  } catch {
    return undefined
  }
}

function rankOf(key: boolean | number | string): number {
  return typeof key === 'boolean' ? 0 : typeof key === 'number' ? 1 : 2
}
