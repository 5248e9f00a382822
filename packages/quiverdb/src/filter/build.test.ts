import { describe, expect, it } from 'vitest'
import { where } from './build.js'
import type { Condition } from './condition.js'
import { compileCondition } from './evaluate.js'
import { parseWhere } from './where.js'

interface Paper {
  title: string
  year: number
  published: Date
  kind: 'article' | 'book'
  tags: string[]
  authors: { name: string; born?: number; homes: { city: string }[] }[]
  journal?: { name: string; issue: { number: number } }
  extra: unknown
  embedding: Float32Array
}

const { and, or, not, eq, ne, gt, gte, lt, contains, regex, exists, elemMatch, size, type, all, always, nin, ...rest } =
  where<Paper>()

describe('where()', () => {
  const built: [{ condition: Condition }, object][] = [
    [eq('year', 1955), { year: 1955 }],
    [gte('journal.issue.number', 3), { 'journal.issue.number': { $gte: 3 } }],
    [eq('authors.name', 'Simon'), { 'authors.name': 'Simon' }],
    [eq('authors.0.homes.1.city', 'Bonn'), { 'authors.0.homes.1.city': 'Bonn' }],
    [eq('tags', 'ai'), { tags: 'ai' }],
    [eq('tags', ['ai']), { tags: ['ai'] }],
    [
      ne('title', 'X', { fold: 'case', missing: 'unknown' }),
      { title: { $ne: 'X', $with: { fold: 'case', missing: 'unknown' } } },
    ],
    [gt('published', new Date(0)), { published: { $gt: '1970-01-01T00:00:00.000Z', $with: { as: 'date' } } }],
    [lt('extra.anything.at.all', 5), { 'extra.anything.at.all': { $lt: 5 } }],
    [rest.in('kind', ['book', null]), { kind: { $in: ['book', null] } }],
    [nin('tags', ['a', 'b']), { tags: { $nin: ['a', 'b'] } }],
    [all('tags', ['a', 'b']), { tags: { $all: ['a', 'b'] } }],
    [contains('title', 'x', { fold: 'both' }), { title: { $contains: 'x', $with: { fold: 'both' } } }],
    [rest.startsWith('title', 'x'), { title: { $startsWith: 'x' } }],
    [rest.endsWith('title', 'x'), { title: { $endsWith: 'x' } }],
    [rest.lte('year', 5), { year: { $lte: 5 } }],
    [regex('title', /^a/i), { title: { $regex: '^a', $options: 'i' } }],
    [type('extra', ['null', 'array']), { extra: { $type: ['null', 'array'] } }],
    [size('tags', 0), { tags: { $size: 0 } }],
    [elemMatch('authors', and({ name: 'A' }, { born: 1 })), { authors: { $elemMatch: { $and: [{ name: 'A' }, { born: 1 }] } } }],
    [elemMatch('tags', { $gt: 'a', $lt: 'c' }), { tags: { $elemMatch: { $gt: 'a', $lt: 'c' } } }],
    [exists('journal'), { journal: { $exists: true } }],
    [exists('journal', false), { journal: { $exists: false } }],
    [always(), {}],
    [
      and(eq('year', 1), or(contains('title', 'x'), { tags: 'y' }), not(always())),
      { $and: [{ year: 1 }, { $or: [{ title: { $contains: 'x' } }, { tags: 'y' }] }, { $not: {} }] },
    ],
    [rest.nor(always()), { $nor: [{}] }],
    [rest.xor(always(), eq('year', 1)), { $xor: [{}, { year: 1 }] }],
  ]
  it.each(built)('builds what is written as %#', (filter, written) => {
    expect(filter.condition).toEqual(parseWhere(written))
    expect(parseWhere(JSON.parse(JSON.stringify(filter)))).toEqual(filter.condition)
  })

  it('checks paths and values by the type of the records', () => {
    const { eq: any } = where()
    expect(any('what.ever', { a: [1] }).condition).toEqual({ op: 'eq', path: 'what.ever', value: { a: [1] } })
    // @ts-expect-error -- no such field
    expect(eq('yeer', 1)).toBeDefined()
    // @ts-expect-error -- no such field within
    expect(eq('journal.issue.page', 1)).toBeDefined()
    // @ts-expect-error -- years are numbers
    expect(eq('year', '1955')).toBeDefined()
    // @ts-expect-error -- not one of the kinds
    expect(rest.in('kind', ['thesis'])).toBeDefined()
    // @ts-expect-error -- a list has no order
    expect(() => gt('embedding', [1])).toThrow('expected a number')
  })

  it('stands among written conditions, and counts as they do', () => {
    expect(parseWhere({ $or: [eq('year', 1), { title: 'x' }], $not: exists('journal') })).toEqual(
      parseWhere({ $or: [{ year: 1 }, { title: 'x' }], $not: { journal: { $exists: true } } }),
    )
    const many = or(...Array.from({ length: 500 }, (_, i) => eq('year', i)))
    expect(() => and(many, many)).toThrow('more than 1000')
    let deep = eq('year', 1)
    for (let level = 1; level < 32; level++) deep = not(deep)
    expect(compileCondition(deep.condition)({ year: 1 })).toBe(false)
    expect(() => not(deep)).toThrow('deeper')
    const regexes = or(...Array.from({ length: 40 }, () => regex('title', 'x')))
    expect(() => and(regexes, regexes)).toThrow('regular expressions')
  })

  it('refuses as a written filter would', () => {
    expect(() => and()).toThrow('where.$and: expected a list of at least one condition')
    expect(() => where().eq('$or', [{ a: 1 }])).toThrow('where.$or')
    expect(() => where().eq('', 1)).toThrow('empty part')
    expect(() => regex('title', '(?=x)')).toThrow('where.title.$regex')
    expect(where().eq('__proto__', 1).condition).toEqual({ op: 'eq', path: '__proto__', value: 1 })
  })
})
