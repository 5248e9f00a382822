import type { SearchQuery, Stored } from '../../collection/types.js'
import { isZeroVector } from '../../vector/metric.js'
import { checkedQuery, type VectorInput } from '../check-input.js'
import { Deadline } from '../deadline.js'
import type { SearchResult } from '../embedding.js'
import type { EmbeddingSearchOptions } from '../embedding-search.js'
import { type EngineMetric, engineMetric } from '../engine-metric.js'
import type { FilterCondition } from '../filter-condition.js'
import { FilteredSearchConfig, type FilteredSearchOptions } from '../filtered-search-config.js'
import { type PagedResult, type Pagination, pageOf } from '../pagination.js'
import { sampleOf } from '../selectivity.js'
import { stored } from './durable-context.js'
import type { DurableSpace } from './durable-space.js'
import { dimensionField, isOutsize, keyOf, metadataOf, vectorOf } from './record.js'
import { recordFilterOf } from './where.js'

/** Of one search of a collection. */
const limitMax = 10_000
/** By which factor a filtered search asks for more, while too few of the hits match. */
const filteredGrowth = 4

interface Plan {
  readonly vector: Float32Array
  readonly k: number
  readonly metric: EngineMetric
  readonly deadline: Deadline
  readonly query: Pick<SearchQuery, 'exact' | 'where' | 'fields'>
}

interface Ranked {
  readonly record: Stored
  readonly score: number
}

/** Searches of one set of embeddings: those of its collection, by the index of dimension and metric. `operation` is named as in the reference. */
export class DurableSearch {
  readonly #space: DurableSpace

  constructor(space: DurableSpace) {
    this.#space = space
  }

  /** @throws VectorError EmptyVector, InvalidTopK, DimensionMismatch, InvalidVector, SearchTimeout */
  async nearest(operation: string, query: VectorInput, k: number, options: EmbeddingSearchOptions = {}): Promise<SearchResult[]> {
    const plan = this.#plan(operation, query, k, options, { exact: options.exact, fields: [] })
    return resultsOf(await this.#hits(plan))
  }

  /**
   * The strategy is the database's own, whatever `options` say: it scans the records that match.
   * @throws VectorError as `nearest`, and ConfigurationError
   */
  async filtered(
    operation: string,
    query: VectorInput,
    k: number,
    filter: FilterCondition,
    options?: FilteredSearchConfig | FilteredSearchOptions,
  ): Promise<SearchResult[]> {
    if (!(options instanceof FilteredSearchConfig)) new FilteredSearchConfig(options)
    const { where, check } = recordFilterOf(filter)
    const plan = this.#plan(operation, query, k, {}, { exact: true, where, fields: check?.fields ?? [] })
    if (!check) return resultsOf(await this.#hits(plan))
    for (let wanted = k; ; wanted *= filteredGrowth) {
      const hits = await this.#hits({ ...plan, k: wanted })
      const matching = hits.filter(({ record }) => filter.matches(metadataOf(record)))
      if (matching.length >= k || hits.length < wanted) return resultsOf(matching.slice(0, k))
    }
  }

  /** A page of the `topK` nearest. @throws as `nearest` */
  async page(operation: string, query: VectorInput, topK: number, page: Pagination): Promise<PagedResult<SearchResult>> {
    const { vector, metric } = this.#plan(operation, query, topK, {}, {})
    const total = Math.min(topK, await this.#findable(vector, metric))
    const wanted = Math.min(page.skip + (page.limit ?? topK), total)
    const hits = wanted > page.skip ? await this.nearest(operation, vector, wanted) : []
    return pageOf(hits, total, page)
  }

  async selectivity(filter: FilterCondition): Promise<number> {
    const ids: string[] = []
    for await (const { id } of this.#space.all({ fields: [] })) ids.push(id)
    const records = await stored(() => this.#space.records.getMany(sampleOf(ids)))
    const matching = records.filter((record) => record && filter.matches(metadataOf(record)))
    return records.length > 0 ? matching.length / records.length : 0
  }

  #plan(operation: string, query: VectorInput, k: number, options: EmbeddingSearchOptions, search: Plan['query']): Plan {
    const { config, declaredDimension, context } = this.#space
    const deadline = new Deadline(operation, context.config.searchTimeoutMs)
    const metric = engineMetric(options.metric ?? config.distanceMetric)
    return { vector: checkedQuery(query, k, context.config, declaredDimension), k, metric, deadline, query: search }
  }

  /** The k nearest, or all that there are. */
  async #hits(plan: Plan): Promise<Ranked[]> {
    const { vector, k, metric, query } = plan
    if (!metric.servesZero && isZeroVector(vector)) return []
    if (isOutsize(vector)) {
      const records: Stored[] = []
      for await (const record of this.#space.all({ where: query.where })) records.push(record)
      return ranked(records, plan).slice(0, k)
    }
    const hits = await this.#indexed(plan)
    const outsize = await this.#space.known.outsize(query.where)
    return outsize.length === 0 ? hits : [...hits, ...ranked(outsize, plan)].sort(byScore).slice(0, k)
  }

  /** The k nearest of those that an index holds. */
  async #indexed({ vector, k, metric, deadline, query }: Plan): Promise<Ranked[]> {
    const hits: Ranked[] = []
    const index = await this.#space.known.indexFor(metric, vector.length)
    if (index === undefined) return hits
    while (hits.length < k) {
      const limit = Math.min(limitMax, k - hits.length)
      const timeoutMs = deadline.budget && Math.max(0, deadline.budget.deadline! - performance.now())
      const search = { ...query, vector, index, limit, offset: hits.length, timeoutMs }
      const answer = await stored(() => this.#space.records.search(search))
      if (!answer.complete) throw deadline.exceeded()
      deadline.check()
      for (const { distance, record } of answer.hits) {
        hits.push({ record, score: metric.measure.toEngineScore(metric.rawOfGraph(distance)) })
      }
      if (answer.hits.length < limit) break
    }
    return hits
  }

  /** How many vectors can be found at all: those of the query's dimension. */
  async #findable(vector: Float32Array, metric: EngineMetric): Promise<number> {
    if (!metric.servesZero && isZeroVector(vector)) return 0
    const name = await this.#space.known.indexFor(metric, vector.length)
    const indexes = await stored(() => this.#space.records.indexes())
    const outsize = (await this.#space.known.outsize()).filter((record) => record[dimensionField] === vector.length)
    return outsize.length + (indexes.find((index) => index.name === name)?.records ?? 0)
  }
}

/** Records by their own vectors, best first; those of other dimensions are left out. */
function ranked(records: readonly Stored[], { vector, metric, deadline }: Plan): Ranked[] {
  const hits: Ranked[] = []
  for (const record of records) {
    deadline.checkRow()
    const other = vectorOf(record)!
    if (other.length !== vector.length) continue
    hits.push({ record, score: metric.measure.toEngineScore(metric.measure.raw(vector, other)) })
  }
  return hits.sort(byScore)
}

/** Ids order as keys do. */
function byScore(a: Ranked, b: Ranked): number {
  return b.score - a.score || (a.record.id < b.record.id ? -1 : 1)
}

function resultsOf(hits: readonly Ranked[]): SearchResult[] {
  return hits.map(({ record, score }) => ({ key: keyOf(record.id), score }))
}
