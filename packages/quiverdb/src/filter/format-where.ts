import type { Combination, Comparison, Condition, JsonValue } from './condition.js'
import { optionsGiven } from './options.js'
import { isPlainObject } from './where-value.js'
import type { WhereInput } from './where-types.js'

/** Writes a condition as a filter that `parseWhere` reads back to an equal condition, in its short form where there is one. */
export function formatWhere(condition: Condition): WhereInput {
  if (condition.op === 'always') return {}
  if (condition.op === 'and') {
    const merged = mergedEntries(condition.conditions)
    if (merged) return objectOf(merged)
  }
  return objectOf(isComparison(condition) ? fieldEntries([condition]) : [logicalEntry(condition)])
}

type Entry = readonly [key: string, value: unknown]

/** The conditions side by side in one object; undefined where that would lose or reorder one. */
function mergedEntries(conditions: readonly Condition[]): Entry[] | undefined {
  if (conditions.length < 2) return undefined
  const keys = new Set<string>()
  const entries: Entry[] = []
  for (let i = 0; i < conditions.length;) {
    const condition = conditions[i] as Condition
    if (condition.op === 'always') return undefined
    const run = isComparison(condition) ? sameFieldRun(condition, conditions.slice(i)) : []
    const key = isComparison(condition) ? condition.path : `$${condition.op}`
    if (keys.has(key) || movesToFront(key)) return undefined
    keys.add(key)
    entries.push(...(isComparison(condition) ? fieldEntries(run) : [logicalEntry(condition)]))
    i += Math.max(run.length, 1)
  }
  return entries
}

/** The first comparisons of one field, as long as their operators differ and their options do not. */
function sameFieldRun(first: Comparison, conditions: readonly Condition[]): Comparison[] {
  const options = JSON.stringify(optionsGiven(first))
  const run: Comparison[] = []
  for (const condition of conditions) {
    if (!isComparison(condition) || condition.path !== first.path || run.some(({ op }) => op === condition.op)) break
    if (JSON.stringify(optionsGiven(condition)) !== options) break
    run.push(condition)
  }
  return run
}

/** What one field must fulfil; of the empty path, which is the element of an `$elemMatch` itself, the operators alone. */
function fieldEntries(comparisons: readonly [Comparison, ...Comparison[]] | readonly Comparison[]): Entry[] {
  const [first] = comparisons as [Comparison, ...Comparison[]]
  const options = optionsGiven(first)
  const isPlain = comparisons.length === 1 && first.op === 'eq' && options === undefined
  if (isPlain && first.path !== '' && !holdsOperators(first.value)) return [[first.path, first.value]]
  const operators = comparisons.flatMap(operatorEntries)
  if (options) operators.push(['$with', options])
  return first.path === '' ? operators : [[first.path, objectOf(operators)]]
}

function operatorEntries(comparison: Comparison): Entry[] {
  const key = `$${comparison.op}`
  switch (comparison.op) {
    case 'regex':
      return comparison.flags
        ? [
            [key, comparison.pattern],
            ['$options', comparison.flags],
          ]
        : [[key, comparison.pattern]]
    case 'in':
    case 'nin':
    case 'all':
      return [[key, comparison.values]]
    case 'type':
      return [[key, comparison.types.length === 1 ? comparison.types[0] : comparison.types]]
    case 'elemMatch':
      return [[key, formatWhere(comparison.condition)]]
    default:
      return [[key, comparison.value]]
  }
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
