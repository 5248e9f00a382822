import type { Filter } from 'quiverdb'
import { badRequest } from '../problem.js'
import type { Unit } from '../project.js'
import { pathOf, type StoredRelationship } from '../stored.js'
import { edgePaths } from './filter.js'

type Order = 'asc' | 'desc'
interface Key {
  readonly field: string
  readonly order: Order
  readonly missing: 'first' | 'last'
}

/** What the engine takes. */
const keysMax = 8
const pageMax = 10_000

/** One page of the edges that match, in the order that was asked for: by default by the records at their ends, newest first. */
export async function pageInOrder(
  unit: Unit,
  where: Filter,
  { orderBy, skip, limit }: { orderBy?: unknown; skip: number; limit: number },
): Promise<StoredRelationship[]> {
  const order = keysOf(orderBy)
  const page: StoredRelationship[] = []
  let after: string | undefined
  let passed = 0
  do {
    const next = await unit.relationships.list({ where, orderBy: order, limit: Math.min(pageMax, skip + limit - passed), after })
    page.push(...next.records.slice(Math.max(0, skip - passed)))
    passed += next.records.length
    after = next.next
  } while (after !== undefined && passed < skip + limit)
  return page
}

function keysOf(orderBy: unknown): Key[] {
  if (orderBy == null) return ends('desc')
  if (isOrder(orderBy)) return ends(orderBy)
  if (typeof orderBy !== 'object' || Array.isArray(orderBy))
    throw badRequest('"orderBy" must be one of [asc, desc], or an object of such')
  const keys = Object.entries(orderBy).map(([name, order]: [string, unknown]) => {
    if (!isOrder(order)) throw badRequest(`"orderBy.${name.slice(0, 100)}" must be one of [asc, desc]`)
    return keyOf(edgePaths.get(name) ?? pathOf(name), order)
  })
  if (keys.length > keysMax) throw badRequest(`"orderBy" must have at most ${keysMax} members`)
  return keys.length === 0 ? ends('desc') : keys
}

function ends(order: Order): Key[] {
  return ['source', 'target', 'type'].map((field) => keyOf(field, order))
}

function isOrder(value: unknown): value is Order {
  return value === 'asc' || value === 'desc'
}

/** What is missing is greater than all. */
function keyOf(field: string, order: Order): Key {
  return { field, order, missing: order === 'desc' ? 'first' : 'last' }
}
