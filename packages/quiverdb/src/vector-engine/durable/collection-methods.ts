import type { VectorInput } from '../check-input.js'
import type { SearchResult } from '../embedding.js'
import type { BatchResult, EmbeddingInput } from '../embeddings.js'
import { VectorError } from '../errors.js'
import type { FilterCondition } from '../filter-condition.js'
import type { FilteredSearchConfig, FilteredSearchOptions } from '../filtered-search-config.js'
import type { PagedResult, Pagination } from '../pagination.js'
import type { Metadata, MetadataValue, VectorCollectionConfig, VectorCollectionOptions } from '../types.js'
import type { DurableSearchable } from './durable-collections.js'
import type { DurableSpace } from './durable-space.js'
import { DurableSearchMethods } from './search-methods.js'

/** The part of the engine that keeps embeddings in collections, each with keys of its own, a metric and, if wanted, a fixed dimension. */
export abstract class DurableCollectionMethods extends DurableSearchMethods {
  /** @throws VectorError CollectionExists, ConfigurationError */
  async createCollection(name: string, config?: VectorCollectionConfig | VectorCollectionOptions): Promise<void> {
    await this.core.collections.create(name, config)
  }

  /** Deletes a collection with all its embeddings. @throws VectorError CollectionNotFound */
  async deleteCollection(name: string): Promise<void> {
    await this.core.collections.delete(name)
  }

  /** In byte order. */
  async listCollections(): Promise<string[]> {
    return await this.core.collections.names()
  }

  async collectionExists(name: string): Promise<boolean> {
    return (await this.core.collections.config(name)) !== undefined
  }

  async getCollectionConfig(name: string): Promise<VectorCollectionConfig | undefined> {
    return await this.core.collections.config(name)
  }

  /** 0 where there is no such collection. */
  async collectionCount(name: string): Promise<number> {
    return (await this.#within(name, ({ embeddings }) => embeddings.count())) ?? 0
  }

  /** Stores a vector in a collection, which is made if need be. @throws VectorError as `storeEmbedding` */
  async storeInCollection(collection: string, key: string, vector: VectorInput): Promise<void> {
    await this.core.collections.storing(collection, (embeddings) => embeddings.store(key, vector))
  }

  /** @throws VectorError as `storeInCollection`, and StorageError: not metadata */
  async storeInCollectionWithMetadata(collection: string, key: string, vector: VectorInput, metadata: Metadata): Promise<void> {
    await this.core.collections.storing(collection, (embeddings) => embeddings.store(key, vector, metadata))
  }

  /** All of them in one commit, or none. @throws VectorError as `batchStoreEmbeddings` */
  async batchStoreInCollection(collection: string, inputs: readonly EmbeddingInput[]): Promise<BatchResult> {
    return await this.core.collections.storing(collection, (embeddings) => embeddings.storeMany(inputs))
  }

  /** @throws VectorError NotFound */
  async getFromCollection(collection: string, key: string): Promise<Float32Array> {
    return await (await this.#holding(collection, key)).vectorOf(key)
  }

  /** @throws VectorError NotFound */
  async deleteFromCollection(collection: string, key: string): Promise<void> {
    await (await this.#holding(collection, key)).delete(key)
  }

  async existsInCollection(collection: string, key: string): Promise<boolean> {
    return (await this.#within(collection, ({ embeddings }) => embeddings.has(key))) ?? false
  }

  /** In the order of their UTF-8 bytes; the first `maxKeysPerScan` where that is set. */
  async listCollectionKeys(collection: string): Promise<string[]> {
    return (await this.#within(collection, ({ embeddings }) => embeddings.keys())) ?? []
  }

  async listCollectionKeysPaginated(collection: string, page: Pagination): Promise<PagedResult<string>> {
    return (await this.#within(collection, ({ embeddings }) => embeddings.keysPage(page))) ?? emptyPage(page)
  }

  /**
   * The k most similar by the metric of the collection; nothing where there is no such collection.
   * @throws VectorError as `searchSimilar`
   */
  async searchInCollection(collection: string, query: VectorInput, k: number): Promise<SearchResult[]> {
    return (await this.#within(collection, ({ search }) => search.nearest('search_in_collection', query, k))) ?? []
  }

  /** A page of the `topK` most similar. @throws VectorError as `searchInCollection` */
  async searchInCollectionPaginated(
    collection: string,
    query: VectorInput,
    topK: number,
    page: Pagination,
  ): Promise<PagedResult<SearchResult>> {
    const found = this.#within(collection, ({ search }) => search.page('search_in_collection_paginated', query, topK, page))
    return (await found) ?? emptyPage(page)
  }

  /** The k most similar among those whose metadata match, exactly. @throws VectorError as `searchInCollection`, and ConfigurationError */
  async searchFilteredInCollection(
    collection: string,
    query: VectorInput,
    k: number,
    filter: FilterCondition,
    config?: FilteredSearchConfig | FilteredSearchOptions,
  ): Promise<SearchResult[]> {
    const operation = 'search_filtered_in_collection'
    return (await this.#within(collection, ({ search }) => search.filtered(operation, query, k, filter, config))) ?? []
  }

  async countMatchingInCollection(collection: string, filter: FilterCondition): Promise<number> {
    return (await this.#within(collection, ({ embeddings }) => embeddings.countMatching(filter))) ?? 0
  }

  async listKeysMatchingInCollection(collection: string, filter: FilterCondition): Promise<string[]> {
    return (await this.#within(collection, ({ embeddings }) => embeddings.keysMatching(filter))) ?? []
  }

  /** @throws VectorError NotFound */
  async getCollectionMetadata(collection: string, key: string): Promise<Metadata> {
    return await (await this.#holding(collection, key)).metadataOf(key)
  }

  /** Sets these fields and keeps the others. @throws VectorError NotFound, StorageError: not metadata */
  async updateCollectionMetadata(collection: string, key: string, metadata: Metadata): Promise<void> {
    await (await this.#holding(collection, key)).updateMetadata(key, metadata)
  }

  /** Without effect where the field is missing. @throws VectorError NotFound: no such key */
  async removeCollectionMetadataField(collection: string, key: string, field: string): Promise<void> {
    await (await this.#holding(collection, key)).removeMetadataField(key, field)
  }

  /** False also where the key is missing. */
  async hasCollectionMetadataField(collection: string, key: string, field: string): Promise<boolean> {
    return (await this.#within(collection, ({ embeddings }) => embeddings.hasMetadataField(key, field))) ?? false
  }

  /** Undefined where the field is missing. @throws VectorError NotFound: no such key */
  async getCollectionMetadataField(collection: string, key: string, field: string): Promise<MetadataValue | undefined> {
    return await (await this.#holding(collection, key)).metadataField(key, field)
  }

  /** What the work makes of a collection; undefined where there is none. */
  async #within<R>(name: string, work: (collection: DurableSearchable) => Promise<R>): Promise<R | undefined> {
    const collection = await this.core.collections.get(name)
    return collection && (await work(collection))
  }

  async #holding(name: string, key: string): Promise<DurableSpace> {
    const collection = await this.core.collections.get(name)
    if (!collection) throw VectorError.notFound(`${name}:${key}`)
    return collection.embeddings
  }
}

function emptyPage<T>(page: Pagination): PagedResult<T> {
  return { items: [], totalCount: page.countTotal ? 0 : undefined, hasMore: false }
}
