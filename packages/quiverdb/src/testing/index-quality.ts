import { vectorAt } from '@quiverdb/testing'
import type { HnswIndex } from '../vector/hnsw-index.js'

/** Equal distances come out of different sums. */
const slack = 1e-9

/** The share of the 10 nearest that searches find. What is as near as the tenth counts, whichever of equal vectors it is. */
export function recallAt10(index: HnswIndex, queries: Float32Array, dimensions: number): number {
  const count = queries.length / dimensions
  let recall = 0
  for (let i = 0; i < count; i++) {
    const query = vectorAt(queries, dimensions, i)
    const { distances: nearest } = index.searchExact(query, 10)
    const worst = nearest.at(-1) ?? 0
    const found = index.search(query, 10).distances.filter((distance) => distance <= worst + slack * Math.abs(worst))
    recall += found.length / nearest.length / count
  }
  return recall
}

/** All vectors of an index, tightly packed. */
export function vectorsOf(index: HnswIndex, dimensions: number): Float32Array {
  const ids = index.ids()
  const all = new Float32Array(ids.length * dimensions)
  ids.forEach((id, i) => all.set(index.get(id)!, i * dimensions))
  return all
}
