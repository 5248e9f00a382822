import type { VectorInput } from '../check-input.js'
import type { BatchResult, EmbeddingInput } from '../embeddings.js'
import type { PagedResult, Pagination } from '../pagination.js'
import type { Metadata, MetadataValue } from '../types.js'
import type { DurableCollections, DurableSearchable } from './durable-collections.js'
import type { DurableContext } from './durable-context.js'
import type { DurableEntities } from './durable-entities.js'

/** All that a durable engine holds; its methods are in the classes on top. */
export interface DurableCore {
  readonly context: DurableContext
  readonly defaults: DurableSearchable
  readonly entities: DurableEntities
  readonly collections: DurableCollections
}

/** The part of the engine that stores, reads and deletes embeddings outside collections: the methods of `VectorEngine`, by promises. */
export abstract class DurableEmbeddingMethods {
  protected readonly core: DurableCore

  protected constructor(core: DurableCore) {
    this.core = core
  }

  /**
   * Stores a vector under a key. What was there before is replaced, its metadata included.
   * @throws VectorError EmptyVector, DimensionMismatch, InvalidVector, StorageError
   */
  async storeEmbedding(key: string, vector: VectorInput): Promise<void> {
    await this.core.defaults.embeddings.store(key, vector)
  }

  /** Stores a vector with metadata. @throws VectorError as `storeEmbedding` */
  async storeEmbeddingWithMetadata(key: string, vector: VectorInput, metadata: Metadata): Promise<void> {
    await this.core.defaults.embeddings.store(key, vector, metadata)
  }

  /**
   * Stores up to 100,000: all of them in one commit, or none. Of several with one key the last stays.
   * @throws VectorError BatchValidationError with the index of the first that cannot be stored, BatchOperationError with that of one that
   * the database refuses, StorageError
   */
  async batchStoreEmbeddings(inputs: readonly EmbeddingInput[]): Promise<BatchResult> {
    return await this.core.defaults.embeddings.storeMany(inputs)
  }

  /** @throws VectorError NotFound */
  async getEmbedding(key: string): Promise<Float32Array> {
    return await this.core.defaults.embeddings.vectorOf(key)
  }

  /** @throws VectorError NotFound */
  async deleteEmbedding(key: string): Promise<void> {
    await this.core.defaults.embeddings.delete(key)
  }

  /** In one commit. Returns how many of the keys were there. */
  async batchDeleteEmbeddings(keys: readonly string[]): Promise<number> {
    return await this.core.defaults.embeddings.deleteMany(keys)
  }

  async exists(key: string): Promise<boolean> {
    return await this.core.defaults.embeddings.has(key)
  }

  async count(): Promise<number> {
    return await this.core.defaults.embeddings.count()
  }

  /** The dimension of the embedding with the lowest key; undefined when there is none. */
  async dimension(): Promise<number | undefined> {
    return await this.core.defaults.embeddings.dimension()
  }

  /** All keys in the order of their UTF-8 bytes; the first `maxKeysPerScan` where that is set. */
  async listKeys(): Promise<string[]> {
    return await this.core.defaults.embeddings.keys()
  }

  /** A page of all keys, which has at most `maxKeysPerScan` of them. */
  async listKeysPaginated(page: Pagination): Promise<PagedResult<string>> {
    return await this.core.defaults.embeddings.keysPage(page)
  }

  /** Deletes everything and returns how much that was; `maxKeysPerScan` at a time where that is set, so call it until it returns 0. */
  async clear(): Promise<number> {
    return await this.core.defaults.embeddings.clear()
  }

  /** @throws VectorError NotFound */
  async getMetadata(key: string): Promise<Metadata> {
    return await this.core.defaults.embeddings.metadataOf(key)
  }

  /** Sets these fields and keeps the others. @throws VectorError NotFound, StorageError: not metadata */
  async updateMetadata(key: string, metadata: Metadata): Promise<void> {
    await this.core.defaults.embeddings.updateMetadata(key, metadata)
  }

  /** Without effect where the field is missing. @throws VectorError NotFound: no such key */
  async removeMetadataField(key: string, field: string): Promise<void> {
    await this.core.defaults.embeddings.removeMetadataField(key, field)
  }

  /** False also where the key is missing. */
  async hasMetadataField(key: string, field: string): Promise<boolean> {
    return await this.core.defaults.embeddings.hasMetadataField(key, field)
  }

  /** Undefined where the field is missing. @throws VectorError NotFound: no such key */
  async getMetadataField(key: string, field: string): Promise<MetadataValue | undefined> {
    return await this.core.defaults.embeddings.metadataField(key, field)
  }
}
