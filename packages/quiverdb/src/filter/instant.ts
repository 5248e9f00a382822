/** Date, time and offset of ISO 8601 in its extended format, of which all but the year may be left out from the right. */
const isoText =
  /^(\d{4}|[+-]\d{6})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d))?)?)?)?$/

/**
 * The instant that an ISO 8601 text names, in milliseconds since 1970 with microseconds as a fraction; undefined where it names none.
 * What is left out is the beginning (`2024-03` is the first of March, midnight), and an offset that is left out is UTC.
 */
export function instantOf(text: string): number | undefined {
  if (text.length > isoLengthMax) return undefined
  const found = isoText.exec(text)
  if (!found || found[1] === '-000000') return undefined
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((group) =>
    found[group] === undefined ? undefined : Number(found[group]),
  )
  const [, , , , , , , fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = found
  if (Math.max(hour ?? 0, Number(offsetHours)) > 23 || Math.max(minute ?? 0, second ?? 0, Number(offsetMinutes)) > 59)
    return undefined
  const date = new Date(0)
  date.setUTCFullYear(year!, (month ?? 1) - 1, day ?? 1)
  // A day or month that does not exist would have moved on.
  if (date.getUTCMonth() !== (month ?? 1) - 1 || date.getUTCDate() !== (day ?? 1)) return undefined
  date.setUTCHours(hour ?? 0, minute ?? 0, second ?? 0, Number(fraction.slice(0, 3).padEnd(3, '0')))
  const offsetMs = (Number(offsetHours) * 60 + Number(offsetMinutes)) * msPerMinute * (sign === '-' ? -1 : 1)
  const instant = date.getTime() - offsetMs + Number(fraction.slice(3, 6).padEnd(3, '0')) / 1_000
  return Number.isNaN(instant) ? undefined : instant
}

/** In UTF-16 code units. */
const isoLengthMax = 48
const msPerMinute = 60_000
