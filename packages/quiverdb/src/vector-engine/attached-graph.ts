import type { Embedding, Scored } from './embedding.js'
import type { Budget } from '../vector/budget.js'
import type { DistanceMetric } from './types.js'

/** A graph that follows the embeddings of one dimension. */
export interface AttachedGraph {
  readonly metric: DistanceMetric
  put(changed: readonly (readonly [Embedding, Float32Array])[]): void
  remove(embedding: Embedding): void
  search(query: Float32Array, k: number, budget?: Budget): Scored[] | undefined
  detach(): void
}
