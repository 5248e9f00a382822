import { describe, expect, it } from 'vitest'
import { QuiverError } from '../errors.js'
import { conditionDepthMax, conditionNodesMax, listValuesMax, pathLengthMax, type Condition } from './condition.js'
import { formatWhere } from './format-where.js'
import { parseWhere } from './where.js'

describe('parseWhere', () => {
  const readings: [unknown, Condition][] = [
    [{}, { op: 'always' }],
    [{ tag: 'x' }, { op: 'eq', path: 'tag', value: 'x' }],
    [{ tag: { $eq: { $odd: 1 } } }, { op: 'eq', path: 'tag', value: { $odd: 1 } }],
    [{ tag: { inner: [1, { x: null }] } }, { op: 'eq', path: 'tag', value: { inner: [1, { x: null }] } }],
    [
      { year: { $gte: 1955, $lt: 1960 }, tag: 'x' },
      {
        op: 'and',
        conditions: [
          { op: 'gte', path: 'year', value: 1955 },
          { op: 'lt', path: 'year', value: 1960 },
          { op: 'eq', path: 'tag', value: 'x' },
        ],
      },
    ],
    [
      { $or: [{ a: { $in: [1, null] } }, {}], $not: { b: { $exists: false } } },
      {
        op: 'and',
        conditions: [
          { op: 'or', conditions: [{ op: 'in', path: 'a', values: [1, null] }, { op: 'always' }] },
          { op: 'not', condition: { op: 'exists', path: 'b', value: false } },
        ],
      },
    ],
    [
      { a: { $not: { $gt: 1, $ne: 5 } } },
      {
        op: 'not',
        condition: {
          op: 'and',
          conditions: [
            { op: 'gt', path: 'a', value: 1 },
            { op: 'ne', path: 'a', value: 5 },
          ],
        },
      },
    ],
    [{ $and: [{ a: 1 }] }, { op: 'and', conditions: [{ op: 'eq', path: 'a', value: 1 }] }],
  ]
  it.each(readings)('reads %j', (where, condition) => {
    expect(parseWhere(where)).toEqual(condition)
    expect(parseWhere(formatWhere(condition))).toEqual(condition)
  })

  const refusals: [unknown, place: string, about: string][] = [
    [null, 'where', 'expected an object'],
    ['x', 'where', 'got "x"'],
    [[], 'where', 'got an empty list'],
    [{ $or: [{ a: 1 }, { year: { $gte: [] } }] }, 'where.$or[1].year.$gte', 'expected a number, a string or a boolean'],
    [{ a: { $gt: null } }, 'where.a.$gt', 'got null'],
    [{ a: { $foo: 1 } }, 'where.a.$foo', '$exists'],
    [{ $foo: [] }, 'where.$foo', '$and, $or, $nor, $xor, $not'],
    [{ $gt: 5 }, 'where.$gt', 'belongs to a field'],
    [{ a: { $gt: 1, b: 2 } }, 'where.a.b', 'mixed'],
    [{ a: { b: { $gt: 1 } } }, 'where.a.b.$gt', 'dotted path'],
    [{ a: { b: [{ $gt: 1 }] } }, 'where.a.b[0].$gt', 'dotted path'],
    [{ $and: [] }, 'where.$and', 'at least one'],
    [{ $and: { a: 1 } }, 'where.$and', 'list'],
    [{ $not: [{ a: 1 }] }, 'where.$not', 'expected an object'],
    [{ a: { $not: 5 } }, 'where.a.$not', '{ $gt: 5 }'],
    [{ a: { $not: {} } }, 'where.a.$not', 'object of operators'],
    [{ a: { $in: 5 } }, 'where.a.$in', 'list of values'],
    [{ a: { $in: [1, NaN] } }, 'where.a.$in[1]', 'NaN'],
    [{ a: { $exists: 1 } }, 'where.a.$exists', 'true or false'],
    [{ a: undefined }, 'where.a', '$exists: false'],
    [{ a: Infinity }, 'where.a', 'Infinity'],
    [{ a: 1n }, 'where.a', 'got 1'],
    [{ a: new Date(NaN) }, 'where.a', 'no time'],
    [{ a: new Map() }, 'where.a', 'a Map'],
    [{ a: /x/ }, 'where.a', 'a RegExp'],
    [{ '': 1 }, 'where[""]', 'empty part'],
    [{ 'a..b': 1 }, 'where.a..b', 'empty part'],
    [{ 'a b': { $gt: {} } }, 'where["a b"].$gt', 'an object'],
  ]
  it.each(refusals)('refuses %o', (where, place, about) => {
    const error = refusalOf(where)
    expect(error.code).toBe('INVALID_FILTER')
    expect(error.message.startsWith(`${place}: `), error.message).toBe(true)
    expect(error.message).toContain(about)
    expect(error.details).toEqual({ place })
  })

  it('keeps its bounds', () => {
    const nested = (levels: number): unknown => (levels === 1 ? { a: 1 } : { $not: nested(levels - 1) })
    expect(() => parseWhere(nested(conditionDepthMax))).not.toThrow()
    expect(refusalOf(nested(conditionDepthMax + 1)).message).toContain('deeper')
    expect(refusalOf(nested(5_000)).message).toContain('deeper')
    const nots = (levels: number): unknown => (levels === 1 ? { $gt: 1 } : { $not: nots(levels - 1) })
    expect(() => parseWhere({ a: nots(conditionDepthMax) })).not.toThrow()
    expect(refusalOf({ a: nots(conditionDepthMax + 1) }).message).toContain('deeper')
    expect(refusalOf({ a: nots(5_000) }).message).toContain('deeper')
    const list = (levels: number): unknown => (levels === 0 ? 1 : [list(levels - 1)])
    expect(() => parseWhere({ a: list(conditionDepthMax) })).not.toThrow()
    expect(refusalOf({ a: list(conditionDepthMax + 1) }).message).toContain('deeper')
    expect(refusalOf({ a: { $eq: list(5_000) } }).message).toContain('deeper')
    const many = (count: number) => ({ $or: Array.from({ length: count }, (_, i) => ({ a: i })) })
    expect(() => parseWhere(many(conditionNodesMax - 1))).not.toThrow()
    expect(refusalOf(many(conditionNodesMax)).message).toContain('more than 1000')
    const values = (count: number) => ({ a: { $in: Array.from({ length: count }, (_, i) => i) } })
    expect(() => parseWhere(values(listValuesMax))).not.toThrow()
    expect(refusalOf(values(listValuesMax + 1)).message).toContain('10001 values')
    expect(() => parseWhere({ ['x'.repeat(pathLengthMax)]: 1 })).not.toThrow()
    expect(refusalOf({ ['x'.repeat(pathLengthMax + 1)]: 1 }).message).toContain('513')
  })

  it('keeps a copy of the values', () => {
    const values = [{ x: 1 }]
    const condition = parseWhere({ a: { $in: values } })
    values[0] = { x: 2 }
    expect(condition).toEqual({ op: 'in', path: 'a', values: [{ x: 1 }] })
  })
})

