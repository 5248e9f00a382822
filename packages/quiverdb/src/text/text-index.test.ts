import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Section } from '../format/container.js'
import { loadAnalyser } from './analyser.js'
import { Bm25, naturalLogarithm, ScoreSheet } from './bm25.js'
import { GrowingTextIndex } from './growing-text-index.js'
import { GrowingPostings, readPostings } from './postings.js'
import { SealedTextIndex, type TextIndex } from './text-index.js'

const analyser = await loadAnalyser('none-1')
const words = ['a', 'bb', 'ccc', '東京', '\u{10400}', 'zz']
const wordArb = fc.constantFrom(...words)
/** What is at a place: texts, lists with texts in them, and what is no text. */
const placeArb = fc.oneof(
  fc.array(wordArb, { maxLength: 6 }).map((list) => list.join(' ')),
  fc.array(fc.oneof(wordArb, fc.constant(7), fc.constant(['a'])), { maxLength: 3 }),
  fc.constantFrom(undefined, null, 5, { a: 'a' }, ''),
)
const rowsArb = fc.array(fc.array(placeArb, { minLength: 1, maxLength: 2 }), { maxLength: 80 })

function sealed(rows: number, sections: readonly Section[]): SealedTextIndex {
  const byName = new Map(sections.map(({ name, bytes }) => [name, bytes]))
  return new SealedTextIndex(rows, { has: (name) => byName.has(name), read: (name) => byName.get(name)! })
}

function termsOf(places: readonly unknown[]): string[] {
  const texts = places.flat().filter((value) => typeof value === 'string')
  return texts.flatMap((text) => analyser.terms(text))
}

function expectIndex(index: TextIndex, rows: readonly (readonly unknown[])[]): void {
  const terms = rows.map(termsOf)
  expect(Array.from(index.lengths).slice(0, rows.length)).toEqual(terms.map(({ length }) => length))
  for (const word of [...words, 'absent', '']) {
    const term = analyser.terms(word)[0] ?? ''
    const expected = terms.flatMap((list, row) => {
      const frequency = list.filter((one) => one === term).length
      return frequency > 0 ? [row, frequency] : []
    })
    const found = index.find(term, rows.length)
    expect(found ? Array.from(found) : []).toEqual(expected)
  }
}

test('an index finds what its rows say: while it grows, at every length it had, and sealed', () => {
  fc.assert(
    fc.property(rowsArb, fc.nat(80), (rows, cut) => {
      const growing = new GrowingTextIndex(analyser)
      for (const places of rows) growing.add(places)
      expectIndex(growing, rows)
      if (cut < rows.length) expectIndex(growing, rows.slice(0, cut))
      const index = sealed(rows.length, growing.finish())
      expectIndex(index, rows)
      const lengths = rows.map((places) => termsOf(places).length)
      const totals = { documents: lengths.filter((length) => length > 0).length, terms: lengths.reduce((a, b) => a + b, 0) }
      expect(index.totals).toEqual(totals)
      expect(growing.totals).toEqual(totals)
    }),
  )
})

test('lists of rows come back, whatever their gaps and frequencies', () => {
  const gap = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 28 }))
  const frequency = fc.integer({ min: 1, max: 300 })
  fc.assert(
    fc.property(fc.array(fc.tuple(gap, frequency), { minLength: 1, maxLength: 12 }), fc.nat(12), (list, cut) => {
      let row = -1
      let growing: GrowingPostings | undefined
      const pairs = list.flatMap(([gap, frequency]) => {
        row += gap
        for (let i = 0; i < frequency; i++) {
          if (growing) growing.add(row)
          else growing = new GrowingPostings(row)
        }
        return [row, frequency]
      })
      const below = pairs[2 * cut] ?? 2 ** 32
      const expected = pairs.slice(0, 2 * cut)
      expect(Array.from(growing!.rowsBelow(2 ** 32))).toEqual(pairs)
      expect(Array.from(growing!.rowsBelow(below))).toEqual(expected)
      const bytes = growing!.bytes()
      expect(growing!.bytes()).toEqual(bytes)
      expect(Array.from(readPostings(bytes, 2 ** 32))).toEqual(pairs)
      expect(Array.from(readPostings(bytes, below))).toEqual(expected)
    }),
  )
})

test('the logarithm is that of the machine, to the last bits', () => {
  const above1 = fc.double({ min: 1, max: 1e12, noNaN: true })
  fc.assert(
    fc.property(above1, (x) => {
      expect(Math.abs(naturalLogarithm(x) - Math.log(x))).toBeLessThanOrEqual(4 * Number.EPSILON * Math.max(1, Math.log(x)))
    }),
  )
  expect(naturalLogarithm(1)).toBe(0)
})

test('scores are those of BM25 by hand', () => {
  // Three texts of 2, 4 and 6 terms; the term is in the first two, once and three times.
  const bm25 = new Bm25({ documents: 3, terms: 12 })
  const idf = Math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
  expect(bm25.score(bm25.weight(2), 1, 2)).toBeCloseTo((idf * 2.2 * 1) / (1 + 1.2 * (0.25 + (0.75 * 2) / 4)), 12)
  expect(bm25.score(bm25.weight(2), 3, 4)).toBeCloseTo((idf * 2.2 * 3) / (3 + 1.2), 12)
  expect(bm25.weight(3)).toBeGreaterThan(0)
})

test('a sheet begins clean for every set, and heeds what is allowed', () => {
  const sheet = new ScoreSheet()
  const bm25 = new Bm25({ documents: 4, terms: 8 })
  const lengths = [2, 2, 2, 2]
  const scores = (): [number, number][] => {
    const all: [number, number][] = []
    sheet.forEach((row, score) => all.push([row, score]))
    return all
  }
  sheet.begin(4)
  sheet.add(Uint32Array.of(0, 1, 3, 1), 2, bm25, lengths)
  sheet.add(Uint32Array.of(3, 1), 2, bm25, lengths)
  const one = bm25.score(2, 1, 2)
  expect(scores()).toEqual([[0, one], [3, one + one]]) // prettier-ignore
  sheet.begin(4)
  expect(scores()).toEqual([])
  sheet.add(Uint32Array.of(0, 1, 2, 1), 2, bm25, lengths, Uint32Array.of(0b0100))
  expect(scores()).toEqual([[2, one]])
})
