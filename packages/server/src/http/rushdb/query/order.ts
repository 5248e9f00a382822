import { badRequest } from '../problem.js'
import { pathOf } from '../stored.js'
import type { Direction, OrderBy } from './body.js'

/** What the engine sorts by; ties and the default are by id, the newest first. */
export interface SortField {
  readonly field: string
  readonly order: Direction
  /** What has no value is the largest. */
  readonly missing: 'first' | 'last'
}

/** The engine takes one more. */
const keysMax = 7

const recordFields: ReadonlyMap<string, string> = new Map([
  ['$id', 'id'],
  ['__id', 'id'],
  ['__label', 'label'],
])

/** @throws RushProblem 400 */
export function sortFields(orderBy: OrderBy | undefined, ownFields = recordFields): SortField[] {
  if (typeof orderBy === 'string') return [sortField('id', orderBy)]
  const keys = Object.entries(orderBy ?? {})
  if (keys.length > keysMax) throw badRequest(`"orderBy" must have at most ${keysMax} keys`)
  const fields = keys.map(([name, direction]) => sortField(ownFields.get(name) ?? pathOf(name), direction))
  return fields.some(({ field }) => field === 'id') ? fields : [...fields, sortField('id', 'desc')]
}

export function sortField(field: string, order: Direction): SortField {
  return { field, order, missing: order === 'desc' ? 'first' : 'last' }
}
