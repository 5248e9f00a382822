import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database, MemoryObjects, MemoryStore, open, type Collection, type SortBy, type WhereInput } from '../index.js'
import { compileCondition } from '../filter/evaluate.js'
import { parseWhere } from '../filter/where.js'

/** Small enough that every kind of work happens with little data. */
const tuning = { flushRows: 50, compactParts: 4, fieldRowsMin: 20 }
const rowsCount = 420
type Row = { id: string } & Record<string, unknown>

/** Values of all kinds in the same fields, in an order that is that of no field. */
const rows: Row[] = Array.from({ length: rowsCount }, (_, n) => {
  const k = (n * 211) % rowsCount
  const row: Row = {
    id: `r${k}`,
    n: k % 37,
    year: 1950 + (k % 60) / 4,
    tags: ['a', 'b', 'c', 'd'].filter((_, bit) => (k >> bit) & 1),
  }
  if (k % 5 === 0) row['mixed'] = [null, true, false, -0, 'text', 7.5, { x: 1 }, [3], 'y'.repeat(300)][(k / 5) % 9]
  if (k % 3 !== 0) row['author'] = { name: `name ${k % 11}`, born: k % 2 === 0 ? 1900 + (k % 40) : String(k % 40) }
  return row
})
const wheres: readonly WhereInput[] = [
  {},
  { n: { $lt: 12 } },
  { tags: 'b', year: { $gte: 1953, $lt: 1960 } },
  { $or: [{ mixed: null }, { 'author.name': 'name 3' }] },
  { $not: { tags: { $in: ['a', 'c'] } } },
  { id: { $in: ['r1', 'r7', 'absent'] } },
  { n: -1 },
]

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-filters-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The same records: in memory, in parts without field indexes, in parts with them, and some of each. */
const places = ['memory', 'parts', 'indexed', 'mixed'] as const
async function collectionIn(place: (typeof places)[number]): Promise<{ db: Database; papers: Collection }> {
  const db = await open('memory:', { maintenance: 'manual', tuning: place === 'memory' ? {} : tuning })
  const papers = await db.collection(
    'papers',
    place === 'indexed' ? { fields: ['n', 'tags', 'mixed', 'author.name', 'year'] } : {},
  )
  for (let first = 0; first < rowsCount; first += 60) {
    await papers.upsert(rows.slice(first, first + 60))
    if (place === 'parts' || place === 'indexed' || (place === 'mixed' && first < 240)) await db.maintain()
    if (place === 'mixed' && first === 120) await papers.declareFields(['year', 'mixed', 'author.born'])
  }
  await papers.upsert([
    { ...rows[5]!, n: 1_000 },
    { id: 'gone', n: 3 },
  ])
  await papers.delete('gone')
  await papers.upsert([rows[5]!])
  return { db, papers }
}

const matching = (where: WhereInput): Row[] => rows.filter(compileCondition(parseWhere(where)))

/** What has an order, by its kind and value; undefined where there is none. */
function orderedValue(row: Row, path: string): boolean | number | string | undefined {
  const value = path.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], row)
  return typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string' ? value : undefined
}

function sorted(found: readonly Row[], by: readonly Exclude<SortBy, string>[]): string[] {
  const kinds = ['boolean', 'number', 'string']
  const compare = (a: Row, b: Row): number => {
    for (const { field, order, missing } of by) {
      const [x, y] = [orderedValue(a, field), orderedValue(b, field)]
      if (x === undefined || y === undefined) {
        if (x !== y) return (x === undefined) === (missing === 'first') ? -1 : 1
        continue
      }
      const sign = kinds.indexOf(typeof x) - kinds.indexOf(typeof y) || (x < y ? -1 : x > y ? 1 : 0)
      if (sign !== 0) return order === 'desc' ? -sign : sign
    }
    return a.id < b.id ? -1 : 1
  }
  return [...found].sort(compare).map(({ id }) => id)
}

