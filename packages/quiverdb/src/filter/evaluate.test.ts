import { describe, expect, it } from 'vitest'
import { compileCondition } from './evaluate.js'
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
  [{ a: { $all: [1, null] } }, [{ a: [1, null] }, { a: [null, 2, 1] }], [{ a: 1 }, { a: [1] }, {}, { a: [[1, null]] }]],
  [{ a: { $all: [1] } }, [{ a: 1 }, { a: [2, 1] }], [{ a: [[1]] }, {}]],
  [{ a: { $all: [] } }, [], [{}, { a: [] }, { a: null }]],
  [{ 'a.b': { $all: [1, 2] } }, [{ a: [{ b: 1 }, { b: 2 }] }], [{ a: [{ b: 1 }] }]],
  [{ a: { $all: [[1, 2], { x: 1 }] } }, [{ a: [{ x: 1 }, [1, 2]] }], [{ a: [1, 2, { x: 1 }] }, { a: [1, 2] }]],
  [{ a: { $contains: 'b' } }, [{ a: 'abc' }, { a: ['x', 'b'] }], [{ a: 'B' }, {}, { a: null }, { a: { b: 1 } }, { a: [['b']] }]],
  [{ a: { $contains: '' } }, [{ a: '' }, { a: 'x' }], [{ a: 1 }, {}, { a: [] }]],
  [{ a: { $startsWith: 'ab' } }, [{ a: 'abc' }], [{ a: 'cab' }, { a: 'Abc' }]],
  [{ a: { $endsWith: 'ab' } }, [{ a: 'cab' }], [{ a: 'abc' }]],
  [{ a: { $regex: '^al', $options: 'i' } }, [{ a: 'Alice' }, { a: ['x', 'ALAN'] }], [{ a: 'Bob' }, { a: 1 }, {}]],
  [{ a: { $regex: '^b.c$' } }, [{ a: 'bxc' }], [{ a: 'a\nbxc' }, { a: 'b\nc' }]],
  [{ a: { $regex: /^b.c$/ms } }, [{ a: 'a\nbxc' }, { a: 'b\nc' }], [{ a: 'B\nc' }]],
  [{ a: { $type: 'number' } }, [{ a: 0 }, { a: ['x', 1] }], [{ a: '1' }, { a: null }, {}]],
  [{ a: { $type: ['null', 'array', 'bool'] } }, [{ a: null }, { a: [] }, { a: false }], [{}, { a: 0 }, { a: {} }]],
  [{ a: { $type: 'object' } }, [{ a: {} }, { a: [{}] }], [{ a: [] }, { a: null }]],
  [{ a: { $size: 2 } }, [{ a: [1, [2]] }], [{ a: [1] }, { a: 'ab' }, { a: [[1, 2]] }, {}]],
  [{ 'a.b': { $size: 1 } }, [{ a: [{ b: [] }, { b: [1] }] }], [{ a: { b: [] } }]],
  [{ a: { $elemMatch: { $gte: 50, $lte: 70 } } }, [{ a: [22, 52] }], [{ a: [22, 82] }, { a: 60 }, { a: [] }, {}]],
  [
    { a: { $elemMatch: { b: 1, c: { $gt: 5 } } } },
    [{ a: [{ b: 2 }, { b: 1, c: 6 }] }],
    [{ a: [{ b: 1 }, { c: 6 }] }, { a: { b: 1, c: 6 } }],
  ],
  [{ a: { $elemMatch: {} } }, [{ a: [null] }, { a: [1] }], [{ a: [] }, { a: 1 }, {}]],
  [{ a: { $elemMatch: { $eq: null } } }, [{ a: [1, null] }], [{ a: [1] }, { a: null }, {}]],
  [{ a: { $elemMatch: { $elemMatch: { $gt: 1 } } } }, [{ a: [[1, 2]] }], [{ a: [2] }, { a: [[1]] }]],
  [{ a: { $elemMatch: { $not: { $gt: 1 }, b: { $exists: false } } } }, [{ a: [2, 0] }], [{ a: [2] }, { a: [{ b: 1 }] }]],
  [{ a: { $elemMatch: { $or: [{ $gt: 90 }, { $lt: 25 }] } } }, [{ a: [50, 95] }], [{ a: [50] }]],
]

