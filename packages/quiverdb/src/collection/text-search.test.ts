import { afterEach, describe, expect, it } from 'vitest'
import { Database, MemoryObjects, MemoryStore, type Collection, type TextQuery } from '../index.js'

const databases: Database[] = []
afterEach(async () => {
  for (const db of databases.splice(0)) await db.close()
})

async function opened(objects = new MemoryObjects(), tuning: object = {}): Promise<Database> {
  const db = await Database.over(new MemoryStore(objects), { maintenance: 'manual', tuning })
  databases.push(db)
  return db
}

const papers = [
  { id: 'p1', year: 1958, abstract: 'On the separation of boundary layers' },
  { id: 'p2', year: 1960, abstract: 'Heat transfer through a layer of gas; the layered layers' },
  { id: 'p3', year: 1961, abstract: ['Naïve theories', 'of wings'], notes: { de: 'Flügel und Häuser' } },
  { id: 'p4', year: 1962, abstract: null },
  { id: 'p5', year: 1963 },
]

async function withPapers(db: Database): Promise<Collection> {
  const collection = await db.collection('papers', { texts: [{ field: 'abstract', language: 'english' }] })
  await collection.upsert(papers)
  return collection
}

const idsOf = async (collection: Collection, query: TextQuery): Promise<string[]> =>
  (await collection.searchText(query)).hits.map(({ id }) => id)

