import { afterEach, describe, expect, test } from 'vitest'
import { builtInEmbedder } from '../embed/index.js'
import { type Database, open, type Progress } from '../index.js'
import { TestEmbedder } from '../testing/test-embedder.js'

const opened: Database[] = []
afterEach(async () => {
  for (const db of opened.splice(0)) await db.close()
})

async function openDb(url = 'memory:', tuning = {}): Promise<Database> {
  const db = await open(url, { tuning: { embedRetryMs: 5, embedRetryMsMax: 20, ...tuning } })
  opened.push(db)
  return db
}

async function notesOf(db: Database, embedder: TestEmbedder) {
  return db.collection('notes', { indexes: [{ name: 'body', field: 'body', source: 'managed', embedder }] })
}

/** The one record whose vector is at distance 0 of that of a text. */
async function foundBy(notes: Awaited<ReturnType<typeof notesOf>>, text: string): Promise<string[]> {
  const { hits } = await notes.search({ index: 'body', text, maxDistance: 1e-6 })
  return hits.map(({ id }) => id)
}

describe('a managed index', () => {
  test('embeds the texts of records in the background and finds them by text', async () => {
    const db = await openDb()
    const notes = await db.collection('notes', {
      indexes: [{ field: 'body', source: 'managed', embedder: builtInEmbedder({ dimensions: 256 }) }],
    })
    await notes.upsert([
      { id: 'a', body: 'the boundary layer of a wing' },
      { id: 'b', body: 'cats and dogs' },
      { id: 'c', title: 'no body' },
    ])
    await db.settled()
    const { hits } = await notes.search({ text: 'dogs and a cat', limit: 1 })
    expect(hits.map(({ id }) => id)).toEqual(['b'])
    const [index] = await notes.indexes()
    expect(index).toMatchObject({ source: 'managed', dimensions: 256, records: 2 })
    expect(index!.managed).toEqual({ embedder: 'built-in-1/256', status: 'ready', records: 2, embedded: 2, refused: 0 })
  })

  test('begins by itself', async () => {
    const db = await openDb()
    const embedder = new TestEmbedder()
    const notes = await notesOf(db, embedder)
    await notes.upsert([{ id: 'a', body: 'one' }])
    await expect.poll(() => foundBy(notes, 'one')).toEqual(['a'])
  })

  test('embeds a text again only when it changed', async () => {
    const db = await openDb()
    const embedder = new TestEmbedder()
    const notes = await notesOf(db, embedder)
    await notes.upsert([{ id: 'a', body: 'one', n: 1 }, { id: 'b', body: 'two', n: 1 }]) // prettier-ignore
    await db.settled()
    await notes.upsert([{ id: 'a', body: 'one', n: 2 }, { id: 'b', body: 'three', n: 2 }]) // prettier-ignore
    expect((await notes.indexes())[0]!.managed).toMatchObject({ records: 2 })
    await notes.update('a', { n: 3 })
    await notes.update('b', { body: 'three', n: 3 })
    await db.settled()
    expect(embedder.embedded).toEqual(['one', 'two', 'three'])
    expect(await foundBy(notes, 'one')).toEqual(['a'])
    expect(await foundBy(notes, 'two')).toEqual([])
    expect(await foundBy(notes, 'three')).toEqual(['b'])
  })

  test('takes the old vector away with the old text', async () => {
    const db = await openDb('memory:')
    const embedder = new TestEmbedder()
    const notes = await notesOf(db, embedder)
    await notes.upsert([{ id: 'a', body: 'one' }])
    await db.settled()
    embedder.isDead = true
    await notes.update('a', { body: 'two' })
    const { hits } = await notes.search({ vector: embedder.vectorOf('one') })
    expect(hits).toEqual([])
    await expect.poll(async () => (await notes.indexes())[0]!.managed).toMatchObject({ status: 'error', records: 1, embedded: 0, error: expect.stringMatching(/away/) as string }) // prettier-ignore
    await expect(notes.search({ text: 'two', timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'EMBEDDER_FAILED' })
    await expect(db.settled()).rejects.toMatchObject({ code: 'EMBEDDER_FAILED' })
    embedder.isDead = false
    await expect.poll(() => foundBy(notes, 'two')).toEqual(['a'])
    expect((await notes.indexes())[0]!.managed).toEqual({
      embedder: 'test-1',
      status: 'ready',
      records: 1,
      embedded: 1,
      refused: 0,
    })
  })

  test('tells of its progress', async () => {
    const db = await open('memory:', { maintenance: 'manual' })
    opened.push(db)
    const notes = await notesOf(db, new TestEmbedder())
    await notes.upsert(Array.from({ length: 100 }, (_, n) => ({ id: `n${n}`, body: `text ${n}` })))
    expect((await notes.indexes())[0]!.managed).toMatchObject({ status: 'pending', records: 100, embedded: 0 })
    const seen: Progress[] = []
    await db.maintain({ only: ['embed'], onProgress: (progress) => seen.push(progress) })
    expect(seen[0]).toEqual({ task: 'embed', collection: 'notes', done: 0, total: 100 })
    expect(seen.at(-1)).toEqual({ task: 'embed', collection: 'notes', done: 100, total: 100 })
    expect((await notes.indexes())[0]!.managed).toMatchObject({ status: 'ready', embedded: 100 })
  })
})
