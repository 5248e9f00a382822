import * as v from 'valibot'
import { parseWhere } from '../../filter/where.js'
import { QuiverError } from '../../errors.js'
import type { Condition } from '../../filter/condition.js'
import { formatVersionName } from '../../history/keys.js'
import { isResident, whenResident } from '../../segment/part-file.js'
import type { Budget } from '../../vector/budget.js'
import { effortsFor, type Evaluation, kDefault, sampleDefault } from '../../vector/evaluation.js'
import { countRows, rowsById } from './list.js'
import { evaluateVersion, sampledQueries } from './evaluate.js'
import { RowFilter } from './matches.js'
import { rowsInOrder } from './ordered-list.js'
import { SortOrder } from './sort-order.js'
import { byCount, byValue, countValues } from './value-counts.js'
import {
  checked,
  checkedSearch,
  checkShapes,
  countOptions,
  declaredPaths,
  distinctOptions,
  evaluateOptions,
  facetOptions,
  listOptions,
  readOptions,
  hybridSearchOptions,
  textSearchOptions,
} from '../options.js'
import type { Embedders } from '../managed/embedders.js'
import type { Parts } from '../version/parts.js'
import { chooseIndex } from './choose-index.js'
import { type FusedRow, HybridSearch } from './hybrid-search.js'
import { explainText, textPlan } from './text-plan.js'
import { TextSearch } from './text-search.js'
import { readRecord } from './records.js'
import { VersionSearch } from './search.js'
import type { RankedRow } from './top-hits.js'
import { SearchTrace } from './trace.js'
import { vectorPlan } from './vector-plan.js'
import { checkAborted, runSteps } from './turns.js'
import { checkedId } from '../ids.js'
import type { CollectionState } from '../version/state.js'
import type {
  EvaluateOptions,
  FacetQuery,
  Fields,
  Hit,
  ListQuery,
  Page,
  ReadMark,
  ReadOptions,
  SearchQuery,
  SearchResult,
  Stored,
  ValueCount,
} from '../types.js'
import type { HybridHit, HybridQuery, HybridSearchResult, TextQuery, TextSearchResult } from '../text-types.js'
import { checkedVector } from '../version/vectors.js'

/** One version of a collection, as a reader holds it. */
export interface View {
  readonly collection: CollectionState
  readonly seq: number
}

/** Where a reader gets the version that it reads, and who is told what was read. */
export interface ReadSource {
  readonly parts: Parts
  view(): Promise<View>
  /** The same where it is known at once. */
  viewNow?(): View | undefined
  /** Make vectors of texts that are searched for. */
  readonly embedders: Embedders
  /** Only inside a transaction. */
  note?(mark: ReadMark): void
}

/** What a search is by, and in which index. */
interface TextOrVector {
  readonly text?: string
  readonly vector?: unknown
  readonly field?: string
  readonly index?: string
}

const limitDefault = 10
const pageLimitDefault = 100
/** Of each side of a hybrid search. */
const candidatesDefault = 100

/** Everything that reads a collection: the same for its head, for an older version and inside a transaction. */
export class CollectionReader<T extends object = Fields> {
  readonly #source: ReadSource
  /**
   * V8 throws compiled code away when a full garbage collection finds no object left of a shape that the code was made for; then searches take twice as
   * long until it is made again. While the objects of one search live, so do their shapes.
   */
  readonly #shapes: { readonly checks: readonly unknown[]; search?: VersionSearch; touched?: number } = { checks: checkShapes }

  constructor(source: ReadSource) {
    this.#source = source
  }

  /**
   * The record with this id, or null.
   * @throws QuiverError INVALID_ID
   */
  async get(id: string, options: ReadOptions = {}): Promise<Stored<T> | null> {
    const [record] = await this.getMany([id], options)
    return record ?? null
  }

