import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, type Collection, type Database } from '../index.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-versions-'))
})
afterAll(() => rm(folder, { recursive: true }))

const tuning = { graphRowsMin: 40, flushRows: 50, snapshotCommits: 5 }

describe.each(['memory:', 'folder'])('versions in %s', (where) => {
  let db: Database
  let notes: Collection
  let first: string

  beforeAll(async () => {
    db = await open(where === 'folder' ? join(folder, 'a') : where, { maintenance: 'manual', tuning })
    notes = await db.collection('notes', { indexes: [{ field: 'v', dimensions: 2 }] })
    await notes.upsert(Array.from({ length: 60 }, (_, n) => ({ id: `n${n}`, n, v: [n, 1] })))
    first = await db.commit('sixty notes')
  })
  afterAll(() => db.close())

  it('answer as they did, whatever happened since', async () => {
    const query = { vector: [7, 1], limit: 5, exact: true }
    const before = await notes.search(query)
    const listed = await notes.list()
    await notes.delete(before.hits.map(({ id }) => id))
    await notes.update('n20', { n: 'changed', v: [7, 1] })
    await notes.upsert([{ id: 'new', v: [7, 1] }])
    await db.maintain()
    await notes.dropIndex('v')
    await notes.createIndex({ field: 'v', dimensions: 2, metric: 'l2' })
    await db.maintain()
    const then = await notes.at(first)
    expect(then.version).toBe(first)
    expect(await then.search(query)).toEqual({ ...before, version: first })
    expect(await then.list()).toEqual(listed)
    expect(await then.count()).toBe(60)
    expect(await then.get('n20')).toEqual({ id: 'n20', n: 20, v: [20, 1] })
    expect(await then.get('new')).toBeNull()
    expect(await notes.count()).toBe(56)
    await then.close()
  })

  it('are closed once and then refuse', async () => {
    const then = await notes.at(first)
    await then.close()
    await then.close()
    await expect(then.get('n1')).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(then.search({ vector: [1, 1] })).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('of every write can be read, each as it was', async () => {
    const counters = await db.collection('counters')
    const versions: string[] = []
    for (let n = 0; n < 12; n++) {
      versions.push((await counters.upsert([{ id: 'c', n }])).version)
      if (n % 4 === 3) await db.maintain()
    }
    for (const [n, version] of versions.entries()) {
      const then = await counters.at(version)
      expect(await then.get('c')).toEqual({ id: 'c', n })
      await then.close()
    }
  })

  it('that are not there are NOT_FOUND, and what is no version is INVALID_ARGUMENT', async () => {
    for (const version of ['main@999999', 'main@9007199254740993', 'main@0']) {
      await expect(notes.at(version)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    const later = await db.collection('later')
    await expect(later.at(first)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining("no collection 'later'"),
    })
    for (const version of ['', '12', 'main@', 'main@-1', 'main@1.5', 'other@1']) {
      await expect(notes.at(version)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })

  it('are listed newest first, without the upkeep between them', async () => {
    const log = await db.log({ limit: 1000 })
    const numbers = log.map(({ version }) => Number(version.slice(5)))
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a))
    expect(log.filter(({ kind }) => kind === 'named')).toEqual([
      { version: first, time: expect.stringMatching(/^\d{4}-.*Z$/), kind: 'named', message: 'sixty notes', records: 0 },
    ])
    const writes = log.filter(({ records }) => records > 0).map(({ records }) => records)
    expect(writes.at(-1)).toBe(60)
    expect(await db.log({ limit: 2 })).toEqual(log.slice(0, 2))
  })
})

describe('old versions', () => {
  it('go when their time is over, named ones stay, read ones too until they are closed', async () => {
    const path = join(folder, 'b')
    const db = await open(path, { maintenance: 'manual', tuning, retention: { versionsMs: 0, uploadMs: 0 } })
    const notes = await db.collection('notes', { indexes: [{ field: 'v', dimensions: 2 }] })
    const write = (from: number) =>
      notes.upsert(Array.from({ length: 50 }, (_, n) => ({ id: `n${n}`, n: n + from, v: [n + from, 1] })))
    await write(0)
    await db.settled()
    const named = await db.commit('kept')
    const { version: old } = await write(100)
    await db.settled()
    const reader = await notes.at(old)
    const { version: unread } = await write(200)
    await write(300)
    await db.maintain()
    await db.maintain({ only: ['collect'] })
    expect(await reader.get('n3')).toEqual({ id: 'n3', n: 103, v: [103, 1] })
    expect((await reader.search({ vector: [103, 1], limit: 1, exact: true })).hits[0]).toMatchObject({ id: 'n3' })
    const again = await notes.at(unread)
    expect(await again.get('n3')).toMatchObject({ n: 203 })
    await again.close()
    await reader.close()
    await db.maintain({ only: ['collect'] })
    for (const version of [old, unread]) await expect(notes.at(version)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await db.close()

    const reopened = await open(path, { maintenance: 'manual' })
    const later = await reopened.collection('notes')
    expect(await later.get('n3')).toMatchObject({ n: 303 })
    const kept = await later.at(named)
    expect(await kept.get('n3')).toEqual({ id: 'n3', n: 3, v: [3, 1] })
    expect((await kept.search({ vector: [3, 1], limit: 1 })).hits[0]).toMatchObject({ id: 'n3' })
    await kept.close()
    expect((await reopened.log()).filter(({ kind }) => kind === 'named').map(({ version }) => version)).toEqual([named])
    expect(await reopened.check()).toMatchObject({ ok: true, problems: [] })
    await reopened.close()
  })
})
