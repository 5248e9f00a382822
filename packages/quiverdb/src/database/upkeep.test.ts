import { clusteredVectors, recallOf, referenceNearest, vectorAt } from '@quiverdb/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, type Collection, type Progress } from '../index.js'

const dimensions = 8
const vectors = clusteredVectors(3000, dimensions, 5)
const queries = clusteredVectors(20, dimensions, 6)
/** Small enough that every kind of work happens with little data. */
const tuning = { flushRows: 100, tailRowsMax: 200, graphRowsMin: 100, snapshotCommits: 8, idleMs: 50 }

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-upkeep-'))
})
afterAll(() => rm(folder, { recursive: true }))

const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => ({ id: `r${from + n}`, n: from + n, v: vectorAt(vectors, dimensions, from + n) }))

/** The share of the true nearest that searches find among the first `count` rows. */
async function recall(collection: Collection, count: number): Promise<number> {
  let sum = 0
  for (let n = 0; n < 20; n++) {
    const query = vectorAt(queries, dimensions, n)
    const expected = referenceNearest('cosine', query, vectors.subarray(0, count * dimensions), 10).map(({ row }) => row)
    const { hits } = await collection.search({ vector: query, limit: 10 })
    sum += recallOf(
      hits.map(({ record }) => record['n'] as number),
      expected,
    )
  }
  return sum / 20
}

describe('group commit', () => {
  it.each(['memory:', 'folder'])('lets writes at the same time share commits, in %s', async (where) => {
    const db = await open(where === 'folder' ? join(folder, 'group') : where, { maintenance: 'manual' })
    const collection = await db.collection('c')
    const before = Number((await db.version()).slice(5))
    const writes = await Promise.all(Array.from({ length: 100 }, (_, n) => collection.upsert([{ id: `${n}`, n }])))
    expect(Number((await db.version()).slice(5)) - before).toBeLessThan(20)
    expect(await collection.count()).toBe(100)
    // Whoever fails does so alone.
    const outcomes = await Promise.allSettled([
      collection.update('0', { n: 'first' }),
      collection.update('absent', { n: 1 }),
      collection.delete('1'),
      collection.upsert([{ id: 'x', bad: NaN }]),
      collection.upsert([{ id: 'y' }]),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect(await collection.getMany(['0', '1', 'x', 'y'])).toEqual([{ id: '0', n: 'first' }, null, null, { id: 'y' }])
    expect(new Set(writes.map(({ version }) => version)).size).toBeLessThan(20)
    await db.close()
  })

  it('splits what is too large for one commit', async () => {
    const db = await open('memory:', { maintenance: 'manual' })
    const collection = await db.collection('c')
    await collection.upsert(Array.from({ length: 4 }, (_, n) => ({ id: `${n}` })))
    const text = 'x'.repeat(3 * 1024 * 1024)
    await Promise.all([0, 1, 2, 3].map((n) => collection.update(`${n}`, { text })))
    expect((await collection.list({ fields: ['text'] })).records.map((record) => (record['text'] as string).length)).toEqual(
      Array(4).fill(text.length),
    )
    const version = await db.version()
    const large = [0, 1, 2].map((n) => ({ id: `${n}`, text: `${text}!` }))
    const [refused, small] = await Promise.allSettled([collection.update(large), collection.upsert([{ id: 'small' }])])
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'LIMIT_EXCEEDED' } })
    expect(small.status).toBe('fulfilled')
    expect(Number((await db.version()).slice(5))).toBe(Number(version.slice(5)) + 1)
    await db.close()
  })
})

