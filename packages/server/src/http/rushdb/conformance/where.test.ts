import { beforeAll, describe, expect, it } from 'vitest'
import { servedApi } from '../../../testing/rushdb/api.js'

const api = servedApi()
let ids: Record<string, string>
beforeAll(async () => {
  ids = {}
  const records: Record<string, object> = {
    a: { s: 'Alpha', n: 1, b: true, d: '2020-01-01T00:00:00Z', tags: ['x', 'y'], nums: [1, 5] },
    b: { s: 'beta', n: 30, b: false, d: '2021-06-15T12:30:00.000Z', tags: ['y'] },
    c: { s: 'Gamma.ray', n: '30', d: '2020-01-01' },
    d: {},
    e: { s: ['Alpha', 'omega'], n: 2.5, tags: ['x', 'x'] },
  }
  for (const [name, fields] of Object.entries(records)) ids[name] = (await api.create('T', { name, ...fields })).__id
})

type Found = [what: string, where: object, names: string]
type Refused = [what: string, where: object]

const where = (condition: object) => api.names({ labels: ['T'], where: condition, orderBy: { name: 'asc' } })

describe('values', () => {
  it.each<Found>([
    ['a value is equal', { s: 'beta' }, 'b'],
    ['a list matches by any element', { s: 'Alpha' }, 'ae'],
    ['$eq says the same', { s: { $eq: 'Alpha' } }, 'ae'],
    ['a number is not a text', { n: 30 }, 'b'],
    ['a text is not a number', { n: '30' }, 'c'],
    ['booleans are equal', { b: false }, 'b'],
    ['dates are equal as the texts they came as', { d: '2020-01-01T00:00:00Z' }, 'a'],
    ['another text of the same time is not equal', { d: '2020-01-01T00:00:00.000Z' }, ''],
    ['a list asks for all of its values', { tags: ['x', 'y'] }, 'a'],
    ['a list of one asks for that one', { tags: ['x'] }, 'ae'],
    ['null is a field that is missing', { s: null }, 'd'],
    ['$eq null is a field that is missing', { s: { $eq: null } }, 'd'],
    ['$ne null is a field that is there', { s: { $ne: null } }, 'abce'],
    ['$ne does not match what is missing', { n: { $ne: 30 } }, 'ace'],
    ['$ne on lists: any element differs', { tags: { $ne: 'x' } }, 'ab'],
    ['$in: any element is one of them', { s: { $in: ['beta', 'omega'] } }, 'be'],
    ['$nin: no element is one of them, and there are some', { s: { $nin: ['Alpha'] } }, 'bc'],
    ['$in with null: also what is missing', { s: { $in: ['beta', null] } }, 'bd'],
    ['$nin with null: only what is there', { s: { $nin: ['beta', null] } }, 'ace'],
    ['$exists true', { tags: { $exists: true } }, 'abe'],
    ['$exists false', { tags: { $exists: false } }, 'cd'],
    ['$type number', { n: { $type: 'number' } }, 'abe'],
    ['$type string', { n: { $type: 'string' } }, 'c'],
    ['$type datetime', { d: { $type: 'datetime' } }, 'abc'],
    ['$type boolean', { b: { $type: 'boolean' } }, 'ab'],
    ['$type null is a field that is missing', { s: { $type: 'null' } }, 'd'],
    ['what looks like a reference is a text', { s: '$record.name' }, ''],
    ['names of what objects have are names', JSON.parse('{"__proto__": "x", "constructor": "y"}') as object, ''],
    ['nothing asks for nothing', {}, 'abcde'],
    ['several fields: all', { s: 'Alpha', n: 1 }, 'a'],
  ])('%s', async (_, condition, names) => {
    expect(await where(condition)).toEqual([...names])
  })
})

describe('order', () => {
  it.each<Found>([
    ['$gt, numbers only', { n: { $gt: 1 } }, 'be'],
    ['$gte', { n: { $gte: 2.5 } }, 'be'],
    ['$lt', { n: { $lt: 30 } }, 'ae'],
    ['$lte', { n: { $lte: 1 } }, 'a'],
    ['both ends', { n: { $gte: 2, $lt: 30 } }, 'e'],
    ['a list: any element', { nums: { $gt: 4 } }, 'a'],
    ['dates by time, a day being its first moment', { d: { $gt: '2020-01-01' } }, 'b'],
    ['dates of any notation', { d: { $gte: '2020-01-01' } }, 'abc'],
    ['dates with an offset', { d: { $lt: '2021-06-15T14:31:00+02:00', $gt: '2021-06-15T14:29:00+02:00' } }, 'b'],
    ['a date as an object', { d: { $gte: { $year: 2021 } } }, 'b'],
    ['a date as an object with parts', { d: { $lt: { $year: 2021, $month: 6, $day: 15, $hour: 12, $minute: 30 } } }, 'ac'],
    ['a date as an object is one moment', { d: { $year: 2020 } }, 'ac'],
    ['$eq of such a moment', { d: { $eq: { $year: 2021, $month: 6, $day: 15, $hour: 12, $minute: 30 } } }, 'b'],
    ['$ne of such a moment', { d: { $ne: { $year: 2020 } } }, 'b'],
    ['a date is not compared to numbers', { n: { $gt: '2020-01-01' } }, ''],
    ['a date is not compared to texts', { s: { $gt: '2020-01-01' } }, ''],
  ])('%s', async (_, condition, names) => {
    expect(await where(condition)).toEqual([...names])
  })
})

