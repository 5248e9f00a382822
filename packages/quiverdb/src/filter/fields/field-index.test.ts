import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bitset } from '../../format/bitset.js'
import type { Comparison, Condition, JsonValue } from '../condition.js'
import { compileCondition } from '../evaluate.js'
import { type Bounds, isExact } from './bounds.js'
import { comparisonBounds } from './comparison-bounds.js'
import { conditionBounds } from './condition-bounds.js'
import type { FieldIndex } from './field-index.js'
import { FieldIndexBuilder, indexOver } from './field-index-builder.js'

type Fields = Record<string, unknown>

/** Texts that are not listed are rare in an index; here they are not. */
const long = 'x'.repeat(300)
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
const keyArb = fc.constantFrom('a', 'b', '0')
const { value: valueArb } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalarArb,
    scalarArb,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(keyArb, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))
const rowsArb = fc.array(fc.dictionary(keyArb, valueArb, { maxKeys: 3, noNullPrototype: true }), { maxLength: 80 })
const paths = ['a', 'b', 'a.b', 'a.0', 'b.a.a']
const pathArb = fc.constantFrom(...paths)

const comparisonArb: fc.Arbitrary<Comparison> = fc.oneof(
  fc.record({ op: fc.constantFrom('eq' as const, 'ne' as const), path: pathArb, value: valueArb }),
  fc.record({
    op: fc.constantFrom('gt' as const, 'gte' as const, 'lt' as const, 'lte' as const),
    path: pathArb,
    value: fc.constantFrom<number | string | boolean>(true, false, 0, -0, 1, 1e300, 'a', 'b', '', '\ue000', long),
  }),
  fc.record({ op: fc.constantFrom('in' as const, 'nin' as const), path: pathArb, values: fc.array(valueArb, { maxLength: 4 }) }),
  fc.record({ op: fc.constant('exists' as const), path: pathArb, value: fc.boolean() }),
)
const { condition: conditionArb } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparisonArb,
    comparisonArb,
    fc.constant<Condition>({ op: 'always' }),
    fc.record({
      op: fc.constantFrom('and' as const, 'or' as const, 'nor' as const, 'xor' as const),
      conditions: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ op: fc.constant('not' as const), condition: tie('condition') }),
  ),
}))

describe('a field index', () => {
  it('never leaves out a row that matches, nor takes one in that does not', () => {
    const property = fc.property(rowsArb, conditionArb, fc.subarray(paths), (rows, condition, indexed) => {
      const indexes = new Map(indexed.map((path) => [path, indexOf(path, rows)]))
      const of = (comparison: Comparison): Bounds | undefined => {
        const index = indexes.get(comparison.path)
        return index && comparisonBounds(index, comparison)
      }
      expectAround(conditionBounds(condition, of, rows.length), condition, rows)
    })
    fc.assert(property, { numRuns: 1_500 })
  })

  it('is exact for scalars that it lists', () => {
    const listed = rowsArb.map(
      (rows) => JSON.parse(JSON.stringify(rows, (_, value) => (value === long ? 'l' : (value as unknown)))) as Fields[],
    )
    const property = fc.property(listed, comparisonArb, (rows, comparison) => {
      const asked = 'values' in comparison ? comparison.values : 'value' in comparison ? [comparison.value] : []
      fc.pre(rows.every((fields) => JSON.stringify(fields).isWellFormed() && !JSON.stringify(fields).includes('\\ud800')))
      fc.pre(asked.every((value) => typeof value !== 'object' || value === null))
      const bounds = comparisonBounds(indexOf(comparison.path, rows), comparison)!
      expect(isExact(bounds)).toBe(true)
      expectAround(bounds, comparison, rows)
    })
    fc.assert(property, { numRuns: 1_000 })
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
  for (const fields of rows) builder.add(placesOf(fields, path))
  return indexOver(rows.length, builder.finish())
}

function placesOf(fields: Fields, path: string): unknown[] {
  return path.split('.').reduce<unknown[]>((places, segment) => places.flatMap((place) => step(place, segment)), [fields])
}

function step(place: unknown, segment: string): unknown[] {
  if (Array.isArray(place)) {
    if (/^\d+$/.test(segment)) return [(place as unknown[])[Number(segment)]]
    const objects = place.filter((item) => typeof item === 'object' && item !== null && !Array.isArray(item))
    return objects.length === 0 ? [undefined] : objects.flatMap((item) => step(item, segment))
  }
  if (typeof place !== 'object' || place === null) return [undefined]
  return [Object.hasOwn(place, segment) ? (place as Fields)[segment] : undefined]
}
