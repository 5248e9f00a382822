import { decodeShort } from './texts.js'

/** Distinct values in ascending order, looked up by their places. */
export interface Sorted<V extends number | string> {
  readonly count: number
  value(place: number): V
}

/** Texts by their UTF-16 code units, in UTF-8 as `encodeTexts` makes it. They are decoded when they are looked at: a binary search looks at few. */
export class SortedTexts implements Sorted<string> {
  readonly #offsets: Uint32Array
  readonly #bytes: Uint8Array

  constructor(offsets: Uint32Array, bytes: Uint8Array) {
    this.#offsets = offsets
    this.#bytes = bytes
  }

  get count(): number {
    return this.#offsets.length - 1
  }

  value(place: number): string {
    return decodeShort(this.#bytes, this.#offsets[place]!, this.#offsets[place + 1]!)
  }
}

/** The first place whose value is not below, in the order of numbers or of UTF-16 code units; `count` where all are. */
export function firstAtLeast<V extends number | string>(sorted: Sorted<V>, value: V): number {
  let low = 0
  let high = sorted.count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted.value(middle) < value) low = middle + 1
    else high = middle
  }
  return low
}

/** The first place whose value is above. */
export function firstAbove<V extends number | string>(sorted: Sorted<V>, value: V): number {
  const at = firstAtLeast(sorted, value)
  return at < sorted.count && sorted.value(at) === value ? at + 1 : at
}
