import type { ItemTable } from './item-table.js'
import { compileFilter } from './metadata-filter.js'
import type { MetadataFilter } from './types.js'

/** Which rows of a table pass a filter. */
export interface MatchingRows {
  /** Bit i of word i >> 5 is row i. */
  readonly rows: Uint32Array<ArrayBuffer>
  readonly count: number
}

const rememberedMax = 16

/** Remembers which rows passed the filters that were asked for last, for as long as nothing changes. */
export class FilterMemory {
  #table: ItemTable | undefined
  #revision = 0
  readonly #remembered = new Map<string, MatchingRows>()

  /** Rows without an item never match. */
  matching(table: ItemTable, filter: MetadataFilter): MatchingRows {
    if (this.#table !== table || this.#revision !== table.revision) {
      this.#remembered.clear()
      this.#table = table
      this.#revision = table.revision
    }
    const key = keyOf(filter)
    const present = key === undefined ? undefined : this.#remembered.get(key)
    const matches = present ?? matchingRows(table, filter)
    if (key !== undefined) this.#remember(key, matches)
    return matches
  }

  #remember(key: string, matches: MatchingRows): void {
    this.#remembered.delete(key)
    this.#remembered.set(key, matches)
    if (this.#remembered.size <= rememberedMax) return
    this.#remembered.delete(this.#remembered.keys().next().value!)
  }
}

function matchingRows({ rows }: ItemTable, filter: MetadataFilter): MatchingRows {
  const test = compileFilter(filter)
  const bits = new Uint32Array(Math.ceil(rows.length / 32))
  let count = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    if (!row || !test(row.item.metadata)) continue
    bits[i >> 5]! |= 1 << (i & 31)
    count++
  }
  return { rows: bits, count }
}

/** A text that only equal filters share; undefined where JSON would lose a difference. */
function keyOf(filter: MetadataFilter): string | undefined {
  let exact = true
  const key = JSON.stringify(filter, (_, value: unknown) => {
    const isPlain =
      typeof value !== 'object' || value === null || Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
    const isJson = typeof value === 'number' ? Number.isFinite(value) : value !== undefined && typeof value !== 'function'
    if (!isPlain || !isJson || typeof value === 'symbol' || typeof value === 'bigint') exact = false
    return typeof value === 'bigint' ? null : value
  })
  return exact ? key : undefined
}
