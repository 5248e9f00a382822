import { isZeroVector } from '../../vector/metric.js'
import { searchFlat } from '../../vector/flat/search-flat.js'
import { checkedQuery, type VectorInput } from '../check-input.js'
import { Deadline } from '../deadline.js'
import { bestFirst } from '../dimension-block.js'
import type { Scored, SearchResult } from '../embedding.js'
import type { EmbeddingSpace } from '../embedding-space.js'
import type { Collections } from '../collections.js'
import type { Embeddings, EngineContext } from '../embeddings.js'
import type { SearchStrategy } from '../engine-events.js'
import { VectorError } from '../errors.js'
import { DEFAULT_COLLECTION } from '../types.js'
import type { DenseMeasure } from '../../vector/measure/measure.js'
import { buildGraph, followWith } from './build-graph.js'
import { type HNSWBuildOptions } from './build-options.js'
import { type ExtendedDistanceMetric, graphMetricOf, measureOf, servesZero } from './extended-metric.js'
import { HNSWConfig, type HNSWOptions } from './hnsw-config.js'
import { HNSWIndex } from './hnsw-index.js'

/** What an index takes beside the vectors, by the estimate of the reference: 16 links of 8 bytes on two sides, 32 bytes of its own. */
const linkBytesPerVector = 16 * 2 * 8
const nodeBytesPerVector = 32

const candidatesMin = 10

/** A search of an index by any measure. */
interface MeasuredQuery {
  readonly index: HNSWIndex
  readonly keys: readonly string[]
  readonly vector: Float32Array
  readonly k: number
  readonly measure: DenseMeasure
  readonly deadline: Deadline
}

/** Indexes of an engine: built, cached, searched. */
export class EngineIndexes {
  readonly #context: EngineContext
  readonly #collections: Collections

  constructor(context: EngineContext, collections: Collections) {
    this.#context = context
    this.#collections = collections
  }

  /** An index of the default store and the key of each of its ids. @throws VectorError DimensionMismatch: vectors of several lengths */
  build(options: HNSWBuildOptions): [HNSWIndex, string[]] {
    const { space } = this.#collections.defaults.embeddings
    const start = performance.now()
    const dimension = onlyDimension(space)
    const { pool, events } = this.#context
    const keys: string[] = []
    if (dimension === undefined) return [new HNSWIndex(pool, options.hnswConfig), keys]
    const { index } = buildGraph(pool, space, dimension, options, keys)
    events.index(start, () => ({ operation: 'build_hnsw_index', count: index.length }))
    return [index, keys]
  }

  /** The configuration of a new index, which goes by the metric of the collection where none is named. @throws VectorError ConfigurationError, CollectionNotFound */
  configFor(config: HNSWConfig | HNSWOptions, collection: string = DEFAULT_COLLECTION): HNSWConfig {
    if (config instanceof HNSWConfig) return config
    const { distanceMetric } = this.#embeddingsOf(collection).config
    return new HNSWConfig({ distanceMetric, ...config })
  }

  /** @throws VectorError DimensionMismatch, CollectionNotFound */
  buildAndCache(options: HNSWBuildOptions, collection: string): void {
    const { space } = this.#embeddingsOf(collection)
    const start = performance.now()
    const dimension = onlyDimension(space)
    if (dimension === undefined) return
    const { pool, events } = this.#context
    const graph = buildGraph(pool, space, dimension, options)
    space.graphs.attach(dimension, graph)
    events.index(start, () => ({ operation: 'build_and_cache_index', count: graph.index.length }))
  }

  /** @throws VectorError CollectionNotFound */
  cache(collection: string, index: HNSWIndex, keys: string[]): void {
    const { space } = this.#embeddingsOf(collection)
    const start = performance.now()
    const graph = followWith(index, keys, space)
    if (!graph) return
    space.graphs.attach(index.dimension!, graph)
    this.#context.events.index(start, () => ({ operation: 'cache_hnsw_index', count: index.length }))
  }

  invalidate(collection: string): void {
    this.#collections.get(collection)?.embeddings.space.graphs.free()
  }

