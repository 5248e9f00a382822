import { badRequest } from '../problem.js'
import { isDatetime } from '../records/datetime.js'

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
  if (!isDatetime(date)) throw badRequest(`"${place}" is not a valid ISO8601 datetime: there is no ${date}`)
  const fraction = part('$millisecond', 3) + part('$microsecond', 3) + part('$nanosecond', 3)
  return `${date}T${part('$hour', 2)}:${part('$minute', 2)}:${part('$second', 2)}.${fraction}Z`
}