describe('formatWhere', () => {
  it('writes the short form where it says the same', () => {
    for (const where of [
      {},
      { tag: 'x', year: { $gte: 1955, $lt: 1960 } },
      { $or: [{ a: 1 }, { b: { $in: [1, 2] } }], $not: { c: null }, d: { $eq: 1, $exists: true } },
      { a: { $eq: { $x: 1 } } },
      { $and: [{ a: 1 }] },
    ]) {
      expect(formatWhere(parseWhere(where))).toEqual(where)
    }
  })

  it('keeps order and repetition that an object cannot', () => {
    const one = { op: 'gt', path: 'b', value: 1 } as const
    const conditions: Condition[] = [one, { op: 'eq', path: '7', value: 1 }, one, { op: 'always' }]
    for (const condition of [
      { op: 'and', conditions },
      { op: 'and', conditions: conditions.slice(0, 2) },
      { op: 'and', conditions: [one, one] },
    ] as const) {
      expect(parseWhere(JSON.parse(JSON.stringify(formatWhere(condition))))).toEqual(condition)
    }
  })
})

function refusalOf(where: unknown): QuiverError {
  try {
    parseWhere(where)
  } catch (error) {
    if (error instanceof QuiverError) return error
    throw error
  }
  throw new Error('the filter was accepted')
}
