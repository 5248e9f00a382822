import type { Filter } from '../filter/where-types.js'

/** Whether a write names its records by a condition. */
export function isByCondition<C extends { where: Filter }>(given: string | readonly unknown[] | C): given is C {
  return typeof given === 'object' && given !== null && !Array.isArray(given)
}
