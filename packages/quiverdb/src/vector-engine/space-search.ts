import { isZeroVector } from '../vector/metric.js'
import type { Deadline } from './deadline.js'
import { bestFirst, type DimensionBlock } from './dimension-block.js'
import { type Embedding, type Scored, type SearchResult } from './embedding.js'
import type { EmbeddingSpace } from './embedding-space.js'
import type { SearchStrategy } from './engine-events.js'
import type { EngineMetric } from './engine-metric.js'
import { type FilteredSearchConfig } from './filtered-search-config.js'
import type { FilterCondition } from './filter-condition.js'
import { estimateSelectivity } from './selectivity.js'
import { searchFlat } from '../vector/flat/search-flat.js'
import { rowsPerRangeMin, type ScanThreads } from '../vector/threads/scan-threads.js'

/** A walk visits many nodes for each that it returns: where more than this share is wanted, a scan is as fast, and exact. */
const graphShareMax = 1 / 8

/** What a search has found, and how. */
export interface Found {
  readonly hits: readonly Scored[]
  readonly strategy: SearchStrategy
  readonly lanes: number
}

export interface SpaceQuery {
  readonly vector: Float32Array
  readonly k: number
  readonly metric: EngineMetric
  readonly deadline: Deadline
  /** Never by a graph. Default: false. */
  readonly exact?: boolean
}

const nothing: Found = { hits: [], strategy: 'none', lanes: 1 }

/** Searches a space: by its graph where one goes by the metric, else exactly. */
export class SpaceSearch {
  readonly #space: EmbeddingSpace
  readonly #parallelThreshold: number
  readonly #threads: ScanThreads | undefined

  constructor(space: EmbeddingSpace, parallelThreshold: number, threads: ScanThreads | undefined) {
    this.#space = space
    this.#parallelThreshold = parallelThreshold
    this.#threads = threads
  }

  /** How many vectors can be found at all: those of the query's dimension. */
  findable(query: Pick<SpaceQuery, 'vector' | 'metric'>): number {
    return this.#answering(query)?.count ?? 0
  }

  /** @throws VectorError SearchTimeout */
  nearest(query: SpaceQuery): Found {
    const { vector, k, metric, deadline } = query
    const block = this.#answering(query)
    if (!block) return nothing
    const graph = query.exact || k > graphShareMax * block.count ? undefined : this.#space.graphs.serving(vector.length, metric)
    if (!graph) return this.#scan(query, 'scan')
    const found = graph.search(vector, k, deadline.budget)
    if (!found) throw deadline.exceeded()
    deadline.check()
    return { hits: found.sort(bestFirst(metric.measure)), strategy: 'graph', lanes: 1 }
  }

  /** The nearest among those that match. @throws VectorError SearchTimeout */
  filtered(query: SpaceQuery, filter: FilterCondition, config: FilteredSearchConfig): Found {
    if (!this.#answering(query)) return nothing
    if (filter.tree.op === 'true') return this.nearest(query)
    if (this.#strategyFor(filter, config) === 'preFilter') return this.#preFiltered(query, filter, 'preFilter')
    const sampled = Math.ceil(Math.max(query.k, query.k * config.oversampleFactor))
    const { hits, lanes, strategy } = this.nearest({ ...query, k: sampled })
    const matching = hits.filter(({ embedding }) => filter.matches(embedding.metadata))
    const exhausted = strategy === 'scan' && hits.length < sampled
    if (matching.length < query.k && !exhausted) return this.#preFiltered(query, filter, 'postFilter+preFilter')
    return { hits: matching.slice(0, query.k), strategy: 'postFilter', lanes }
  }

  #preFiltered(query: SpaceQuery, filter: FilterCondition, strategy: SearchStrategy): Found {
    const { deadline } = query
    return this.#scan(query, strategy, (embedding) => {
      deadline.checkRow()
      return filter.matches(embedding.metadata)
    })
  }

  #strategyFor(filter: FilterCondition, config: FilteredSearchConfig): 'preFilter' | 'postFilter' {
    if (config.strategy !== 'auto') return config.strategy
    return estimateSelectivity(this.#space, filter) < config.selectivityThreshold ? 'preFilter' : 'postFilter'
  }

  #scan(query: SpaceQuery, strategy: SearchStrategy, accepts?: (embedding: Embedding) => boolean): Found {
    const { vector, k, metric, deadline } = query
    const block = this.#answering(query)!
    const shared = block.denseCount > rowsPerRangeMin && block.denseCount >= this.#parallelThreshold
    const threads = shared ? this.#threads : undefined
    const hits = block.nearest(vector, k, metric.measure, threads?.scan ?? searchFlat, { accepts, budget: deadline.budget })
    if (!hits) throw deadline.exceeded()
    deadline.check()
    return { hits, strategy, lanes: threads?.lanes ?? 1 }
  }

  /** The vectors of the query's dimension; none where a query of zeros has no answer. */
  #answering({ vector, metric }: Pick<SpaceQuery, 'vector' | 'metric'>): DimensionBlock | undefined {
    return metric.servesZero || !isZeroVector(vector) ? this.#space.block(vector.length) : undefined
  }
}

export function resultsOf(hits: readonly Scored[], metric: EngineMetric): SearchResult[] {
  return hits.map(({ embedding, raw }) => ({ key: embedding.key, score: metric.measure.toEngineScore(raw) }))
}
