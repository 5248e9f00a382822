import type { JsonValue } from './condition.js'

/** Deep equality of JSON values: objects regardless of key order, no conversions, 0 is -0. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => jsonEqual(item, b[i]))
  }
  if (Array.isArray(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every(
    (key) => Object.hasOwn(b, key) && jsonEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  )
}

/** Membership in a list of JSON values: one look-up for scalars, a comparison each for lists and objects. */
export function jsonMembership(values: readonly JsonValue[]): (value: unknown) => boolean {
  const scalars = new Set<unknown>(values.filter((value) => typeof value !== 'object' || value === null))
  const composites = values.filter((value) => typeof value === 'object' && value !== null)
  return (value) =>
    scalars.has(value) || (typeof value === 'object' && value !== null && composites.some((other) => jsonEqual(value, other)))
}
