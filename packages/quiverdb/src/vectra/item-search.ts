import { compileFilter } from './metadata-filter.js'
import { FilterMemory } from './filter-memory.js'
import { ItemCodes } from './item-codes.js'
import { ItemSelector } from './item-selector.js'
import type { ItemTable } from './item-table.js'
import type { IndexItem, MetadataFilter } from './types.js'

export interface ItemQuery {
  readonly vector: ArrayLike<number>
  readonly topK: number
  readonly filter?: MetadataFilter
}

export interface ScoredItem {
  readonly item: IndexItem
  readonly score: number
}

/** Fewer items are measured one by one in less time than it takes to find candidates. */
const scannedMin = 256
/** Candidates are worth finding while no more than this share of the items is wanted. */
const wantedShare = 1 / 8

/**
 * Finds the items nearest to a query. Scores are those of `ItemSelector`, in float64 over the numbers as they were given; codes of the vectors
 * in the kernel's memory only tell which items need not be measured ([0006](../../../../docs/decisions/0006-proven-scans.md)).
 */
export class ItemSearch {
  readonly #filters = new FilterMemory()
  #codes: ItemCodes | undefined

  /** Nearest first, equal scores in the order of the table, what is not a number last. */
  async nearest(table: ItemTable, { vector, topK, filter }: ItemQuery): Promise<ScoredItem[]> {
    const wanted = Math.ceil(Math.min(Number(topK), table.size))
    // A filter that fails does so whatever is wanted.
    if (!(wanted > 0)) return measured(table, { vector, filter }).slice(0, 0)
    if (table.size < scannedMin || wanted > table.size * wantedShare) return best(measured(table, { vector, filter }), wanted)
    const matches = filter ? this.#filters.matching(table, filter) : undefined
    const norm = ItemSelector.normalize(vector)
    if (matches && matches.count < scannedMin) return best(measuredRows(table, rowsOf(matches.rows), { vector, norm }), wanted)
    if (this.#codes?.table !== table || !this.#codes.isUseful) this.#codes = await ItemCodes.of(table)
    const rows = this.#codes?.candidates(vector, { norm, wanted, allowed: matches?.rows })
    return best(rows ? measuredRows(table, rows, { vector, norm }) : measured(table, { vector, filter }), wanted)
  }
}

function measured(table: ItemTable, { vector, filter }: Omit<ItemQuery, 'topK'>): ScoredItem[] {
  const test = compileFilter(filter)
  const norm = ItemSelector.normalize(vector)
  const scored: ScoredItem[] = []
  for (const row of table.rows) {
    if (row && test(row.item.metadata)) scored.push(scoredItem(row.item, vector, norm))
  }
  return scored
}

function measuredRows(
  table: ItemTable,
  rows: Iterable<number>,
  { vector, norm }: { vector: ArrayLike<number>; norm: number },
): ScoredItem[] {
  const scored: ScoredItem[] = []
  for (const row of rows) scored.push(scoredItem(table.rows[row]!.item, vector, norm))
  return scored
}

const scoredItem = (item: IndexItem, vector: ArrayLike<number>, norm: number): ScoredItem => ({
  item,
  score: ItemSelector.normalizedCosineSimilarity(vector, norm, item.vector, item.norm),
})

/** Rows of a bitset, ascending. */
function* rowsOf(bits: Uint32Array): Generator<number, void, undefined> {
  for (let word = 0; word < bits.length; word++) {
    for (let left = bits[word]!; left; left &= left - 1) yield 32 * word + 31 - Math.clz32(left & -left)
  }
}

/** Items come in the order of the table, and sorting keeps it where scores are equal. */
function best(scored: ScoredItem[], count: number): ScoredItem[] {
  return scored.sort((a, b) => rank(b.score) - rank(a.score) || 0).slice(0, count)
}

const rank = (score: number): number => (Number.isNaN(score) ? -Infinity : score)
