import type { Json } from 'quiverdb'
import type { Direction } from '../body.js'

const ranks: readonly string[] = ['boolean', 'number', 'string']

/** Values in the order of searches: `false`, `true`, numbers, texts by UTF-16 code units; what is nothing of these is the largest. */
export function compareValues(a: Json | undefined, b: Json | undefined, direction: Direction): number {
  const order = rankOf(a) - rankOf(b) || (rankOf(a) === ranks.length || a === b ? 0 : a! < b! ? -1 : 1)
  return direction === 'asc' ? order : -order
}

function rankOf(value: Json | undefined): number {
  const rank = ranks.indexOf(typeof value)
  return rank < 0 ? ranks.length : rank
}

/** Compares what has several keys. */
export function compareKeys(a: readonly Json[], b: readonly Json[], directions: readonly Direction[]): number {
  for (const [i, direction] of directions.entries()) {
    const order = compareValues(a[i], b[i], direction)
    if (order !== 0) return order
  }
  return 0
}

export function rounded(value: number, precision: number | undefined): number {
  if (precision === undefined) return value
  const shifted = Number(`${value}e${precision}`)
  return Number.isFinite(shifted) ? Number(`${Math.round(shifted)}e-${precision}`) : value
}