describe('settled', () => {
  it('leaves one graph and nothing to scan, and tells how far it is', async () => {
    const db = await open('memory:', { maintenance: 'manual', tuning })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions }] })
    const progress: Progress[] = []
    for (let from = 0; from < 1200; from += 300) {
      await collection.upsert(rows(from, from + 300))
      await db.settled({ onProgress: (one) => void progress.push(one) })
      expect((await collection.indexes())[0]).toMatchObject({
        records: from + 300,
        unindexed: 0,
        graphs: [from + 300],
        status: 'ready',
      })
    }
    expect(await recall(collection, 1200)).toBeGreaterThan(0.97)
    const tasks = new Set(progress.map(({ task }) => task))
    for (const task of ['flush', 'build', 'merge', 'snapshot'] as const) expect(tasks).toContain(task)
    for (const { done, total } of progress) expect(done).toBeLessThanOrEqual(total)
    for (const { task, collection: name } of progress) expect(name).toBe(task === 'snapshot' ? undefined : 'c')
    const version = await db.version()
    await db.settled()
    expect(await db.version()).toBe(version)
    await db.close()
  })

  it('leaves dead vectors out of the graph that takes others, and out of one with many', async () => {
    const db = await open('memory:', { maintenance: 'manual', tuning })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions }] })
    const graphs = async () => (await collection.indexes())[0]!.graphs
    await collection.upsert(rows(0, 1500))
    await db.settled()
    const before = await db.commit('all')
    // The later half stays: the first rows are those that go.
    await collection.delete(rows(0, 300).map(({ id }) => id))
    await db.settled()
    expect(await graphs()).toEqual([1500])
    await collection.upsert(rows(1500, 1800))
    await db.settled()
    expect(await graphs()).toEqual([1500])
    await collection.delete(rows(300, 900).map(({ id }) => id))
    await db.settled()
    expect(await graphs()).toEqual([900])
    await collection.upsert(rows(0, 900))
    await db.settled()
    expect(await graphs()).toEqual([1800])
    expect(await recall(collection, 1800)).toBeGreaterThan(0.97)
    const { hits } = await (await collection.at(before)).search({ vector: vectorAt(vectors, dimensions, 5), limit: 1 })
    expect(hits[0]).toMatchObject({ id: 'r5' })
    await db.close()
  })

  it('writes segments anew when more than a third of their rows are dead', async () => {
    const db = await open('memory:', { maintenance: 'manual', tuning })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions }] })
    const stored = async () => {
      const { explanation } = await collection.search({ vector: vectorAt(queries, dimensions, 0), exact: true, explain: true })
      return explanation!.parts.reduce((sum, { size }) => sum + size, 0)
    }
    await collection.upsert(rows(0, 900))
    await db.settled()
    const ending = (digits: readonly number[]) =>
      rows(0, 900)
        .filter(({ n }) => digits.includes(n % 10))
        .map(({ id }) => id)
    await collection.delete(ending([0, 1, 2]))
    await db.settled()
    expect(await stored()).toBe(900)
    await collection.delete(ending([3]))
    await db.settled()
    expect(await stored()).toBe(540)
    expect(await collection.count()).toBe(540)
    await db.close()
  })

  it('can be waited for no longer', async () => {
    const db = await open('memory:', { maintenance: 'manual', tuning })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions }] })
    await collection.upsert(rows(0, 3000))
    await expect(db.settled({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    const controller = new AbortController()
    const waiting = db.settled({ signal: controller.signal, onProgress: ({ task }) => task === 'build' && controller.abort() })
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' })
    await db.settled()
    expect((await collection.indexes())[0]).toMatchObject({ graphs: [3000] })
    await db.close()
  })

  it('does not mind a listener that throws', async () => {
    const db = await open('memory:', { maintenance: 'manual', tuning })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions }] })
    await collection.upsert(rows(0, 300))
    await db.settled({
      onProgress: () => {
        throw new Error('a fault of the listener')
      },
    })
    expect((await collection.indexes())[0]).toMatchObject({ graphs: [300] })
    await db.close()
  })
})

describe('maintain', () => {
  it('does only what is named', async () => {
    const db = await open('memory:', { maintenance: 'manual', tuning })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions }] })
    await collection.upsert(rows(0, 400))
    await db.maintain({ only: ['snapshot'] })
    expect((await collection.indexes())[0]).toMatchObject({ graphs: [], unindexed: 400 })
    await db.maintain({ only: ['flush', 'build'] })
    expect((await collection.indexes())[0]).toMatchObject({ graphs: [400], unindexed: 0 })
    await collection.delete(Array.from({ length: 250 }, (_, n) => `r${n}`))
    await db.maintain({ only: ['flush', 'build'] })
    expect((await collection.indexes())[0]).toMatchObject({ graphs: [400], records: 150 })
    await db.maintain({ only: ['merge', 'compact', 'flush'] })
    expect((await collection.indexes())[0]).toMatchObject({ graphs: [150], records: 150 })
    await db.close()
  })

  it('by itself waits for no one', async () => {
    const db = await open('memory:', { tuning })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions }] })
    for (let from = 0; from < 1000; from += 50) await collection.upsert(rows(from, from + 50))
    const waited = async (): Promise<void> => {
      while ((await collection.indexes())[0]!.graphs[0] !== 1000) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await waited()
    expect(await recall(collection, 1000)).toBeGreaterThan(0.97)
    await db.close()
  })
})

