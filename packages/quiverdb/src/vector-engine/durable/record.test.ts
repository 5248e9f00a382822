import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { compileCondition } from '../../filter/evaluate.js'
import { parseWhere } from '../../filter/where.js'
import { FilterCondition } from '../filter-condition.js'
import { compareKeys } from '../key-order.js'
import { plainMetadata } from '../metadata.js'
import { float, int, type Metadata, type MetadataValue } from '../types.js'
import { orderedText, plainText } from './ordered-text.js'
import { idOf, keyOf, metadataOf, recordOf, vectorOf } from './record.js'
import { recordFilterOf } from './where.js'

const texts = fc.string({
  unit: fc.constantFrom(
    'a',
    'b',
    'é',
    '\u0001',
    '\ud7ff',
    '\ue000',
    '\ufffd',
    '\ufffe',
    '\uffff',
    '\u{10000}',
    '😀',
    '\u{10ffff}',
  ),
})

describe('ordered text', () => {
  it('sorts by code units as the text does by its bytes, and comes back', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(plainText(orderedText(a))).toBe(a)
        const [x, y] = [orderedText(a), orderedText(b)]
        expect(Math.sign(x < y ? -1 : x > y ? 1 : 0)).toBe(Math.sign(compareKeys(a, b)))
      }),
      { numRuns: 1000 },
    )
  })
})

const fields = fc.constantFrom('a', 'b.c', 'b%2Ec', '', '__proto__', '$gt', '0')
const values: fc.Arbitrary<MetadataValue> = fc.oneof(
  fc.constantFrom(null, true, false, 0, -0, 1, 2, 0.5, NaN, Infinity, -Infinity, float(1), float(2), 'a', 'ab', ''),
  fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n).map(int),
  fc.constant(float(2 ** 53)),
  texts,
)
const metadata = fc.dictionary(fields, values).map((given) => plainMetadata(given as Metadata))
const vectors = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 4 })

/** As a record comes back from a collection. */
const written = (record: object): Record<string, unknown> =>
  JSON.parse(JSON.stringify(record, (_, value: unknown) => (value instanceof Float32Array ? Array.from(value) : value)))

describe('records', () => {
  it('hold keys, vectors and metadata with their types', () => {
    fc.assert(
      fc.property(texts, vectors, metadata, (key, vector, given) => {
        const numbers = Float32Array.from(vector.map((number) => number + 0))
        const record = written(recordOf(key, numbers, given))
        expect(keyOf(record['id'] as string)).toBe(key)
        expect(vectorOf(record)).toEqual(numbers)
        expect(Object.entries(metadataOf(record))).toEqual(Object.entries(given))
      }),
    )
  })

  it('refuse keys that are no ids', () => {
    expect(keyOf(idOf('k'.repeat(1023)))).toBe('k'.repeat(1023))
    expect(() => idOf('k'.repeat(1024))).toThrow(expect.objectContaining({ kind: 'StorageError' }))
  })
})

const comparisons = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const
const filters: fc.Arbitrary<FilterCondition> = fc.letrec<{ tree: FilterCondition }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constant(FilterCondition.true),
    fc.tuple(fc.constantFrom(...comparisons), fields, values).map(([op, field, value]) => FilterCondition[op](field, value)),
    fc.tuple(fields, fc.array(values, { maxLength: 4 })).map(([field, list]) => FilterCondition.in(field, list)),
    fc.tuple(fields, texts).map(([field, text]) => FilterCondition.contains(field, text)),
    fc.tuple(fields, texts).map(([field, text]) => FilterCondition.startsWith(field, text)),
    fields.map((field) => FilterCondition.exists(field)),
    fc.tuple(tie('tree'), tie('tree')).map(([left, right]) => left.and(right)),
    fc.tuple(tie('tree'), tie('tree')).map(([left, right]) => left.or(right)),
  ),
})).tree

describe('filters of records', () => {
  const passes = (filter: FilterCondition, given: Metadata): boolean => {
    const { where } = recordFilterOf(filter)
    return where === undefined || compileCondition(parseWhere(where))(written(recordOf('k', undefined, given)))
  }

  it('let through what the condition matches, and nothing else but where a check is to follow', () => {
    const seen = { checked: 0, matched: 0 }
    fc.assert(
      fc.property(filters, metadata, (filter, given) => {
        const { check } = recordFilterOf(filter)
        const matches = filter.matches(given)
        if (!check || matches) expect(passes(filter, given)).toBe(matches)
        if (check) seen.checked++
        if (matches) seen.matched++
      }),
      { numRuns: 5000 },
    )
    expect(Math.min(seen.checked, seen.matched)).toBeGreaterThan(500)
  })

  it('keep out even of rounded numbers what is far away', () => {
    const { eq, lt, ge } = FilterCondition
    const beyond = 2n ** 60n + 1n
    for (const [value, isAbove] of [
      [beyond, true],
      [-beyond, false],
      [Infinity, true],
      [float(2 ** 60), true],
    ] as const) {
      // prettier-ignore
      expect(recordFilterOf(eq('n', value)).check).toBeDefined()
      expect(passes(eq('n', value), { n: value })).toBe(true)
      expect(passes(eq('n', value), { n: 5 })).toBe(false)
      expect(passes(FilterCondition.in('n', [value]), { n: 5 })).toBe(false)
      expect(passes(lt('n', value), { n: 5 })).toBe(isAbove)
      expect(passes(ge('n', value), { n: 5 })).toBe(!isAbove)
    }
    expect(recordFilterOf(ge('n', 5)).check).toBeUndefined()
  })

  test('of any size are within the bounds of the database', () => {
    const one = FilterCondition.eq('n', 5)
    const chain = Array.from({ length: 3000 }, () => one).reduce((left, right) => left.or(right))
    const list = FilterCondition.in(
      'n',
      Array.from({ length: 20_000 }, (_, i) => i),
    )
    const long = FilterCondition.eq('f'.repeat(600), 1)
    for (const filter of [chain, list, long]) expect(passes(filter, { n: 5, ['f'.repeat(600)]: 1 })).toBe(true)
  })
})
