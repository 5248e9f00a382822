import type { Condition } from './condition.js'

/** What the bounds of a filter count. */
export interface ConditionSize {
  readonly nodes: number
  /** Levels; a condition alone has one. */
  readonly depth: number
  readonly regexes: number
}

export function sizeOf(condition: Condition): ConditionSize {
  const members = 'conditions' in condition ? condition.conditions : 'condition' in condition ? [condition.condition] : []
  const sizes = members.map(sizeOf)
  return {
    nodes: sizes.reduce((sum, { nodes }) => sum + nodes, 1),
    depth: sizes.reduce((deepest, { depth }) => Math.max(deepest, depth), 0) + 1,
    regexes: sizes.reduce((sum, { regexes }) => sum + regexes, condition.op === 'regex' ? 1 : 0),
  }
}
