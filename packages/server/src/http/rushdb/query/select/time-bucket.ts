import { badRequest } from '../../problem.js'

const units = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const
type Unit = (typeof units)[number]
const pluralUnits = ['seconds', 'minutes', 'hours', 'months', 'years'] as const

/** Intervals of the calendar, in UTC: so many of a unit, counted within the next larger one (years: from year 0). */
export interface Bucket {
  readonly unit: Unit
  readonly size: number
}

const sizeMax = 10_000

/** @throws RushProblem 400 */
export function bucketOf(unit: unknown, size: unknown, place: string, unitName: string): Bucket {
  if (unit === 'quarter') return { unit: 'month', size: 3 }
  const single = units.find((name) => name === unit)
  if (single) return { unit: single, size: 1 }
  const plural = pluralUnits.find((name) => name === unit)
  if (!plural) throw badRequest(`"${place}.${unitName}" must be one of ${[...units, 'quarter', ...pluralUnits].join(', ')}`)
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1 || size > sizeMax)
    throw badRequest(`"${place}.size" must be a whole number from 1 to ${sizeMax} for ${plural}`)
  return { unit: plural.slice(0, -1) as Unit, size }
}

/** The beginning of the interval in which an instant is; both in milliseconds since 1970. */
export function bucketStart(instant: number, { unit, size }: Bucket): number {
  const date = new Date(instant)
  const down = (value: number): number => Math.floor(value / size) * size
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
  const [hour, minute, second] = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
  switch (unit) {
    case 'second':
      return utc(year, month, day, hour, minute, down(second))
    case 'minute':
      return utc(year, month, day, hour, down(minute))
    case 'hour':
      return utc(year, month, day, down(hour))
    case 'day':
      return utc(year, month, day)
    case 'week':
      return utc(year, month, day - ((date.getUTCDay() + 6) % 7))
    case 'month':
      return utc(year, down(month))
    case 'year':
      return utc(down(year))
  }
}

/** `Date.UTC` takes years before 100 for those of the last century. */
function utc(year: number, month = 0, day = 1, hour = 0, minute = 0, second = 0): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  return date.setUTCHours(hour, minute, second)
}

/** The instant of a stored datetime: without an offset it is UTC. */
export function instantOf(text: string): number | null {
  const instant = Date.parse(/T[^Z+-]*$/.test(text) ? `${text}Z` : text)
  return Number.isNaN(instant) ? null : instant
}
