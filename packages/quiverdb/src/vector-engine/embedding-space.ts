import { QuiverError } from '../errors.js'
import type { MemoryPool } from '../vector/memory-pool.js'
import { DimensionBlock } from './dimension-block.js'
import type { Embedding, Place } from './embedding.js'
import { VectorError } from './errors.js'
import { SortedKeys } from './key-order.js'
import { type SpaceGraphs } from './space-graphs.js'
import type { Metadata } from './types.js'

/** What goes in, checked. The space copies what it keeps. */
export interface NewEmbedding {
  readonly key: string
  readonly vector: Float32Array
  readonly metadata: Metadata
}

/** Where each of some new embeddings was given room. */
type Places = Map<NewEmbedding, Place>

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

  /** @throws QuiverError MEMORY_FULL */
  put(item: NewEmbedding): void {
    const places: Places = new Map()
    this.#reserve(places, () => this.#placeEach([item], places))
    this.#commitAll([item], places)
  }

  /**
   * Stores all or none; of several with one key the last stays. `inBulk`: with one copy per dimension.
   * @throws VectorError BatchOperationError: the first that memory has no room for; in bulk the first of its dimension
   */
  putMany(items: readonly NewEmbedding[], inBulk: boolean): void {
    const places: Places = new Map()
    try {
      this.#reserve(places, () => (inBulk ? this.#placeInBulk(items, places) : this.#placeEach(items, places)))
    } catch (error) {
      if (!(error instanceof QuiverError)) throw error
      throw VectorError.batchOperation(
        items.findIndex((item) => !places.has(item)),
        error,
      )
    }
    this.#commitAll(items, places)
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

  /** Gives up what was reserved before a failure. */
  #reserve(places: Places, place: () => void): void {
    try {
      place()
    } catch (error) {
      for (const reserved of places.values()) this.#blocks.get(reserved.dimension)!.release(reserved)
      this.#tidy()
      throw error
    }
  }

  #placeEach(items: readonly NewEmbedding[], places: Places): void {
    for (const item of items) places.set(item, this.#blockFor(item.vector.length).reserve(item.vector))
  }

  #placeInBulk(items: readonly NewEmbedding[], places: Places): void {
    const byDimension = new Map<number, NewEmbedding[]>()
    for (const item of items) {
      const group = byDimension.get(item.vector.length)
      if (group) group.push(item)
      else byDimension.set(item.vector.length, [item])
    }
    for (const [dimension, group] of byDimension) {
      const reserved = this.#blockFor(dimension).reserveMany(group.map(({ vector }) => vector))
      group.forEach((item, i) => places.set(item, reserved[i]!))
    }
  }

  #commitAll(items: readonly NewEmbedding[], places: Places): void {
    const changed = new Map<Embedding, Float32Array>()
    for (const item of items) changed.set(this.#commit(item, places.get(item)!), item.vector)
    this.graphs.put(changed)
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
