import { checkedQuery, type VectorInput } from './check-input.js'
import { Deadline } from './deadline.js'
import type { SearchResult } from './embedding.js'
import type { Embeddings, EngineContext } from './embeddings.js'
import { type EngineMetric, engineMetric } from './engine-metric.js'
import type { FilterCondition } from './filter-condition.js'
import { FilteredSearchConfig, type FilteredSearchOptions } from './filtered-search-config.js'
import { type PagedResult, type Pagination, pageOf } from './pagination.js'
import { estimateSelectivity } from './selectivity.js'
import { type Found, resultsOf, type SpaceQuery, SpaceSearch } from './space-search.js'
import type { DistanceMetric } from './types.js'

export interface EmbeddingSearchOptions {
  /** Default: that of the embeddings. */
  readonly metric?: DistanceMetric
  /** Never by a graph. Default: false. */
  readonly exact?: boolean
}

/** Searches of one set of embeddings: checks, timeout, events. `operation` is the name of the method in the notation of the reference. */
export class EmbeddingSearch {
  readonly #embeddings: Embeddings
  readonly #context: EngineContext

  constructor(embeddings: Embeddings, context: EngineContext) {
    this.#embeddings = embeddings
    this.#context = context
  }

  /** @throws VectorError EmptyVector, InvalidTopK, DimensionMismatch, InvalidVector, SearchTimeout */
  nearest(operation: string, query: VectorInput, k: number, options: EmbeddingSearchOptions = {}): SearchResult[] {
    return this.#run(operation, query, k, options, (search, prepared) => search.nearest(prepared))
  }

  /** @throws as `nearest`, and ConfigurationError */
  filtered(
    operation: string,
    query: VectorInput,
    k: number,
    filter: FilterCondition,
    options?: FilteredSearchConfig | FilteredSearchOptions,
  ): SearchResult[] {
    const config = options instanceof FilteredSearchConfig ? options : new FilteredSearchConfig(options)
    return this.#run(operation, query, k, {}, (search, prepared) => search.filtered(prepared, filter, config))
  }

  /** A page of the `topK` nearest. @throws as `nearest` */
  page(operation: string, query: VectorInput, topK: number, page: Pagination): PagedResult<SearchResult> {
    const vector = this.#query(query, topK)
    const metric = this.#metric({})
    const total = Math.min(topK, this.#search().findable({ vector, metric }))
    const wanted = Math.min(page.skip + (page.limit ?? topK), total)
    const hits = wanted > page.skip ? this.nearest(operation, vector, wanted) : []
    return pageOf(hits, total, page)
  }

  selectivity(filter: FilterCondition): number {
    return estimateSelectivity(this.#embeddings.space, filter)
  }

  #run(
    operation: string,
    query: VectorInput,
    k: number,
    options: EmbeddingSearchOptions,
    search: (search: SpaceSearch, query: SpaceQuery) => Found,
  ): SearchResult[] {
    const start = performance.now()
    const { config, events } = this.#context
    const deadline = new Deadline(operation, config.searchTimeoutMs)
    const metric = this.#metric(options)
    const found = search(this.#search(), { vector: this.#query(query, k), k, metric, deadline, exact: options.exact })
    const { strategy, lanes, hits } = found
    events.search(start, () => ({ operation, count: hits.length, strategy, lanes, parallel: lanes > 1 }))
    return resultsOf(hits, metric)
  }

  #query(query: VectorInput, k: number): Float32Array {
    return checkedQuery(query, k, this.#context.config, this.#embeddings.declaredDimension)
  }

  #metric({ metric }: EmbeddingSearchOptions): EngineMetric {
    return engineMetric(metric ?? this.#embeddings.config.distanceMetric)
  }

  #search(): SpaceSearch {
    return new SpaceSearch(this.#embeddings.space, this.#context.config.parallelThreshold, this.#context.threads)
  }
}