describe('texts', () => {
  it.each<Found>([
    ['$contains does not see case', { s: { $contains: 'ALPHA' } }, 'ae'],
    ['$contains takes signs as they are', { s: { $contains: 'a.r' } }, 'c'],
    ['$contains is no pattern', { s: { $contains: 'A.*a' } }, ''],
    ['$startsWith sees case', { s: { $startsWith: 'a' } }, ''],
    ['$startsWith', { s: { $startsWith: 'Al' } }, 'ae'],
    ['$endsWith', { s: { $endsWith: 'ray' } }, 'c'],
    ['$endsWith sees case', { s: { $endsWith: 'RAY' } }, ''],
    ['two of them: both', { s: { $startsWith: 'G', $endsWith: 'y' } }, 'c'],
    ['they match no numbers', { n: { $contains: '3' } }, 'c'],
  ])('%s', async (_, condition, names) => {
    expect(await where(condition)).toEqual([...names])
  })
})

describe('groups', () => {
  it.each<Found>([
    ['$and', { $and: [{ s: 'Alpha' }, { n: { $gt: 1 } }] }, 'e'],
    ['$or', { $or: [{ s: 'beta' }, { n: 1 }] }, 'ab'],
    ['$or of an object: any of its fields', { $or: { s: 'beta', n: 1 } }, 'ab'],
    ['$and of an object', { $and: { s: 'Alpha', n: 1 } }, 'a'],
    ['$not: what is missing stays unknown', { $not: { s: 'Alpha' } }, 'bc'],
    ['$not of several: not all of them', { $not: { s: 'beta', n: 30 } }, 'ace'],
    ['$nor', { $nor: [{ s: 'Alpha' }, { n: 30 }] }, 'c'],
    ['$xor of two', { $xor: [{ s: 'Alpha' }, { n: 1 }] }, 'e'],
    ['$xor of three: an odd number', { $xor: [{ s: 'Alpha' }, { n: 1 }, { b: true }] }, 'a'],
    ['groups in groups', { $or: [{ $and: [{ s: 'Alpha' }, { b: true }] }, { $not: { tags: 'x' } }] }, 'ab'],
    ['$or in a field', { s: { $or: [{ $startsWith: 'b' }, { $endsWith: 'ray' }] } }, 'bc'],
    ['$and in a field', { n: { $and: [{ $gt: 1 }, { $lt: 10 }] } }, 'e'],
    ['$not in a field', { s: { $not: { $startsWith: 'b' } } }, 'ace'],
    ['beside fields', { tags: 'y', $or: [{ n: 1 }, { n: 2 }] }, 'a'],
  ])('%s', async (_, condition, names) => {
    expect(await where(condition)).toEqual([...names])
  })
})

describe('ids and labels', () => {
  it.each<[what: string, (ids: Record<string, string>) => object, names: string]>([
    ['$id', ({ a }) => ({ $id: a }), 'a'],
    ['$id in a list', ({ a, c }) => ({ $id: { $in: [a, c] } }), 'ac'],
    ['$id is a text', ({ b }) => ({ $id: { $endsWith: b!.slice(-12) } }), 'b'],
    ['$id is not', ({ b }) => ({ $id: { $ne: b } }), 'acde'],
    ['__id', ({ b }) => ({ __id: b }), 'b'],
    ['__label', () => ({ __label: 'T' }), 'abcde'],
    ['another __label', () => ({ __label: 'Other' }), ''],
    ['with fields', ({ a, b }) => ({ $id: { $in: [a, b] }, n: 30 }), 'b'],
  ])('%s', async (_, condition, names) => {
    expect(await where(condition(ids))).toEqual([...names])
  })
})

describe('what is refused', () => {
  it.each<Refused>([
    ['an empty $in', { s: { $in: [] } }],
    ['an empty $nin', { s: { $nin: [] } }],
    ['values of several types in $in', { n: { $in: [1, 'a'] } }],
    ['an order of texts', { s: { $gt: 'a' } }],
    ['an order of booleans', { b: { $lte: true } }],
    ['a date as an object without a year', { d: { $gt: { $month: 1 } } }],
  ])('%s', async (_, condition) => {
    const { status, json } = await api.ask('POST', '/records/search', { labels: ['T'], where: condition })
    expect([status, json]).toEqual([400, { statusCode: 400, message: expect.any(String), error: 'Bad Request' }])
  })

  it.each<Refused>([
    ['a group of a number', { $or: 3 }],
    ['a text as where', 'all' as unknown as object],
    ['a list as where', [{ s: 'x' }]],
    ['an operator nobody knows', { s: { $sounds: 'x' } }],
    ['$exists of a text', { s: { $exists: 'yes' } }],
    ['depth', JSON.parse('{"$not":'.repeat(500) + '{}' + '}'.repeat(500)) as object],
    ['$in of an object', { s: { $in: { a: 1 } } }],
    ['a list of lists', { s: [[1]] }],
  ])('never a failure of the server: %s', async (_, condition) => {
    const { status } = await api.ask('POST', '/records/search', { labels: ['T'], where: condition })
    expect(status).toBeLessThan(500)
  })
})
