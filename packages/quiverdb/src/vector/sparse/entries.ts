/**
 * The entries `start` (inclusive) to `end` (exclusive) of two parallel arrays, ascending by position, none of them zero. So a vector of
 * its own and a row within a large array are read by the same code.
 */
export interface Entries {
  readonly positions: Uint32Array
  readonly values: Float32Array
  readonly start: number
  readonly end: number
}

/** The first index in [start, end) whose number is not below `wanted`; `end` if all are. */
export function lowerBound(ascending: Uint32Array, wanted: number, start: number, end: number): number {
  let low = start
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! < wanted) low = middle + 1
    else high = middle
  }
  return low
}

/** {@link lowerBound} for what is probably near: doubling steps, then a search between the last two (Bentley and Yao, 1976). */
export function gallop(ascending: Uint32Array, wanted: number, start: number, end: number): number {
  let step = 1
  let low = start
  while (low + step < end && ascending[low + step]! < wanted) {
    low += step
    step *= 2
  }
  return lowerBound(ascending, wanted, low, Math.min(low + step + 1, end))
}
