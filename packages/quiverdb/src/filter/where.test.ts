import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { QuiverError } from '../errors.js'
import { conditionDepthMax, conditionNodesMax, listValuesMax, pathLengthMax, type Condition } from './condition.js'
import { compileCondition } from './evaluate.js'
import { formatWhere } from './format-where.js'
import { parseWhere, regexesMax } from './where.js'

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
    [{ a: { $regex: 'x', $options: 'sui' } }, { op: 'regex', path: 'a', pattern: 'x', flags: 'is' }],
    [{ a: { $regex: /a\/b/ } }, { op: 'regex', path: 'a', pattern: 'a\\/b' }],
    [{ a: { $type: 'bool' } }, { op: 'type', path: 'a', types: ['boolean'] }],
    [
      { a: { $gte: '2024', $with: { as: 'date', arrays: 'whole' } } },
      { op: 'gte', path: 'a', value: '2024', as: 'date', arrays: 'whole' },
    ],
    [
      { a: { $exists: true, $contains: 'x', $with: { fold: 'case' } } },
      {
        op: 'and',
        conditions: [
          { op: 'exists', path: 'a', value: true },
          { op: 'contains', path: 'a', value: 'x', fold: 'case' },
        ],
      },
    ],
    [
      { a: { $elemMatch: { $gt: 1, b: 2, $with: { missing: 'unknown' } }, $with: { collect: true } } },
      {
        op: 'elemMatch',
        path: 'a',
        collect: true,
        condition: {
          op: 'and',
          conditions: [
            { op: 'gt', path: '', value: 1, missing: 'unknown' },
            { op: 'eq', path: 'b', value: 2 },
          ],
        },
      },
    ],
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
    [{ a: { $contains: 5 } }, 'where.a.$contains', 'a string'],
    [{ a: { $startsWith: /x/ } }, 'where.a.$startsWith', 'a RegExp'],
    [{ $or: [{}, { a: { $regex: '(?=x)' } }] }, 'where.$or[1].a.$regex', 'look-around'],
    [{ a: { $regex: '(x)\\1' } }, 'where.a.$regex', 'back references'],
    [{ a: { $regex: '(x{1000}){1000}' } }, 'where.a.$regex', 'repeat count'],
    [{ a: { $regex: 'x'.repeat(513) } }, 'where.a.$regex', '513 characters'],
    [{ a: { $regex: 'x', $options: 'g' } }, 'where.a.$options', 'i, m and s'],
    [{ a: { $regex: /x/g } }, 'where.a.$regex', 'i, m and s'],
    [{ a: { $regex: 'x', $options: 5 } }, 'where.a.$options', 'flags'],
    [{ a: { $options: 'i' } }, 'where.a.$options', 'belongs to $regex'],
    [{ a: { $regex: 5 } }, 'where.a.$regex', 'a pattern'],
    [{ a: { $type: 'int' } }, 'where.a.$type', 'boolean'],
    [{ a: { $type: ['null', 2] } }, 'where.a.$type[1]', 'one of'],
    [{ a: { $type: [] } }, 'where.a.$type', '1 to 6'],
    [{ a: { $size: 1.5 } }, 'where.a.$size', 'whole number'],
    [{ a: { $size: -1 } }, 'where.a.$size', 'whole number'],
    [{ a: { $all: 5 } }, 'where.a.$all', 'list of values'],
    [{ a: { $elemMatch: 5 } }, 'where.a.$elemMatch', 'expected an object'],
    [{ a: { $elemMatch: { b: { $foo: 1 } } } }, 'where.a.$elemMatch.b.$foo', 'unknown operator'],
    [{ a: { $elemMatch: { $foo: 1 } } }, 'where.a.$elemMatch.$foo', '$elemMatch'],
    [{ a: { $elemMatch: { $gt: null } } }, 'where.a.$elemMatch.$gt', 'a number'],
    [{ a: { $gt: 1, $with: { as: 'date' } } }, 'where.a.$gt', 'ISO 8601'],
    [{ a: { $in: ['2024', 'x'], $with: { as: 'date' } } }, 'where.a.$in[1]', 'ISO 8601'],
    [{ a: { $gt: new Date(NaN) } }, 'where.a.$gt', 'no time'],
    [{ a: { $gt: 1, $with: { how: 1 } } }, 'where.a.$with.how', 'known are'],
    [{ a: { $gt: 1, $with: { __proto__: null, constructor: 1 } } }, 'where.a.$with.constructor', 'known are'],
    [{ a: { $gt: 1, $with: { arrays: 'some' } } }, 'where.a.$with.arrays', '"whole" or "elements"'],
    [{ a: { $gt: 1, $with: { substrings: true } } }, 'where.a.$with.substrings', '$in, $nin'],
    [{ a: { $exists: true, $with: { as: 'date' } } }, 'where.a.$with.as', 'no operator beside it'],
    [{ a: { $gt: 1, $with: 5 } }, 'where.a.$with', 'object of options'],
    [{ $with: { as: 'date' } }, 'where.$with', 'belongs to a field'],
    [{ a: { $in: ['x'], $with: { substrings: true, fold: 'case' } } }, 'where.a.$in', 'neither as nor fold'],
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

  it('is not hurt by what was made to hurt', () => {
    const where: unknown = JSON.parse('{"__proto__":{"$eq":{"__proto__":1}},"constructor":{"$gt":1},"a.__proto__.b":null}')
    const condition = parseWhere(where)
    expect(Object.hasOwn(Object.prototype, 'b')).toBe(false)
    expect(compileCondition(condition)(JSON.parse('{"__proto__":{"__proto__":1},"constructor":2}'))).toBe(true)
    expect(compileCondition(condition)({})).toBe(false)
    expect(JSON.stringify(formatWhere(condition))).toContain('__proto__')
    const element = (levels: number): unknown => (levels === 0 ? { $gt: 1 } : { $elemMatch: element(levels - 1) })
    expect(refusalOf({ a: element(200) }).message).toContain('deeper')
    expect(refusalOf({ a: { $in: Array(100_000).fill(1) } }).message).toContain('100000 values')
    expect(refusalOf({ ['x.'.repeat(100_000)]: 1 }).message.length).toBeLessThan(2_000)
    expect(refusalOf({ a: { ['$' + 'x'.repeat(100_000)]: 1 } }).message.length).toBeLessThan(2_000)
    expect(refusalOf({ a: { $regex: '('.repeat(500) } }).message.length).toBeLessThan(500)
    const regexes = (count: number) => ({ $or: Array.from({ length: count }, () => ({ a: { $regex: 'x' } })) })
    expect(() => parseWhere(regexes(regexesMax))).not.toThrow()
    expect(refusalOf(regexes(regexesMax + 1)).message).toContain('regular expressions')
  })

  it('refuses whatever is no filter, clearly', () => {
    const piece = fc.oneof(
      fc.constantFrom('$and', '$or', '$not', '$with', '$options', '$elemMatch', '$regex', '$in', '$all', '$type', '$size', '$gt'),
      fc.constantFrom('a', 'a.b', '__proto__', 'as', 'fold', '0', ''),
    )
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        fc.constantFrom<unknown>('x', '(', 'date', 1, -1, true, null, undefined, NaN, new Date(0), /x/, Symbol.iterator, 1n),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(piece, tie('tree'), { maxKeys: 3 }),
      ),
    }))
    let accepted = 0
    const property = fc.property(tree, (input) => {
      try {
        const condition = parseWhere(input)
        accepted++
        expect(parseWhere(formatWhere(condition))).toEqual(condition)
        compileCondition(condition)({ a: [1, 'x', { b: 2 }] })
      } catch (error) {
        if (!(error instanceof QuiverError)) throw error
        expect(error).toMatchObject({ code: 'INVALID_FILTER', details: { place: expect.stringMatching(/^where/) as unknown } })
      }
    })
    fc.assert(property, { numRuns: 3_000 })
    expect(accepted).toBeGreaterThan(0)
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
