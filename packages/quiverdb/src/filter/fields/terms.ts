import { decodeShort } from '../../format/texts.js'
import type { Postings } from './postings.js'

/** The distinct values of one type, ascending, and the rows of each. */
export interface Terms<V extends number | string = number | string> {
  readonly count: number
  readonly postings: Postings
  value(term: number): V
}

export class NumberTerms implements Terms<number> {
  readonly postings: Postings
  readonly #values: Float64Array

  constructor(values: Float64Array, postings: Postings) {
    this.#values = values
    this.postings = postings
  }

  get count(): number {
    return this.#values.length
  }

  value(term: number): number {
    return this.#values[term]!
  }
}

/** Texts are decoded when they are looked at: a binary search looks at few. */
export class TextTerms implements Terms<string> {
  readonly postings: Postings
  readonly #offsets: Uint32Array
  readonly #bytes: Uint8Array

  constructor(offsets: Uint32Array, bytes: Uint8Array, postings: Postings) {
    this.#offsets = offsets
    this.#bytes = bytes
    this.postings = postings
  }

  get count(): number {
    return this.#offsets.length - 1
  }

  value(term: number): string {
    return decodeShort(this.#bytes, this.#offsets[term]!, this.#offsets[term + 1]!)
  }
}

/** The first term that is not below the value, in the order of numbers or of UTF-16 code units; `count` where all are. */
export function firstAtLeast<V extends number | string>(terms: Terms<V>, value: V): number {
  let low = 0
  let high = terms.count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (terms.value(middle) < value) low = middle + 1
    else high = middle
  }
  return low
}

/** The first term above the value. */
export function firstAbove<V extends number | string>(terms: Terms<V>, value: V): number {
  const at = firstAtLeast(terms, value)
  return at < terms.count && terms.value(at) === value ? at + 1 : at
}
