import type { VectorInput } from './check-input.js'
import type { Embeddings, BatchResult, EmbeddingInput } from './embeddings.js'
import type { SearchResult } from './embedding.js'
import { VectorError } from './errors.js'
import type { FilterCondition } from './filter-condition.js'
import type { FilteredSearchConfig, FilteredSearchOptions } from './filtered-search-config.js'
import type { PagedResult, Pagination } from './pagination.js'
import { SearchMethods } from './search-methods.js'
import type { Metadata, MetadataValue, VectorCollectionConfig, VectorCollectionOptions } from './types.js'

/** The part of the engine that keeps embeddings in collections, each with keys of its own, a metric and, if wanted, a fixed dimension. */
export abstract class CollectionMethods extends SearchMethods {
  /** @throws VectorError CollectionExists, ConfigurationError */
  createCollection(name: string, config?: VectorCollectionConfig | VectorCollectionOptions): void {
    this.core.collections.create(name, config)
  }

  /** Deletes a collection with all its embeddings. @throws VectorError CollectionNotFound */
  deleteCollection(name: string): void {
    this.core.collections.delete(name)
  }

  /** In byte order. */
  listCollections(): string[] {
    return this.core.collections.names()
  }

  collectionExists(name: string): boolean {
    return this.core.collections.get(name) !== undefined
  }

  getCollectionConfig(name: string): VectorCollectionConfig | undefined {
    return this.core.collections.get(name)?.embeddings.config
  }

  /** 0 where there is no such collection. */
  collectionCount(name: string): number {
    return this.core.collections.get(name)?.embeddings.count ?? 0
  }

  /** Stores a vector in a collection, which is made if need be. @throws VectorError EmptyVector, DimensionMismatch, InvalidVector */
  storeInCollection(collection: string, key: string, vector: VectorInput): void {
    this.core.collections.storing(collection, (embeddings) => embeddings.store('store_in_collection', key, vector))
  }

  /** @throws VectorError as `storeInCollection`, and StorageError: not metadata */
  storeInCollectionWithMetadata(collection: string, key: string, vector: VectorInput, metadata: Metadata): void {
    const operation = 'store_in_collection_with_metadata'
    this.core.collections.storing(collection, (embeddings) => embeddings.store(operation, key, vector, metadata))
  }

  /** All of them, or none where one cannot be stored. @throws VectorError as `batchStoreEmbeddings` */
  batchStoreInCollection(collection: string, inputs: readonly EmbeddingInput[]): BatchResult {
    const operation = 'batch_store_in_collection'
    return this.core.collections.storing(collection, (embeddings) => embeddings.storeMany(operation, inputs))
  }

  /** A copy of the vector, in float32. @throws VectorError NotFound */
  getFromCollection(collection: string, key: string): Float32Array {
    return this.#holding(collection, key).vectorOf(key)
  }

  /** @throws VectorError NotFound */
  deleteFromCollection(collection: string, key: string): void {
    this.#holding(collection, key).delete('delete_from_collection', key)
  }

  existsInCollection(collection: string, key: string): boolean {
    return this.core.collections.get(collection)?.embeddings.has(key) ?? false
  }

  /** In the order of their UTF-8 bytes; the first `maxKeysPerScan` where that is set. */
  listCollectionKeys(collection: string): string[] {
    return this.core.collections.get(collection)?.embeddings.keys() ?? []
  }

  listCollectionKeysPaginated(collection: string, page: Pagination): PagedResult<string> {
    const found = this.core.collections.get(collection)?.embeddings.keysPage(page)
    return found ?? { items: [], totalCount: page.countTotal ? 0 : undefined, hasMore: false }
  }

  /**
   * The k most similar by the metric of the collection; nothing where there is no such collection.
   * @throws VectorError EmptyVector, InvalidTopK, DimensionMismatch, InvalidVector, SearchTimeout
   */
  searchInCollection(collection: string, query: VectorInput, k: number): SearchResult[] {
    return this.core.collections.get(collection)?.search.nearest('search_in_collection', query, k) ?? []
  }

  /** A page of the `topK` most similar. @throws VectorError as `searchInCollection` */
  searchInCollectionPaginated(collection: string, query: VectorInput, topK: number, page: Pagination): PagedResult<SearchResult> {
    const found = this.core.collections.get(collection)?.search.page('search_in_collection_paginated', query, topK, page)
    return found ?? { items: [], totalCount: page.countTotal ? 0 : undefined, hasMore: false }
  }

  /** The k most similar among those whose metadata match. @throws VectorError as `searchInCollection`, and ConfigurationError */
  searchFilteredInCollection(
    collection: string,
    query: VectorInput,
    k: number,
    filter: FilterCondition,
    config?: FilteredSearchConfig | FilteredSearchOptions,
  ): SearchResult[] {
    const found = this.core.collections.get(collection)
    return found?.search.filtered('search_filtered_in_collection', query, k, filter, config) ?? []
  }

  countMatchingInCollection(collection: string, filter: FilterCondition): number {
    return this.core.collections.get(collection)?.embeddings.countMatching(filter) ?? 0
  }

  listKeysMatchingInCollection(collection: string, filter: FilterCondition): string[] {
    return this.core.collections.get(collection)?.embeddings.keysMatching(filter) ?? []
  }

  /** @throws VectorError NotFound */
  getCollectionMetadata(collection: string, key: string): Metadata {
    return this.#holding(collection, key).embeddingOf(key).metadata
  }

  /** Sets these fields and keeps the others. @throws VectorError NotFound, StorageError: not metadata */
  updateCollectionMetadata(collection: string, key: string, metadata: Metadata): void {
    this.#holding(collection, key).updateMetadata(key, metadata)
  }

  /** Without effect where the field is missing. @throws VectorError NotFound: no such key */
  removeCollectionMetadataField(collection: string, key: string, field: string): void {
    this.#holding(collection, key).removeMetadataField(key, field)
  }

  /** False also where the key is missing. */
  hasCollectionMetadataField(collection: string, key: string, field: string): boolean {
    return this.core.collections.get(collection)?.embeddings.hasMetadataField(key, field) ?? false
  }

  /** Undefined where the field is missing. @throws VectorError NotFound: no such key */
  getCollectionMetadataField(collection: string, key: string, field: string): MetadataValue | undefined {
    return this.#holding(collection, key).metadataField(key, field)
  }

  #holding(collection: string, key: string): Embeddings {
    const found = this.core.collections.get(collection)
    if (!found) throw VectorError.notFound(`${collection}:${key}`)
    return found.embeddings
  }
}
