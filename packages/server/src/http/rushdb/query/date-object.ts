import { badRequest } from '../problem.js'

/** The parts of a date object, from large to small, with the numbers that they may be; what is left out is the least. */
const bounds = {
  $year: [0, 9_999],
  $month: [1, 12],
  $day: [1, 31],
  $hour: [0, 23],
  $minute: [0, 59],
  $second: [0, 59],
  $millisecond: [0, 999],
  $microsecond: [0, 999],
  $nanosecond: [0, 999],
} as const

type Part = keyof typeof bounds
export const dateParts: readonly string[] = Object.keys(bounds)

/** The instant of `{ $year: 2023, $month: 4 }` as ISO 8601 text, in UTC. @throws RushProblem 400 */
export function instantOfParts(parts: Readonly<Record<string, unknown>>, place: string): string {
  if (!Object.hasOwn(parts, '$year')) throw badRequest(`"${place}" needs $year to be a datetime`)
  const part = (name: Part, digits: number): string => {
    const [least, most] = bounds[name]
    const value = Object.hasOwn(parts, name) ? parts[name] : least
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      throw badRequest(`"${place}.${name}" must be a whole number from ${least} to ${most}`)
    return String(value).padStart(digits, '0')
  }
  const date = `${part('$year', 4)}-${part('$month', 2)}-${part('$day', 2)}`
  if (Number(date.slice(8)) > daysOfMonth(Number(date.slice(0, 4)), Number(date.slice(5, 7))))
    throw badRequest(`"${place}" is not a valid ISO8601 datetime: there is no ${date}`)
  const fraction = part('$millisecond', 3) + part('$microsecond', 3) + part('$nanosecond', 3)
  return `${date}T${part('$hour', 2)}:${part('$minute', 2)}:${part('$second', 2)}.${fraction}Z`
}

function daysOfMonth(year: number, month: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month, 0)
  return date.getUTCDate()
}

const isoDate = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/

/** Whether a text is a date or a datetime as clients write them; whether there is such a day is for the engine to say. */
export function isIsoDate(text: string): boolean {
  return isoDate.test(text)
}