  /** The records with these ids, null where there is none, in the order of the ids. */
  async getMany(ids: readonly string[], options: ReadOptions = {}): Promise<(Stored<T> | null)[]> {
    const wanted = checked(readOptions, options, 'read options')
    checked(v.array(v.unknown()), ids, 'ids').forEach(checkedId)
    const { collection } = await this.#source.view()
    this.#source.note?.({ collection: collection.uuid, ids: [...ids] })
    return whenResident(() =>
      ids.map((id) => {
        const found = collection.find(id)
        return found ? readRecord<T>(collection, found, wanted) : null
      }),
    )
  }

  /**
   * A page of records in the order of their ids.
   *
   * @example
   * ```ts
   * for (let after: string | undefined; ; ) {
   *   const page = await papers.list({ where: { year: { $gte: 1955 } }, limit: 1000, after })
   *   // page.records
   *   if (!(after = page.next)) break
   * }
   * ```
   * @throws QuiverError INVALID_ARGUMENT, INVALID_FILTER
   */
  async list(query: ListQuery = {}): Promise<Page<T>> {
    const { where, orderBy, limit = pageLimitDefault, after, ...read } = checked(listOptions, query, 'list query')
    const condition = parsed(where)
    if (orderBy) return this.#listInOrder(condition, sortOrder(orderBy), limit, after, read)
    const { collection } = await this.#source.view()
    this.#noteCondition(collection, condition)
    const filter = condition && new RowFilter(condition, collection, this.#source.parts)
    return whenResident(() => {
      const records: Stored<T>[] = []
      let last: string | undefined
      for (const { state, slot, id } of rowsById(collection, after)) {
        if (filter && !filter.matches(state, slot)) continue
        if (records.length === limit) return { records, next: last }
        records.push(readRecord<T>(collection, { state, slot }, read))
        last = id
      }
      return { records }
    })
  }

  async #listInOrder(
    condition: Condition | undefined,
    order: SortOrder,
    limit: number,
    after: string | undefined,
    read: ReadOptions,
  ): Promise<Page<T>> {
    const behind = after === undefined ? undefined : order.position(after)
    const { collection } = await this.#source.view()
    this.#noteCondition(collection, condition)
    const { parts } = this.#source
    const filter = condition && new RowFilter(condition, collection, parts)
    return whenResident(() => {
      const rows = rowsInOrder(collection, parts, filter, order, behind, limit + 1)
      const records = rows.slice(0, limit).map((row) => readRecord<T>(collection, row, read))
      return { records, ...(rows.length > limit && { next: order.token(rows[limit - 1]!) }) }
    })
  }

  /**
   * The values that a field has in matching records, in their order (null, `false`, `true`, numbers, texts), with the number of records that have each.
   * Elements of lists count as values; lists, objects and missing fields do not.
   *
   * @param field dotted path
   * @param query `limit`: 1 to 10,000 values, default 100
   * @example
   * ```ts
   * const years = await papers.distinct('year', { where: { tags: 'ai' } }) // [{ value: 1958, count: 2 }, ...]
   * ```
   * @throws QuiverError INVALID_ARGUMENT, INVALID_FILTER
   */
  async distinct(field: string, query: { where?: SearchQuery['where']; limit?: number } = {}): Promise<ValueCount[]> {
    const { where, limit = pageLimitDefault } = checked(distinctOptions, query, 'distinct query')
    const counts = await this.#countValues(declaredPaths([field]), where)
    return firstOf(counts.get(field)!, byValue, limit)
  }

  /**
   * The most frequent values of several fields among matching records, each with its number of records: the most frequent first, equally frequent ones by
   * value. What counts as a value is as for {@link distinct}.
   *
   * @example
   * ```ts
   * const { tags, year } = await papers.facets({ fields: ['tags', 'year'], where: { cited: { $gt: 10 } }, limit: 5 })
   * ```
   * @throws QuiverError INVALID_ARGUMENT, INVALID_FILTER
   */
  async facets(query: FacetQuery): Promise<{ [field: string]: ValueCount[] }> {
    const { fields, where, limit = limitDefault } = checked(facetOptions, query, 'facet query')
    const counts = await this.#countValues(declaredPaths(fields), where)
    return Object.fromEntries([...counts].map(([field, values]) => [field, firstOf(values, byCount, limit)]))
  }

