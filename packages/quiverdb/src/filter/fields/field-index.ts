import { assert } from '../../errors.js'
import { wordsFor } from '../../format/bitset.js'
import { float64s, uint32s } from '../../format/bytes.js'
import { noRows } from './bounds.js'
import { Postings } from './postings.js'
import { NumberTerms, TextTerms } from './terms.js'

/** Longer texts (in UTF-16 code units) are not listed: they are prose, and nobody asks for one by its value. */
const listedLengthMax = 256

/** Marks that are bitsets over the rows, by what is found at one of the places of the path, or at one of the values that are tried there. */
export const marks = [
  /** A place is missing. */
  'missing',
  /** A place is there, whatever it holds. */
  'existing',
  /** A place holds something else than null. */
  'valued',
  'null',
  'false',
  'true',
  /** A place holds an array. */
  'list',
  /** A value is an array, one of its elements included. */
  'array',
  /** A value is an object. */
  'object',
  /** A value is a text that is not listed: a long one, or one with half a surrogate pair. */
  'unlisted',
  /** The path ends at several places, or at an array: there is no one value to sort by. */
  'several',
] as const
export type Mark = (typeof marks)[number]

/** Named bytes of one field index, from a part or from memory. What is empty is not there. */
export interface FieldSections {
  has(name: string): boolean
  read(name: string): Uint8Array
}

/**
 * What one path holds in the rows 0 to `rows` - 1, by value: immutable, in sections of plain numbers (`docs/FORMAT.md`, "Field part"), each read when it
 * is first needed. Distinct numbers and texts are sorted, so that a range is two binary searches; each has the rows that hold it.
 */
export class FieldIndex {
  readonly rows: number
  readonly #sections: FieldSections
  readonly #marks = new Map<Mark, Uint32Array>()
  #numbers: NumberTerms | undefined
  #texts: TextTerms | undefined
  #sizes: NumberTerms | undefined

  constructor(rows: number, sections: FieldSections) {
    this.rows = rows
    this.#sections = sections
  }

  mark(name: Mark): Uint32Array {
    let words = this.#marks.get(name)
    if (!words) {
      words = this.#sections.has(name) ? uint32s(this.#sections.read(name)) : noRows(this.rows)
      assert(words.length === wordsFor(this.rows), `the rows that are marked '${name}' are those of the part`)
      this.#marks.set(name, words)
    }
    return words
  }

  /** Whether any row is marked. */
  has(name: Mark): boolean {
    return this.#sections.has(name)
  }

  get numbers(): NumberTerms {
    return (this.#numbers ??= this.#numberTerms('numbers'))
  }

  get texts(): TextTerms {
    if (this.#texts) return this.#texts
    const offsets = this.#words('texts.offsets') ?? new Uint32Array(1)
    const bytes = this.#bytes('texts.bytes') ?? new Uint8Array(0)
    assert(offsets[offsets.length - 1] === bytes.byteLength, 'the texts are all there')
    return (this.#texts = new TextTerms(offsets, bytes, this.#postings('texts', offsets.length - 1)))
  }

  /** The lengths of the arrays at places. */
  get sizes(): NumberTerms {
    return (this.#sizes ??= this.#numberTerms('sizes'))
  }

  #numberTerms(name: 'numbers' | 'sizes'): NumberTerms {
    const bytes = this.#bytes(name)
    const values = bytes ? float64s(bytes) : new Float64Array(0)
    return new NumberTerms(values, this.#postings(name, values.length))
  }

  #postings(name: string, terms: number): Postings {
    const lists = this.#words(`${name}.lists`) ?? new Uint32Array(0)
    return new Postings(this.rows, terms, lists, terms === 0 ? new Uint32Array(0) : this.#words(`${name}.ends`))
  }

  #words(name: string): Uint32Array | undefined {
    const bytes = this.#bytes(name)
    return bytes && uint32s(bytes)
  }

  #bytes(name: string): Uint8Array | undefined {
    return this.#sections.has(name) ? this.#sections.read(name) : undefined
  }
}

/** Whether a text is among the terms where a row holds it. */
export function isListed(text: string): boolean {
  return text.length <= listedLengthMax && text.isWellFormed()
}
