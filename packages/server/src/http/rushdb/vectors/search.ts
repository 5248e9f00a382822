import type { Filter, SearchQuery } from 'quiverdb'
import type { Context } from '../../context.js'
import { RushProblem } from '../problem.js'
import type { Unit } from '../project.js'
import { filterOf } from '../query/filter.js'
import { type StoredIndex, type StoredRecord, type WireRecord, wireOf } from '../stored.js'
import { declaredIndexes } from './catalogue.js'
import { resolveIndexes } from './resolve.js'
import { scoreOf } from './score.js'
import { type SearchParams, searchParams } from './search-params.js'

export type ScoredRecord = WireRecord & { __score: number }

/** How long a search may take. */
export type SearchBudget = Pick<SearchQuery, 'signal' | 'timeoutMs'>

/** What a server gives a search. */
export function budgetOf({ settings, stopping }: Context): SearchBudget {
  return { timeoutMs: settings.searchTimeoutMs, signal: stopping }
}

/** Hits that the library gives at once; more come in pages. */
const pageMax = 10_000

interface Found {
  readonly distance: number
  readonly record: StoredRecord
}

/**
 * Records by the nearness of their vectors, best first: of one label, or of several whose hits are put in one order. It reads the unit's version and
 * its own writes.
 * @param body as of `POST /ai/search`
 * @throws RushProblem 400: malformed. 404: no index. 422: not to be told which, or not to be searched by this. 408: it took too long
 */
export async function runVectorSearch(unit: Unit, body: unknown, budget: SearchBudget = {}): Promise<ScoredRecord[]> {
  const params = searchParams(body)
  const { labels, propertyName, skip, limit } = params
  const declared = await declaredIndexes(unit, { label: { $in: [...labels] }, propertyName })
  const indexes = resolveIndexes(declared, labels, params)
  const { similarityFunction } = indexes[0]!
  const several = indexes.length > 1
  const found: Found[] = []
  for (const index of indexes) {
    const range = several ? { offset: 0, limit: skip + limit } : { offset: skip, limit }
    found.push(...(await searchOne(unit, index, params, range, budget)))
  }
  if (several) found.sort((a, b) => a.distance - b.distance || (a.record.id < b.record.id ? -1 : 1))
  const page = several ? found.slice(skip, skip + limit) : found
  return page.map(({ distance, record }) => Object.assign(wireOf(record), { __score: scoreOf(similarityFunction, distance) }))
}

async function searchOne(
  unit: Unit,
  index: StoredIndex,
  { query, queryVector, where }: SearchParams,
  range: { readonly offset: number; readonly limit: number },
  budget: SearchBudget,
): Promise<Found[]> {
  const filter = await prefilter(unit, index.label, where)
  const found: Found[] = []
  const end = range.offset + range.limit
  for (let offset = range.offset; offset < end; offset += pageMax) {
    const { hits, complete } = await unit.records.search({
      ...{ ...budget, index: index.id, offset, limit: Math.min(pageMax, end - offset) },
      ...(query === undefined ? { vector: queryVector! } : { text: query }),
      ...(filter && { where: filter }),
      // Pages of a walk would not fit together: a walk for more finds others too.
      ...(range.limit > pageMax && { exact: true }),
    })
    if (!complete) throw new RushProblem(408, 'The search took too long.')
    found.push(...hits)
    if (hits.length < pageMax) break
  }
  return found
}

/** The index holds the records of its label only, so that nothing need be asked where nothing else is wanted. */
async function prefilter(unit: Unit, label: string, where: unknown): Promise<Filter | undefined> {
  if (where === undefined || Object.keys(where as object).length === 0) return undefined
  return filterOf(unit, { labels: [label], where })
}