  async #countValues(paths: readonly string[], where: unknown): Promise<ReadonlyMap<string, readonly ValueCount[]>> {
    const condition = parsed(where)
    const { collection } = await this.#source.view()
    this.#noteCondition(collection, condition)
    const { parts } = this.#source
    return whenResident(() => countValues(collection, parts, condition && new RowFilter(condition, collection, parts), paths))
  }

  /** How many records there are, or how many match. @throws QuiverError INVALID_FILTER */
  async count(query: { where?: SearchQuery['where'] } = {}): Promise<number> {
    const condition = parsed(checked(countOptions, query, 'count query').where)
    const { collection } = await this.#source.view()
    this.#noteCondition(collection, condition)
    return whenResident(() => countRows(collection, condition && new RowFilter(condition, collection, this.#source.parts)))
  }

  /**
   * The records whose vectors are nearest to one, nearest first.
   * They come from the graphs, re-ranked by the full vectors; with `exact`, or where few match `where`, from a scan. With `where` there are `limit` hits
   * whenever so many match.
   *
   * @example
   * ```ts
   * const { hits } = await papers.search({ vector, where: { year: { $gte: 1955 } }, limit: 10 })
   * ```
   * A managed index is searched by a text as well: `papers.search({ index: 'abstract', text: 'what to look for' })`.
   * @throws QuiverError NOT_FOUND (no such index), AMBIGUOUS_INDEX, DIMENSION_MISMATCH, INVALID_VECTOR, ZERO_VECTOR, INVALID_ARGUMENT, INVALID_FILTER, ABORTED;
   * with a text EMBEDDER_FAILED, INVALID_EMBEDDING, TIMEOUT
   */
  async search(query: SearchQuery): Promise<SearchResult<T>> {
    const options = checkedSearch(query as Parameters<typeof checkedSearch>[0])
    checkAborted(options.signal)
    const { limit = limitDefault, offset = 0, signal, fields, vectors, vector } = options
    const budget = budgetOf(options)
    const condition = parsed(options.where)
    const isText = vector === undefined || options.text !== undefined
    const embedded = isText ? await this.#embedded(options, budget) : undefined
    const { collection, seq } = embedded?.view ?? this.#source.viewNow?.() ?? (await this.#source.view())
    this.#noteCondition(collection, condition)
    const filter = condition && new RowFilter(condition, collection, this.#source.parts)
    const plan = vectorPlan(collection, embedded ? { ...options, vector: embedded.vector } : options, {
      count: limit + offset,
      filter,
      budget,
      maxDistance: options.maxDistance,
      strategy: options.strategy,
      overquery: options.overquery,
      candidatesMax: options.maxScanCandidates,
      trace: options.explain ? new SearchTrace() : undefined,
    })
    const { parts } = this.#source
    const search = new VersionSearch(plan, parts)
    this.#shapes.search = search
    const running = runSteps(search.steps(), parts.residency, signal)
    if (running) await running
    const { hits, complete, isLate } = search
    const making = this.#hits(collection, hits.rows(), offset, { fields, vectors })
    const made = making instanceof Promise ? await making : making
    const explanation = plan.trace?.explanation(collection.records, plan.filter?.report, complete, isLate)
    const version = formatVersionName(seq)
    return explanation ? { hits: made, complete, version, explanation } : { hits: made, complete, version }
  }

  /** The vector of a text that is searched for, and a version whose index holds vectors of the same model. */
  async #embedded({ text, vector, ...which }: TextOrVector, budget: Budget): Promise<{ vector: Float32Array; view: View }> {
    if (text === undefined || vector !== undefined) {
      throw new QuiverError('INVALID_ARGUMENT', "A search has a 'vector', or a 'text' for a managed index: one of them.", {
        details: { path: 'vector' },
      })
    }
    const { embedQuery } = await import('../managed/embed-query.js')
    let view = await this.#source.view()
    for (;;) {
      const { index } = chooseIndex(view.collection, which)
      const made = await embedQuery(index, this.#source.embedders.of(view.collection.uuid, index), text, budget)
      view = await this.#source.view()
      if (chooseIndex(view.collection, which).index.definition.uuid === index.definition.uuid) return { vector: made, view }
    }
  }

  /**
   * The records whose field says most of some words, by BM25, best first: words that are rare in the collection count more, and long texts less. Words are
   * compared as terms: in lower case, stemmed by the rules of the index's language. Stop words say nothing, so a query of nothing else finds nothing.
   * The answer is exact and depends on the records of the version alone.
   *
   * @example
   * ```ts
   * await papers.declareTexts([{ field: 'abstract', language: 'english' }])
   * const { hits } = await papers.searchText({ text: 'layers that separate', where: { year: { $gte: 1955 } }, limit: 10 })
   * ```
   * @throws QuiverError NOT_FOUND (no such text index), AMBIGUOUS_INDEX, INVALID_ARGUMENT, INVALID_FILTER, ABORTED
   */
  async searchText(query: TextQuery): Promise<TextSearchResult<T>> {
    const options = checked(textSearchOptions, query, 'text search')
    checkAborted(options.signal)
    const { limit = limitDefault, offset = 0, fields, vectors, signal } = options
    const budget = budgetOf(options)
    const condition = parsed(options.where)
    const { parts } = this.#source
    const { collection, seq } = this.#source.viewNow?.() ?? (await this.#source.view())
    this.#noteCondition(collection, condition)
    const filter = condition && new RowFilter(condition, collection, parts)
    const plan = { ...(await textPlan(collection, options)), count: limit + offset, filter, budget }
    const search = new TextSearch(plan, parts)
    await runSteps(search.steps(), parts.residency, signal)
    const rows = search.best.rows().slice(offset)
    const hits = await whenResident(() =>
      rows.map(({ score, state, slot }) => {
        const record = readRecord<T>(collection, { state, slot }, { fields, vectors })
        return { id: record.id, score, record }
      }),
    )
    const { matches, complete } = search
    const explanation = options.explain && explainText(plan, search)
    return { hits, matches, complete, version: formatVersionName(seq), ...(explanation && { explanation }) }
  }

  /**
   * The records that a vector and some words find together, best first. Both searches see the same version and the same `where`; what only one of them
   * found is scored by the other too.
   *
   * @example
   * ```ts
   * const { hits } = await papers.searchHybrid({ text: 'boundary layers', vector, limit: 10 })
   * for (const { id, score, text, vector } of hits) console.log(id, score, text?.rank, vector?.rank)
   * ```
   * @throws QuiverError as {@link searchText} and {@link search}
   */
  async searchHybrid(query: HybridQuery): Promise<HybridSearchResult<T>> {
    const options = checked(hybridSearchOptions, query, 'hybrid search')
    checkAborted(options.signal)
    const { limit = limitDefault, offset = 0, candidates = candidatesDefault, text, index, fields, vectors, signal } = options
    const budget = budgetOf(options)
    const condition = parsed(options.where)
    const { parts } = this.#source
    const embedded = options.vector === undefined ? await this.#embedded({ text, index }, budget) : undefined
    const { collection, seq } = embedded?.view ?? this.#source.viewNow?.() ?? (await this.#source.view())
    this.#noteCondition(collection, condition)
    const filter = condition && new RowFilter(condition, collection, parts)
    const common = { count: Math.max(candidates, limit + offset), filter, budget }
    const plan = {
      vector: vectorPlan(
        collection,
        { ...options, ...(embedded && { vector: embedded.vector }), field: undefined, index },
        common,
      ),
      text: { ...(await textPlan(collection, options)), ...common },
      fusion: options.fusion,
    }
    const search = new HybridSearch(plan, parts)
    await runSteps(search.steps(), parts.residency, signal)
    const rows = search.rows.slice(offset, offset + limit)
    const hits = await whenResident(() => rows.map((row) => hybridHit(row, readRecord<T>(collection, row, { fields, vectors }))))
    return { hits, complete: search.complete, version: formatVersionName(seq) }
  }

  /**
   * Measures what searches of an index find, against exact searches of the same version: the recall and the time of each effort, and what a wanted
   * `recall` would take. Rows that are searched for are not counted as found themselves. They are found a little more easily than vectors that are not
   * in the collection: give `vectors` of real queries where there are some. The curve that was measured without that when each graph was built,
   * and that `recall` goes by, is returned beside.
   *
   * @example
   * ```ts
   * const { efforts, targets } = await papers.evaluate({ field: 'embedding', sample: 50 })
   * for (const { ef, recall, milliseconds } of efforts) console.log(ef, recall, milliseconds)
   * ```
   * @throws QuiverError NOT_FOUND (no such index), AMBIGUOUS_INDEX, DIMENSION_MISMATCH, INVALID_VECTOR, ZERO_VECTOR, INVALID_ARGUMENT, ABORTED
   */
  async evaluate(options: EvaluateOptions = {}): Promise<Evaluation> {
    const {
      vectors,
      sample = sampleDefault,
      k = kDefault,
      signal,
      onProgress,
      ...which
    } = checked(evaluateOptions, options, 'evaluation')
    checkAborted(signal)
    const efs = effortsFor(k, options.efs)
    const { collection } = await this.#source.view()
    this.#noteCondition(collection, undefined)
    const index = chooseIndex(collection, which)
    const queries = vectors
      ? vectors.map((vector) => ({ vector: Float32Array.from(checkedVector(vector, index.index, 'a query')) }))
      : await whenResident(() => sampledQueries(collection, index, sample))
    const plan = { collection, index, queries, k, efs, signal, onProgress: onProgress as EvaluateOptions['onProgress'] }
    const { parts } = this.#source
    return evaluateVersion(plan, async (searchPlan) => {
      const search = new VersionSearch(searchPlan, parts)
      await runSteps(search.steps(), parts.residency, signal)
      return search.hits
    })
  }

  /** Without a promise where all is there: most of them are. */
  #hits(
    collection: CollectionState,
    rows: readonly RankedRow[],
    offset: number,
    read: ReadOptions,
  ): Hit<T>[] | Promise<Hit<T>[]> {
    let made: Hit<T>[] = []
    const make = (): void => {
      made = []
      let touched = 0
      for (let i = offset; i < rows.length; i++) touched += rows[i]!.state.set.touchId?.(rows[i]!.slot) ?? 0
      this.#shapes.touched = touched
      for (let i = offset; i < rows.length; i++) {
        const record = readRecord<T>(collection, rows[i]!, read)
        made.push({ id: record.id, distance: rows[i]!.distance, record })
      }
    }
    return isResident(make) ? made : whenResident(make).then(() => made)
  }

  #noteCondition(collection: CollectionState, condition: Condition | undefined): void {
    this.#source.note?.({ collection: collection.uuid, where: condition ?? { op: 'always' } })
  }
}

function parsed(where: unknown): Condition | undefined {
  return where === undefined ? undefined : parseWhere(where)
}

function budgetOf({ signal, timeoutMs }: { signal?: AbortSignal; timeoutMs?: number }): Budget {
  return { signal, deadline: timeoutMs === undefined ? undefined : performance.now() + timeoutMs }
}

function hybridHit<T extends object>(row: FusedRow, record: Stored<T>): HybridHit<T> {
  const { score, textScore, textRank, distance, vectorRank } = row
  return {
    id: record.id,
    score,
    ...(textScore !== undefined && { text: { score: textScore, ...(textRank !== undefined && { rank: textRank }) } }),
    ...(distance !== undefined && { vector: { distance, ...(vectorRank !== undefined && { rank: vectorRank }) } }),
    record,
  }
}

function sortOrder(
  orderBy: readonly { field: string; order?: 'asc' | 'desc' | undefined; missing?: 'first' | 'last' | undefined }[],
): SortOrder {
  return new SortOrder(
    orderBy.map(({ field, order, missing }) => ({
      path: field,
      descending: order === 'desc',
      missingFirst: missing === 'first',
    })),
  )
}

function firstOf<V>(values: readonly V[], compare: (a: V, b: V) => number, limit: number): V[] {
  return [...values].sort(compare).slice(0, limit)
}
