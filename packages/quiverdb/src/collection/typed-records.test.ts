import { afterAll, beforeAll, expect, expectTypeOf, it } from 'vitest'
import {
  open,
  type Collection,
  type CollectionVersion,
  type Database,
  type Hit,
  type Stored,
  type VectorInput,
} from '../index.js'

type Paper = { title: string; year?: number; embedding: number[] | null; tags: ('a' | 'b')[] }

let db: Database
let papers: Collection<Paper>

beforeAll(async () => {
  db = await open('memory:')
  papers = await db.collection<Paper>('papers', { indexes: [{ field: 'embedding', dimensions: 2 }] })
})
afterAll(() => db.close())

it('what is read has the type of what is written, and an id', async () => {
  expectTypeOf<Stored<Paper>>().toExtend<{ id: string; title: string; year?: number }>()
  await papers.upsert([
    { title: 'x', embedding: [1, 0], tags: ['a'] },
    { id: 'p', title: 'y', embedding: null, tags: [] },
  ])
  const paper = await papers.get('p')
  expectTypeOf(paper).toEqualTypeOf<Stored<Paper> | null>()
  expectTypeOf(paper!.title).toEqualTypeOf<string>()
  expectTypeOf(paper!.tags).toEqualTypeOf<('a' | 'b')[]>()
  expectTypeOf(await papers.getMany(['p'])).toEqualTypeOf<(Stored<Paper> | null)[]>()
  const { hits } = await papers.search({ vector: [1, 0] })
  expectTypeOf(hits).toEqualTypeOf<readonly Hit<Paper>[]>()
  expectTypeOf(hits[0]!.record.year).toEqualTypeOf<number | undefined>()
  expectTypeOf((await papers.list()).records[0]!.title).toEqualTypeOf<string>()
  expectTypeOf(await papers.at(await db.version())).toEqualTypeOf<CollectionVersion<Paper>>()
  expect(paper!.title).toBe('y')
})

it('what is no record of the collection does not compile', async () => {
  const calls = [
    // @ts-expect-error: a field is missing
    () => papers.upsert([{ title: 'x', embedding: null }]),
    // @ts-expect-error: a field of another type
    () => papers.upsert([{ title: 5, embedding: null, tags: [] }]),
    // @ts-expect-error: an id is text
    () => papers.upsert([{ id: 5, title: 'x', embedding: null, tags: [] }]),
    // @ts-expect-error: a field of another type
    () => papers.update('p', { year: '1958' }),
    // @ts-expect-error: no such option
    () => papers.search({ vector: [1, 0], topK: 5 }),
    // @ts-expect-error: no such metric
    () => papers.createIndex({ field: 'x', dimensions: 2, metric: 'l1' }),
  ]
  expect(calls).toHaveLength(6)
})

it('a patch names some of the fields; a record of any shape has any', async () => {
  await papers.update('p', { year: 1958 })
  await papers.update([{ id: 'p', title: 'z' }])
  expect(await papers.get('p')).toEqual({ id: 'p', title: 'z', year: 1958, embedding: null, tags: [] })
  const any = await db.collection('any')
  expectTypeOf<number[]>().toExtend<VectorInput>()
  expectTypeOf<Float32Array>().toExtend<VectorInput>()
  await any.upsert([{ id: 'x', whatever: [1, { y: null }] }])
  const record = (await any.get('x'))!
  expectTypeOf(record['anything']).toEqualTypeOf<unknown>()
  expect(record).toEqual({ id: 'x', whatever: [1, { y: null }] })
})

it('an interface describes records as a type does', async () => {
  interface Note {
    text: string
    stars: number
  }
  const notes = await db.collection<Note>('notes')
  await notes.upsert([{ id: 'n', text: 'x', stars: 3 }])
  expectTypeOf((await notes.get('n'))!.stars).toEqualTypeOf<number>()
  await db.transaction(async (tx) => {
    const inside = tx.collection<Note>('notes')
    expectTypeOf((await inside.get('n'))!.text).toEqualTypeOf<string>()
    await inside.update('n', { stars: 4 })
  })
  expect(await notes.get('n')).toEqual({ id: 'n', text: 'x', stars: 4 })
})