/** The same, of what options change. */
const optionExamples: typeof examples = [
  [{ a: { $eq: 'x', $with: { arrays: 'whole' } } }, [{ a: 'x' }], [{ a: ['x'] }]],
  [{ a: { $ne: 'x', $with: { arrays: 'whole', missing: 'unknown' } } }, [{ a: ['x'] }, { a: 1 }], [{ a: 'x' }, {}, { a: null }]],
  [{ a: { $eq: [1], $with: { arrays: 'elements' } } }, [{ a: [[1]] }], [{ a: [1] }]],
  [{ a: { $eq: null, $with: { arrays: 'elements' } } }, [{ a: null }, {}, { a: [null] }], [{ a: [] }]],
  [{ 'a.b': { $eq: null, $with: { collect: true } } }, [{ a: [{}, 1] }, {}, { a: [{ b: null }] }], [{ a: [{ b: 1 }, {}] }]],
  [
    { 'a.b': { $size: 3, $with: { collect: true } } },
    [{ a: [{ b: [1, 2] }, {}, { b: 3 }] }],
    [{ a: [{ b: [1, 2, 3] }, { b: 1 }] }],
  ],
  [
    { 'a.b.c': { $elemMatch: { $gt: 1, $lt: 3 }, $with: { collect: true } } },
    [{ a: [{ b: [{ c: 2 }] }] }],
    [{ a: [{ b: [{ c: 1 }, { c: 3 }] }] }],
  ],
  [{ 'a.b.1': { $eq: 2, $with: { collect: true } } }, [{ a: [{ b: 1 }, { b: 2 }] }], [{ a: [{ b: [1] }] }, { a: [{ b: 2 }] }]],
  [{ $not: { a: { $gt: 1, $with: { missing: 'unknown' } } } }, [{ a: 1 }, { a: 'x' }, { a: [] }], [{}, { a: null }, { a: 2 }]],
  [{ $nor: [{ a: { $gt: 1, $with: { missing: 'unknown' } } }, { b: 1 }] }, [{ a: 1 }], [{}, { a: 1, b: 1 }, { b: 1 }]],
  [{ $or: [{ a: { $gt: 1, $with: { missing: 'unknown' } } }, { b: 1 }] }, [{ b: 1 }, { a: 2 }], [{}]],
  [{ $xor: [{ a: { $gt: 1, $with: { missing: 'unknown' } } }, { b: 1 }] }, [{ a: 1, b: 1 }, { a: 2 }], [{ b: 1 }, {}]],
  [{ $not: { $and: [{ a: { $gt: 1, $with: { missing: 'unknown' } } }, { b: 1 }] } }, [{}, { a: 1 }], [{ b: 1 }, { a: 2, b: 1 }]],
  [
    { a: { $nin: [1, null], $with: { missing: 'unknown' } } },
    [{ a: 2 }, { a: [2] }],
    [{}, { a: null }, { a: [1] }, { a: [null] }],
  ],
  [{ a: { $all: [1], $with: { missing: 'unknown' } } }, [{ a: [1] }], [{}]],
  [
    { a: { $gt: '2024-01-01', $with: { as: 'date' } } },
    [{ a: '2024-01-01T00:00:00.001Z' }, { a: '2023-12-31T23:00-02:00' }],
    [{ a: '2024-01-01T00:00:00.000Z' }, { a: 'x' }, { a: 1e15 }, {}],
  ],
  [{ a: { $lt: new Date('2024-01-01') } }, [{ a: '2023' }], [{ a: '2024-01-01' }, { a: '1' }, { a: 5 }, {}]],
  [
    { a: { $eq: '2024-01-01', $with: { as: 'date' } } },
    [{ a: '2024-01-01T00:00Z' }, { a: ['2024-01'] }],
    [{ a: 1704067200000 }, { a: 'x' }, { a: NaN }],
  ],
  [{ a: { $in: ['2024', null], $with: { as: 'date' } } }, [{ a: '2024-01-01' }, {}, { a: null }], [{ a: 'x' }, { a: 5 }]],
  [{ a: new Date(0) }, [{ a: '1970-01-01T00:00:00.000Z' }], [{ a: '1970-01-01' }, { a: 0 }]],
  [{ a: { $eq: 'STRASSE', $with: { fold: 'case' } } }, [{ a: 'Straße' }, { a: ['strasse'] }], [{ a: 'Strässe' }]],
  [{ a: { $contains: 'ΑΣ', $with: { fold: 'case' } } }, [{ a: 'ας' }, { a: 'ασα' }], [{ a: 'άσ' }]],
  [{ a: { $startsWith: 'cafe', $with: { fold: 'accents' } } }, [{ a: 'café' }, { a: 'cafe\u0301s' }], [{ a: 'Café' }]],
  [{ a: { $in: ['É', 1], $with: { fold: 'both' } } }, [{ a: 'e' }, { a: 1 }], [{ a: '1' }, { a: ['f'] }]],
  [{ a: { $all: ['A', 'b'], $with: { fold: 'case' } } }, [{ a: ['B', 'a'] }], [{ a: ['a'] }]],
  [{ a: { $gt: 'B', $with: { fold: 'case' } } }, [{ a: 'c' }], [{ a: 'a' }, { a: 'b' }]],
  [{ a: { $lt: '\u{1f600}', $with: { order: 'codePoint' } } }, [{ a: '\uf000' }, { a: 'a' }], [{ a: '\u{1f601}' }, { a: 1 }]],
  [{ a: { $gte: 5, $with: { order: 'codePoint' } } }, [{ a: 5 }], [{ a: '5' }]],
  [
    { a: { $in: ['foobar', 12], $with: { substrings: true } } },
    [{ a: 'oo' }, { a: '' }, { a: [] }],
    [{ a: 12 }, { a: 1 }, { a: null }, {}, { a: 'x' }],
  ],
  [
    { a: { $in: ['x,y', '12'], $with: { substrings: true, arrays: 'whole' } } },
    [{ a: ['x', 'y'] }, { a: 1 }, { a: ['y'] }],
    [{ a: ['y', 'x'] }, { a: { toString: 1 } }],
  ],
]

describe('compileCondition', () => {
  it.each([...examples, ...optionExamples])('%j', (where, matching, others) => {
    for (const fields of matching) expect(matches(where, fields), JSON.stringify(fields)).toBe(true)
    for (const fields of others) expect(matches(where, fields), JSON.stringify(fields)).toBe(false)
  })
})
