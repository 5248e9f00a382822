import { assert } from '../errors.js'
import { uint32s } from '../format/bytes.js'
import { firstAtLeast, SortedTexts } from '../format/sorted.js'
import { readPostings, type TermRows } from './postings.js'

/** What one field of the rows 0 to `rows` - 1 says, by term. */
export interface TextIndex {
  readonly rows: number
  /** Terms of each row, repeated ones included. */
  readonly lengths: ArrayLike<number>
  /** Rows with any term, and how many terms all rows have together. */
  readonly totals: TextTotals
  /** Where the term is in rows below `rows`; undefined where in none. */
  find(term: string, rows: number): TermRows | undefined
}

export interface TextTotals {
  readonly documents: number
  readonly terms: number
}

/** Named bytes of an index, from a part or from memory. What is empty is not there. */
export interface TextSections {
  has(name: TextSection): boolean
  read(name: TextSection): Uint8Array
}

export type TextSection = 'lengths' | 'terms.offsets' | 'terms.bytes' | 'ends' | 'postings'

/** An index that is done, in sections (`docs/FORMAT.md`, "Field part") that are read when it is first asked. */
export class SealedTextIndex implements TextIndex {
  readonly rows: number
  readonly #sections: TextSections
  #opened: OpenedSections | undefined

  constructor(rows: number, sections: TextSections) {
    this.rows = rows
    this.#sections = sections
  }

  get lengths(): Uint32Array {
    return this.#open().lengths
  }

  get totals(): TextTotals {
    return this.#open().totals
  }

  find(term: string, rows: number): TermRows | undefined {
    assert(rows === this.rows, 'a sealed set is seen with all its rows')
    const { terms, ends, postings } = this.#open()
    const place = firstAtLeast(terms, term)
    if (place === terms.count || terms.value(place) !== term) return undefined
    return readPostings(postings.subarray(place === 0 ? 0 : ends[place - 1], ends[place]), rows)
  }

  #open(): OpenedSections {
    return (this.#opened ??= this.#sections.has('lengths') ? this.#read() : emptySections(this.rows))
  }

  #read(): OpenedSections {
    const lengths = uint32s(this.#sections.read('lengths'))
    const offsets = uint32s(this.#sections.read('terms.offsets'))
    const ends = uint32s(this.#sections.read('ends'))
    const postings = this.#sections.read('postings')
    assert(lengths.length === this.rows, 'every row has a length')
    assert(ends.length === offsets.length - 1 && ends[ends.length - 1] === postings.byteLength, 'every term has its rows')
    const terms = new SortedTexts(offsets, this.#sections.read('terms.bytes'))
    return { lengths, terms, ends, postings, totals: totalsOf(lengths) }
  }
}

interface OpenedSections {
  readonly lengths: Uint32Array
  readonly terms: SortedTexts
  readonly ends: Uint32Array
  readonly postings: Uint8Array
  readonly totals: TextTotals
}

function emptySections(rows: number): OpenedSections {
  const terms = new SortedTexts(new Uint32Array(1), new Uint8Array(0))
  const nothing = { ends: new Uint32Array(0), postings: new Uint8Array(0), totals: { documents: 0, terms: 0 } }
  return { lengths: new Uint32Array(rows), terms, ...nothing }
}

function totalsOf(lengths: Uint32Array): TextTotals {
  let documents = 0
  let terms = 0
  for (const length of lengths) {
    if (length > 0) documents++
    terms += length
  }
  return { documents, terms }
}
