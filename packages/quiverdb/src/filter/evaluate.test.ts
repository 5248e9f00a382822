import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Condition, JsonValue } from './condition.js'
import { compileCondition } from './evaluate.js'
import { formatWhere } from './format-where.js'
import { parseWhere } from './where.js'

const matches = (where: unknown, fields: Record<string, unknown>) => compileCondition(parseWhere(where))(fields)

/** Each row: a filter, records that it matches, records that it does not. */
const examples: [where: unknown, matching: Record<string, unknown>[], others: Record<string, unknown>[]][] = [
  [{}, [{}, { a: 1 }], []],
  [
    { a: 1 },
    [{ a: 1 }, { a: [2, 1] }, { a: 1, b: 2 }],
    [{}, { a: '1' }, { a: true }, { a: null }, { a: [[1]] }, { a: { 0: 1 } }],
  ],
  [{ a: 0 }, [{ a: -0 }], [{ a: false }, { a: '' }, { a: null }, {}]],
  [{ a: null }, [{ a: null }, {}, { b: 1 }, { a: [1, null] }], [{ a: 0 }, { a: [] }, { a: '' }, { a: {} }]],
  [{ a: { $ne: 1 } }, [{}, { a: 2 }, { a: [2, 3] }, { a: null }], [{ a: 1 }, { a: [1, 2] }]],
  [{ a: { $ne: null } }, [{ a: 0 }, { a: [] }], [{}, { a: null }, { a: [null] }]],
  [
    { a: { $in: [1, null, { x: 1 }] } },
    [{ a: 1 }, {}, { a: { x: 1 } }, { a: [{ x: 1 }] }],
    [{ a: 2 }, { a: [] }, { a: { x: 1, y: 1 } }],
  ],
  [{ a: { $in: [] } }, [], [{}, { a: null }, { a: [] }]],
  [{ a: { $nin: [1, 2] } }, [{}, { a: 3 }, { a: [] }], [{ a: 1 }, { a: [3, 2] }]],
  [
    { a: { $gt: 5 } },
    [{ a: 6 }, { a: [1, 9] }],
    [{ a: 5 }, { a: '9' }, { a: null }, {}, { a: true }, { a: { b: 9 } }, { a: [[9]] }],
  ],
  [{ a: { $gt: 5, $lt: 8 } }, [{ a: 7 }, { a: [1, 9] }], [{ a: 9 }, { a: [1, 2] }]],
  [{ a: { $lte: 'b' } }, [{ a: 'a' }, { a: 'b' }, { a: 'B' }, { a: '' }], [{ a: 'ba' }, { a: 1 }, {}]],
  [{ a: { $lt: '\u{e000}' } }, [{ a: '\u{1f600}' }], [{ a: '\u{f000}' }]],
  [{ a: { $gte: false } }, [{ a: false }, { a: true }], [{ a: 0 }, { a: null }, {}]],
  [{ a: { $gt: false } }, [{ a: true }], [{ a: false }]],
  [{ a: { $exists: true } }, [{ a: null }, { a: 0 }, { a: [] }], [{}, { b: 1 }]],
  [{ a: { $exists: false } }, [{}], [{ a: null }]],
  [{ a: [1, 2] }, [{ a: [1, 2] }, { a: [[1, 2], 3] }], [{ a: [2, 1] }, { a: [1, 2, 3] }, { a: 1 }]],
  [
    { a: { x: 1, y: [2] } },
    [{ a: { y: [2], x: 1 } }, { a: [{ x: 1, y: [2] }] }],
    [{ a: { x: 1 } }, { a: { x: 1, y: [2], z: 3 } }, { a: { x: 1, y: 2 } }],
  ],
  [{ a: {} }, [{ a: {} }, { a: [{}] }], [{ a: { b: 1 } }, { a: [] }, {}]],
  [
    { 'a.b': 1 },
    [{ a: { b: 1 } }, { a: [{ b: 2 }, { b: 1 }] }, { a: [{ b: [1] }] }],
    [{ a: 1 }, { 'a.b': 1 }, { a: [[{ b: 1 }]] }],
  ],
  [
    { 'a.b': null },
    [{}, { a: {} }, { a: 5 }, { a: [] }, { a: [1, 2] }, { a: [{ b: 1 }, {}] }],
    [{ a: { b: 1 } }, { a: [{ b: 1 }, 2] }],
  ],
  [{ 'a.b': { $exists: true } }, [{ a: [{}, { b: null }] }], [{ a: [{}] }, { a: [] }, { a: 'b' }]],
  [{ 'a.1': 7 }, [{ a: [0, 7] }, { a: { 1: 7 } }, { a: [0, [7]] }], [{ a: [7] }, { a: 7 }, { a: [{ 1: 7 }] }]],
  [{ 'a.01': 7 }, [{ a: { '01': 7 } }, { a: [{ '01': 7 }] }], [{ a: [0, 7] }]],
  [{ 'a.0.b': 1 }, [{ a: [{ b: 1 }] }, { a: [[{ b: 1 }]] }], [{ a: [0, { b: 1 }] }]],
  [{ constructor: null, 'a.length': null, 'b.__proto__': null }, [{}, { a: [1, 2], b: {} }], [{ constructor: 1 }]],
  [{ $or: [{ a: 1 }, { b: 1 }] }, [{ a: 1 }, { b: 1 }], [{ c: 1 }]],
  [{ $nor: [{ a: 1 }, { b: 1 }] }, [{ c: 1 }], [{ a: 1 }, { b: 1 }]],
  [{ $xor: [{ a: 1 }, { b: 1 }] }, [{ a: 1 }, { b: 1 }], [{ a: 1, b: 1 }, {}]],
  [{ $xor: [{ a: 1 }, { b: 1 }, { c: 1 }] }, [{ a: 1 }, { a: 1, b: 1, c: 1 }], [{ a: 1, b: 1 }, {}]],
  [{ $not: { a: 1, b: 1 } }, [{ a: 1 }, {}], [{ a: 1, b: 1 }]],
  [{ a: { $not: { $gt: 5 } } }, [{ a: 5 }, {}, { a: 'x' }], [{ a: 6 }]],
]

