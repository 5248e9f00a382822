import type { Filter } from 'quiverdb'
import { type SearchQuery, limitDefault, searchQuery } from '../query/body.js'
import { Budget } from '../query/budget.js'
import { csvOf } from '../query/csv.js'
import { filterOf } from '../query/filter.js'
import { sortFields } from '../query/order.js'
import { pageOf } from '../query/page.js'
import { anyOf } from '../query/resolve-where.js'
import { Shaper, shapeOf } from '../query/select/shape.js'
import type { Unit } from '../project.js'
import { neighboursOf } from '../relations/edges.js'
import { type StoredRecord, wireOf } from '../stored.js'
import { Counted, type Surface } from '../surface.js'
import { budgetOf, runVectorSearch } from '../vectors/search.js'

/** Records found by a SearchQuery. */
export function searchRoutes(surface: Surface): void {
  const { context } = surface
  const common = { needs: 'read', body: searchQuery } as const
  surface.route('POST', '/records/search', { ...common, summary: 'Find records' }, async ({ unit, body }) =>
    '$vectorSearch' in body
      ? runVectorSearch(unit, body['$vectorSearch'], budgetOf(context))
      : found(unit, body, {}, Budget.of(context)),
  )
  surface.route(
    'POST',
    '/records/:id/search',
    { ...common, summary: 'Find records that are related to one' },
    async ({ unit, body, params }) => {
      const id = params['id']!
      const neighbours = await neighboursOf(unit, new Set([id]))
      return found(unit, body, anyOf(neighbours.get(id) ?? new Set()), Budget.of(context))
    },
  )
  surface.route('POST', '/records/export/csv', { ...common, summary: 'Records as a table' }, async ({ unit, body }) => {
    const budget = Budget.of(context)
    const records = await page(unit, await filterOf(unit, body, budget), body, budget)
    return { fileContent: csvOf(records), dateTime: new Date().toISOString() }
  })
}

async function found(unit: Unit, query: SearchQuery, among: Filter, budget: Budget): Promise<Counted<unknown>> {
  const shape = shapeOf(query)
  const where: Filter = { $and: [among, await filterOf(unit, query, budget)] }
  const rows = shape
    ? await new Shaper(unit, query, where, budget).rows(shape)
    : (await page(unit, where, query, budget)).map(wireOf)
  return new Counted(rows, await unit.records.count({ where }))
}

function page(
  unit: Unit,
  where: Filter,
  { orderBy, skip = 0, limit = limitDefault }: SearchQuery,
  budget: Budget,
): Promise<StoredRecord[]> {
  return pageOf(unit.records, { where, orderBy: sortFields(orderBy), skip, limit }, budget)
}
