import { bytesOf } from '../format/bytes.js'
import type { Section } from '../format/container.js'
import { encodeTexts } from '../format/texts.js'
import type { Analyser } from './analyser.js'
import { PostingsWriter, type TermRows } from './postings.js'
import type { TextIndex, TextSection, TextTotals } from './text-index.js'

/** An index that takes rows one after the other, and answers meanwhile. */
export class GrowingTextIndex implements TextIndex {
  readonly #analyser: Analyser
  readonly #lengths: number[] = []
  readonly #pairs = new Map<string, number[]>()
  #documents = 0
  #terms = 0

  constructor(analyser: Analyser) {
    this.#analyser = analyser
  }

  get rows(): number {
    return this.#lengths.length
  }

  get lengths(): ArrayLike<number> {
    return this.#lengths
  }

  get totals(): TextTotals {
    return { documents: this.#documents, terms: this.#terms }
  }

  /** The next row: what is at each place where the field's path ends. Texts count, and those in lists. */
  add(places: readonly unknown[]): void {
    const row = this.#lengths.length
    let length = 0
    const note = (term: string): void => {
      length++
      const pairs = this.#pairs.get(term)
      if (!pairs) this.#pairs.set(term, [row, 1])
      else if (pairs[pairs.length - 2] === row) pairs[pairs.length - 1]!++
      else pairs.push(row, 1)
    }
    forEachText(places, (text) => this.#analyser.forEachTerm(text, note))
    this.#lengths.push(length)
    this.#terms += length
    if (length > 0) this.#documents++
  }

  find(term: string, rows: number): TermRows | undefined {
    const pairs = this.#pairs.get(term)
    if (!pairs) return undefined
    const length = rows >= this.rows ? pairs.length : 2 * countBelow(pairs, rows)
    return length === 0 ? undefined : { pairs, length }
  }

  /** As a part holds it; only what is not empty, in one fixed order. */
  finish(): (Section & { readonly name: TextSection })[] {
    if (this.#documents === 0) return []
    const terms = [...this.#pairs.keys()].sort()
    const { offsets, bytes } = encodeTexts(terms)
    const ends = new Uint32Array(terms.length)
    const postings = new PostingsWriter()
    terms.forEach((term, place) => {
      const pairs = this.#pairs.get(term)!
      postings.write({ pairs, length: pairs.length })
      ends[place] = postings.end
    })
    return [
      { name: 'lengths', bytes: bytesOf(Uint32Array.from(this.#lengths)) },
      { name: 'terms.offsets', bytes: bytesOf(offsets) },
      { name: 'terms.bytes', bytes },
      { name: 'ends', bytes: bytesOf(ends) },
      { name: 'postings', bytes: postings.finish() },
    ]
  }
}

function forEachText(places: readonly unknown[], visit: (text: string) => void): void {
  for (const place of places) {
    if (typeof place === 'string') visit(place)
    else if (Array.isArray(place)) for (const element of place) if (typeof element === 'string') visit(element)
  }
}

/** Pairs of rows below a number. */
function countBelow(pairs: readonly number[], rows: number): number {
  let low = 0
  let high = pairs.length / 2
  while (low < high) {
    const middle = (low + high) >>> 1
    if (pairs[middle * 2]! < rows) low = middle + 1
    else high = middle
  }
  return low
}
