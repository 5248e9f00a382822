import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, type Collection, type Database } from '../index.js'

let db: Database
let numbered = 0

beforeAll(async () => {
  db = await open('memory:', { maintenance: 'manual', tuning: { graphRowsMin: 50, flushRows: 100 } })
})
afterAll(() => db.close())

const fresh = (): Promise<Collection> => db.collection(`c${numbered++}`)
const onCircle = (n: number, of: number): number[] => [Math.cos((2 * Math.PI * n) / of), Math.sin((2 * Math.PI * n) / of)]
const idsNear = async (collection: Collection, vector: number[], query: object = {}): Promise<string[]> =>
  (await collection.search({ vector, ...query })).hits.map(({ id }) => id)

describe('an index on records that are there', () => {
  it.each([false, true])('finds them at once; sealed before: %s', async (sealed) => {
    const some = await fresh()
    await some.upsert(Array.from({ length: 120 }, (_, n) => ({ id: `r${n}`, v: onCircle(n, 120) })))
    if (sealed) await db.maintain({ only: ['flush'] })
    const status = await some.createIndex({ field: 'v', dimensions: 2 })
    expect(status).toMatchObject({
      name: 'v',
      source: 'field',
      metric: 'cosine',
      zeroVectors: 'refuse',
      codes: 'int8',
      preset: 'default',
    })
    expect(status).toMatchObject({ records: 120, unindexed: 120, graphs: [], skipped: 0 })
    expect(await idsNear(some, onCircle(30, 120), { limit: 3 })).toEqual(['r30', 'r29', 'r31'])
    await db.settled()
    expect((await some.indexes())[0]).toMatchObject({ records: 120, unindexed: 0, graphs: [120], status: 'ready' })
    expect(await idsNear(some, onCircle(30, 120), { limit: 3 })).toEqual(['r30', 'r29', 'r31'])
    expect(await some.get('r30')).toEqual({ id: 'r30', v: onCircle(30, 120) })
  })

  it('passes over what is no vector of it, and counts it', async () => {
    const some = await fresh()
    const fields = [[1, 0], [1, 0, 0], 'text', null, { x: 1 }, [1, 'a'], [], undefined]
    await some.upsert(fields.map((v, n) => ({ id: `r${n}`, v })))
    for (let round = 0; round < 2; round++) {
      const status = round === 0 ? await some.createIndex({ field: 'v', dimensions: 2 }) : (await some.indexes())[0]
      expect(status).toMatchObject({ records: 1, skipped: 5 })
      expect(await idsNear(some, [1, 0])).toEqual(['r0'])
      expect((await some.list()).records).toEqual(fields.map((v, n) => (v === undefined ? { id: `r${n}` } : { id: `r${n}`, v })))
      await db.maintain({ only: ['flush', 'compact'] })
    }
  })

  it('keeps what its records hold when a patch leaves the vector alone', async () => {
    const some = await fresh()
    await some.upsert([{ id: 'a', v: [1, 0], n: 1 }])
    await some.createIndex({ field: 'v', dimensions: 2 })
    await some.update('a', { n: 2 })
    expect(await some.get('a')).toEqual({ id: 'a', v: [1, 0], n: 2 })
    expect(await idsNear(some, [1, 0])).toEqual(['a'])
  })
})

