import { conditionDepthMax, conditionNodesMax, listValuesMax, pathLengthMax } from '../../filter/condition.js'
import type { WhereInput } from '../../filter/where.js'
import type { FilterCondition, FilterTree, FilterValue } from '../filter-condition.js'
import { Float, metadataTypeOf } from '../types.js'
import { orderedText } from './ordered-text.js'
import { comparableNumber, metadataField } from './record.js'

/**
 * A filter of records that lets through all that the condition matches, and little else: what it cannot say exactly (text within text,
 * integers that float64 rounds) it says more widely. Undefined where it would let all through, or be larger than filters may be.
 */
export function whereOf(filter: FilterCondition): WhereInput | undefined {
  const where = translated(filter.tree, { depth: conditionDepthMax / 2, nodes: conditionNodesMax / 4 })
  return where === everything ? undefined : where
}

/** The fields of records that the condition looks at. */
export function fieldsOf({ tree }: FilterCondition): string[] {
  switch (tree.op) {
    case 'true':
      return []
    case 'and':
    case 'or':
      return [...new Set([...fieldsOf(tree.left), ...fieldsOf(tree.right)])]
    default:
      return [metadataField(tree.field)]
  }
}

const everything: WhereInput = {}
const nothing: WhereInput = { $nor: [everything] }

interface Room {
  readonly depth: number
  nodes: number
}

function translated(tree: FilterTree, room: Room): WhereInput {
  if (room.depth === 0 || --room.nodes < 0) return everything
  switch (tree.op) {
    case 'true':
      return everything
    case 'and':
    case 'or':
      return combined(tree, room)
    default: {
      const path = metadataField(tree.field)
      return path.length + 2 > pathLengthMax ? everything : onField(path, tree)
    }
  }
}

function combined({ op, left, right }: Extract<FilterTree, { op: 'and' | 'or' }>, room: Room): WhereInput {
  const inner: Room = { depth: room.depth - 1, nodes: room.nodes }
  const both = [translated(left.tree, inner), translated(right.tree, inner)]
  room.nodes = inner.nodes
  if (op === 'or') return both.includes(everything) ? everything : { $or: both }
  const said = both.filter((part) => part !== everything)
  return said.length === 2 ? { $and: said } : (said[0] ?? everything)
}

function onField(path: string, tree: Exclude<FilterTree, { op: 'true' | 'and' | 'or' }>): WhereInput {
  switch (tree.op) {
    case 'exists':
      return { [path]: { $exists: true } }
    case 'contains':
      return { [`${path}.s`]: { $exists: true } }
    case 'startsWith':
      return { [`${path}.s`]: { $gte: orderedText(tree.text) } }
    case 'in':
      if (tree.values.length === 0) return nothing
      if (tree.values.length > listValuesMax) return { [path]: { $exists: true } }
      return { $or: typesOf(tree.values).map(([suffix, values]) => ({ [`${path}.${suffix}`]: { $in: values } })) }
    default: {
      const { suffix, value } = comparable(tree.value)
      return { [`${path}.${suffix}`]: comparison(tree.op, value) }
    }
  }
}

function comparison(
  op: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge',
  value: string | number | boolean,
): { [operator: string]: string | number | boolean } {
  switch (op) {
    case 'eq':
      return { $eq: value }
    case 'ne':
      return { $exists: true }
    // Bounds are included: a rounded number may stand for one on the other side.
    case 'lt':
    case 'le':
      return { $lte: value }
    case 'gt':
    case 'ge':
      return { $gte: value }
  }
}

interface Comparable {
  readonly suffix: 's' | 'n' | 'b' | 'z'
  readonly value: string | number | boolean
}

function comparable(value: FilterValue): Comparable {
  switch (metadataTypeOf(value)) {
    case 'Null':
      return { suffix: 'z', value: true }
    case 'Bool':
      return { suffix: 'b', value: value as boolean }
    case 'String':
      return { suffix: 's', value: orderedText(value as string) }
    case 'Int':
    case 'Float': {
      const number = value instanceof Float ? value.value : (value as number | bigint)
      return { suffix: 'n', value: Number.isNaN(number) ? 0 : comparableNumber(number) }
    }
  }
}

function typesOf(values: readonly FilterValue[]): [suffix: string, values: Comparable['value'][]][] {
  const bySuffix = new Map<string, Comparable['value'][]>()
  for (const { suffix, value } of values.map(comparable)) {
    const list = bySuffix.get(suffix)
    if (list) list.push(value)
    else bySuffix.set(suffix, [value])
  }
  return [...bySuffix]
}
