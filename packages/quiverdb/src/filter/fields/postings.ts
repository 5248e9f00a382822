import { countBits, wordsFor } from '../../format/bitset.js'
import { assert } from '../../errors.js'

/**
 * For each of the terms 0 to m - 1 the rows that have it, in one array of u32: rows in ascending order where they are few, a bitset where that
 * takes no more. A bitset of n rows has ceil(n / 32) words and a list has fewer, so the length tells which it is.
 */
export class Postings {
  readonly terms: number
  readonly #rows: number
  readonly #lists: Uint32Array
  /** Where the list of each term ends; undefined where each has one row. */
  readonly #ends: Uint32Array | undefined
  readonly #bitsetWords: number

  constructor(rows: number, terms: number, lists: Uint32Array, ends: Uint32Array | undefined) {
    this.terms = terms
    this.#rows = rows
    this.#lists = lists
    this.#ends = ends
    this.#bitsetWords = wordsFor(rows)
    assert((ends ? (ends[terms - 1] ?? 0) : terms) === lists.length, 'the lists of all terms are all there is')
    assert(!ends || ends.length === terms, 'each term has a list')
  }

  /** How many rows have the term. */
  count(term: number): number {
    const list = this.#list(term)
    return this.#isBitset(list) ? countBits(list) : list.length
  }

  /** How many of the marked rows have the term. */
  countIn(term: number, marked: Uint32Array): number {
    const list = this.#list(term)
    let count = 0
    if (this.#isBitset(list)) return countBits(list.map((word, i) => word & marked[i]!))
    for (const row of list) count += (marked[row >>> 5]! >>> (row & 31)) & 1
    return count
  }

  /** Marks the rows of the terms `from` to `to` - 1. */
  mark(from: number, to: number, words: Uint32Array): void {
    if (!this.#ends || this.#bitsetWords > this.#end(to - 1) - this.#end(from - 1)) {
      // No list of the range is long enough to be a bitset.
      this.#markRows(this.#end(from - 1), this.#end(to - 1), words)
      return
    }
    for (let term = from; term < to; term++) {
      const [start, end] = [this.#end(term - 1), this.#end(term)]
      if (end - start === this.#bitsetWords) for (let i = 0; i < words.length; i++) words[i]! |= this.#lists[start + i]!
      else this.#markRows(start, end, words)
    }
  }

  /** Calls back for the rows of a term, in ascending order. */
  forEachRow(term: number, visit: (row: number) => void): void {
    const list = this.#list(term)
    if (!this.#isBitset(list)) return list.forEach(visit)
    for (let row = 0; row < this.#rows; row++) if ((list[row >>> 5]! >>> (row & 31)) & 1) visit(row)
  }

  #markRows(start: number, end: number, words: Uint32Array): void {
    const lists = this.#lists
    for (let i = start; i < end; i++) words[lists[i]! >>> 5]! |= 1 << (lists[i]! & 31)
  }

  #isBitset(list: Uint32Array): boolean {
    return list.length === this.#bitsetWords
  }

  #list(term: number): Uint32Array {
    return this.#lists.subarray(this.#end(term - 1), this.#end(term))
  }

  #end(term: number): number {
    if (term < 0) return 0
    return this.#ends ? this.#ends[term]! : term + 1
  }
}

/** The rows of terms that come pair by pair, rows in ascending order; a pair may come again. */
export function encodePostings(
  rows: number,
  terms: number,
  pairs: { readonly terms: Uint32Array; readonly rows: ArrayLike<number> },
): { readonly lists: Uint32Array; readonly ends: Uint32Array | undefined } {
  const counts = new Uint32Array(terms)
  const last = new Int32Array(terms).fill(-1)
  eachNew(pairs, last, (term) => counts[term]!++)
  const bitsetWords = wordsFor(rows)
  const ends = new Uint32Array(terms)
  let end = 0
  for (let term = 0; term < terms; term++) ends[term] = end += Math.min(counts[term]!, bitsetWords)
  const lists = new Uint32Array(end)
  const next = new Uint32Array(terms)
  for (let term = 1; term < terms; term++) next[term] = ends[term - 1]!
  const start = next.slice()
  eachNew(pairs, last.fill(-1), (term, row) => {
    if (counts[term]! >= bitsetWords) lists[start[term]! + (row >>> 5)]! |= 1 << (row & 31)
    else lists[next[term]!++] = row
  })
  return { lists, ends: terms > 0 && end === terms && bitsetWords > 1 ? undefined : ends }
}

function eachNew(
  pairs: { readonly terms: Uint32Array; readonly rows: ArrayLike<number> },
  last: Int32Array,
  visit: (term: number, row: number) => void,
): void {
  for (let i = 0; i < pairs.terms.length; i++) {
    const term = pairs.terms[i]!
    const row = pairs.rows[i]!
    if (last[term] === row) continue
    last[term] = row
    visit(term, row)
  }
}
