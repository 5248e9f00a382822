import type { Direction as Order, OrderBy } from '../query/body.js'
import { sortField, type SortField, sortFields } from '../query/order.js'
import { edgePaths } from './filter.js'

/** What relationships are sorted by: unless it is said, by the records at their ends, the newest first. @throws RushProblem 400 */
export function edgeSortFields(orderBy: OrderBy | undefined): SortField[] {
  if (typeof orderBy === 'string') return byEnds(orderBy)
  return Object.keys(orderBy ?? {}).length === 0 ? byEnds('desc') : sortFields(orderBy, edgePaths)
}

function byEnds(order: Order): SortField[] {
  return ['source', 'target', 'type'].map((field) => sortField(field, order))
}
