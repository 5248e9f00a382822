import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bitset } from '../../format/bitset.js'
import { conditionArb, fieldsArb } from '../../testing/random-conditions.js'
import type { Comparison, Condition, JsonType, JsonValue } from '../condition.js'
import { compileCondition } from '../evaluate.js'
import { FieldPath } from '../places.js'
import { between, type Bounds, isExact } from './bounds.js'
import { comparisonBounds } from './comparison-bounds.js'
import { comparedPaths, conditionBounds } from './condition-bounds.js'
import type { FieldIndex } from './field-index.js'
import { FieldIndexBuilder, indexOver } from './field-index-builder.js'

type Fields = Record<string, unknown>

/** Texts that are not listed are rare in an index; here they are not. */
const long = 'x'.repeat(300)
const pathArb = fc.constantFrom('a', 'b', 'a.b', 'a.0', 'b.a.a')
const scalars: readonly JsonValue[] = [
  null,
  true,
  false,
  0,
  -0,
  1,
  2,
  -1.5,
  1e300,
  '',
  'a',
  'b',
  '1',
  'ä',
  '\u{1f600}',
  '\ue000',
  '\ud800',
  long,
]
const scalarArb = fc.constantFrom(...scalars)
const oddFieldsArb = fc.dictionary(fc.constantFrom('a', 'b', '0'), fc.oneof(scalarArb, fc.array(scalarArb, { maxLength: 3 })), {
  maxKeys: 3,
  noNullPrototype: true,
})
const rowsArb = fc.array(fc.oneof(fieldsArb, oddFieldsArb), { maxLength: 80 })

/** Of scalars that are compared without options: those an index answers exactly. */
const plainArb: fc.Arbitrary<Comparison> = fc.oneof(
  fc.record({ op: fc.constantFrom('eq' as const, 'ne' as const), path: pathArb, value: scalarArb }),
  fc.record({
    op: fc.constantFrom('gt' as const, 'gte' as const, 'lt' as const, 'lte' as const),
    path: pathArb,
    value: fc.constantFrom<number | string | boolean>(true, false, 0, -0, 1, 1e300, 'a', 'b', '', '\ue000', long),
  }),
  fc.record({ op: fc.constantFrom('in' as const, 'nin' as const), path: pathArb, values: fc.array(scalarArb, { maxLength: 4 }) }),
  fc.record({ op: fc.constant('startsWith' as const), path: pathArb, value: fc.constantFrom('', 'a', 'ab', '\u{1f600}', 'y') }),
  fc.record({ op: fc.constantFrom('contains' as const, 'endsWith' as const), path: pathArb, value: fc.constantFrom('a', 'b') }),
  fc.record({ op: fc.constant('regex' as const), path: pathArb, pattern: fc.constantFrom('^a', 'b') }),
  fc.record({ op: fc.constant('exists' as const), path: pathArb, value: fc.boolean() }),
  fc.record({ op: fc.constant('size' as const), path: pathArb, value: fc.nat(3) }),
  fc.record({
    op: fc.constant('type' as const),
    path: pathArb,
    types: fc.subarray<JsonType>(['null', 'boolean', 'number', 'string', 'array', 'object'], { minLength: 1 }),
  }),
)

describe('a field index', () => {
  it('never leaves out a row that matches, nor takes one in that does not', () => {
    let decided = 0
    let cases = 0
    const property = fc.property(rowsArb, conditionArb, fc.array(fc.boolean(), { minLength: 4 }), (rows, condition, chosen) => {
      const indexed = comparedPaths(condition).filter((_, place) => chosen[place % chosen.length])
      const indexes = new Map(indexed.map((path) => [path, indexOf(path, rows)]))
      const of = (comparison: Comparison, wanted: boolean): Bounds | undefined => {
        const index = indexes.get(comparison.path)
        return index && comparisonBounds(index, comparison, wanted)
      }
      const bounds = conditionBounds(condition, of, rows.length)
      decided += rows.length - Bitset.over(between(bounds)).count()
      cases += rows.length
      expectAround(bounds, condition, rows)
    })
    fc.assert(property, { numRuns: 3_000 })
    // Bounds that leave all open are never wrong.
    expect(decided / cases).toBeGreaterThan(0.4)
  })

  it('is exact for scalars that it lists', () => {
    const property = fc.property(rowsArb, plainArb, (rows, comparison) => {
      fc.pre(!JSON.stringify(rows).includes(long) && !JSON.stringify(rows).includes('\\ud800'))
      const bounds = comparisonBounds(indexOf(comparison.path, rows), comparison)!
      expect(isExact(bounds)).toBe(true)
      expectAround(bounds, comparison, rows)
    })
    fc.assert(property, { numRuns: 1_500 })
  })

  it('keeps rare values as lists and frequent ones as bitsets', () => {
    const rows = Array.from({ length: 2_000 }, (_, n) => ({
      n,
      tag: n % 2 === 0 ? 'even' : 'odd',
      rare: n % 100 === 0 ? 'yes' : null,
    }))
    for (const where of [
      { op: 'gte', path: 'n', value: 1_500 },
      { op: 'eq', path: 'tag', value: 'even' },
      { op: 'in', path: 'tag', values: ['odd', 'none'] },
      { op: 'gt', path: 'tag', value: 'a' },
      { op: 'eq', path: 'rare', value: 'yes' },
      { op: 'ne', path: 'rare', value: null },
      { op: 'lt', path: 'n', value: -1 },
    ] satisfies Comparison[]) {
      const bounds = comparisonBounds(indexOf(where.path, rows), where)!
      expect(isExact(bounds)).toBe(true)
      expectAround(bounds, where, rows)
    }
  })

  it('counts and lists the rows of its values', () => {
    const property = fc.property(rowsArb, fc.array(fc.boolean(), { minLength: 80, maxLength: 80 }), (rows, chosen) => {
      const { numbers, texts } = indexOf('a', rows)
      const marked = new Bitset(rows.length)
      rows.forEach((_, row) => chosen[row] && marked.add(row))
      for (const terms of [numbers, texts]) {
        for (let term = 0; term < terms.count; term++) {
          const value = terms.value(term)
          const expected = [...rows.keys()].filter((row) => [rows[row]!['a']].flat().includes(value))
          const found: number[] = []
          terms.postings.forEachRow(term, (row) => found.push(row))
          expect(found).toEqual(expected)
          expect(terms.postings.count(term)).toBe(expected.length)
          expect(terms.postings.countIn(term, marked.words)).toBe(expected.filter((row) => chosen[row]).length)
          if (term > 0) expect(terms.value(term - 1) < value).toBe(true)
        }
      }
    })
    fc.assert(property, { numRuns: 300 })
  })
})

function expectAround({ lower, upper }: Bounds, condition: Condition, rows: readonly Fields[]): void {
  const matches = compileCondition(condition)
  const [sure, possible] = [Bitset.over(lower), Bitset.over(upper)]
  rows.forEach((fields, row) => {
    const expected = matches(fields)
    if (sure.has(row)) expect(expected, `row ${row} surely matches`).toBe(true)
    if (!possible.has(row)) expect(expected, `row ${row} cannot match`).toBe(false)
  })
  expect(sure.count() <= rows.length && possible.count() <= rows.length).toBe(true)
  for (const words of [lower, upper]) expect(Bitset.over(words).has(rows.length)).toBe(false)
}

function indexOf(path: string, rows: readonly Fields[]): FieldIndex {
  const builder = new FieldIndexBuilder()
  const places = new FieldPath(path)
  for (const fields of rows) builder.add(places.placesIn(fields))
  return indexOver(rows.length, builder.finish())
}
