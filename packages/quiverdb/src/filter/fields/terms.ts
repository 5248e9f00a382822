import { type Sorted, SortedTexts } from '../../format/sorted.js'
import type { Postings } from './postings.js'

/** The distinct values of one type, ascending, and the rows of each. */
export interface Terms<V extends number | string = number | string> extends Sorted<V> {
  readonly postings: Postings
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

export class TextTerms extends SortedTexts implements Terms<string> {
  readonly postings: Postings

  constructor(offsets: Uint32Array, bytes: Uint8Array, postings: Postings) {
    super(offsets, bytes)
    this.postings = postings
  }
}
