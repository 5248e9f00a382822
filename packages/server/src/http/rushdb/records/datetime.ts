const form = /^(\d{4})-(\d{2})-(\d{2})(?:T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.]\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?)?$/

/** Whether a text is a day, or a day and a time to the second or finer, of ISO 8601. */
export function isDatetime(text: string): boolean {
  const [, year, month, day] = form.exec(text) ?? []
  return day !== undefined && Number(day) >= 1 && Number(day) <= daysOf(Number(year), Number(month))
}

/** 0 where there is no such month. */
function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [31, 0, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0
}

/** The milliseconds since 1970 of what {@link isDatetime}. Without a zone a time is UTC; `Date.parse` takes it for a local one. */
export function instantOf(text: string): number {
  return Date.parse(/T.*(?:Z|[+-]\d\d:\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`)
}
