import { isScanned } from './among-allowed.js'
import type { GraphSearchOptions, ResidentGraph } from './resident-graph.js'
import { costAt, scanCost, sketchCost, walkCost } from './search-cost.js'

/** A search that takes longer, in nanoseconds, is worth messages to another thread, */
const longNs = 500_000
/** of which each is for so much work at least: it takes a tenth of that. */
const messageNs = 100_000

/** Whether a search of a graph is likely to take long. */
export function isLongSearch(graph: ResidentGraph, dimensions: number, options: GraphSearchOptions): boolean {
  const { ef, allowed, allowedCount = 0, seeds } = options
  const { recall, nodes, mode } = graph
  if (allowed && seeds && isScanned(allowedCount / nodes, nodes, ef)) return isLongScan(allowedCount, dimensions)
  const ranked = graph.rowsToRank(options)
  const cost = ranked === undefined ? walkCost(recall, mode, ef) : sketchCost(nodes, ranked)
  return costAt(dimensions, cost) > longNs
}

/** Whether a scan of so many rows is. `more`: rows that the search scans beside them. */
export function isLongScan(rows: number, dimensions: number, more = 0): boolean {
  return costAt(dimensions, scanCost(rows)) > messageNs && costAt(dimensions, scanCost(rows + more)) > longNs
}
