import { badRequest } from './problem.js'

/** Levels of a body: more than queries and imports have, and few enough for every reader that calls itself. */
const bodyDepthMax = 128

/** @throws RushProblem 400: lists and objects lie in each other deeper than that */
export function refuseDeep(body: unknown): void {
  if (!isWithin(body, bodyDepthMax)) throw badRequest(`The body is nested deeper than ${bodyDepthMax} levels`)
}

function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  return members.every((member) => isWithin(member, levels - 1))
}
