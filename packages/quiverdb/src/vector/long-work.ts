import { isScanned } from './among-allowed.js'
import type { GraphMode } from './graph-image.js'
import { evaluationsAt } from './recall-curve.js'
import type { GraphSearchOptions, ResidentGraph } from './resident-graph.js'

/** A search that takes longer, in nanoseconds, is worth messages to another thread, */
const longNs = 500_000
/** of which each is for so much work at least: it takes a tenth of that. */
const messageNs = 100_000
/** What a candidate of a walk takes at 768 dimensions, and a row that is scanned for each dimension: measured, in nanoseconds. */
const candidateNs: Readonly<Record<GraphMode, number>> = { speed: 20, balanced: 100, memory: 100 }
const candidateDimensions = 768
const scanNs = 0.1
/** Candidates for each unit of effort, where a graph was not measured. */
const candidatesPerEffort = 20

/** Whether a search of a graph is likely to take long. */
export function isLongSearch(
  graph: ResidentGraph,
  dimensions: number,
  { ef, allowed, allowedCount = 0, seeds }: GraphSearchOptions,
): boolean {
  const { recall, nodes, mode } = graph
  if (allowed && seeds && isScanned(allowedCount / nodes, nodes, ef)) return isLongScan(allowedCount, dimensions)
  const candidates = Math.min(nodes, recall ? evaluationsAt(recall, ef) : ef * candidatesPerEffort)
  return candidates * candidateNs[mode] * Math.max(0.25, dimensions / candidateDimensions) > longNs
}

/** Whether a scan of so many rows is. `more`: rows that the search scans beside them. */
export function isLongScan(rows: number, dimensions: number, more = 0): boolean {
  return rows * dimensions * scanNs > messageNs && (rows + more) * dimensions * scanNs > longNs
}