describe('compileCondition', () => {
  it.each(examples)('%j', (where, matching, others) => {
    for (const fields of matching) expect(matches(where, fields), JSON.stringify(fields)).toBe(true)
    for (const fields of others) expect(matches(where, fields), JSON.stringify(fields)).toBe(false)
  })

  it('agrees with a plain reading of the definitions', () => {
    let matched = 0
    let cases = 0
    const property = fc.property(conditionArb, fc.array(fieldsArb, { minLength: 4, maxLength: 4 }), (condition, records) => {
      const predicate = compileCondition(condition)
      for (const fields of records) {
        const expected = reading(condition, fields)
        expect(predicate(fields), JSON.stringify({ condition, fields })).toBe(expected)
        matched += expected ? 1 : 0
        cases++
      }
    })
    fc.assert(property, { numRuns: 2_000 })
    // Both answers are common, or the cases would say little.
    expect(matched / cases).toBeGreaterThan(0.2)
    expect(matched / cases).toBeLessThan(0.8)
  })

  it('does not depend on how the filter was written', () => {
    const property = fc.property(conditionArb, fc.array(fieldsArb, { minLength: 2, maxLength: 2 }), (condition, records) => {
      const again = parseWhere(JSON.parse(JSON.stringify(formatWhere(condition))))
      expect(again).toEqual(condition)
      for (const fields of records) expect(compileCondition(again)(fields)).toBe(reading(condition, fields))
    })
    fc.assert(property, { numRuns: 1_000 })
  })
})

const scalarArb = fc.constantFrom<JsonValue>(null, true, false, 0, 1, 2, -1.5, '', 'a', 'b', '1')
const keyArb = fc.constantFrom('a', 'b', '0', '1')
const pathArb = fc.array(keyArb, { minLength: 1, maxLength: 3 }).map((segments) => segments.join('.'))

const { value: valueArb } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalarArb,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(keyArb, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))

