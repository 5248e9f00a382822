import type { Filter } from 'quiverdb'
import { badRequest } from '../problem.js'
import type { Unit } from '../project.js'
import { parseWhere } from '../query/parse-where.js'
import { WhereResolver } from '../query/resolve-where.js'
import type { WhereNode } from '../query/where-tree.js'
import { type Direction, storedType } from './edges.js'

/** What every relationship has, beside its properties, and where it is stored. */
export const edgePaths: ReadonlyMap<string, string> = new Map([
  ['type', 'type'],
  ['sourceId', 'source'],
  ['targetId', 'target'],
])
const groups = ['$and', '$or', '$not', '$nor', '$xor']

/** Reads the `where` of relationships: conditions of their type and their properties, and the direction in which they are told. @throws RushProblem 400 */
export async function conditionsOf(unit: Unit, where: unknown): Promise<{ direction: Direction; filter: Filter }> {
  const { direction = 'out', ...conditions } = (where ?? {}) as { direction?: unknown }
  if (direction !== 'in' && direction !== 'out') throw badRequest('"where.direction" must be one of [in, out]')
  const node = parseWhere(withStoredTypes(conditions), 'where', edgePaths)
  if (!speaksOfItself(node))
    throw badRequest(
      '"where" of relationships has conditions of their properties alone: "source" and "target" take those of records',
    )
  return { direction, filter: await new WhereResolver(unit).resolve(node, {}) }
}

function speaksOfItself(node: WhereNode): boolean {
  return node.kind === 'group' ? node.nodes.every(speaksOfItself) : node.kind === 'test'
}

/** The conditions with the names of types as they are stored. */
function withStoredTypes(conditions: unknown): unknown {
  if (Array.isArray(conditions)) return conditions.map(withStoredTypes)
  if (typeof conditions !== 'object' || conditions === null) return conditions
  return Object.fromEntries(
    Object.entries(conditions).map(([key, value]) => [
      key,
      key === 'type' ? storedTypesIn(value) : groups.includes(key) ? withStoredTypes(value) : value,
    ]),
  )
}

function storedTypesIn(value: unknown): unknown {
  if (typeof value === 'string') return storedType(value)
  if (Array.isArray(value)) return value.map(storedTypesIn)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, operand]) => [key, storedTypesIn(operand)]))
}
