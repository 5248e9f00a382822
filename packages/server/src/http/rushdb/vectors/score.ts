import type { SimilarityFunction } from './entry.js'

/**
 * The scale of RushDB, which is Neo4j's `vector.similarity`, in float32: cosine (1 + cos) / 2 and euclidean 1 / (1 + d²), both from 0 to 1.
 * @param distance of the engine: 1 - cos, or the squared distance
 */
export function scoreOf(similarity: SimilarityFunction, distance: number): number {
  const score = similarity === 'cosine' ? 1 - distance / 2 : 1 / (1 + distance)
  return Math.fround(Math.min(1, Math.max(0, score)))
}
