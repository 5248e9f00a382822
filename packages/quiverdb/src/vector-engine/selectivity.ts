import type { EmbeddingSpace } from './embedding-space.js'
import type { FilterCondition } from './filter-condition.js'

/** Keys that an estimate looks at. */
const sampleSize = 100

/** The share of embeddings that match, judged by up to 100 keys spread evenly over the order of keys; 0 where there are none. */
export function estimateSelectivity(space: EmbeddingSpace, filter: FilterCondition): number {
  if (filter.tree.op === 'true') return space.count ? 1 : 0
  const keys = space.keys.all()
  const size = Math.min(sampleSize, keys.length)
  let matching = 0
  for (let i = 0; i < size; i++) {
    const key = keys[Math.floor((i * keys.length) / size)]!
    if (filter.matches(space.get(key)!.metadata)) matching++
  }
  return size ? matching / size : 0
}
