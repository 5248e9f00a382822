import type { Filter } from 'quiverdb'
import { chunksOf } from '../chunks.js'
import type { Unit } from '../project.js'
import { filterOf, matchingIds } from '../query/filter.js'
import { nameOf, type PropertyValue, type StoredRelationship } from '../stored.js'
import { Counted } from '../surface.js'
import { labelsOf } from './attach.js'
import { type Direction, shownType } from './edges.js'
import { conditionsOf } from './filter.js'
import { pageInOrder } from './order.js'

/** Which records may be at an end. */
export interface End {
  readonly labels?: unknown
  readonly where?: unknown
}

export interface RelationQuery {
  readonly source?: End
  readonly target?: End
  /** What is asked of the relationship: of its `type`, its `direction` and its properties. */
  readonly where?: unknown
  readonly orderBy?: unknown
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

/** What a filter of the engine takes in one list. */
const listMax = 10_000

/**
 * The relationships between records of two kinds, with the number of all that match. Each is told once, from its source to its target; with the direction
 * `in` from its target, which then is the source of the answer.
 * @throws RushProblem 400
 */
export async function relationsOf(unit: Unit, query: RelationQuery): Promise<Counted<Relation[]>> {
  const { direction, filter } = await conditionsOf(unit, query.where)
  const [near, far] = direction === 'out' ? (['source', 'target'] as const) : (['target', 'source'] as const)
  const where: Filter = { $and: [filter, await endFilter(unit, near, query.source), await endFilter(unit, far, query.target)] }
  const total = await unit.relationships.count({ where })
  const edges = query.skip < total ? await pageInOrder(unit, where, query) : []
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
async function endFilter(unit: Unit, end: 'source' | 'target', { labels, where }: End = {}): Promise<Filter> {
  if (isNothing(labels) && isNothing(where)) return {}
  const ids = await matchingIds(unit, await filterOf(unit, { labels, where }))
  if (ids.length <= listMax) return { [end]: { $in: ids } }
  return { $or: chunksOf(ids, listMax).map((some): Filter => ({ [end]: { $in: some } })) }
}

function isNothing(value: unknown): boolean {
  return value == null || (typeof value === 'object' && Object.keys(value).length === 0)
}

function propertiesOfEdge({ data = {} }: StoredRelationship): Relation['properties'] {
  const properties = Object.create(null) as { [name: string]: PropertyValue }
  for (const [stored, value] of Object.entries(data)) properties[nameOf(stored)] = value
  return properties
}