describe('dropping an index', () => {
  it('leaves the vectors in the records', async () => {
    const some = await fresh()
    await some.createIndex({ field: 'v', dimensions: 2 })
    await some.createIndex({ name: 'other', field: 'o', source: 'external', dimensions: 2 })
    await some.upsert([
      { id: 'a', v: [1, 0.1] },
      { id: 'b', v: [0, 1] },
    ])
    await some.dropIndex('v')
    expect((await some.indexes()).map(({ name }) => name)).toEqual(['other'])
    await some.update('a', { n: 1 })
    await some.setVectors('other', [{ id: 'b', vector: [1, 1] }])
    await some.upsert([{ id: 'c', v: [5, 5, 5] }])
    const expected = [
      { id: 'a', v: [1, 0.1], n: 1 },
      { id: 'b', v: [0, 1] },
      { id: 'c', v: [5, 5, 5] },
    ]
    expect((await some.list()).records).toEqual(expected)
    await db.maintain()
    expect((await some.list()).records).toEqual(expected)
    await expect(some.search({ field: 'v', vector: [1, 0] })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await some.createIndex({ field: 'v', dimensions: 2, metric: 'l2' })
    expect(await idsNear(some, [1, 0], { field: 'v' })).toEqual(['a', 'b'])
  })

  it('forgets external vectors for good', async () => {
    const some = await fresh()
    await some.createIndex({ name: 'e', field: 'text', source: 'external', dimensions: 2 })
    await some.upsert([{ id: 'a', text: 'x', $vectors: { e: [1, 0] } }])
    await some.dropIndex('e')
    await some.createIndex({ name: 'e', field: 'text', source: 'external', dimensions: 2 })
    expect((await some.indexes())[0]).toMatchObject({ records: 0 })
    expect(await some.get('a', { vectors: true })).toEqual({ id: 'a', text: 'x', $vectors: {} })
  })

  it('is refused where there is none', async () => {
    const some = await fresh()
    await some.createIndex({ field: 'v', dimensions: 2 })
    await expect(some.dropIndex('w')).rejects.toThrow(/no vector index 'w'.*It has 'v'/)
  })
})

describe('declaring', () => {
  it('again the same is nothing new; differently is refused', async () => {
    const name = `c${numbered++}`
    const declared = { field: 'v', dimensions: 2, where: { kind: 'x' } }
    await db.collection(name, { indexes: [declared] })
    const version = await db.version()
    await db.collection(name, { indexes: [{ ...declared, metric: 'cosine', name: 'v' }] })
    await db.collection(name)
    expect(await db.version()).toBe(version)
    await expect(db.collection(name, { indexes: [{ ...declared, dimensions: 3 }] })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    })
    await expect((await db.collection(name)).createIndex(declared)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  it('many at once at most 64', async () => {
    const some = await fresh()
    await Promise.all(Array.from({ length: 64 }, (_, n) => some.createIndex({ name: `i${n}`, field: 'v', dimensions: 2 })))
    expect(await some.indexes()).toHaveLength(64)
    await expect(some.createIndex({ name: 'i64', field: 'v', dimensions: 2 })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })
})

describe('two sizes of vector in one field', () => {
  it('go to the index of their size', async () => {
    const some = await fresh()
    await some.createIndex({ name: 'two', field: 'v', dimensions: 2 })
    await some.createIndex({ name: 'three', field: 'v', dimensions: 3 })
    await some.upsert([
      { id: 'a', v: [1, 0] },
      { id: 'b', v: [0, 1, 0] },
      { id: 'c', v: [0, 1] },
    ])
    expect(await idsNear(some, [1, 0], { index: 'two' })).toEqual(['a', 'c'])
    expect(await idsNear(some, [1, 0, 0], { index: 'three' })).toEqual(['b'])
    await some.update('a', { v: [1, 0, 0] })
    expect(await idsNear(some, [1, 0], { index: 'two' })).toEqual(['c'])
    expect(await idsNear(some, [1, 0, 0], { index: 'three' })).toEqual(['a', 'b'])
    await expect(some.upsert([{ v: [1] }])).rejects.toMatchObject({
      code: 'DIMENSION_MISMATCH',
      message: expect.stringContaining("'two'"),
    })
    await db.maintain()
    expect((await some.list()).records.map(({ v }) => v)).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 1],
    ])
  })
})

describe('a partial index', () => {
  it('holds the records that match, as they come to match and cease to', async () => {
    const some = await fresh()
    await some.createIndex({ field: 'v', dimensions: 2, where: { lang: { $in: ['en', 'de'] } } })
    await some.upsert([
      { id: 'a', lang: 'en', v: [1, 0] },
      { id: 'b', lang: 'fr', v: [1, 0] },
      { id: 'c', lang: 'fr', v: 'whatever' },
      { id: 'd', v: [1, 2, 3] },
    ])
    expect(await idsNear(some, [1, 0])).toEqual(['a'])
    await some.update('b', { lang: 'de' })
    expect(await idsNear(some, [1, 0])).toEqual(['a', 'b'])
    await some.update('a', { lang: 'it' })
    expect(await idsNear(some, [1, 0])).toEqual(['b'])
    await expect(some.update('c', { lang: 'en' })).rejects.toMatchObject({ code: 'INVALID_VECTOR' })
    await expect(some.upsert([{ lang: 'en', v: [1, 2, 3] }])).rejects.toMatchObject({ code: 'DIMENSION_MISMATCH' })
    expect((await some.indexes())[0]).toMatchObject({ records: 1, where: { lang: { $in: ['en', 'de'] } } })
    expect((await some.list()).records).toEqual([
      { id: 'a', lang: 'it', v: [1, 0] },
      { id: 'b', lang: 'de', v: [1, 0] },
      { id: 'c', lang: 'fr', v: 'whatever' },
      { id: 'd', v: [1, 2, 3] },
    ])
  })

  it('stays so when a graph holds its records', async () => {
    const some = await fresh()
    await some.createIndex({ field: 'v', dimensions: 2, where: { in: true } })
    await some.upsert(Array.from({ length: 200 }, (_, n) => ({ id: `r${n}`, in: n % 2 === 0, v: onCircle(n, 200) })))
    await db.settled()
    expect((await some.indexes())[0]).toMatchObject({ records: 100, graphs: [100], unindexed: 0 })
    await some.update('r50', { in: false })
    await some.update('r51', { in: true })
    expect(await idsNear(some, onCircle(50, 200), { limit: 3 })).toEqual(['r51', 'r48', 'r52'])
    await some.update('r50', { in: true })
    expect(await idsNear(some, onCircle(50, 200), { limit: 2 })).toEqual(['r50', 'r51'])
    await db.settled()
    expect(await idsNear(some, onCircle(50, 200), { limit: 4 })).toEqual(['r50', 'r51', 'r48', 'r52'])
  })
})

describe('an external index', () => {
  it('has the vectors that are given beside records', async () => {
    const some = await fresh()
    await some.createIndex({ name: 'title', field: 'title', source: 'external', dimensions: 2 })
    await some.upsert([
      { id: 'a', title: 'x', $vectors: { title: [1, 0] } },
      { id: 'b', title: 'y' },
    ])
    await some.setVectors('title', [{ id: 'b', vector: Float32Array.of(0, 1) }])
    expect(await idsNear(some, [0, 1])).toEqual(['b', 'a'])
    expect(await some.get('a')).toEqual({ id: 'a', title: 'x' })
    expect(await some.get('b', { vectors: true })).toEqual({ id: 'b', title: 'y', $vectors: { title: [0, 1] } })
    const { hits } = await some.search({ vector: [1, 0], limit: 1, vectors: true, fields: [] })
    expect(hits[0]!.record).toEqual({ id: 'a', $vectors: { title: [1, 0] } })
    await some.setVectors('title', [{ id: 'a', vector: null }])
    expect(await idsNear(some, [0, 1])).toEqual(['b'])
    await some.upsert([{ id: 'b', title: 'z' }])
    expect(await idsNear(some, [0, 1])).toEqual([])
  })

  it('keeps them over updates, sealing and merging, float64 exact', async () => {
    const some = await fresh()
    await some.createIndex({ name: 'e', field: 'f', source: 'external', dimensions: 2 })
    await some.createIndex({ name: 'g', field: 'f', source: 'external', dimensions: 2 })
    await some.upsert(Array.from({ length: 60 }, (_, n) => ({ id: `r${n}`, $vectors: { e: [n + 0.1, 1], g: [1, n] } })))
    await db.maintain()
    await some.update('r7', { f: 1 })
    await some.setVectors('g', [{ id: 'r7', vector: [1, 0.7] }])
    await db.maintain()
    expect(await some.get('r7', { vectors: true })).toEqual({ id: 'r7', f: 1, $vectors: { e: [7.1, 1], g: [1, 0.7] } })
    expect((await some.search({ index: 'e', vector: [7.1, 1], limit: 1 })).hits[0]!.id).toBe('r7')
  })

  it('takes several vectors of one record in one call, the last wins', async () => {
    const some = await fresh()
    await some.createIndex({ name: 'e', field: 'f', source: 'external', dimensions: 1, metric: 'l2' })
    await some.upsert([{ id: 'a' }])
    await some.setVectors('e', [
      { id: 'a', vector: [1] },
      { id: 'a', vector: [2] },
    ])
    expect(await some.get('a', { vectors: true })).toEqual({ id: 'a', $vectors: { e: [2] } })
    expect((await some.indexes())[0]).toMatchObject({ records: 1 })
  })
})
