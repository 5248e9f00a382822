import { type Filter, where as conditions } from 'quiverdb'
import type { Unit } from '../project.js'
import { badRequest } from '../problem.js'
import { Budget } from './budget.js'
import { pagesOf } from './pages.js'
import { parseWhere } from './parse-where.js'
import { WhereResolver } from './resolve-where.js'

/**
 * The engine's filter for the records that have one of the labels and fulfil a `where`. Related records are looked up within the unit.
 * @throws RushProblem 400, 408
 */
export async function filterOf(unit: Unit, query: { labels?: unknown; where?: unknown }, budget = new Budget()): Promise<Filter> {
  const node = parseWhere(query.where)
  const ofLabels = labelsFilter(query.labels)
  const filter = await new WhereResolver(unit, budget).resolve(node, ofLabels)
  return conditions().and(ofLabels, filter)
}

/** The ids of all records that match. */
export async function matchingIds(unit: Unit, filter: Filter): Promise<string[]> {
  const ids: string[] = []
  for await (const page of pagesOf(unit.records, { where: filter, fields: ['id'] })) for (const { id } of page) ids.push(id)
  return ids
}

/** Records with any of the labels; all where none are named. @throws RushProblem 400 */
export function labelsFilter(labels: unknown): Filter {
  if (labels === undefined || labels === null) return {}
  const list: readonly unknown[] = Array.isArray(labels) ? labels : [labels]
  const names = [...new Set(list.filter((label) => label !== null))]
  if (!names.every((label) => typeof label === 'string')) throw badRequest('"labels" must be a list of strings')
  if (names.length > labelsMax) throw badRequest(`"labels" must have at most ${labelsMax} members`)
  return names.length === 0 ? {} : { label: { $in: names } }
}

const labelsMax = 1_000