const fieldsArb = fc.dictionary(keyArb, valueArb, { maxKeys: 4, noNullPrototype: true })

const { condition: conditionArb } = fc.letrec<{ condition: Condition }>((tie) => {
  const conditions = fc.array(tie('condition'), { minLength: 1, maxLength: 3 })
  return {
    condition: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({ op: fc.constantFrom('eq' as const, 'ne' as const), path: pathArb, value: valueArb }),
      fc.record({
        op: fc.constantFrom('gt' as const, 'gte' as const, 'lt' as const, 'lte' as const),
        path: pathArb,
        value: fc.constantFrom<number | string | boolean>(true, false, 0, 1, 'a', 'b', ''),
      }),
      fc.record({
        op: fc.constantFrom('in' as const, 'nin' as const),
        path: pathArb,
        values: fc.array(valueArb, { maxLength: 3 }),
      }),
      fc.record({ op: fc.constant('exists' as const), path: pathArb, value: fc.boolean() }),
      fc.constant<Condition>({ op: 'always' }),
      fc.record({ op: fc.constantFrom('and' as const, 'or' as const, 'nor' as const, 'xor' as const), conditions }),
      fc.record({ op: fc.constant('not' as const), condition: tie('condition') }),
    ),
  }
})

/** The definitions of Condition read word for word: first all the places, then the question. */
function reading(condition: Condition, fields: Record<string, unknown>): boolean {
  if (condition.op === 'always') return true
  if (condition.op === 'not') return !reading(condition.condition, fields)
  if ('conditions' in condition) {
    const count = condition.conditions.filter((member) => reading(member, fields)).length
    return { and: count === condition.conditions.length, or: count > 0, nor: count === 0, xor: count % 2 === 1 }[condition.op]
  }
  const places = condition.path
    .split('.')
    .reduce<unknown[]>((found, segment) => found.flatMap((place) => step(place, segment)), [fields])
  if (condition.op === 'exists') return places.some((place) => place !== missing) === condition.value
  const candidates = places.flatMap((place) => (Array.isArray(place) ? [place, ...(place as unknown[])] : [place]))
  switch (condition.op) {
    case 'eq':
    case 'ne':
      return candidates.some((candidate) => equal(candidate, condition.value)) === (condition.op === 'eq')
    case 'in':
    case 'nin':
      return candidates.some((candidate) => condition.values.some((value) => equal(candidate, value))) === (condition.op === 'in')
    default: {
      const wanted = { gt: [1], gte: [0, 1], lt: [-1], lte: [-1, 0] }[condition.op]
      return candidates.some((candidate) => wanted.includes(order(candidate, condition.value)))
    }
  }
}

const missing = Symbol('missing')

function step(place: unknown, segment: string): unknown[] {
  if (place === missing || place === null || typeof place !== 'object') return [missing]
  if (!Array.isArray(place))
    return [new Map(Object.entries(place)).get(segment) ?? (Object.keys(place).includes(segment) ? null : missing)]
  const items = place as unknown[]
  if (String(parseInt(segment)) === segment) return [parseInt(segment) < items.length ? items[parseInt(segment)] : missing]
  const inner = items.filter((item) => item !== null && typeof item === 'object' && !Array.isArray(item))
  return inner.length > 0 ? inner.flatMap((item) => step(item, segment)) : [missing]
}

function equal(candidate: unknown, value: JsonValue): boolean {
  return candidate === missing ? value === null : canonical(candidate) === canonical(value)
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
  return `{${entries.sort().join()}}`
}

/** -1, 0, 1, or NaN where there is no order. */
function order(a: unknown, b: unknown): number {
  if (typeof a !== typeof b) return NaN
  if (typeof a === 'string')
    return [...Array(Math.max(a.length, String(b).length) + 1).keys()].reduce(
      (sign, i) => sign || Math.sign((a.charCodeAt(i) + 1 || 0) - (String(b).charCodeAt(i) + 1 || 0)),
      0,
    )
  return Math.sign(Number(a) - Number(b))
}
