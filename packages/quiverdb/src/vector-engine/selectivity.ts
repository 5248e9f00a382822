import type { EmbeddingSpace } from './embedding-space.js'
import type { FilterCondition } from './filter-condition.js'

/** Keys that an estimate looks at. */
const sampleSize = 100

/** The share of embeddings that match, judged by up to 100 keys spread evenly over the order of keys; 0 where there are none. */
export function estimateSelectivity(space: EmbeddingSpace, filter: FilterCondition): number {
  if (filter.tree.op === 'true') return space.count ? 1 : 0
  const keys = sampleOf(space.keys.all())
  const matching = keys.filter((key) => filter.matches(space.get(key)!.metadata)).length
  return keys.length ? matching / keys.length : 0
}

/** All of a list, or 100 places spread evenly over it. */
export function sampleOf<T>(all: readonly T[]): T[] {
  const size = Math.min(sampleSize, all.length)
  return Array.from({ length: size }, (_, i) => all[Math.floor((i * all.length) / size)]!)
}