describe('back-pressure', () => {
  it('holds writers until the index has caught up', async () => {
    const db = await open('memory:', { tuning: { ...tuning, backPressureRows: 500 } })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions }] })
    let most = 0
    for (let from = 0; from < 3000; from += 100) {
      await collection.upsert(rows(from, from + 100))
      most = Math.max(most, (await collection.indexes())[0]!.unindexed)
    }
    expect(most).toBeLessThanOrEqual(600)
    expect(await collection.count()).toBe(3000)
    await db.close()
  })

  it('is given up with its signal', async () => {
    const db = await open('memory:', { tuning: { ...tuning, backPressureRows: 500 } })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions }] })
    await collection.upsert(rows(0, 2900))
    await expect(collection.upsert(rows(2900, 3000), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await collection.count()).toBe(2900)
    await db.close()
  })
})

describe('memoryBytesMax', () => {
  const wide = 256
  const large = clusteredVectors(4000, wide, 9)
  const row = (n: number) => ({ id: `r${n}`, n, v: vectorAt(large, wide, n) })

  it('lets what was used least go, and answers all the same', async () => {
    const db = await open(join(folder, 'small'), { maintenance: 'manual', tuning: { ...tuning, compactParts: 1000 } })
    const names = ['a', 'b', 'c', 'd']
    for (const [k, name] of names.entries()) {
      const collection = await db.collection(name, { indexes: [{ field: 'v', dimensions: wide, metric: 'l2', mode: 'memory' }] })
      await collection.upsert(Array.from({ length: 1000 }, (_, n) => row(k * 1000 + n)))
    }
    await db.settled()
    await db.close()
    // A graph of 1,000 nodes takes 0.5 MB, the codes of as many rows 0.3 MB.
    const memoryBytesMax = 2 * 1024 * 1024
    const small = await open(join(folder, 'small'), { maintenance: 'manual', memoryBytesMax })
    for (let round = 0; round < 3; round++) {
      for (const [k, name] of names.entries()) {
        const collection = await small.collection(name)
        const n = k * 1000 + 100 * round
        for (const exact of [false, true]) {
          const { hits } = await collection.search({ vector: row(n).v, limit: 1, exact })
          expect(hits[0]).toMatchObject({ id: `r${n}`, distance: 0 })
        }
        expect((await small.stats()).memoryBytes).toBeLessThanOrEqual(memoryBytesMax)
      }
    }
    // Writing and sealing make room for themselves too.
    const grown = await small.collection('a')
    await grown.upsert(Array.from({ length: 900 }, (_, n) => ({ ...row(n), id: `new${n}` })))
    await small.maintain({ only: ['flush'] })
    expect((await grown.search({ vector: row(5).v, limit: 2 })).hits.map(({ id }) => id)).toEqual(['new5', 'r5'])
    await small.close()
  })

  it('is MEMORY_FULL where one part alone does not fit, and the rest goes on', async () => {
    const path = join(folder, 'full')
    const db = await open(path, { maintenance: 'manual', tuning: { ...tuning, graphRowsMin: 10_000, tailRowsMax: 10_000 } })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions: wide }] })
    await collection.upsert(Array.from({ length: 4000 }, (_, n) => row(n)))
    await db.close()
    const small = await open(path, { maintenance: 'manual', memoryBytesMax: 1024 * 1024 })
    const again = await small.collection('c')
    await expect(again.search({ vector: row(1).v })).rejects.toMatchObject({ code: 'MEMORY_FULL' })
    expect(await again.count()).toBe(4000)
    expect(await again.get('r7')).toMatchObject({ n: 7 })
    await small.close()
  })

  it('is not eaten up by rows that were sealed long ago', async () => {
    const db = await open('memory:', {
      maintenance: 'manual',
      tuning: { ...tuning, graphRowsMin: 100_000, tailRowsMax: 100_000, compactParts: 1000 },
    })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions: wide }] })
    const sealedOnce = async (from: number): Promise<number> => {
      for (let n = from; n < from + 200; n += 50) await collection.upsert(Array.from({ length: 50 }, (_, k) => row(n + k)))
      await collection.search({ vector: row(0).v })
      await db.maintain({ only: ['flush'] })
      await collection.delete(Array.from({ length: 200 }, (_, k) => `r${from + k}`))
      await db.maintain({ only: ['flush', 'compact'] })
      await collection.search({ vector: row(0).v })
      return (await db.stats()).memoryBytes
    }
    const first = await sealedOnce(0)
    let last = 0
    for (let round = 1; round < 12; round++) last = await sealedOnce(round * 200)
    expect(last).toBeLessThan(first + 200 * 320)
    await db.close()
  })
})
