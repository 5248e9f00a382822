import type { Filter } from 'quiverdb'
import { badRequest } from '../problem.js'
import type { Unit } from '../project.js'
import type { OrderBy, SearchQuery } from '../query/body.js'
import type { Budget } from '../query/budget.js'
import { filterOf } from '../query/filter.js'
import { pageOf } from '../query/page.js'
import { pagesOf } from '../query/pages.js'
import { anyOf } from '../query/resolve-where.js'
import { nameOf, type PropertyValue, type StoredRelationship } from '../stored.js'
import { Counted } from '../surface.js'
import { labelsOf } from './attach.js'
import { type Direction, shownType } from './edges.js'
import { conditionsOf } from './filter.js'
import { edgeSortFields } from './order.js'

/** Which records may be at an end. */
export type End = Pick<SearchQuery, 'labels' | 'where'>

export interface RelationQuery {
  readonly source?: End
  readonly target?: End
  /** What is asked of the relationship: of its `type`, its `direction` and its properties. */
  readonly where?: SearchQuery['where']
  readonly orderBy?: OrderBy
  readonly skip: number
  readonly limit: number
}

/** A relationship as clients get it. */
export interface Relation {
  readonly sourceId: string
  readonly sourceLabel?: string
  readonly targetId: string
  readonly targetLabel?: string
  readonly type: string
  /** As the source sees it. */
  readonly direction: Direction
  readonly properties: { readonly [name: string]: PropertyValue }
}

/** Records that may be at one end. */
const idsMax = 500_000

/**
 * The relationships between records of two kinds, with the number of all that match. Each is told once, from its source to its target; with the direction
 * `in` from its target, which then is the source of the answer.
 * @throws RushProblem 400, 408
 */
export async function relationsOf(unit: Unit, query: RelationQuery, budget: Budget): Promise<Counted<Relation[]>> {
  const { skip, limit } = query
  const { direction, filter } = await conditionsOf(unit, query.where)
  const [near, far] = direction === 'out' ? (['source', 'target'] as const) : (['target', 'source'] as const)
  const ends = [await endFilter(unit, near, query.source, budget), await endFilter(unit, far, query.target, budget)]
  const where: Filter = { $and: [filter, ...ends] }
  await budget.turn()
  const total = await unit.relationships.count({ where })
  const orderBy = edgeSortFields(query.orderBy)
  const edges = skip < total ? await pageOf(unit.relationships, { where, orderBy, skip, limit }, budget) : []
  const labels = await labelsOf(
    unit,
    edges.flatMap(({ source, target }) => [source, target]),
  )
  return new Counted(
    edges.map((edge) => ({
      sourceId: edge[near],
      sourceLabel: labels.get(edge[near]),
      targetId: edge[far],
      targetLabel: labels.get(edge[far]),
      type: shownType(edge.type),
      direction,
      properties: propertiesOfEdge(edge),
    })),
    total,
  )
}

/** Edges that have such a record at an end. */
async function endFilter(unit: Unit, end: 'source' | 'target', { labels, where }: End = {}, budget: Budget): Promise<Filter> {
  if (isNothing(labels) && isNothing(where)) return {}
  const filter = await filterOf(unit, { labels, where }, budget)
  const ids = new Set<string>()
  for await (const page of pagesOf(unit.records, { where: filter, fields: ['id'] }, budget))
    for (const { id } of page) ids.add(id)
  if (ids.size > idsMax) throw badRequest(`More than ${idsMax} records may be at the ${end} of the relationships. Narrow them.`)
  return anyOf(ids, end)
}

function isNothing(value: unknown): boolean {
  return value == null || (typeof value === 'object' && Object.keys(value).length === 0)
}

function propertiesOfEdge({ data = {} }: StoredRelationship): Relation['properties'] {
  const properties = Object.create(null) as { [name: string]: PropertyValue }
  for (const [stored, value] of Object.entries(data)) properties[nameOf(stored)] = value
  return properties
}
