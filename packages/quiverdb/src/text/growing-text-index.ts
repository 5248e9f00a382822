import { bytesOf } from '../format/bytes.js'
import { concat, type Section } from '../format/container.js'
import { encodeTexts } from '../format/texts.js'
import type { Analyser } from './analyser.js'
import { GrowingPostings, type TermRows } from './postings.js'
import type { TextIndex, TextSection, TextTotals } from './text-index.js'

/** An index that takes rows one after the other, and answers meanwhile. */
export class GrowingTextIndex implements TextIndex {
  readonly #analyser: Analyser
  readonly #lengths: number[] = []
  readonly #postings = new Map<string, GrowingPostings>()
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
      const postings = this.#postings.get(term)
      if (postings) postings.add(row)
      else this.#postings.set(term, new GrowingPostings(row))
    }
    forEachText(places, (text) => this.#analyser.forEachTerm(text, note))
    this.#lengths.push(length)
    this.#terms += length
    if (length > 0) this.#documents++
  }

  find(term: string, rows: number): TermRows | undefined {
    const found = this.#postings.get(term)?.rowsBelow(rows)
    return found && found.length > 0 ? found : undefined
  }

  /** As a part holds it; only what is not empty, in one fixed order. */
  finish(): (Section & { readonly name: TextSection })[] {
    if (this.#documents === 0) return []
    const terms = [...this.#postings.keys()].sort()
    const { offsets, bytes } = encodeTexts(terms)
    const ends = new Uint32Array(terms.length)
    let end = 0
    const lists = terms.map((term, place) => {
      const list = this.#postings.get(term)!.bytes()
      ends[place] = end += list.byteLength
      return list
    })
    return [
      { name: 'lengths', bytes: bytesOf(Uint32Array.from(this.#lengths)) },
      { name: 'terms.offsets', bytes: bytesOf(offsets) },
      { name: 'terms.bytes', bytes },
      { name: 'ends', bytes: bytesOf(ends) },
      { name: 'postings', bytes: concat(lists) },
    ]
  }
}

function forEachText(places: readonly unknown[], visit: (text: string) => void): void {
  for (const place of places) {
    if (typeof place === 'string') visit(place)
    else if (Array.isArray(place)) for (const element of place) if (typeof element === 'string') visit(element)
  }
}
