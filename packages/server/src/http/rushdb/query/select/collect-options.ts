import { badRequest } from '../../problem.js'
import type { Collect } from './expression.js'

/** Reads how a collection is sorted and cut. @throws RushProblem 400 */
export function collectOptions(
  { orderBy, skip, limit }: Readonly<Record<string, unknown>>,
  place: string,
): Pick<Collect, 'orderBy' | 'skip' | 'limit'> {
  const most = countOf(limit, `${place}.limit`)
  return {
    orderBy: orderOf(orderBy, `${place}.orderBy`),
    skip: countOf(skip, `${place}.skip`) ?? 0,
    ...(most !== undefined && { limit: most }),
  }
}

function orderOf(orderBy: unknown, place: string): Collect['orderBy'] {
  if (orderBy === undefined || orderBy === null) return []
  const keys = typeof orderBy === 'object' ? Object.entries(orderBy) : [['__id', orderBy] as const]
  return keys.map(([key, direction]: readonly [string, unknown]) => {
    if (direction !== 'asc' && direction !== 'desc') throw badRequest(`"${place}" must be asc, desc, or an object of these`)
    return { key, direction }
  })
}

function countOf(value: unknown, place: string): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw badRequest(`"${place}" must be a whole number`)
}
