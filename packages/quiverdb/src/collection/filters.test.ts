import { afterAll, beforeAll, expect, it } from 'vitest'
import { open, where, type Collection, type Database, type Filter } from '../index.js'

interface Note {
  at: Date | string
  tags: string[]
  v: number[]
}

let db: Database
let notes: Collection<Note>

beforeAll(async () => {
  db = await open('memory:', { maintenance: 'manual' })
  notes = await db.collection<Note>('notes', { indexes: [{ field: 'v', dimensions: 2 }] })
  await notes.upsert([
    { id: 'a', at: new Date('2024-01-01T00:00Z'), tags: ['Ai', 'old'], v: [1, 0] },
    { id: 'b', at: '2024-06-01', tags: [], v: [0, 1] },
    { id: 'c', at: '2023-12-31T23:30:00-02:00', tags: ['ai'], v: [0.1, 1] },
  ])
})
afterAll(() => db.close())

const { and, gt, lt, eq, not, size, regex, elemMatch } = where<Note>()
const filters: [Filter, string[]][] = [
  [gt('at', new Date('2024-01-01')), ['b', 'c']],
  [{ at: { $gt: new Date('2024-01-01') } }, ['b', 'c']],
  [{ at: { $gt: '2024-01-01', $with: { as: 'date' } } }, ['b', 'c']],
  [{ at: new Date('2024-01-01') }, ['a']],
  [and(lt('at', new Date('2024-05-01')), eq('tags', 'AI', { fold: 'case' })), ['a', 'c']],
  [{ $or: [size('tags', 0), { tags: 'old' }] }, ['a', 'b']],
  [not(regex('tags', /^a/i)), ['b']],
  [{ id: { $regex: '^[ab]$' } }, ['a', 'b']],
  // The vector is kept apart from the fields, and is there when a filter asks for it.
  [elemMatch('v', { $gt: 0, $lt: 0.5 }), ['c']],
  [{ v: { $size: 2 } }, ['a', 'b', 'c']],
]
it.each(filters)('finds, lists and counts what matches %j', async (filter, ids) => {
  expect((await notes.list({ where: filter })).records.map(({ id }) => id)).toEqual(ids)
  expect(await notes.count({ where: filter })).toBe(ids.length)
  const { hits } = await notes.search({ vector: [1, 1], where: filter })
  expect(hits.map(({ id }) => id).sort()).toEqual(ids)
})

it('keeps what a partial index was declared with, dates and patterns too', async () => {
  const partial = {
    name: 'recent',
    field: 'v',
    dimensions: 2,
    where: { at: { $gt: new Date('2024-01-02') }, $not: { tags: { $regex: /^A/i } } },
  }
  expect(await notes.createIndex(partial)).toMatchObject({
    records: 1,
    where: {
      at: { $gt: '2024-01-02T00:00:00.000Z', $with: { as: 'date' } },
      $not: { tags: { $regex: '^A', $options: 'i' } },
    },
  })
  // Declared again, it is the same.
  await db.collection('notes', { indexes: [{ field: 'v', dimensions: 2 }, partial] })
  const built = await notes.createIndex({ name: 'built', field: 'v', dimensions: 2, where: eq('tags', 'ai') })
  expect(built).toMatchObject({ records: 1, where: { tags: 'ai' } })
  const { hits } = await notes.search({ index: 'recent', vector: [1, 0] })
  expect(hits.map(({ id }) => id)).toEqual(['b'])
})
