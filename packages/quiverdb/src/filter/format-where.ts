import type { Combination, Comparison, Condition, JsonValue } from './condition.js'
import { isPlainObject } from './where-value.js'
import type { WhereInput } from './where.js'

/** Writes a condition as a filter that `parseWhere` reads back to an equal condition, in its short form where there is one. */
export function formatWhere(condition: Condition): WhereInput {
  if (condition.op === 'always') return {}
  if (condition.op === 'and') {
    const merged = mergedEntries(condition.conditions)
    if (merged) return objectOf(merged)
  }
  return objectOf([isComparison(condition) ? [condition.path, fieldValue([condition])] : logicalEntry(condition)])
}

type Entry = readonly [key: string, value: unknown]

/** The conditions side by side in one object; undefined where that would lose or reorder one. */
function mergedEntries(conditions: readonly Condition[]): Iterable<Entry> | undefined {
  if (conditions.length < 2) return undefined
  const entries = new Map<string, unknown>()
  for (let i = 0; i < conditions.length;) {
    const condition = conditions[i] as Condition
    if (condition.op === 'always') return undefined
    const run = isComparison(condition) ? sameFieldRun(condition.path, conditions.slice(i)) : []
    const [key, value] = isComparison(condition) ? [condition.path, fieldValue(run)] : logicalEntry(condition)
    if (entries.has(key) || movesToFront(key)) return undefined
    entries.set(key, value)
    i += Math.max(run.length, 1)
  }
  return entries
}

/** The first comparisons of one field, as long as their operators differ. */
function sameFieldRun(path: string, conditions: readonly Condition[]): Comparison[] {
  const run: Comparison[] = []
  for (const condition of conditions) {
    if (!isComparison(condition) || condition.path !== path || run.some(({ op }) => op === condition.op)) break
    run.push(condition)
  }
  return run
}

function fieldValue(comparisons: readonly Comparison[]): unknown {
  const [first] = comparisons
  if (comparisons.length === 1 && first?.op === 'eq' && !holdsOperators(first.value)) return first.value
  return objectOf(
    comparisons.map((comparison) => [`$${comparison.op}`, 'values' in comparison ? comparison.values : comparison.value]),
  )
}

function logicalEntry(condition: Combination): Entry {
  if (condition.op === 'not') return ['$not', formatWhere(condition.condition)]
  return [`$${condition.op}`, condition.conditions.map(formatWhere)]
}

function isComparison(condition: Condition): condition is Comparison {
  return 'path' in condition
}

/** Objects list keys that look like array indexes first, wherever they were put. */
function movesToFront(key: string): boolean {
  return /^(0|[1-9]\d*)$/.test(key)
}

/** Whether a value written without `$eq` would be read as operators, or refused. */
function holdsOperators(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.some(holdsOperators)
  return isPlainObject(value) && Object.entries(value).some(([key, item]) => key.startsWith('$') || holdsOperators(item))
}

function objectOf(entries: Iterable<Entry>): WhereInput {
  return Object.fromEntries(entries) as WhereInput
}
