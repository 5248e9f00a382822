import { badRequest } from '../problem.js'
import type { Hops, Walk } from './where-tree.js'

/** Relationships one after the other. */
const hopsMax = 25
/** Where a query names no most. */
const hopsDefault = 10

/** Reads `$relation`: a type, or `{ type, direction, hops }`. @throws RushProblem 400 */
export function parseRelation(relation: unknown, place: string): Walk {
  if (relation === undefined || relation === null) return {}
  if (typeof relation === 'string') return { type: typeOf(relation, place) }
  if (typeof relation !== 'object' || Array.isArray(relation)) throw badRequest(`"${place}" must be a type or an object`)
  const { type, direction, hops } = relation as Readonly<Record<string, unknown>>
  if (direction !== undefined && direction !== 'in' && direction !== 'out')
    throw badRequest(`"${place}.direction" must be one of [in, out]`)
  return {
    ...(type !== undefined && type !== null && { type: typeOf(type, `${place}.type`) }),
    ...(direction !== undefined && { direction }),
    ...(hops !== undefined && hops !== null && { hops: parseHops(hops, `${place}.hops`, 1) }),
  }
}

/** Reads `$cycle`. @throws RushProblem 400: also without hops */
export function parseCycle(cycle: unknown, place: string): Walk & { readonly hops: Hops } {
  if (typeof cycle !== 'object' || cycle === null || Array.isArray(cycle))
    throw badRequest(`"${place}" must be an object such as { "type": "KNOWS", "hops": { "min": 2, "max": 4 } }`)
  const { hops, ...walk } = parseRelation(withLeast(cycle as Readonly<Record<string, unknown>>), place)
  if (!hops) throw badRequest(`"${place}.hops" is required`)
  if (hops.min < cycleHopsMin) throw badRequest(`"${place}.hops" must be at least ${cycleHopsMin}`)
  return { ...walk, hops }
}

const cycleHopsMin = 2

/** A cycle that names no least number of hops begins at two. */
function withLeast(cycle: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { hops } = cycle
  if (typeof hops !== 'object' || hops === null || 'min' in hops) return cycle
  return { ...cycle, hops: { ...hops, min: cycleHopsMin } }
}

function parseHops(hops: unknown, place: string, minDefault: number): Hops {
  if (typeof hops === 'number') {
    const exactly = hopCount(hops, place)
    return { min: exactly, max: exactly }
  }
  if (typeof hops !== 'object' || hops === null || Array.isArray(hops))
    throw badRequest(`"${place}" must be a number or an object { min, max }`)
  const { min = minDefault, max } = hops as { min?: unknown; max?: unknown }
  const least = hopCount(min, `${place}.min`)
  const most = max === undefined || max === null ? Math.max(hopsDefault, least) : hopCount(max, `${place}.max`)
  if (least > most) throw badRequest(`"${place}.min" must not be greater than "${place}.max"`)
  return { min: least, max: most }
}

function hopCount(value: unknown, place: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= hopsMax) return value
  throw badRequest(`"${place}" must be a whole number from 1 to ${hopsMax}`)
}

function typeOf(type: unknown, place: string): string {
  if (typeof type !== 'string' || type === '') throw badRequest(`"${place}" must be a type of relationships`)
  return type
}
