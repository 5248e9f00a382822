import type { Embedding, Scored } from './embedding.js'
import type { Budget } from '../vector/budget.js'
import type { HNSWIndex } from './hnsw/hnsw-index.js'
import type { DistanceMetric } from './types.js'

/** A graph that follows the embeddings of one dimension. */
export class AttachedGraph {
  readonly index: HNSWIndex
  /** Whether nobody else holds the index, so that it is freed when it is given up. */
  readonly #owned: boolean
  /** The key of each id, kept in step: it may be in the hands of who built the index. */
  readonly #keys: string[]
  readonly #embeddings: (Embedding | undefined)[] = []
  readonly #ids = new Map<Embedding, number>()

  constructor(index: HNSWIndex, keys: string[], owned: boolean) {
    this.index = index
    this.#keys = keys
    this.#owned = owned
  }

  get metric(): DistanceMetric {
    return this.index.config.distanceMetric
  }

  has(embedding: Embedding): boolean {
    return this.#ids.has(embedding)
  }

  /** Says that an id of the index is that of an embedding. */
  bind(id: number, embedding: Embedding): void {
    this.#embeddings[id] = embedding
    this.#ids.set(embedding, id)
    this.#keys[id] = embedding.key
  }

  /** New and changed vectors. @throws QuiverError LIMIT_EXCEEDED, MEMORY_FULL: some are in, others are not */
  put(changed: readonly (readonly [Embedding, Float32Array])[]): void {
    const added: [Embedding, Float32Array][] = []
    for (const [embedding, vector] of changed) {
      const id = this.#ids.get(embedding)
      if (id === undefined) added.push([embedding, vector])
      else this.index.replace(id, vector)
    }
    const ids = this.index.insertMany(added.map(([, vector]) => vector))
    ids.forEach((id, i) => this.bind(id, added[i]![0]))
  }

  remove(embedding: Embedding): void {
    const id = this.#ids.get(embedding)
    if (id === undefined) return
    this.index.delete(id)
    this.#ids.delete(embedding)
    this.#embeddings[id] = undefined
  }

  /** The most similar, best first, by raw measures; undefined when the budget ended the search first. */
  search(query: Float32Array, k: number, budget?: Budget): Scored[] | undefined {
    return this.index.searchWithin(query, k, { budget })?.map(({ id, raw }) => ({ embedding: this.#embeddings[id]!, raw }))
  }

  /** Ends the following of writes. */
  detach(): void {
    if (this.#owned) this.index.free()
  }
}
