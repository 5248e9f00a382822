import type { Comparison, Condition } from '../condition.js'
import { allRows, both, type Bounds, either, exactly, noRows, unknownRows } from './bounds.js'

/** The rows for which one comparison is true, or false; undefined where nothing is known of its path. */
export type ComparisonBounds = (comparison: Comparison, wanted: boolean) => Bounds | undefined

/**
 * What is known of the rows 0 to `rows` - 1 for which a whole condition is true (or, with `wanted` false, false), from what is known of its comparisons.
 * Negations are carried down to the comparisons: of a row it may be known neither that a comparison is true nor that it is false.
 */
export function conditionBounds(condition: Condition, of: ComparisonBounds, rows: number, wanted = true): Bounds {
  switch (condition.op) {
    case 'always':
      return exactly(wanted ? allRows(rows) : noRows(rows))
    case 'and':
      return combined(condition.conditions, of, rows, wanted, wanted ? both : either)
    case 'or':
      return combined(condition.conditions, of, rows, wanted, wanted ? either : both)
    case 'nor':
      return combined(condition.conditions, of, rows, !wanted, wanted ? both : either)
    case 'xor':
      return parity(condition.conditions, of, rows)[wanted ? 'odd' : 'even']
    case 'not':
      return conditionBounds(condition.condition, of, rows, !wanted)
    default:
      return of(condition, wanted) ?? unknownRows(rows)
  }
}

/** The paths of the comparisons that are asked about, each once. */
export function comparedPaths(condition: Condition): string[] {
  const paths = new Set<string>()
  const visit = (part: Condition): void => {
    if ('conditions' in part) part.conditions.forEach(visit)
    else if (part.op === 'not') visit(part.condition)
    else if (part.op !== 'always') paths.add(part.path)
  }
  visit(condition)
  return [...paths]
}

function combined(
  conditions: readonly Condition[],
  of: ComparisonBounds,
  rows: number,
  wanted: boolean,
  combine: (a: Bounds, b: Bounds) => Bounds,
): Bounds {
  return conditions.map((condition) => conditionBounds(condition, of, rows, wanted)).reduce(combine)
}

/** Rows for which an odd, and for which an even number of the conditions is true, where each is known. */
function parity(conditions: readonly Condition[], of: ComparisonBounds, rows: number): { odd: Bounds; even: Bounds } {
  return conditions
    .map((condition) => ({
      odd: conditionBounds(condition, of, rows, true),
      even: conditionBounds(condition, of, rows, false),
    }))
    .reduce((a, b) => ({
      odd: either(both(a.odd, b.even), both(a.even, b.odd)),
      even: either(both(a.odd, b.odd), both(a.even, b.even)),
    }))
}
