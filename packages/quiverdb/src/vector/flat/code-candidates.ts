import type { DenseMeasure } from '../measure/measure.js'
import type { Metric } from '../metric.js'
import { type BlockScanOptions, scanBlock } from '../scan.js'
import type { FlatVectors } from './flat-vectors.js'

/** The metric of codes that orders as a measure does, nearest first; undefined where there is none. */
export function codedMetric({ name }: DenseMeasure): Metric | undefined {
  if (name === 'cosine' || name === 'angular' || name === 'geodesic') return 'cosine'
  if (name === 'dot') return 'dot'
  return name === 'euclidean' ? 'l2' : undefined
}

/** A bitset of the rows that can be among the k nearest by their codes: proven to hold them, or likely when it is to be approximate. */
export function candidatesByCodes(
  vectors: FlatVectors,
  query: Float32Array,
  metric: Metric,
  options: BlockScanOptions,
): { allowed: Uint32Array; evaluations: number; complete: boolean } {
  const { nodes, evaluations, complete } = scanBlock(vectors.codes(), query, metric, options)
  const allowed = new Uint32Array(Math.ceil(vectors.rows / 32))
  for (const row of nodes) allowed[row >> 5]! |= 1 << (row & 31)
  return { allowed, evaluations, complete }
}
