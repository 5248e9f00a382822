import { Bitset } from '../../format/bitset.js'
import { bytesOf } from '../../format/bytes.js'
import type { Section } from '../../format/container.js'
import { encodeTexts } from '../../format/texts.js'
import { FieldIndex, isListed, type Mark, marks } from './field-index.js'
import { encodePostings } from './postings.js'

/** Takes the places of one path, row by row, and makes the sections of a {@link FieldIndex}. */
export class FieldIndexBuilder {
  #rows = 0
  readonly #marks = new Map<Mark, Bitset>()
  readonly #numbers = new Column<number>()
  readonly #texts = new Column<string>()
  readonly #sizes = new Column<number>()

  /** The next row: what is at each place where the path ends, `undefined` for a missing one. */
  add(places: readonly unknown[]): void {
    const row = this.#rows++
    if (places.length > 1) this.#mark('several', row)
    for (const place of places) {
      this.#mark(place === undefined ? 'missing' : 'existing', row)
      if (place === undefined) continue
      if (place !== null) this.#mark('valued', row)
      this.#value(place, row)
      if (!Array.isArray(place)) continue
      this.#mark('list', row)
      this.#mark('several', row)
      this.#sizes.add(place.length, row)
      for (const element of place) this.#value(element, row)
    }
  }

  /** Only what is not empty, in one fixed order. */
  finish(): Section[] {
    const rows = this.#rows
    const sections: Section[] = []
    for (const name of marks) {
      const marked = this.#marks.get(name)
      if (!marked) continue
      marked.reserve(rows)
      sections.push({ name, bytes: bytesOf(marked.words.subarray(0, (rows + 31) >>> 5)) })
    }
    sections.push(...numberSections('numbers', rows, this.#numbers), ...numberSections('sizes', rows, this.#sizes))
    const texts = this.#texts.sorted(rows)
    if (texts) {
      const { offsets, bytes } = encodeTexts(texts.values)
      sections.push(
        { name: 'texts.offsets', bytes: bytesOf(offsets) },
        { name: 'texts.bytes', bytes },
        ...texts.sections('texts'),
      )
    }
    return sections
  }

  #value(value: unknown, row: number): void {
    switch (typeof value) {
      case 'number':
        this.#numbers.add(value === 0 ? 0 : value, row)
        return
      case 'string':
        if (isListed(value)) this.#texts.add(value, row)
        else this.#mark('unlisted', row)
        return
      case 'boolean':
        return this.#mark(value ? 'true' : 'false', row)
      default:
        return this.#mark(value === null ? 'null' : Array.isArray(value) ? 'array' : 'object', row)
    }
  }

  #mark(name: Mark, row: number): void {
    let marked = this.#marks.get(name)
    if (!marked) this.#marks.set(name, (marked = new Bitset()))
    marked.add(row)
  }
}

/** The index itself, over sections in memory. */
export function indexOver(rows: number, sections: readonly Section[]): FieldIndex {
  const byName = new Map(sections.map(({ name, bytes }) => [name, bytes]))
  return new FieldIndex(rows, { has: (name) => byName.has(name), read: (name) => byName.get(name)! })
}

/** Values of one type with their rows, each distinct value kept once. */
class Column<V extends number | string> {
  readonly #ordinals = new Map<V, number>()
  readonly #pairs: number[] = []
  readonly #rows: number[] = []

  add(value: V, row: number): void {
    let ordinal = this.#ordinals.get(value)
    if (ordinal === undefined) this.#ordinals.set(value, (ordinal = this.#ordinals.size))
    this.#pairs.push(ordinal)
    this.#rows.push(row)
  }

  /** The distinct values in ascending order, and their postings; undefined where there are none. */
  sorted(rows: number): { readonly values: V[]; sections(name: string): Section[] } | undefined {
    if (this.#ordinals.size === 0) return undefined
    const values = ascending([...this.#ordinals.keys()])
    const termOf = new Uint32Array(values.length)
    values.forEach((value, term) => (termOf[this.#ordinals.get(value)!] = term))
    const terms = Uint32Array.from(this.#pairs, (ordinal) => termOf[ordinal]!)
    const { lists, ends } = encodePostings(rows, values.length, { terms, rows: this.#rows })
    return {
      values,
      sections: (name) => [
        ...(ends ? [{ name: `${name}.ends`, bytes: bytesOf(ends) }] : []),
        { name: `${name}.lists`, bytes: bytesOf(lists) },
      ],
    }
  }
}

/** Texts by their UTF-16 code units, which is how arrays sort by themselves; numbers by value. */
function ascending<V extends number | string>(values: V[]): V[] {
  return typeof values[0] === 'number' ? (Array.from(Float64Array.from(values as number[]).sort()) as V[]) : values.sort()
}

function numberSections(name: string, rows: number, column: Column<number>): Section[] {
  const sorted = column.sorted(rows)
  return sorted ? [{ name, bytes: bytesOf(Float64Array.from(sorted.values)) }, ...sorted.sections(name)] : []
}
