import { compileFilter } from './metadata-filter.js'
import { ItemSelector } from './item-selector.js'
import type { ItemTable } from './item-table.js'
import type { IndexItem, MetadataFilter, QueryResult } from './types.js'

export interface ItemQuery {
  readonly vector: ArrayLike<number>
  readonly topK: number
  readonly filter?: MetadataFilter
}

/** Searches the items of a table. */
export class ItemSearch {
  async nearest(table: ItemTable, { vector, topK, filter }: ItemQuery): Promise<QueryResult[]> {
    const wanted = Math.ceil(Math.min(Number(topK), table.size))
    if (!(wanted > 0)) return []
    const test = compileFilter(filter)
    const norm = ItemSelector.normalize(vector)
    const results: QueryResult[] = []
    for (const { item } of table) if (test(item.metadata)) results.push({ item, score: scoreOf(item, vector, norm) })
    return results.sort((a, b) => order(b.score) - order(a.score) || 0).slice(0, wanted)
  }
}

const scoreOf = (item: IndexItem, vector: ArrayLike<number>, norm: number): number =>
  ItemSelector.normalizedCosineSimilarity(vector, norm, item.vector, item.norm)

/** What is not a number comes last. */
const order = (score: number): number => (Number.isNaN(score) ? -Infinity : score)
