import type { Filter } from 'quiverdb'
import { badRequest } from '../problem.js'
import type { Unit } from '../project.js'
import type { Budget } from '../query/budget.js'
import { filterOf } from '../query/filter.js'
import { pagesOf } from '../query/pages.js'
import { pathOf, type PropertyValue, type Scalar, storedName } from '../stored.js'
import { endsOf } from './attach.js'
import { connect, deleteEdges, type Direction, type Edge, edgesOf, relationshipId, storedType } from './edges.js'

/** Records of a label: all, or those that match; with a key, only those that have the property. */
export interface Side {
  readonly label: string
  readonly key?: string
  readonly where?: object
}

/** Pairs of records of two sides: those whose keys have a value in common, or all where neither has a key. */
export interface Join {
  readonly source: Side
  readonly target: Side
  readonly type?: string
  readonly direction?: Direction
  readonly manyToMany?: boolean
}

/** What one transaction writes at most. */
const edgesMax = 200_000
const recordsPerSideMax = 500_000
/** Keys that mean the id of the record. */
const idKeys = ['__id', '$id']

/** The values by which records are joined, by record; nothing where all are. */
type Values = ReadonlyMap<string, readonly Scalar[]>

/**
 * Relates all pairs of a join. Returns how many there are.
 * @throws RushProblem 400: the join is none, or its records or pairs are too many; 408
 */
export async function connectMany(
  unit: Unit,
  join: Join,
  properties: Pick<Edge, 'props' | 'data'>,
  budget: Budget,
): Promise<number> {
  const { sources, targets } = await sidesOf(unit, join, budget)
  const type = storedType(join.type)
  const edges = new Map<string, Edge>()
  for (const [source, target] of pairs(sources, targets, isKeyed(join))) {
    const edge = { ...endsOf(source, target, join.direction), type, ...properties }
    budget.step()
    edges.set(relationshipId(edge), edge)
    if (edges.size > edgesMax)
      throw badRequest(
        `More than ${edgesMax} pairs match; one request relates at most so many. Narrow "source" and "target" by "where".`,
      )
  }
  await connect(unit, [...edges.values()])
  return edges.size
}

/**
 * Ends the relationships between the pairs of a join: of all types and in both directions, where none is given. Returns how many.
 * @throws RushProblem 400: the join is none, or its records are too many; 408
 */
export async function disconnectMany(unit: Unit, join: Join, budget: Budget): Promise<number> {
  const { sources, targets } = await sidesOf(unit, join, budget)
  const keyed = isKeyed(join)
  const isPair = (source: string, target: string): boolean => {
    if (source === target) return false
    const [left, right] = [sources.get(source), targets.get(target)]
    return left !== undefined && right !== undefined && (!keyed || left.some((value) => right.includes(value)))
  }
  const { type, direction } = join
  const ids = new Set<string>()
  for await (const edges of edgesOf(unit, new Set(sources.keys()), { type, direction }, budget))
    for (const { id, source, target } of edges)
      if ((direction !== 'in' && isPair(source, target)) || (direction !== 'out' && isPair(target, source))) ids.add(id)
  return deleteEdges(unit, [...ids])
}

function isKeyed({ source, target }: Join): boolean {
  return source.key !== undefined && target.key !== undefined
}

async function sidesOf(unit: Unit, join: Join, budget: Budget): Promise<{ sources: Values; targets: Values }> {
  checkJoin(join)
  return { sources: await valuesOf(unit, join.source, budget), targets: await valuesOf(unit, join.target, budget) }
}

function checkJoin({ source, target, manyToMany }: Join): void {
  if ((source.key === undefined) !== (target.key === undefined))
    throw badRequest('Give "key" for both "source" and "target", or for neither.')
  if (source.key !== undefined) return
  if (manyToMany !== true)
    throw badRequest('Without "source.key" and "target.key" all pairs match: say so by "manyToMany": true.')
  if (isEmpty(source.where) || isEmpty(target.where))
    throw badRequest('"manyToMany" needs a "where" that is not empty for both "source" and "target".')
}

function isEmpty(where: object | undefined): boolean {
  return where === undefined || Object.keys(where).length === 0
}

async function valuesOf(unit: Unit, { label, key, where }: Side, budget: Budget): Promise<Values> {
  const isProperty = key !== undefined && !idKeys.includes(key)
  const ofSide = await filterOf(unit, { labels: [label], where }, budget)
  const filter: Filter = isProperty ? { $and: [ofSide, { [pathOf(key)]: { $exists: true } }] } : ofSide
  const values = new Map<string, readonly Scalar[]>()
  const fields = isProperty ? [pathOf(key)] : ['id']
  for await (const page of pagesOf(unit.records, { where: filter, fields }, budget)) {
    for (const { id, data } of page) values.set(id, isProperty ? [data[storedName(key)] as PropertyValue].flat() : [id])
    if (values.size > recordsPerSideMax)
      throw badRequest(`More than ${recordsPerSideMax} records of "${label}" match; narrow them by "where".`)
  }
  return values
}

/** Pairs of a source and a target, some perhaps more than once; no record is paired with itself. */
function* pairs(sources: Values, targets: Values, keyed: boolean): Generator<readonly [string, string]> {
  const byValue = new Map<Scalar, string[]>()
  for (const [target, values] of targets) {
    for (const value of keyed ? values : [true]) {
      const known = byValue.get(value)
      if (known) known.push(target)
      else byValue.set(value, [target])
    }
  }
  for (const [source, values] of sources)
    for (const value of keyed ? values : [true])
      for (const target of byValue.get(value) ?? []) if (source !== target) yield [source, target]
}
