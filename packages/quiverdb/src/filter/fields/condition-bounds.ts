import type { Comparison, Condition } from '../condition.js'
import { allRows, both, type Bounds, complement, either, exactly, onlyOne, unknownRows } from './bounds.js'

/** Answers one comparison; undefined where nothing is known of its path. */
export type ComparisonBounds = (comparison: Comparison) => Bounds | undefined

/** What is known of the rows 0 to `rows` - 1 that match a whole condition, from what is known of its comparisons. */
export function conditionBounds(condition: Condition, of: ComparisonBounds, rows: number): Bounds {
  switch (condition.op) {
    case 'always':
      return exactly(allRows(rows))
    case 'and':
      return combined(condition.conditions, both, of, rows)
    case 'or':
      return combined(condition.conditions, either, of, rows)
    case 'nor':
      return complement(combined(condition.conditions, either, of, rows), rows)
    case 'xor':
      return combined(condition.conditions, onlyOne, of, rows)
    case 'not':
      return complement(conditionBounds(condition.condition, of, rows), rows)
    default:
      return of(condition) ?? unknownRows(rows)
  }
}

function combined(
  conditions: readonly Condition[],
  combine: (a: Bounds, b: Bounds) => Bounds,
  of: ComparisonBounds,
  rows: number,
): Bounds {
  return conditions.map((condition) => conditionBounds(condition, of, rows)).reduce(combine)
}
