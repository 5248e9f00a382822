import { Type } from 'typebox'
import type { Filter } from 'quiverdb'
import { type SearchQuery, limitDefault, searchQuery } from '../query/body.js'
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

/** No body asks for everything. */
const body = Type.Unsafe<SearchQuery | null>({ ...searchQuery, type: ['object', 'null'] })

/** Records found by a SearchQuery. */
export function searchRoutes(surface: Surface): void {
  surface.route('POST', '/records/search', { needs: 'read', summary: 'Find records', body }, async ({ unit, body: query }) =>
    isVectorSearch(query) ? runVectorSearch(unit, query.$vectorSearch, budgetOf(surface.context)) : found(unit, query ?? {}, {}),
  )
  surface.route(
    'POST',
    '/records/:id/search',
    { needs: 'read', summary: 'Find records that are related to one', body },
    async ({ unit, body: query, params }) => {
      const id = params['id']!
      const neighbours = await neighboursOf(unit, new Set([id]))
      return found(unit, query ?? {}, anyOf(neighbours.get(id) ?? new Set()))
    },
  )
  surface.route(
    'POST',
    '/records/export/csv',
    { needs: 'read', summary: 'Records as a table', body },
    async ({ unit, body: query }) => {
      const records = await page(unit, await filterOf(unit, query ?? {}), query ?? {})
      return { fileContent: csvOf(records), dateTime: new Date().toISOString() }
    },
  )
}

/** What `/ai/search-query` answered, sent on. */
function isVectorSearch(query: SearchQuery | null): query is SearchQuery & { $vectorSearch: unknown } {
  return query !== null && '$vectorSearch' in query
}

async function found(unit: Unit, query: SearchQuery, among: Filter): Promise<Counted<unknown>> {
  const where: Filter = { $and: [among, await filterOf(unit, query)] }
  const shape = shapeOf(query)
  const rows = shape ? await new Shaper(unit, query, where).rows(shape) : (await page(unit, where, query)).map(wireOf)
  return new Counted(rows, await unit.records.count({ where }))
}

function page(unit: Unit, where: Filter, { orderBy, skip = 0, limit = limitDefault }: SearchQuery): Promise<StoredRecord[]> {
  return pageOf(unit, { where, orderBy: sortFields(orderBy), skip, limit })
}