describe('a search by words', () => {
  it('finds words by their stems, the rare and the frequent in a short text first', async () => {
    const collection = await withPapers(await opened())
    const { hits, matches, complete, version } = await collection.searchText({ text: 'Layer!', fields: ['year'] })
    expect(hits.map(({ id }) => id)).toEqual(['p2', 'p1'])
    expect(hits[0]!.record).toEqual({ id: 'p2', year: 1960 })
    expect(hits[0]!.score).toBeGreaterThan(hits[1]!.score)
    expect({ matches, complete, version }).toEqual({ matches: 2, complete: true, version: 'main@3' })
    expect(await idsOf(collection, { text: 'NAIVE theory' })).toEqual(['p3'])
    expect(await idsOf(collection, { text: 'layer wing' })).toEqual(['p3', 'p2', 'p1'])
    expect(await idsOf(collection, { text: 'layer gas', operator: 'and' })).toEqual(['p2'])
    expect(await idsOf(collection, { text: 'layer unheard', operator: 'and' })).toEqual([])
    expect(await idsOf(collection, { text: 'layer', where: { year: { $lt: 1960 } } })).toEqual(['p1'])
    expect(await idsOf(collection, { text: 'layer', limit: 1, offset: 1 })).toEqual(['p1'])
  })

  it('tells what scores were made of', async () => {
    const collection = await withPapers(await opened())
    const { explanation } = await collection.searchText({ text: 'the wings of layers', explain: true })
    expect(explanation).toEqual({
      terms: [
        { term: 'layer', records: 2 },
        { term: 'wing', records: 1 },
      ],
      records: 3,
      averageLength: 4,
    })
  })

  it.each(['', '   ', 'the of and', '?!', '\ud800', '😀'])('finds nothing where the query says nothing: %j', async (text) => {
    const collection = await withPapers(await opened())
    for (const operator of ['or', 'and'] as const)
      expect(await collection.searchText({ text, operator })).toMatchObject({ hits: [], matches: 0, complete: true })
  })

  it('gives equal scores in the order of ids, wherever the rows lie', async () => {
    const db = await opened(undefined, { flushRows: 1 })
    const collection = await db.collection('same', { texts: [{ field: 't' }] })
    const ids = Array.from({ length: 60 }, (_, n) => `r${String((n * 37) % 60).padStart(2, '0')}`)
    for (let first = 0; first < 60; first += 20) {
      await collection.upsert(ids.slice(first, first + 20).map((id) => ({ id, t: 'same words' })))
      if (first < 40) await db.maintain({ only: ['flush'] })
    }
    expect(await idsOf(collection, { text: 'words', limit: 25, offset: 10 })).toEqual([...ids].sort().slice(10, 35))
  })

  it('takes words of any length, and texts as long as a record may be', async () => {
    const collection = await (await opened()).collection('long', { texts: [{ field: 't', language: 'english' }] })
    const long = 'x'.repeat(2_000_000)
    await collection.upsert([
      { id: 'one', t: long },
      { id: 'many', t: 'aero dynamic '.repeat(150_000) },
      { id: 'odd', t: 'a\ud800b \udc00 𐐀𐐀' },
    ])
    expect(await idsOf(collection, { text: 'x'.repeat(64) })).toEqual(['one'])
    expect(await idsOf(collection, { text: 'dynamics' })).toEqual(['many'])
    expect(await idsOf(collection, { text: '𐐨𐐨' })).toEqual(['odd'])
    await expect(collection.searchText({ text: 'y'.repeat(10_000_000) })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('stops when its time is up, and when it is aborted', async () => {
    const collection = await withPapers(await opened())
    expect(await collection.searchText({ text: 'layer', timeoutMs: 0 })).toMatchObject({ hits: [], complete: false })
    await expect(collection.searchText({ text: 'layer', signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await idsOf(collection, { text: 'layer', timeoutMs: 60_000 })).toHaveLength(2)
  })
})

describe('text indexes', () => {
  it('are declared, told and dropped', async () => {
    const db = await opened(undefined, { flushRows: 1 })
    const collection = await withPapers(db)
    await collection.declareTexts([
      { field: 'abstract', language: 'english' },
      { field: 'notes.de', language: 'german' },
    ])
    const [abstract] = await collection.texts()
    expect(abstract).toEqual({ field: 'abstract', language: 'english', analyser: 'english-1', indexed: 0, unindexed: 5 })
    await db.maintain({ only: ['flush'] })
    expect((await collection.texts()).map(({ indexed }) => indexed)).toEqual([5, 5])
    await expect(collection.searchText({ text: 'haus' })).rejects.toMatchObject({ code: 'AMBIGUOUS_INDEX' })
    expect(await idsOf(collection, { text: 'haus', field: 'notes.de' })).toEqual(['p3'])
    await expect(collection.declareTexts([{ field: 'abstract' }])).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await collection.dropTexts(['abstract'])
    await expect(collection.searchText({ text: 'x', field: 'abstract' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(collection.dropTexts(['abstract'])).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await collection.declareTexts([{ field: 'abstract' }])
    expect(await idsOf(collection, { text: 'layers', field: 'abstract' })).toEqual(['p1', 'p2'])
    expect(await idsOf(collection, { text: 'the', field: 'abstract' })).toEqual(['p1', 'p2'])
  })

  it.each([
    [[{ field: 'a..b' }], 'INVALID_ARGUMENT'],
    [[{ field: 'id' }], 'INVALID_ARGUMENT'],
    [[{ field: 'a', language: 'klingon' }], 'INVALID_ARGUMENT'],
    [[{ field: 'a' }, { field: 'a', language: 'english' }], 'INVALID_ARGUMENT'],
    [Array.from({ length: 17 }, (_, n) => ({ field: `f${n}` })), 'LIMIT_EXCEEDED'],
    ['a', 'INVALID_ARGUMENT'],
  ])('are refused where they make no sense: %j', async (texts, code) => {
    const collection = await (await opened()).collection('c')
    await expect(collection.declareTexts(texts as never)).rejects.toMatchObject({ code })
    expect(await collection.texts()).toEqual([])
    await expect(collection.searchText({ text: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('are made in memory of parts that have none, and give the same', async () => {
    const objects = new MemoryObjects()
    const db = await opened(objects, { fieldRowsMin: 100, flushRows: 1 })
    const collection = await db.collection('late')
    await collection.upsert(
      Array.from({ length: 300 }, (_, n) => ({ id: `r${n}`, t: `word${n % 7} and ${'more '.repeat(n % 5)}` })),
    )
    await db.maintain({ only: ['flush'] })
    await collection.delete(['r7', 'r14'])
    await collection.declareTexts([{ field: 't' }])
    const query = { text: 'word0 more', limit: 300 }
    const before = await collection.searchText(query)
    expect((await collection.texts())[0]).toMatchObject({ indexed: 0, unindexed: 298 })
    expect(await collection.searchText(query)).toMatchObject({ hits: before.hits })
    await db.maintain({ only: ['fields'] })
    expect((await collection.texts())[0]).toMatchObject({ indexed: 298, unindexed: 0 })
    expect((await collection.searchText(query)).hits).toEqual(before.hits)
    const again = await (await opened(objects)).collection('late')
    expect((await again.searchText(query)).hits).toEqual(before.hits)
    expect((await db.check()).problems).toEqual([])
  })

  it('answer at every version as they did, and as a collection with the same records does', async () => {
    const db = await opened(undefined, { flushRows: 10, compactParts: 2, fieldRowsMin: 1 })
    const collection = await withPapers(db)
    const version = await db.commit('five papers')
    const query = { text: 'layers of wings', limit: 10 }
    const before = await collection.searchText(query)
    await collection.upsert([
      { id: 'p1', abstract: 'Wings, wings, wings' },
      { id: 'p6', abstract: 'Layers' },
    ])
    await collection.delete(['p2'])
    await collection.update('p3', { year: 2000 })
    for (let n = 0; n < 40; n++) await collection.upsert([{ id: `x${n % 10}`, abstract: `wing ${n}` }])
    await db.settled()
    const then = await collection.at(version)
    expect((await then.searchText(query)).hits).toEqual(before.hits)
    await then.close()
    const { hits } = await collection.searchText(query)
    const fresh = await (await opened()).collection('papers', { texts: [{ field: 'abstract', language: 'english' }] })
    await fresh.upsert((await collection.list()).records)
    expect((await fresh.searchText(query)).hits).toEqual(hits)
  })

  it('are there again after a process ended between a write and its flush', async () => {
    const objects = new MemoryObjects()
    const collection = await withPapers(await opened(objects))
    const { hits } = await collection.searchText({ text: 'layer wing' })
    const again = await (await opened(objects)).collection('papers')
    expect((await again.searchText({ text: 'layer wing' })).hits).toEqual(hits)
  })

  it('show a transaction its own writes, and others none of them', async () => {
    const db = await opened()
    const collection = await withPapers(db)
    const abandoned = db.transaction(async (tx) => {
      const inside = tx.collection('papers')
      await inside.upsert([{ id: 'tx', abstract: 'layers' }])
      await inside.delete(['p1'])
      const { hits } = await inside.searchText({ text: 'layers', explain: true })
      expect(hits.map(({ id }) => id).sort()).toEqual(['p2', 'tx'])
      await inside.update('tx', { abstract: 'wings' })
      expect((await inside.searchText({ text: 'wings' })).hits.map(({ id }) => id).sort()).toEqual(['p3', 'tx'])
      expect(await idsOf(collection, { text: 'layers' })).toEqual(['p2', 'p1'])
      throw new RangeError('abandoned')
    })
    await expect(abandoned).rejects.toBeInstanceOf(RangeError)
    expect(await idsOf(collection, { text: 'layers' })).toEqual(['p2', 'p1'])
    const conflicting = db.transaction(async (tx) => {
      await tx.collection('papers').searchText({ text: 'layers', where: { year: 1958 } })
      await tx.collection('papers').upsert([{ id: 'other' }])
      await collection.update('p1', { abstract: 'changed' })
    })
    await expect(conflicting).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('are found wanting by a check where they are not those of the rows', async () => {
    const objects = new MemoryObjects()
    const db = await opened(objects, { flushRows: 1 })
    const collection = await withPapers(db)
    await db.maintain({ only: ['flush'] })
    const other = await db.collection('other', { texts: [{ field: 'abstract', language: 'english' }] })
    await other.upsert(papers.map((paper) => ({ ...paper, abstract: 'something else' })))
    await db.maintain({ only: ['flush'] })
    expect((await db.check()).problems).toEqual([])
    const [first, second] = [...objects.keys()].filter((key) => key.includes('/fields/')).sort()
    objects.set(first!, objects.get(second!)!)
    const report = await (await opened(objects)).check()
    expect(report.problems).toMatchObject([{ kind: 'damaged', key: first }])
    expect(collection.name).toBe('papers')
  })
})
