import type { GraphMode } from './graph-image.js'
import { evaluationsAt, type RecallCurve } from './recall-curve.js'

// What pieces of searches take at 768 dimensions, in nanoseconds, measured: `docs/decisions/0032-sketches-instead-of-long-walks.md`. With fewer dimensions all
// take less, sketches and scans in proportion and the others, which wait for memory, not quite.
const sketchNs = 5
const candidateNs: Readonly<Record<GraphMode, number>> = { speed: 20, balanced: 75, memory: 75 }
/** The codes of a row anywhere, and of one after the other. */
const rankedNs = 200
const scannedNs = 80
const measuredDimensions = 768
const leastShare = 0.25
/** Candidates for each unit of effort, where a graph was not measured. */
const candidatesPerEffort = 20

/** So many looks at a sketch take as long as a distance of a walk over rows. */
export const sketchesPerDistance = candidateNs.memory / sketchNs

export function walkCost(recall: RecallCurve | undefined, mode: GraphMode, ef: number): number {
  return (recall ? evaluationsAt(recall, ef) : ef * candidatesPerEffort) * candidateNs[mode]
}

/** Of a look at the sketches of all nodes, and at the codes of those rows that are chosen. */
export function sketchCost(nodes: number, ranked: number): number {
  return nodes * sketchNs + Math.min(ranked * rankedNs, nodes * scannedNs)
}

/** How many rows can be ranked in this share of the time that a look at all sketches takes. */
export function rankedWithin(share: number, nodes: number): number {
  return (share * nodes * sketchNs) / rankedNs
}

export function scanCost(rows: number): number {
  return rows * scannedNs
}

/** A cost at 768 dimensions for others. */
export function costAt(dimensions: number, cost: number): number {
  return cost * Math.max(leastShare, dimensions / measuredDimensions)
}
