import type { MemoryPool } from '../vector/memory-pool.js'
import { DimensionBlock } from './dimension-block.js'
import type { Embedding, Place } from './embedding.js'
import { SortedKeys } from './key-order.js'
import { type SpaceGraphs } from './space-graphs.js'
import type { Metadata } from './types.js'

/** What goes in, checked. The space copies what it keeps. */
export interface NewEmbedding {
  readonly key: string
  readonly vector: Float32Array
  readonly metadata: Metadata
}

/** Embeddings by key: those of one collection, those of none, or those of the entities. Vectors of each dimension lie together. */
export class EmbeddingSpace {
  readonly keys = new SortedKeys()
  readonly graphs: SpaceGraphs
  readonly #pool: MemoryPool
  readonly #sparseThreshold: number
  readonly #embeddings = new Map<string, Embedding>()
  readonly #blocks = new Map<number, DimensionBlock>()

  constructor(pool: MemoryPool, sparseThreshold: number, graphs: SpaceGraphs) {
    this.#pool = pool
    this.#sparseThreshold = sparseThreshold
    this.graphs = graphs
  }

  get count(): number {
    return this.#embeddings.size
  }

  /** Lowest first. */
  get dimensions(): number[] {
    return [...this.#blocks.keys()].sort((a, b) => a - b)
  }

  block(dimension: number): DimensionBlock | undefined {
    return this.#blocks.get(dimension)
  }

  get(key: string): Embedding | undefined {
    return this.#embeddings.get(key)
  }

  /** In no order that means anything. */
  embeddings(): IterableIterator<Embedding> {
    return this.#embeddings.values()
  }

  read(embedding: Embedding): Float32Array {
    return this.#blocks.get(embedding.place.dimension)!.read(embedding.place)
  }

  /** Stores all or none; of several with one key the last stays. `inBulk`: with one copy per dimension. @throws QuiverError MEMORY_FULL */
  put(items: readonly NewEmbedding[], inBulk = false): void {
    const places = inBulk ? this.#reserveInBulk(items) : this.#reserve(items)
    const changed = new Map<Embedding, Float32Array>()
    items.forEach((item, i) => changed.set(this.#commit(item, places[i]!), item.vector))
    this.graphs.put(changed)
    this.#tidy()
  }

  /** Whether it was there. */
  delete(key: string): boolean {
    const deleted = this.#remove(key)
    if (deleted) this.#tidy()
    return deleted
  }

  /** How many of the keys were there. */
  deleteMany(keys: readonly string[]): number {
    const deleted = keys.filter((key) => this.#remove(key)).length
    this.#tidy()
    return deleted
  }

  clear(): void {
    this.graphs.free()
    for (const block of this.#blocks.values()) block.free()
    this.#blocks.clear()
    this.#embeddings.clear()
    this.keys.clear()
  }

  #reserve(items: readonly NewEmbedding[]): Place[] {
    const places: Place[] = []
    try {
      for (const { vector } of items) places.push(this.#blockFor(vector.length).reserve(vector))
    } catch (error) {
      this.#release(places)
      throw error
    }
    return places
  }

  #reserveInBulk(items: readonly NewEmbedding[]): Place[] {
    const byDimension = new Map<number, NewEmbedding[]>()
    for (const item of items) {
      const group = byDimension.get(item.vector.length)
      if (group) group.push(item)
      else byDimension.set(item.vector.length, [item])
    }
    const places = new Map<NewEmbedding, Place>()
    try {
      for (const [dimension, group] of byDimension) {
        const reserved = this.#blockFor(dimension).reserveMany(group.map(({ vector }) => vector))
        group.forEach((item, i) => places.set(item, reserved[i]!))
      }
    } catch (error) {
      this.#release([...places.values()])
      throw error
    }
    return items.map((item) => places.get(item)!)
  }

  #release(places: readonly Place[]): void {
    for (const place of places) this.#blocks.get(place.dimension)!.release(place)
    this.#tidy()
  }

  #commit(item: NewEmbedding, place: Place): Embedding {
    const { key, metadata } = item
    const present = this.#embeddings.get(key)
    const before = present?.place
    const embedding: Embedding = present ?? { key, metadata, place }
    embedding.metadata = metadata
    embedding.place = place
    this.#blocks.get(place.dimension)!.own(place, embedding)
    if (before) {
      this.#blocks.get(before.dimension)!.release(before)
      if (before.dimension !== place.dimension) this.graphs.remove(before.dimension, embedding)
    } else {
      this.#embeddings.set(key, embedding)
      this.keys.add(key)
    }
    return embedding
  }

  #remove(key: string): boolean {
    const embedding = this.#embeddings.get(key)
    if (!embedding) return false
    this.#embeddings.delete(key)
    this.keys.remove(key)
    this.graphs.remove(embedding.place.dimension, embedding)
    this.#blocks.get(embedding.place.dimension)!.release(embedding.place)
    return true
  }

  #blockFor(dimension: number): DimensionBlock {
    let block = this.#blocks.get(dimension)
    if (!block) {
      block = new DimensionBlock(this.#pool, dimension, this.#sparseThreshold)
      this.#blocks.set(dimension, block)
    }
    return block
  }

  /** Gives back what nothing is kept in; to be called when nothing is reserved. */
  #tidy(): void {
    for (const [dimension, block] of this.#blocks) {
      if (block.count) block.compactWhenDue()
      else {
        this.graphs.drop(dimension)
        block.free()
        this.#blocks.delete(dimension)
      }
    }
  }
}
