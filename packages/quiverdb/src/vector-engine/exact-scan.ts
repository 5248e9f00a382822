import { Bitset } from '../format/bitset.js'
import type { Budget } from '../vector/budget.js'
import type { Embedding } from './embedding.js'
import type { FlatVectors } from '../vector/flat/flat-vectors.js'
import type { FlatSearchOptions, FlatSearchResult } from '../vector/flat/search-flat.js'

/** An exact search over the rows of one dimension: `searchFlat`, or threads that share it, with the same answer. */
export type ExactScan = (vectors: FlatVectors, query: Float32Array, options: FlatSearchOptions) => FlatSearchResult

export interface ScanLimits {
  /** Absent: all. */
  readonly accepts?: (embedding: Embedding) => boolean
  readonly budget?: Budget
}

/** A bit for each row whose owner is accepted; one without owner is not. */
export function acceptedRows(
  owners: readonly (Embedding | undefined)[],
  accepts: (embedding: Embedding) => boolean,
): Uint32Array {
  const bits = new Bitset(owners.length)
  owners.forEach((owner, row) => {
    if (owner && accepts(owner)) bits.add(row)
  })
  return bits.words
}
