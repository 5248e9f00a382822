import type { VectorInput } from './check-input.js'
import type { SearchResult } from './embedding.js'
import { EmbeddingMethods } from './embedding-methods.js'
import type { FilterCondition } from './filter-condition.js'
import type { FilteredSearchConfig, FilteredSearchOptions } from './filtered-search-config.js'
import type { PagedResult, Pagination } from './pagination.js'
import type { DistanceMetric, Metadata } from './types.js'

/**
 * The part of the engine that searches embeddings outside collections, and all that entities can do. Hits come best first, equals in the
 * order of their keys. Vectors of another dimension than the query are not looked at. A query of zeros finds nothing by cosine and dot product.
 */
export abstract class SearchMethods extends EmbeddingMethods {
  /**
   * The k most similar by the default metric: by the cached index where there is one, else exactly.
   * @throws VectorError EmptyVector, InvalidTopK, DimensionMismatch, InvalidVector, SearchTimeout
   */
  searchSimilar(query: VectorInput, k: number): SearchResult[] {
    return this.core.defaults.search.nearest('search_similar', query, k)
  }

  /** The k most similar by a metric, always exactly. @throws VectorError as `searchSimilar` */
  searchSimilarWithMetric(query: VectorInput, k: number, metric: DistanceMetric): SearchResult[] {
    return this.core.defaults.search.nearest('search_similar_with_metric', query, k, { metric, exact: true })
  }

  /** A page of the `topK` most similar. @throws VectorError as `searchSimilar` */
  searchSimilarPaginated(query: VectorInput, topK: number, page: Pagination): PagedResult<SearchResult> {
    return this.core.defaults.search.page('search_similar_paginated', query, topK, page)
  }

  /** The k most similar among those whose metadata match. @throws VectorError as `searchSimilar`, and ConfigurationError */
  searchSimilarFiltered(
    query: VectorInput,
    k: number,
    filter: FilterCondition,
    config?: FilteredSearchConfig | FilteredSearchOptions,
  ): SearchResult[] {
    return this.core.defaults.search.filtered('search_similar_filtered', query, k, filter, config)
  }

  /** The share of embeddings that match, 0 to 1: exact for up to 100, from 100 of them beyond. */
  estimateFilterSelectivity(filter: FilterCondition): number {
    return this.core.defaults.search.selectivity(filter)
  }

  countMatching(filter: FilterCondition): number {
    return this.core.defaults.embeddings.countMatching(filter)
  }

  /** In the order of their UTF-8 bytes; the first `maxKeysPerScan` where that is set. */
  listKeysMatching(filter: FilterCondition): string[] {
    return this.core.defaults.embeddings.keysMatching(filter)
  }

  /** Sets the fields of an entity, which is made if need be; its embedding stays. @throws VectorError StorageError */
  setEntityFields(key: string, fields: Metadata): void {
    this.core.entities.setFields(key, fields)
  }

  /** All fields but the embedding; undefined where there is no such entity. */
  getEntityFields(key: string): Metadata | undefined {
    return this.core.entities.fields(key)
  }

  /** Returns whether there was one. */
  deleteEntity(key: string): boolean {
    return this.core.entities.delete(key)
  }

  /** Gives an entity an embedding, making the entity if need be; its fields stay. @throws VectorError EmptyVector, DimensionMismatch, InvalidVector */
  setEntityEmbedding(key: string, vector: VectorInput): void {
    this.core.entities.setEmbedding(key, vector)
  }

  /** @throws VectorError NotFound: no such entity, or it has no embedding */
  getEntityEmbedding(key: string): Float32Array {
    return this.core.entities.searchable.embeddings.vectorOf(key)
  }

  entityHasEmbedding(key: string): boolean {
    return this.core.entities.searchable.embeddings.has(key)
  }

  /** The fields of the entity stay. @throws VectorError NotFound: no such entity, or it has no embedding */
  removeEntityEmbedding(key: string): void {
    this.core.entities.removeEmbedding(key)
  }

  /** The k entities with the most similar embeddings by the default metric. @throws VectorError as `searchSimilar` */
  searchEntities(query: VectorInput, k: number): SearchResult[] {
    return this.core.entities.searchable.search.nearest('search_entities', query, k)
  }

  /** A page of the `topK` most similar entities. @throws VectorError as `searchSimilar` */
  searchEntitiesPaginated(query: VectorInput, topK: number, page: Pagination): PagedResult<SearchResult> {
    return this.core.entities.searchable.search.page('search_entities_paginated', query, topK, page)
  }

  /** Keys of the entities that have an embedding, in byte order; the first `maxKeysPerScan` where that is set. */
  scanEntitiesWithEmbeddings(): string[] {
    return this.core.entities.searchable.embeddings.keys()
  }

  countEntitiesWithEmbeddings(): number {
    return this.core.entities.searchable.embeddings.count
  }
}