describe.each(places)('queries over records in %s', (place) => {
  let db: Database
  let papers: Collection
  beforeAll(async () => {
    ;({ db, papers } = await collectionIn(place))
  })
  afterAll(() => db.close())

  it('count and list what matches', async () => {
    for (const where of wheres) {
      const expected = matching(where).map(({ id }) => id)
      expect(await papers.count({ where }), JSON.stringify(where)).toBe(expected.length)
      const { records } = await papers.list({ where, limit: 1_000 })
      expect(records.map(({ id }) => id)).toEqual(expected.sort())
    }
  })

  it('list in any order, page by page', async () => {
    const by = fc.record({
      field: fc.constantFrom('n', 'year', 'mixed', 'tags', 'author.name', 'author.born', 'absent', 'id'),
      order: fc.constantFrom('asc' as const, 'desc' as const),
      missing: fc.constantFrom('first' as const, 'last' as const),
    })
    const property = fc.asyncProperty(
      fc.constantFrom(...wheres),
      // The order of ids alone is found in another way.
      fc.oneof(fc.array(by, { minLength: 1, maxLength: 3 }), fc.tuple(by.map((one) => ({ ...one, field: 'id' })))),
      fc.integer({ min: 1, max: 150 }),
      async (where, orderBy, limit) => {
        const listed: string[] = []
        for (let after: string | undefined; ;) {
          const page = await papers.list({ where, orderBy, limit, after, fields: [] })
          listed.push(...page.records.map(({ id }) => id))
          expect(page.records.length).toBeLessThanOrEqual(limit)
          if (!(after = page.next)) break
          expect(page.records.length).toBe(limit)
        }
        expect(listed).toEqual(sorted(matching(where), orderBy))
      },
    )
    await fc.assert(property, { numRuns: 25 })
  })

  it('counts values', async () => {
    for (const where of wheres) {
      for (const field of ['n', 'tags', 'mixed', 'author.name', 'absent']) {
        const expected = new Map<unknown, number>()
        for (const row of matching(where)) {
          const value = field.split('.').reduce<unknown>((at, name) => (at as Row | undefined)?.[name], row)
          const scalars = new Set([value].flat().filter((one) => one !== undefined && (one === null || typeof one !== 'object')))
          for (const one of scalars) expected.set(one === 0 ? 0 : one, (expected.get(one === 0 ? 0 : one) ?? 0) + 1)
        }
        const found = await papers.distinct(field, { where, limit: 1_000 })
        expect(new Map(found.map(({ value, count }) => [value, count])), `${field} ${JSON.stringify(where)}`).toEqual(expected)
        const facets = await papers.facets({ fields: [field, 'year'], where, limit: 5 })
        const frequencies = [...expected.values()].sort((a, b) => b - a)
        expect(facets[field]!.map(({ count }) => count)).toEqual(frequencies.slice(0, 5))
        for (const { value, count } of facets[field]!) expect(expected.get(value)).toBe(count)
      }
    }
    expect((await papers.distinct('mixed')).map(({ value }) => value)).toEqual([
      null, false, true, 0, 3, 7.5, 'text', 'y'.repeat(300),
    ]) // prettier-ignore
    expect((await papers.facets({ fields: ['tags'] }))['tags']!.map(({ value }) => value).sort()).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('writes by a condition', () => {
  it.each(places)('change and remove what matches, in %s', async (place) => {
    const { db, papers } = await collectionIn(place)
    const before = await db.version()
    const where = { tags: 'b', n: { $lt: 20 } }
    const ids = matching(where).map(({ id }) => id)
    const changed = await papers.update({ where, set: { n: 500, mixed: undefined } })
    expect(changed.updated).toBe(ids.length)
    expect(changed.version).toBe(`main@${Number(before.slice(5)) + 1}`)
    expect(await papers.count({ where })).toBe(0)
    expect(await papers.count({ where: { n: 500, mixed: { $exists: false }, tags: 'b' } })).toBe(ids.length)
    expect((await papers.delete({ where: { n: 500 } })).deleted).toBe(ids.length)
    expect(await papers.count()).toBe(rowsCount - ids.length)
    const version = await db.version()
    expect(await papers.delete({ where: { n: 500 } })).toEqual({ deleted: 0, version })
    expect(await papers.update({ where: { n: 500 }, set: { n: 1 } })).toEqual({ updated: 0, version })
    const old = await papers.at(before)
    expect(await old.count({ where })).toBe(ids.length)
    await old.close()
    await db.close()
  })

  it('are about what is there when they are made', async () => {
    const { db, papers } = await collectionIn('indexed')
    const both = await Promise.all([
      papers.update({ where: { n: 3 }, set: { n: 4 } }),
      papers.update({ where: { n: 4 }, set: { n: 5 } }),
      papers.delete({ where: { n: 5 } }),
    ])
    const counts = [3, 4, 5].map((n) => matching({ n }).length)
    expect(both.map((one) => ('updated' in one ? one.updated : one.deleted))).toEqual([
      counts[0],
      counts[0]! + counts[1]!,
      counts[0]! + counts[1]! + counts[2]!,
    ])
    expect(await papers.count({ where: { n: { $in: [3, 4, 5] } } })).toBe(0)
    await db.close()
  })

  it('are part of a transaction, and reads of it', async () => {
    const { db, papers } = await collectionIn('indexed')
    const expected = matching({ n: { $lt: 3 } }).length
    await db.transaction(async (tx) => {
      const inside = tx.collection('papers')
      await inside.upsert([{ id: 'new', n: 1 }])
      expect(await inside.update({ where: { n: { $lt: 3 } }, set: { n: 900 } })).toBe(expected + 1)
      expect(await inside.delete({ where: { n: 900, tags: 'a' } })).toBe(matching({ n: { $lt: 3 }, tags: 'a' }).length)
      expect((await inside.distinct('n', { where: { n: { $gt: 100 } } }))[0]).toMatchObject({ value: 900 })
      expect(await inside.delete({ where: { n: 12345 } })).toBe(0)
    })
    expect(await papers.count({ where: { n: { $lt: 3 } } })).toBe(0)
    const conflicting = db.transaction(async (tx) => {
      await tx.collection('papers').update({ where: { n: 900 }, set: { n: 901 } })
      await papers.upsert([{ id: 'other', n: 900 }])
    })
    await expect(conflicting).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await papers.count({ where: { n: 901 } })).toBe(0)
    await db.close()
  })
})

describe('a query that is none', () => {
  it('is refused before anything is written', async () => {
    const db = await open('memory:', { maintenance: 'manual' })
    const papers = await db.collection('papers')
    await papers.upsert(rows.slice(0, 20))
    const version = await db.version()
    const { next } = await papers.list({ orderBy: 'n', limit: 5 })
    const bad: [() => Promise<unknown>, string][] = [
      [() => papers.list({ orderBy: [] }), 'INVALID_ARGUMENT'],
      [() => papers.list({ orderBy: 'a..b' }), 'INVALID_ARGUMENT'],
      [() => papers.list({ orderBy: { field: 'n', order: 'up' as 'asc' } }), 'INVALID_ARGUMENT'],
      [() => papers.list({ orderBy: Array.from({ length: 9 }, (): SortBy => 'n') }), 'INVALID_ARGUMENT'],
      [() => papers.list({ orderBy: 'n', after: 'r3' }), 'INVALID_ARGUMENT'],
      [() => papers.list({ orderBy: { field: 'n', order: 'desc' }, after: next! }), 'INVALID_ARGUMENT'],
      [() => papers.distinct('id'), 'INVALID_ARGUMENT'],
      [() => papers.distinct('n', { limit: 0 }), 'INVALID_ARGUMENT'],
      [() => papers.facets({ fields: [] }), 'INVALID_ARGUMENT'],
      [() => papers.facets({ fields: ['n'], where: { n: { $foo: 1 } } }), 'INVALID_FILTER'],
      [() => papers.delete({} as { where: WhereInput }), 'INVALID_ARGUMENT'],
      [() => papers.delete({ where: undefined } as unknown as { where: WhereInput }), 'INVALID_ARGUMENT'],
      [() => papers.delete({ where: { n: { $foo: 1 } } as WhereInput }), 'INVALID_FILTER'],
      [() => papers.update({ where: {} } as { where: WhereInput; set: Row }), 'INVALID_ARGUMENT'],
      [() => papers.update({ where: {}, set: { id: 'x' } }), 'INVALID_ID'],
      [() => papers.update({ where: {}, set: { n: NaN } }), 'INVALID_RECORD'],
      [() => papers.declareFields(['id']), 'INVALID_ARGUMENT'],
      [() => papers.declareFields(['']), 'INVALID_ARGUMENT'],
      [() => papers.declareFields(Array.from({ length: 65 }, (_, n) => `f${n}`)), 'LIMIT_EXCEEDED'],
      [() => papers.dropFields(['n']), 'NOT_FOUND'],
      [() => db.collection('papers', { fields: ['$vectors.x'] }), 'INVALID_ARGUMENT'],
    ]
    for (const [call, code] of bad) await expect(call(), call.toString()).rejects.toMatchObject({ code })
    expect(await db.version()).toBe(version)
    expect(await papers.count()).toBe(20)
    await db.close()
  })
})

describe('field indexes', () => {
  it('are made with parts, for older parts, and anew for other declarations', async () => {
    const path = join(folder, 'declared')
    const db = await open(path, { maintenance: 'manual', tuning: { ...tuning, compactParts: 100 } })
    const papers = await db.collection('papers')
    await papers.upsert(rows.slice(0, 200))
    await db.maintain()
    expect(await papers.fields()).toEqual([])
    await papers.declareFields(['n', 'tags'])
    await papers.declareFields(['tags'])
    await papers.upsert(rows.slice(200, 300))
    expect(await papers.fields()).toEqual(['n', 'tags'].map((path) => ({ path, indexed: 0, unindexed: 300 })))
    await db.maintain({ only: ['flush'] })
    expect((await papers.fields())[0]).toMatchObject({ indexed: 100, unindexed: 200 })
    await db.maintain({ only: ['fields'] })
    expect((await papers.fields())[0]).toMatchObject({ indexed: 300, unindexed: 0 })
    const named = await db.commit('with n')
    await papers.dropFields(['n'])
    await papers.declareFields(['year'])
    await db.maintain({ only: ['fields'] })
    expect(await papers.fields()).toEqual(['tags', 'year'].map((path) => ({ path, indexed: 300, unindexed: 0 })))
    await db.maintain({ only: ['snapshot'] })
    await db.close()
    const again = await open(path, { maintenance: 'manual', tuning, retention: { versionsMs: 0, uploadMs: 0 } })
    const reopened = await again.collection('papers')
    expect((await reopened.fields())[1]).toEqual({ path: 'year', indexed: 300, unindexed: 0 })
    await again.maintain({ only: ['collect'] })
    const old = await reopened.at(named)
    expect(await old.count({ where: { n: { $lt: 9 } } })).toBe(rows.slice(0, 300).filter(({ n }) => (n as number) < 9).length)
    await old.close()
    await again.maintain()
    expect((await again.check()).problems).toEqual([])
    await reopened.dropFields(['tags', 'year'])
    expect(await reopened.fields()).toEqual([])
    expect(await reopened.count({ where: { tags: 'a' } })).toBe(
      rows.slice(0, 300).filter(({ tags }) => (tags as string[]).includes('a')).length,
    )
    await again.close()
  })

  it('are found out by a check where they are not those of their rows', async () => {
    const objects = new MemoryObjects()
    const db = await Database.over(new MemoryStore(objects), { maintenance: 'manual', tuning })
    for (const [place, name] of ['one', 'two'].entries()) {
      const collection = await db.collection(name, { fields: ['n'] })
      await collection.upsert(Array.from({ length: 60 }, (_, n) => ({ id: `r${n}`, n: n * (place + 1) })))
      await db.maintain({ only: ['flush', 'fields'] })
    }
    expect((await db.check()).problems).toEqual([])
    const [first, second] = [...objects.keys()].filter((key) => key.startsWith('ns/default/fields/'))
    objects.set(first!, objects.get(second!)!)
    expect((await db.check()).problems).toMatchObject([{ kind: 'damaged', key: first }])
    await db.close()
  })

  it('leave a field to its vector index', async () => {
    const db = await open('memory:', { maintenance: 'manual', tuning })
    const papers = await db.collection('papers', { fields: ['v', 'n'], indexes: [{ field: 'v', dimensions: 2 }] })
    await papers.upsert(Array.from({ length: 100 }, (_, n) => ({ id: `r${n}`, n, v: [n, 1] })))
    await db.maintain()
    expect(await papers.count({ where: { v: 7, n: { $gte: 5 } } })).toBe(1)
    expect(await papers.count({ where: { v: null } })).toBe(0)
    expect((await papers.distinct('v', { where: { n: 7 } })).map(({ value }) => value)).toEqual([1, 7])
    expect((await db.check()).problems).toEqual([])
    await db.close()
  })
})
