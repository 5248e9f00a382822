import { QuiverError } from '../errors.js'
import type { Condition, JsonValue, OrderedValue } from '../filter/condition.js'
import type { FilterCondition, FilterTree, FilterValue } from './filter-condition.js'
import { Float } from './types.js'

/**
 * The same condition as a tree over records whose fields are the metadata, Int and Float both as JSON's numbers.
 * @param pathOf where a metadata field lies in a record. Default: the field's name.
 *
 * @example
 * ```ts
 * conditionOf(FilterCondition.ge('year', 2020)) // { op: 'gte', path: 'year', value: 2020 }
 * ```
 * @throws QuiverError INVALID_FILTER for an Int that float64 does not hold exactly
 */
export function conditionOf(filter: FilterCondition, pathOf = (field: string): string => field): Condition {
  const { tree } = filter
  switch (tree.op) {
    case 'true':
      return { op: 'always' }
    case 'and':
    case 'or':
      return { op: tree.op, conditions: membersOf(tree).map((member) => conditionOf(member, pathOf)) }
    case 'exists':
      return { op: 'exists', path: pathOf(tree.field), value: true }
    case 'contains':
    case 'startsWith':
      return { op: tree.op, path: pathOf(tree.field), value: tree.text }
    case 'in':
      return oneOf(pathOf(tree.field), tree.values)
    case 'eq':
      return equal(pathOf(tree.field), tree.value)
    case 'ne':
      return different(pathOf(tree.field), tree.value)
    default:
      return ordered(tree.op, pathOf(tree.field), tree.value)
  }
}

type Pair = Extract<FilterTree, { op: 'and' | 'or' }>

/** A chain of one operator becomes one list, so that it does not grow deep. */
function membersOf({ op, left, right }: Pair): FilterCondition[] {
  const members: FilterCondition[] = []
  const pending = [right, left]
  for (let next; (next = pending.pop());) {
    if (next.tree.op === op) pending.push(next.tree.right, next.tree.left)
    else members.push(next)
  }
  return members
}

const nothing: Condition = { op: 'nor', conditions: [{ op: 'always' }] }

function anyOf(conditions: readonly Condition[]): Condition {
  return conditions.length > 1 ? { op: 'or', conditions } : (conditions[0] ?? nothing)
}

/** A missing field equals nothing, and null only a null that is there. */
function equal(path: string, value: FilterValue): Condition {
  const wanted = jsonOf(value)
  if (wanted === undefined) return nothing
  return wanted === null ? { op: 'type', path, types: ['null'] } : { op: 'eq', path, value: wanted }
}

function oneOf(path: string, values: readonly FilterValue[]): Condition {
  const wanted = values.map(jsonOf)
  const plain = wanted.filter((value) => value !== undefined && value !== null)
  return anyOf([
    ...(plain.length > 0 ? [{ op: 'in', path, values: plain } as const] : []),
    ...(wanted.includes(null) ? [equal(path, null)] : []),
  ])
}

/** Values of other types are not different but incomparable. */
function different(path: string, value: FilterValue): Condition {
  return anyOf([ordered('lt', path, value), ordered('gt', path, value)])
}

function ordered(op: 'lt' | 'le' | 'gt' | 'ge', path: string, value: FilterValue): Condition {
  const bound = jsonOf(value)
  if (bound === undefined) return nothing
  if (bound === null) return op === 'le' || op === 'ge' ? { op: 'type', path, types: ['null'] } : nothing
  const order = typeof bound === 'string' ? ({ order: 'codePoint' } as const) : {}
  return { op: treeOps[op], path, value: bound as OrderedValue, ...order }
}

const treeOps = { lt: 'lt', le: 'lte', gt: 'gt', ge: 'gte' } as const

/** Undefined for NaN, which compares with nothing. */
function jsonOf(value: FilterValue): JsonValue | undefined {
  const plain = value instanceof Float ? value.value : value
  if (typeof plain === 'number' && Number.isNaN(plain)) return undefined
  if (typeof plain !== 'bigint') return plain
  if (BigInt(Number(plain)) === plain) return Number(plain)
  throw new QuiverError('INVALID_FILTER', `The integer ${plain} cannot be held exactly by a number of JSON.`)
}