  /** @throws VectorError as a search */
  search(index: HNSWIndex, keys: readonly string[], query: VectorInput, k: number): SearchResult[] {
    const operation = 'search_with_hnsw'
    const start = performance.now()
    const deadline = this.#deadline(operation)
    const vector = checkedQuery(query, k, this.#context.config, index.dimension)
    const hits = index.searchWithin(vector, k, { budget: deadline.budget })
    if (!hits) throw deadline.exceeded()
    deadline.check()
    const results = hits.flatMap(({ id, raw }) => {
      const key = keys[id]
      return key === undefined ? [] : [{ key, score: index.scoreOf(raw) }]
    })
    this.#searched(operation, start, results.length, 'graph')
    return results
  }

  /** Vectors are those of the store, where keys may have gone. @throws VectorError as a search */
  searchWithMetric(
    index: HNSWIndex,
    keys: readonly string[],
    query: VectorInput,
    k: number,
    metric: ExtendedDistanceMetric,
  ): SearchResult[] {
    const operation = 'search_with_hnsw_and_metric'
    const start = performance.now()
    const deadline = this.#deadline(operation)
    const vector = checkedQuery(query, k, this.#context.config, index.dimension)
    const measure = measureOf(metric)
    const measured: MeasuredQuery = { index, keys, vector, k, measure, deadline }
    const byGraph = this.#candidates(measured)
    const hits = byGraph ?? this.#scan(measured)
    deadline.check()
    this.#searched(operation, start, hits.length, byGraph ? 'graph' : 'scan')
    return hits.map(({ embedding, raw }) => ({ key: embedding.key, score: measure.toSimilarity(raw) }))
  }

  estimateMemory(): number {
    const { space } = this.#collections.defaults.embeddings
    const perVector = linkBytesPerVector + nodeBytesPerVector
    return space.dimensions.reduce((sum, dimension) => sum + space.block(dimension)!.count * (4 * dimension + perVector), 0)
  }

  /** The best that a walk finds, where the graph ranks by the measure; undefined where it does not, or finds too few that are still there. */
  #candidates({ index, keys, vector, k, measure, deadline }: MeasuredQuery): Scored[] | undefined {
    if (graphMetricOf(measure) !== index.config.distanceMetric || isZeroVector(vector)) return undefined
    const { space } = this.#collections.defaults.embeddings
    const found = index.searchWithin(vector, Math.max(2 * k, candidatesMin), { budget: deadline.budget })
    if (!found) throw deadline.exceeded()
    const hits = found.flatMap(({ id }): Scored[] => {
      const embedding = keys[id] === undefined ? undefined : space.get(keys[id])
      if (embedding?.place.dimension !== vector.length) return []
      return [{ embedding, raw: measure.raw(vector, space.read(embedding)) }]
    })
    if (hits.length < Math.min(k, index.length)) return undefined
    return hits.sort(bestFirst(measure)).slice(0, k)
  }

  #scan({ index, keys, vector, k, measure, deadline }: MeasuredQuery): Scored[] {
    if (!servesZero(measure) && isZeroVector(vector)) return []
    const wanted = new Set<string | undefined>(Array.from(index.ids(), (id) => keys[id]))
    const block = this.#collections.defaults.embeddings.space.block(vector.length)
    const hits = block?.nearest(vector, k, measure, searchFlat, {
      accepts: ({ key }) => wanted.has(key),
      budget: deadline.budget,
    })
    if (block && !hits) throw deadline.exceeded()
    return hits ?? []
  }

  #embeddingsOf(collection: string): Embeddings {
    const found = this.#collections.get(collection)
    if (!found) throw VectorError.collectionNotFound(collection)
    return found.embeddings
  }

  #deadline(operation: string): Deadline {
    return new Deadline(operation, this.#context.config.searchTimeoutMs)
  }

  #searched(operation: string, start: number, count: number, strategy: SearchStrategy): void {
    this.#context.events.search(start, () => ({ operation, count, strategy, parallel: false, lanes: 1 }))
  }
}

/** @throws VectorError DimensionMismatch: there are several */
function onlyDimension(space: EmbeddingSpace): number | undefined {
  const [dimension, other] = space.dimensions
  if (dimension !== undefined && other !== undefined) throw VectorError.dimensionMismatch(dimension, other)
  return dimension
}
