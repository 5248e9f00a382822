import type { VectorInput } from './check-input.js'
import { CollectionMethods } from './collection-methods.js'
import type { SearchResult } from './embedding.js'
import { HNSWBuildOptions } from './hnsw/build-options.js'
import type { ExtendedDistanceMetric } from './hnsw/extended-metric.js'
import type { HNSWConfig, HNSWOptions } from './hnsw/hnsw-config.js'
import type { HNSWIndex } from './hnsw/hnsw-index.js'
import { DEFAULT_COLLECTION } from './types.js'

/** The part of the engine that builds, caches and searches indexes. */
export abstract class IndexMethods extends CollectionMethods {
  /**
   * An index of all embeddings outside collections, and the key of each of its ids. What the configuration leaves out has its default, the metric
   * that of the engine. It belongs to the caller and does not follow later writes, unless it is cached: change it by `insert`, `replace` and `delete`, and `free` it.
   * @throws VectorError DimensionMismatch: vectors of several dimensions; EmbeddingStorageError CapacityExceeded: more than `maxNodes`
   *
   * @example
   * ```ts
   * const [index, keys] = engine.buildHnswIndex()
   * engine.searchWithHnsw(index, keys, query, 10)
   * ```
   */
  buildHnswIndex(config: HNSWConfig | HNSWOptions = {}): [index: HNSWIndex, keys: string[]] {
    return this.core.indexes.build(new HNSWBuildOptions({ hnswConfig: this.core.indexes.configFor(config) }))
  }

  /** @throws as `buildHnswIndex` */
  buildHnswIndexDefault(): [index: HNSWIndex, keys: string[]] {
    return this.buildHnswIndex()
  }

  /** @throws as `buildHnswIndex` */
  buildHnswIndexWithOptions(options: HNSWBuildOptions): [index: HNSWIndex, keys: string[]] {
    return this.core.indexes.build(options)
  }

  /**
   * The keys of about the k most similar vectors in an index, by its own metric.
   * @throws VectorError EmptyVector, InvalidTopK, DimensionMismatch, InvalidVector, SearchTimeout
   */
  searchWithHnsw(index: HNSWIndex, keys: readonly string[], query: VectorInput, k: number): SearchResult[] {
    return this.core.indexes.search(index, keys, query, k)
  }

  /**
   * The k most similar by any metric, of the keys of an index that are still stored. Where the graph ranks by the metric (cosine, angular and
   * geodesic on a cosine index, Euclidean on a Euclidean one) it finds the candidates; else all are measured, so the answer is exact.
   * @throws VectorError as `searchWithHnsw`, and ConfigurationError
   */
  searchWithHnswAndMetric(
    index: HNSWIndex,
    keys: readonly string[],
    query: VectorInput,
    k: number,
    metric: ExtendedDistanceMetric,
  ): SearchResult[] {
    return this.core.indexes.searchWithMetric(index, keys, query, k, metric)
  }

  /** Bytes that an index of all embeddings outside collections would take, by the estimate of the reference. */
  estimateHnswMemory(): number {
    return this.core.indexes.estimateMemory()
  }

  /**
   * Has an index answer the searches of a collection by the same metric from now on. It is first made to hold what the collection holds, and then
   * follows every write; so does `keys`.
   * @throws VectorError CollectionNotFound
   */
  cacheHnswIndex(collection: string, index: HNSWIndex, keys: string[]): void {
    this.core.indexes.cache(collection, index, keys)
  }

  /** Has searches of a collection be exact again. */
  invalidateHnswCache(collection: string): void {
    this.core.indexes.invalidate(collection)
  }

  /** Builds an index of a collection and caches it. @throws VectorError DimensionMismatch, CollectionNotFound */
  buildAndCacheIndex(config: HNSWConfig | HNSWOptions = {}, collection: string = DEFAULT_COLLECTION): void {
    const hnswConfig = this.core.indexes.configFor(config, collection)
    this.core.indexes.buildAndCache(new HNSWBuildOptions({ hnswConfig }), collection)
  }
}
