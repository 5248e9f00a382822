import { afterEach, describe, expect, test } from 'vitest'
import { builtInEmbedder } from '../embed/index.js'
import { Database, type IndexOptions, MemoryObjects, MemoryStore, open, type Progress } from '../index.js'
import { TestEmbedder } from '../testing/test-embedder.js'

/** What happens by itself, on a machine that may be busy. */
const soon = <T>(ask: () => T) => expect.poll(ask, { timeout: 10_000 })

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

  test('is searched by words and by their vector together', async () => {
    const db = await openDb()
    const embedder = new TestEmbedder()
    const notes = await notesOf(db, embedder)
    await notes.declareTexts([{ field: 'body' }])
    await notes.upsert([{ id: 'a', body: 'one' }, { id: 'b', body: 'two' }]) // prettier-ignore
    await db.settled()
    const { hits } = await notes.searchHybrid({ text: 'two', limit: 1 })
    expect(hits[0]).toMatchObject({ id: 'b', text: { rank: 1 }, vector: { rank: 1 } })
    await notes.createIndex({ field: 'v', dimensions: 2 })
    await expect(notes.searchHybrid({ text: 'two', index: 'v' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('begins by itself', async () => {
    const db = await openDb()
    const embedder = new TestEmbedder()
    const notes = await notesOf(db, embedder)
    await notes.upsert([{ id: 'a', body: 'one' }])
    await soon(() => foundBy(notes, 'one')).toEqual(['a'])
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
    await soon(async () => (await notes.indexes())[0]!.managed).toMatchObject({ status: 'error', records: 1, embedded: 0, error: expect.stringMatching(/away/) as string }) // prettier-ignore
    await expect(notes.search({ text: 'two', timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'EMBEDDER_FAILED' })
    await expect(db.settled()).rejects.toMatchObject({ code: 'EMBEDDER_FAILED' })
    embedder.isDead = false
    await soon(() => foundBy(notes, 'two')).toEqual(['a'])
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

describe('declaring a managed index', () => {
  test('is possible on live data, for the records of a scope', async () => {
    const db = await openDb()
    const embedder = new TestEmbedder()
    const notes = await db.collection('notes')
    await notes.upsert([
      { id: 'a', data: { body: 'one' }, label: 'x' },
      { id: 'b', data: { body: 'two' }, label: 'y' },
      { id: 'c', data: { body: ['one', 'two'] }, label: 'x' },
      { id: 'd', data: { body: 12 }, label: 'x' },
      { id: 'e', data: { body: ' ' }, label: 'x' },
      { id: 'f', label: 'x' },
    ])
    const made = await notes.createIndex({ name: 'body', field: 'data.body', source: 'managed', embedder, where: { label: 'x' } })
    expect(made.managed).toMatchObject({ records: 3, embedded: 0 })
    await db.settled()
    expect(embedder.embedded.sort()).toEqual(['12', 'one', 'one two'])
    await notes.update('b', { label: 'x' })
    await notes.update('a', { label: 'y' })
    await db.settled()
    expect(embedder.embedded.at(-1)).toBe('two')
    expect(await foundBy(notes, 'one')).toEqual([])
    // The vector of a record that leaves the scope stays with it.
    await notes.update('a', { label: 'x' })
    expect(await foundBy(notes, 'one')).toEqual(['a'])
    expect(embedder.embedded).toHaveLength(4)
  })

  test('asks an embedder for its dimensions only where nobody says them', async () => {
    const db = await openDb()
    const notes = await db.collection('notes')
    const silent = new TestEmbedder('silent', 5, false)
    expect(await notes.createIndex({ field: 'a', source: 'managed', embedder: silent })).toMatchObject({ dimensions: 5 })
    expect(silent.requests).toBe(1)
    expect(await notes.createIndex({ field: 'b', source: 'managed', embedder: silent, dimensions: 5 })).toMatchObject({
      dimensions: 5,
    })
    expect(silent.requests).toBe(1)
    silent.isDead = true
    const failed = notes.createIndex({ field: 'c', source: 'managed', embedder: silent })
    await expect(failed).rejects.toMatchObject({ code: 'EMBEDDER_FAILED' })
  })

  test.each([
    ['without an embedder', { field: 'b', source: 'managed' }, 'INVALID_ARGUMENT'],
    ['with something that is no embedder', { field: 'b', source: 'managed', embedder: { id: 'x' } }, 'INVALID_ARGUMENT'],
    [
      'with an embedder of another size',
      { field: 'b', source: 'managed', dimensions: 9, embedder: new TestEmbedder() },
      'DIMENSION_MISMATCH',
    ],
    ['with an embedder for vectors in fields', { field: 'b', dimensions: 8, embedder: new TestEmbedder() }, 'INVALID_ARGUMENT'],
    ['of another kind by a name that is taken', { name: 'body', field: 'b', dimensions: 8 }, 'ALREADY_EXISTS'],
    [
      'with another scope by a name that is taken',
      { name: 'body', field: 'body', source: 'managed', where: { a: 1 } },
      'ALREADY_EXISTS',
    ],
  ])('is refused %s', async (_, options, code) => {
    const db = await openDb()
    const notes = await notesOf(db, new TestEmbedder())
    const index = options as unknown as IndexOptions
    if (!('name' in options)) await expect(notes.createIndex(index)).rejects.toMatchObject({ code })
    await expect(db.collection('notes', { indexes: [index] })).rejects.toMatchObject({ code })
    expect(await notes.indexes()).toHaveLength(1)
  })

  test('makes its vectors its own business', async () => {
    const db = await openDb()
    const notes = await notesOf(db, new TestEmbedder())
    await notes.upsert([{ id: 'a', body: 'one' }])
    const vector = new Float32Array(8).fill(1)
    const refused = { code: 'INVALID_ARGUMENT' }
    await expect(notes.upsert([{ id: 'b', $vectors: { body: vector } }])).rejects.toMatchObject(refused)
    await expect(notes.update('a', { $vectors: { body: vector } })).rejects.toMatchObject(refused)
    await expect(notes.setVectors('body', [{ id: 'a', vector }])).rejects.toMatchObject(refused)
    await expect(notes.embedWith('none', new TestEmbedder())).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await db.settled()
    expect(await notes.get('a', { vectors: true })).toEqual({ id: 'a', body: 'one', $vectors: {} })
  })
})

describe('the queue', () => {
  test('finds texts that the embedder refuses and goes on with the others', async () => {
    const db = await openDb()
    const embedder = new TestEmbedder()
    embedder.refuses = (text) => text.includes('bad')
    const notes = await notesOf(db, embedder)
    await notes.upsert(Array.from({ length: 40 }, (_, n) => ({ id: `n${n}`, body: n % 13 === 5 ? `bad ${n}` : `good ${n}` })))
    await db.settled()
    const { managed } = (await notes.indexes())[0]!
    expect(managed).toEqual({ embedder: 'test-1', status: 'ready', records: 40, embedded: 37, refused: 3 })
    // Each once, but for the harmless one that shows that the embedder is well.
    const own = embedder.embedded.filter((text) => text !== 'text')
    expect(new Set(own).size).toBe(own.length)
    await notes.update('n5', { body: 'better' })
    await db.settled()
    expect((await notes.indexes())[0]!.managed).toMatchObject({ embedded: 38, refused: 2 })
  })

  test('takes an embedder that refuses everything for one that fails, and resumes when it is well', async () => {
    const db = await openDb()
    const embedder = new TestEmbedder()
    embedder.refuses = () => true
    const notes = await notesOf(db, embedder)
    await notes.upsert(Array.from({ length: 20 }, (_, n) => ({ id: `n${n}`, body: `text ${n}` })))
    await soon(async () => (await notes.indexes())[0]!.managed).toMatchObject({ status: 'error', refused: 0, embedded: 0 })
    embedder.refuses = () => false
    await soon(async () => (await notes.indexes())[0]!.managed).toMatchObject({ status: 'ready', embedded: 20 })
  })

  test('stops at once when the database is closed, whatever the embedder does', async () => {
    const embedder = new TestEmbedder()
    const db = await open('memory:')
    const notes = await notesOf(db, embedder)
    let isAsked = (): void => undefined
    const asked = new Promise<void>((resolve) => (isAsked = resolve))
    embedder.gate = () => {
      isAsked()
      return new Promise<void>(() => undefined)
    }
    await notes.upsert([{ id: 'a', body: 'one' }])
    const settled = db.settled()
    await asked
    await Promise.all([
      db.close(),
      expect(settled).rejects.toMatchObject({ code: expect.stringMatching(/ABORTED|CLOSED/) as string }),
    ])
  })

  test('writes nothing over a text that changed while the old one was embedded', async () => {
    const db = await openDb()
    const embedder = new TestEmbedder()
    const notes = await notesOf(db, embedder)
    embedder.gate = async () => {
      embedder.gate = async () => undefined
      await notes.update('a', { body: 'two' })
    }
    await notes.upsert([{ id: 'a', body: 'one' }])
    await db.settled()
    expect(embedder.embedded).toEqual(['one', 'two'])
    expect([await foundBy(notes, 'one'), await foundBy(notes, 'two')]).toEqual([[], ['a']])
  })

  test('does not disturb transactions that read the records, nor the log', async () => {
    const db = await openDb()
    const notes = await notesOf(db, new TestEmbedder())
    await notes.upsert([{ id: 'a', body: 'one', n: 1 }])
    await db.transaction(async (tx) => {
      const inside = tx.collection('notes')
      expect(await inside.get('a')).toMatchObject({ n: 1 })
      await db.settled()
      await inside.update('a', { n: 2 })
      await inside.upsert([{ id: 'b', body: 'two' }])
      expect((await inside.search({ index: 'body', text: 'one' })).hits).toEqual([])
    })
    await db.settled()
    expect((await notes.search({ text: 'one', limit: 1 })).hits[0]).toMatchObject({ id: 'a', record: { n: 2 } })
    expect(await foundBy(notes, 'two')).toEqual(['b'])
    expect((await db.log()).filter(({ records }) => records > 0)).toHaveLength(2)
  })

  test('is shared by two databases over one folder', async () => {
    const objects = new MemoryObjects()
    const [one, other] = [await Database.over(new MemoryStore(objects)), await Database.over(new MemoryStore(objects))]
    opened.push(one, other)
    const embedder = new TestEmbedder()
    const [here, there] = [await notesOf(one, embedder), await notesOf(other, embedder)]
    const records = Array.from({ length: 200 }, (_, n) => ({ id: `n${n}`, body: `text ${n}` }))
    await Promise.all([here.upsert(records.slice(0, 100)), there.upsert(records.slice(100))])
    await Promise.all([one.settled(), other.settled()])
    for (const notes of [here, there]) {
      expect((await notes.indexes())[0]!.managed).toMatchObject({ status: 'ready', records: 200, embedded: 200 })
      expect(await foundBy(notes, 'text 17')).toEqual(['n17'])
    }
  })
})

describe('another model', () => {
  test('takes the place of the one before, and is never mixed with it', async () => {
    const objects = new MemoryObjects()
    const [one, other] = [await Database.over(new MemoryStore(objects)), await Database.over(new MemoryStore(objects))]
    opened.push(one, other)
    const [before, after] = [new TestEmbedder('model-1', 8), new TestEmbedder('model-2', 6, false)]
    const [here, there] = [await notesOf(one, before), await notesOf(other, before)]
    await here.upsert(Array.from({ length: 30 }, (_, n) => ({ id: `n${n}`, body: `text ${n}` })))
    await one.settled()
    const version = await one.commit('by model 1')
    after.isDead = true
    await expect(here.embedWith('body', after)).rejects.toMatchObject({ code: 'EMBEDDER_FAILED' })
    expect(await foundBy(there, 'text 3')).toEqual(['n3'])
    after.isDead = false
    await here.embedWith('*', after)
    expect((await here.indexes())[0]).toMatchObject({ dimensions: 6, managed: { embedder: 'model-2', records: 30 } })
    await one.settled()
    expect(await foundBy(here, 'text 3')).toEqual(['n3'])
    // The other process has only the old model, which the index is no longer of.
    await expect(there.search({ text: 'text 3' })).rejects.toMatchObject({ code: 'EMBEDDER_FAILED' })
    expect((await there.indexes())[0]!.managed).toMatchObject({ embedder: 'model-2', status: 'ready' })
    const reader = await there.at(version)
    const found = await reader.search({ text: 'text 3', maxDistance: 1e-6 })
    expect(found.hits.map(({ id }) => id)).toEqual(['n3'])
    await reader.close()
  })

  test('is that of the collection when it is opened with it', async () => {
    const db = await openDb()
    const first = await notesOf(db, new TestEmbedder('model-1'))
    await first.upsert([{ id: 'a', body: 'one' }])
    await db.settled()
    const plain = await db.collection('notes', { indexes: [{ name: 'body', field: 'body', source: 'managed' }] })
    expect((await plain.indexes())[0]!.managed).toMatchObject({ embedder: 'model-1' })
    const second = await notesOf(db, new TestEmbedder('model-2'))
    await db.settled()
    expect((await second.indexes())[0]!.managed).toMatchObject({ embedder: 'model-2', status: 'ready', embedded: 1 })
    expect(await db.managedIndexes()).toEqual([{ collection: 'notes', index: 'body', embedder: 'model-2' }])
  })
})

describe('records that are written whole with the same texts', () => {
  test('keep their places in the graph, also in large batches and twice in one', async () => {
    const db = await openDb('memory:', { graphRowsMin: 20, tailRowsMax: 10, flushRows: 10 })
    const embedder = new TestEmbedder()
    const notes = await notesOf(db, embedder)
    const records = Array.from({ length: 100 }, (_, n) => ({ id: `n${n}`, body: `text ${n}`, filler: 'x'.repeat(1_000), n: 1 }))
    await notes.upsert(records)
    await db.settled()
    const graphs = (await notes.indexes())[0]!.graphs
    expect(graphs).toEqual([100])
    expect(await foundBy(notes, 'text 7')).toEqual(['n7'])
    const again = (n: number) => records.map((record) => ({ ...record, n }))
    await notes.upsert(again(2))
    expect((await notes.indexes())[0]).toMatchObject({ unindexed: 0, records: 100, managed: { embedded: 100, status: 'ready' } })
    for (const n of [0, 50, 99]) expect(await foundBy(notes, `text ${n}`)).toEqual([`n${n}`])
    await notes.upsert([...again(3), ...again(4)])
    expect(await notes.count({ where: { n: 4 } })).toBe(100)
    const { hits } = await notes.search({ text: 'text 7', limit: 200, ef: 400 })
    expect(hits).toHaveLength(100)
    for (const n of [0, 50, 99]) expect(await foundBy(notes, `text ${n}`)).toEqual([`n${n}`])
    expect(embedder.embedded).toHaveLength(100)
    expect((await db.check()).problems).toEqual([])
  })
})
