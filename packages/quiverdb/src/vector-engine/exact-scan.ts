import type { Budget } from '../vector/budget.js'
import type { Embedding } from './embedding.js'
import type { FlatVectors } from '../vector/flat/flat-vectors.js'
import type { FlatSearchOptions, FlatSearchResult } from '../vector/flat/search-flat.js'

/** An exact search over the rows of one dimension, as `searchFlat` does it. */
export type ExactScan = (vectors: FlatVectors, query: Float32Array, options: FlatSearchOptions) => FlatSearchResult

/**
 * Several threads that share a scan. The engine takes them by `useThreads`, and uses them from `parallelThreshold` vectors on.
 * The answer is that of `searchFlat`, bit for bit.
 */
export interface ParallelScan {
  /** Threads that take part, the calling one included. */
  readonly lanes: number
  readonly scan: ExactScan
}

export interface ScanLimits {
  /** Absent: all. */
  readonly accepts?: (embedding: Embedding) => boolean
  readonly budget?: Budget
}
