import { badRequest } from '../problem.js'

/** Words of queries, and what records say of themselves. */
const reserved: ReadonlySet<string> = new Set([
  ...['$and', '$or', '$xor', '$nor', '$not'],
  ...['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$contains', '$startsWith', '$endsWith', '$exists', '$vector'],
  ...['$year', '$month', '$day', '$hour', '$minute', '$second', '$millisecond', '$microsecond', '$nanosecond'],
  ...['$type', '$relation', '$id', '$alias', '$cycle'],
  ...['__score', '__id', '__projectId', '__proptypes', '__label'],
])

/** Refuses names that mean something to queries, at any depth of what is to be written. @throws RushProblem 400 */
export function refuseReserved(written: unknown): void {
  const places: unknown[] = [written]
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    if (Array.isArray(place)) {
      for (const element of place) if (typeof element === 'object' && element !== null) places.push(element)
      continue
    }
    for (const [name, value] of Object.entries(place as object)) {
      refuseName(name)
      if (typeof value === 'object' && value !== null) places.push(value)
    }
  }
}

/** @throws RushProblem 400 */
export function refuseName(name: string): void {
  if (reserved.has(name))
    throw badRequest(`Request validation of body failed, because: "${name}" is a reserved name, and cannot be written`)
}
