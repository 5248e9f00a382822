import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileCondition } from '../filter/evaluate.js'
import { formatWhere } from '../filter/format-where.js'
import { parseWhere } from '../filter/where.js'
import { conditionOf } from './condition-of.js'
import { FilterCondition } from './filter-condition.js'
import { Float, float, type MetadataValue } from './types.js'

const fieldArb = fc.constantFrom('a', 'b')
const textArb = fc.constantFrom('', 'a', 'ab', '\u{1f600}', '\uf000')
const valueArb = fc.oneof(fc.constantFrom<MetadataValue>(null, true, false, 0, 1, 1n, float(1), 1.5, new Float(NaN)), textArb)
const { filter: filterArb } = fc.letrec<{ filter: FilterCondition }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small' },
    fc
      .tuple(fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge'), fieldArb, valueArb)
      .map(([op, field, value]) => FilterCondition[op](field, value)),
    fc.tuple(fieldArb, fc.array(valueArb, { maxLength: 3 })).map(([field, values]) => FilterCondition.in(field, values)),
    fc
      .tuple(fc.constantFrom('contains', 'startsWith'), fieldArb, textArb)
      .map(([op, field, text]) => FilterCondition[op](field, text)),
    fieldArb.map((field) => FilterCondition.exists(field)),
    fc.constant(FilterCondition.true),
    fc.tuple(fc.constantFrom('and', 'or'), tie('filter'), tie('filter')).map(([op, a, b]) => FilterCondition[op](a, b)),
  ),
}))
const metadataArb = fc.dictionary(
  fieldArb,
  valueArb.filter((value) => !(value instanceof Float && Number.isNaN(value.value))),
)
const plain = (value: MetadataValue) => (value instanceof Float ? value.value : typeof value === 'bigint' ? Number(value) : value)

describe('conditionOf', () => {
  it('matches what the filter matches', () => {
    let matched = 0
    const property = fc.property(filterArb, metadataArb, (filter, metadata) => {
      const condition = conditionOf(filter)
      const fields = Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, plain(value)]))
      expect(compileCondition(condition)(fields)).toBe(filter.matches(metadata))
      expect(parseWhere(JSON.parse(JSON.stringify(formatWhere(condition))))).toEqual(condition)
      matched += filter.matches(metadata) ? 1 : 0
    })
    fc.assert(property, { numRuns: 2_000 })
    expect(matched).toBeGreaterThan(200)
  })

  it('names fields as the caller does, and keeps long chains flat', () => {
    const chain = Array.from({ length: 100 }, (_, i) => FilterCondition.eq('a', i)).reduce((all, next) => all.or(next))
    const condition = conditionOf(chain, (field) => `metadata.${field}`)
    expect(parseWhere(formatWhere(condition))).toEqual(condition)
    expect(compileCondition(condition)({ metadata: { a: 99 } })).toBe(true)
  })

  it('refuses an integer that numbers of JSON cannot hold', () => {
    expect(() => conditionOf(FilterCondition.eq('a', 2n ** 53n + 1n))).toThrow(
      expect.objectContaining({ code: 'INVALID_FILTER' }),
    )
  })
})
