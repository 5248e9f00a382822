import { clusteredVectors, recallOf, referenceNearest, vectorAt } from '@quiverdb/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, type Collection } from '../index.js'

const dimensions = 16
const vectors = clusteredVectors(4000, dimensions, 15)
const queries = clusteredVectors(20, dimensions, 16)
const nodesMax = 300
const tuning = {
  flushRows: 100,
  tailRowsMax: 50,
  graphRowsMin: 100,
  snapshotCommits: 8,
  idleMs: 50,
  graphNodesMax: nodesMax,
  buildThreads: 1,
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-spread-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** What a collection is to hold: the number of the vector of each record. */
type Records = ReadonlyMap<string, number>

const rows = (from: number, to: number, shift = 0) =>
  Array.from({ length: to - from }, (_, n) => ({
    id: `r${from + n}`,
    n: from + n,
    v: vectorAt(vectors, dimensions, from + n + shift),
  }))
const records = (from: number, to: number): Map<string, number> => new Map(rows(from, to).map(({ id, n }) => [id, n]))

/** Exact searches agree with a scan of all records, and others find at least 95 of 100 nearest. */
async function expectAnswers(reader: Pick<Collection, 'search' | 'count'>, expected: Records): Promise<void> {
  expect(await reader.count()).toBe(expected.size)
  const ids = [...expected.keys()]
  const all = new Float32Array(ids.length * dimensions)
  ids.forEach((id, row) => all.set(vectorAt(vectors, dimensions, expected.get(id)!), row * dimensions))
  let found = 0
  for (let q = 0; q < 20; q++) {
    const vector = vectorAt(queries, dimensions, q)
    const nearest = referenceNearest('l2', vector, all, 10)
    const exact = await reader.search({ vector, limit: 10, exact: true })
    expect(exact.hits.map(({ id }) => id)).toEqual(nearest.map(({ row }) => ids[row]))
    const { hits } = await reader.search({ vector, limit: 10 })
    found += recallOf(
      hits.map(({ id }) => ids.indexOf(id)),
      nearest.map(({ row }) => row),
    )
  }
  expect(found / 20).toBeGreaterThanOrEqual(0.95)
}

/** No graph has too many nodes, and at most one is not full; few rows are in none. */
async function expectSpread(collection: Collection, living: number): Promise<void> {
  const status = (await collection.indexes())[0]!
  expect(status).toMatchObject({ status: 'ready', records: living })
  expect(Math.max(...status.graphs)).toBeLessThanOrEqual(nodesMax)
  expect(status.graphs.filter((nodes) => nodes <= 0.75 * nodesMax).length).toBeLessThanOrEqual(1)
  expect(status.unindexed).toBeLessThanOrEqual(128)
}

describe.each(['memory:', 'folder'])('an index that outgrows one graph, in %s', (where) => {
  const indexes = [{ field: 'v', dimensions, metric: 'l2' as const }]

  it('has several, which follow inserts, updates and deletes, and all versions answer', async () => {
    const place = where === 'folder' ? join(folder, 'growing') : where
    let db = await open(place, { maintenance: 'manual', tuning })
    let collection = await db.collection('c', { indexes })
    for (let from = 0; from < 2000; from += 250) {
      await collection.upsert(rows(from, from + 250))
      await db.settled()
      await expectSpread(collection, from + 250)
    }
    const grown = records(0, 2000)
    await expectAnswers(collection, grown)
    const first = await db.commit('grown')
    const graphs = (await collection.indexes())[0]!.graphs
    expect(graphs.length).toBeLessThanOrEqual(Math.ceil(2000 / (0.75 * nodesMax)))

    const changed = new Map(grown)
    for (const { id } of rows(300, 900)) changed.delete(id)
    await collection.delete(rows(300, 900).map(({ id }) => id))
    await collection.update(rows(1000, 1200).map(({ id, n }) => ({ id, n: -n })))
    await collection.upsert(rows(1200, 1400, 2000))
    for (let n = 1200; n < 1400; n++) changed.set(`r${n}`, n + 2000)
    await expectAnswers(collection, changed)
    await db.settled()
    await expectSpread(collection, 1400)
    await expectAnswers(collection, changed)

    if (where === 'folder') {
      await db.close()
      db = await open(place, { maintenance: 'manual', tuning })
      collection = await db.collection('c')
      await expectAnswers(collection, changed)
    }
    await expectAnswers(await collection.at(first), grown)
    const version = await db.version()
    await db.settled()
    expect(await db.version()).toBe(version)
    expect((await db.check()).problems).toEqual([])
    await db.close()
  })

  it('is made of several at once from many rows, and of one by a database that allows it', async () => {
    const place = where === 'folder' ? join(folder, 'many') : where
    let db = await open(place, { maintenance: 'manual', tuning })
    let collection = await db.collection('c', { indexes })
    await collection.upsert(rows(0, 1000))
    await db.settled()
    expect((await collection.indexes())[0]).toMatchObject({ graphs: [300, 300, 300, 100], unindexed: 0 })
    await db.close()
    if (where !== 'folder') return
    db = await open(place, { maintenance: 'manual', tuning: { ...tuning, graphNodesMax: 0 } })
    collection = await db.collection('c')
    await db.settled()
    expect((await collection.indexes())[0]).toMatchObject({ graphs: [1000], unindexed: 0 })
    await expectAnswers(collection, records(0, 1000))
    await db.close()
  })
})
