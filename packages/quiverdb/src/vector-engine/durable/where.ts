import { QuiverError } from '../../errors.js'
import { formatWhere } from '../../filter/format-where.js'
import { parseWhere, type WhereInput } from '../../filter/where.js'
import { conditionOf } from '../condition-of.js'
import { FilterCondition, type FilterValue } from '../filter-condition.js'
import { Float } from '../types.js'
import { comparableNumber, metadataField } from './record.js'

/** How the database answers a condition on metadata. */
export interface RecordFilter {
  /** Lets through all that matches. Absent: everything. */
  readonly where?: WhereInput
  /** What is still to be asked of the records that it lets through, and the fields of theirs that this looks at. */
  readonly check?: { readonly filter: FilterCondition; readonly fields: readonly string[] }
}

/**
 * The filter of the database says the same as the condition, with two exceptions. Numbers beyond 2^53 and infinities are compared as float64 keeps
 * them, so that it says a little more; and a filter may be too large for it (1,000 conditions, lists of 10,000), which then says nothing.
 */
export function recordFilterOf(filter: FilterCondition): RecordFilter {
  const rounded = roundedFilter(filter)
  const check = { filter, fields: fieldsOf(filter) }
  const where = formatWhere(conditionOf(rounded, metadataField))
  try {
    parseWhere(where)
  } catch (error) {
    if (error instanceof QuiverError && error.code === 'INVALID_FILTER') return { check }
    throw error
  }
  return rounded === filter ? { where } : { where, check }
}

function fieldsOf({ tree }: FilterCondition): string[] {
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

/** Matches all that the filter matches when numbers are rounded: bounds are included, since rounding keeps the order but for equals. */
function roundedFilter(filter: FilterCondition): FilterCondition {
  const { tree } = filter
  switch (tree.op) {
    case 'and':
    case 'or': {
      const [left, right] = [roundedFilter(tree.left), roundedFilter(tree.right)]
      return left === tree.left && right === tree.right ? filter : FilterCondition[tree.op](left, right)
    }
    case 'in':
      return tree.values.some(isRounded) ? FilterCondition.in(tree.field, tree.values.map(roundedValue)) : filter
    case 'true':
    case 'exists':
    case 'contains':
    case 'startsWith':
      return filter
    case 'ne':
      return isRounded(tree.value) ? FilterCondition.exists(tree.field) : filter
    default: {
      const op = ({ eq: 'eq', lt: 'le', le: 'le', gt: 'ge', ge: 'ge' } as const)[tree.op]
      return isRounded(tree.value) ? FilterCondition[op](tree.field, roundedValue(tree.value)) : filter
    }
  }
}

/** Whether a record may hold another number in the place of this one. Smaller ones are on the same side of all that was rounded. */
function isRounded(value: FilterValue): boolean {
  const number = value instanceof Float ? value.value : value
  const isNumeric = typeof number === 'number' || typeof number === 'bigint'
  return isNumeric && (number > Number.MAX_SAFE_INTEGER || number < Number.MIN_SAFE_INTEGER)
}

function roundedValue(value: FilterValue): FilterValue {
  return isRounded(value) ? comparableNumber(value instanceof Float ? value.value : (value as number | bigint)) : value
}
