import { InvalidArgumentError } from 'commander'

/** Makes a commander parser for a whole number within bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most.toLocaleString('en')}.`)
    }
    return value
  }
}

/** A commander parser for `a,b,c`. */
export function nameList(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/** A commander parser for a JSON object. */
export function jsonObject(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new InvalidArgumentError(`It is not JSON: ${(error as Error).message}.`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidArgumentError('It must be a JSON object.')
  return value as Record<string, unknown>
}

/** The value at a dotted path; a field whose own name has the dots in it comes first. */
export function valueAt(record: Record<string, unknown>, path: string): unknown {
  if (path in record) return record[path]
  let value: unknown = record
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

/** Whether this can be a vector: numbers in an array of any kind. */
export function isNumbers(value: unknown): value is readonly number[] | Float32Array | Float64Array {
  if (value instanceof Float32Array || value instanceof Float64Array) return value.length > 0
  return Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === 'number')
}
