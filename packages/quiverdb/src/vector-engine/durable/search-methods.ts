import type { VectorInput } from '../check-input.js'
import type { SearchResult } from '../embedding.js'
import type { FilterCondition } from '../filter-condition.js'
import type { FilteredSearchConfig, FilteredSearchOptions } from '../filtered-search-config.js'
import type { PagedResult, Pagination } from '../pagination.js'
import type { DistanceMetric, Metadata } from '../types.js'
import { DurableEmbeddingMethods } from './embedding-methods.js'

/**
 * The part of the engine that searches embeddings outside collections, and all that entities can do. Hits come best first, equals in the
 * order of their keys. Vectors of another dimension than the query are not looked at. A query of zeros finds nothing by cosine and dot product.
 */
export abstract class DurableSearchMethods extends DurableEmbeddingMethods {
  /**
   * The k most similar by the default metric: by graphs where there are any, which the database builds on its own, else exactly.
   * @throws VectorError EmptyVector, InvalidTopK, DimensionMismatch, InvalidVector, SearchTimeout
   */
  async searchSimilar(query: VectorInput, k: number): Promise<SearchResult[]> {
    return await this.core.defaults.search.nearest('search_similar', query, k)
  }

  /**
   * The k most similar by a metric, always exactly. The first search by a metric that is not the default makes an index of it.
   * @throws VectorError as `searchSimilar`
   */
  async searchSimilarWithMetric(query: VectorInput, k: number, metric: DistanceMetric): Promise<SearchResult[]> {
    return await this.core.defaults.search.nearest('search_similar_with_metric', query, k, { metric, exact: true })
  }

  /** A page of the `topK` most similar. @throws VectorError as `searchSimilar` */
  async searchSimilarPaginated(query: VectorInput, topK: number, page: Pagination): Promise<PagedResult<SearchResult>> {
    return await this.core.defaults.search.page('search_similar_paginated', query, topK, page)
  }

  /** The k most similar among those whose metadata match, exactly. @throws VectorError as `searchSimilar`, and ConfigurationError */
  async searchSimilarFiltered(
    query: VectorInput,
    k: number,
    filter: FilterCondition,
    config?: FilteredSearchConfig | FilteredSearchOptions,
  ): Promise<SearchResult[]> {
    return await this.core.defaults.search.filtered('search_similar_filtered', query, k, filter, config)
  }

  /** The share of embeddings that match, 0 to 1: exact for up to 100, from 100 of them beyond. */
  async estimateFilterSelectivity(filter: FilterCondition): Promise<number> {
    return await this.core.defaults.search.selectivity(filter)
  }

  async countMatching(filter: FilterCondition): Promise<number> {
    return await this.core.defaults.embeddings.countMatching(filter)
  }

  /** In the order of their UTF-8 bytes; the first `maxKeysPerScan` where that is set. */
  async listKeysMatching(filter: FilterCondition): Promise<string[]> {
    return await this.core.defaults.embeddings.keysMatching(filter)
  }

  /** Sets the fields of an entity, which is made if need be; its embedding stays. @throws VectorError StorageError */
  async setEntityFields(key: string, fields: Metadata): Promise<void> {
    await this.core.entities.setFields(key, fields)
  }

  /** All fields but the embedding; undefined where there is no such entity. */
  async getEntityFields(key: string): Promise<Metadata | undefined> {
    return await this.core.entities.fields(key)
  }

  /** Returns whether there was one. */
  async deleteEntity(key: string): Promise<boolean> {
    return await this.core.entities.delete(key)
  }

  /** Gives an entity an embedding, making the entity if need be; its fields stay. @throws VectorError as `storeEmbedding` */
  async setEntityEmbedding(key: string, vector: VectorInput): Promise<void> {
    await this.core.entities.setEmbedding(key, vector)
  }

  /** @throws VectorError NotFound: no such entity, or it has no embedding */
  async getEntityEmbedding(key: string): Promise<Float32Array> {
    return await this.core.entities.searchable.embeddings.vectorOf(key)
  }

  async entityHasEmbedding(key: string): Promise<boolean> {
    return await this.core.entities.searchable.embeddings.has(key)
  }

  /** The fields of the entity stay. @throws VectorError NotFound: no such entity, or it has no embedding */
  async removeEntityEmbedding(key: string): Promise<void> {
    await this.core.entities.removeEmbedding(key)
  }

  /** The k entities with the most similar embeddings by the default metric. @throws VectorError as `searchSimilar` */
  async searchEntities(query: VectorInput, k: number): Promise<SearchResult[]> {
    return await this.core.entities.searchable.search.nearest('search_entities', query, k)
  }

  /** A page of the `topK` most similar entities. @throws VectorError as `searchSimilar` */
  async searchEntitiesPaginated(query: VectorInput, topK: number, page: Pagination): Promise<PagedResult<SearchResult>> {
    return await this.core.entities.searchable.search.page('search_entities_paginated', query, topK, page)
  }

  /** Keys of the entities that have an embedding, in byte order; the first `maxKeysPerScan` where that is set. */
  async scanEntitiesWithEmbeddings(): Promise<string[]> {
    return await this.core.entities.searchable.embeddings.keys()
  }

  async countEntitiesWithEmbeddings(): Promise<number> {
    return await this.core.entities.searchable.embeddings.count()
  }
}
