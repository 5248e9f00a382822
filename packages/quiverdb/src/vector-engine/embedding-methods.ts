import type { VectorInput } from './check-input.js'
import type { BatchResult, EmbeddingInput } from './embeddings.js'
import type { EngineCore } from './engine-core.js'
import type { PagedResult, Pagination } from './pagination.js'
import type { Metadata, MetadataValue } from './types.js'

/** The part of the engine that stores, reads and deletes embeddings outside collections. */
export abstract class EmbeddingMethods {
  protected readonly core: EngineCore

  protected constructor(core: EngineCore) {
    this.core = core
  }

  /**
   * Stores a vector under a key. What was there before is replaced, its metadata included.
   * @throws VectorError EmptyVector, DimensionMismatch, InvalidVector
   */
  storeEmbedding(key: string, vector: VectorInput): void {
    this.core.defaults.embeddings.store('store_embedding', key, vector)
  }

  /** Stores a vector with metadata. @throws VectorError EmptyVector, DimensionMismatch, InvalidVector, StorageError: not metadata */
  storeEmbeddingWithMetadata(key: string, vector: VectorInput, metadata: Metadata): void {
    this.core.defaults.embeddings.store('store_embedding_with_metadata', key, vector, metadata)
  }

  /**
   * Stores many: all of them, or none where one cannot be stored. Of several with one key the last stays.
   * @throws VectorError BatchValidationError with the index of the first that cannot be stored, BatchOperationError with that of one that memory has no room for
   */
  batchStoreEmbeddings(inputs: readonly EmbeddingInput[]): BatchResult {
    return this.core.defaults.embeddings.storeMany('batch_store_embeddings', inputs)
  }

  /** A copy of the vector, in float32. @throws VectorError NotFound */
  getEmbedding(key: string): Float32Array {
    return this.core.defaults.embeddings.vectorOf(key)
  }

  /** @throws VectorError NotFound */
  deleteEmbedding(key: string): void {
    this.core.defaults.embeddings.delete('delete_embedding', key)
  }

  /** Returns how many of the keys were there. */
  batchDeleteEmbeddings(keys: readonly string[]): number {
    return this.core.defaults.embeddings.deleteMany('batch_delete_embeddings', keys)
  }

  exists(key: string): boolean {
    return this.core.defaults.embeddings.has(key)
  }

  count(): number {
    return this.core.defaults.embeddings.count
  }

  /** The dimension of the embedding with the lowest key; undefined when there is none. */
  dimension(): number | undefined {
    const { space } = this.core.defaults.embeddings
    const [first] = space.keys.all()
    return first === undefined ? undefined : space.get(first)!.place.dimension
  }

  /** In which form a vector is kept. @throws VectorError NotFound */
  storageOf(key: string): 'dense' | 'sparse' {
    return this.core.defaults.embeddings.embeddingOf(key).place.sparse ? 'sparse' : 'dense'
  }

  /** All keys in the order of their UTF-8 bytes; the first `maxKeysPerScan` where that is set. */
  listKeys(): string[] {
    return this.core.defaults.embeddings.keys()
  }

  /** A page of all keys, which has at most `maxKeysPerScan` of them. */
  listKeysPaginated(page: Pagination): PagedResult<string> {
    return this.core.defaults.embeddings.keysPage(page)
  }

  /** Deletes everything and returns how much that was; `maxKeysPerScan` at a time where that is set, so call it until it returns 0. */
  clear(): number {
    return this.core.defaults.embeddings.clear('clear')
  }

  /** @throws VectorError NotFound */
  getMetadata(key: string): Metadata {
    return this.core.defaults.embeddings.embeddingOf(key).metadata
  }

  /** Sets these fields and keeps the others. @throws VectorError NotFound, StorageError: not metadata */
  updateMetadata(key: string, metadata: Metadata): void {
    this.core.defaults.embeddings.updateMetadata(key, metadata)
  }

  /** Without effect where the field is missing. @throws VectorError NotFound: no such key */
  removeMetadataField(key: string, field: string): void {
    this.core.defaults.embeddings.removeMetadataField(key, field)
  }

  /** False also where the key is missing. */
  hasMetadataField(key: string, field: string): boolean {
    return this.core.defaults.embeddings.hasMetadataField(key, field)
  }

  /** Undefined where the field is missing. @throws VectorError NotFound: no such key */
  getMetadataField(key: string, field: string): MetadataValue | undefined {
    return this.core.defaults.embeddings.metadataField(key, field)
  }
}
