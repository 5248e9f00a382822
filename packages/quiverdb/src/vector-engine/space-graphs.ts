import { QuiverError } from '../errors.js'
import type { AttachedGraph } from './attached-graph.js'
import type { Embedding } from './embedding.js'
import type { EngineMetric } from './engine-metric.js'

/** The graphs that answer for a space, at most one per dimension. They follow every write, so they are never stale. */
export class SpaceGraphs {
  readonly #byDimension = new Map<number, AttachedGraph>()

  /** The graph for queries of this dimension, if there is one that goes by this metric. */
  serving(dimension: number, metric: EngineMetric): AttachedGraph | undefined {
    const graph = this.#byDimension.get(dimension)
    return graph?.metric === metric.name ? graph : undefined
  }

  has(dimension: number): boolean {
    return this.#byDimension.has(dimension)
  }

  attach(dimension: number, graph: AttachedGraph): void {
    this.drop(dimension)
    this.#byDimension.set(dimension, graph)
  }

  /** New and changed embeddings with their vectors. */
  put(changed: ReadonlyMap<Embedding, Float32Array>): void {
    for (const [dimension, graph] of this.#byDimension) {
      const own = [...changed].filter(([{ place }]) => place.dimension === dimension)
      this.#follow(dimension, () => graph.put(own))
    }
  }

  /** An embedding that has left the dimension. */
  remove(dimension: number, embedding: Embedding): void {
    const graph = this.#byDimension.get(dimension)
    if (graph) this.#follow(dimension, () => graph.remove(embedding))
  }

  drop(dimension: number): void {
    this.#byDimension.get(dimension)?.detach()
    this.#byDimension.delete(dimension)
  }

  free(): void {
    for (const dimension of [...this.#byDimension.keys()]) this.drop(dimension)
  }

  /** A graph that cannot follow, for want of memory or of nodes, is given up: scans answer in its place. */
  #follow(dimension: number, change: () => void): void {
    try {
      change()
    } catch (error) {
      if (!(error instanceof QuiverError)) throw error
      this.drop(dimension)
    }
  }
}
