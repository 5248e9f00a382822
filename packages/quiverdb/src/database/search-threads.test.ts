import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomSource, vectorAt } from '@quiverdb/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Collection, open, type OpenOptions, type SearchQuery } from '../index.js'
import type { Database } from './database.js'

const dimensions = 448
const count = 12_000
const random = randomSource(5)
const vectors = Float32Array.from({ length: count * dimensions }, () => random() - 0.5)
const queries = Float32Array.from({ length: 12 * dimensions }, () => random() - 0.5)
const query = (i: number): number[] => Array.from(vectorAt(queries, dimensions, i))

describe('searches whose long pieces other threads do', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'quiver-threads-'))
  const opened: Database[] = []
  let alone: Collection
  let helped: Collection

  async function collectionOf(options: OpenOptions = {}): Promise<Collection> {
    const db = await open(folder, { maintenance: 'manual', ...options })
    opened.push(db)
    return db.collection('c', { indexes: [{ field: 'v', dimensions, metric: 'l2', preset: 'highSpeed', mode: 'memory' }] })
  }

  beforeAll(async () => {
    const writer = await collectionOf()
    for (let first = 0; first < count; first += 1_000) {
      const records = Array.from({ length: 1_000 }, (_, i) => ({
        id: `r${first + i}`,
        n: (first + i) % 100,
        v: Array.from(vectorAt(vectors, dimensions, first + i)),
      }))
      await writer.upsert(records)
    }
    await opened[0]!.settled()
    alone = await collectionOf()
    helped = await collectionOf({ searchThreads: 2 })
  })
  afterAll(async () => {
    for (const db of opened) await db.close()
    rmSync(folder, { recursive: true })
  })

  const long: readonly (readonly [string, SearchQuery])[] = [
    ['exact', { exact: true }],
    ['of great effort', { ef: 3_000 }],
    ['by recall', { recall: 0.995 }],
    ['of few matches', { where: { n: { $lt: 95 } }, strategy: 'preFilter' }],
    ['among matches', { where: { n: { $lt: 90 } }, ef: 2_000 }],
    ['of a version', { exact: true, maxDistance: 70 }],
  ]

  it.each(long)('answer as one thread does: %s', async (_, options) => {
    const each = Array.from({ length: 12 }, (_, i) => ({ vector: query(i), limit: 10, fields: [], ...options }))
    const expected = await Promise.all(each.map((search) => alone.search(search)))
    const answers = await Promise.all(each.map((search) => helped.search(search)))
    expect(answers).toEqual(expected)
    expect(answers[0]!.hits).toHaveLength(10)
    const explained = { ...each[0]!, explain: true }
    const [one, other] = [await alone.search(explained), await helped.search(explained)]
    expect(other.explanation).toEqual({ ...one.explanation, times: expect.anything() as unknown, parts: one.explanation!.parts })
  })

  it('leave this thread to others meanwhile', async () => {
    let [turns, isDone] = [0, false]
    const turn = (): void => {
      turns++
      if (!isDone) setImmediate(turn)
    }
    const searches = Array.from({ length: 40 }, (_, i) => helped.search({ vector: query(i % 12), exact: true, fields: [] }))
    setImmediate(turn)
    await Promise.all(searches)
    isDone = true
    expect(turns).toBeGreaterThan(0)
  })

  it('end when they are aborted', async () => {
    const controller = new AbortController()
    const search = helped.search({ vector: query(0), exact: true, signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(search).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('find what they look at in its place, whatever else needs the memory', async () => {
    // Codes of the rows, or the graph: not both.
    const tight = await collectionOf({ searchThreads: 2, memoryBytesMax: 10 * 1024 ** 2 })
    const options = { limit: 10, fields: [] }
    const searches = Array.from({ length: 24 }, (_, i) => ({
      vector: query(i % 12),
      ...options,
      ...(i % 2 ? { exact: true } : { ef: 3_000 }),
    }))
    const expected = await Promise.all(searches.map((search) => alone.search(search)))
    expect(await Promise.all(searches.map((search) => tight.search(search)))).toEqual(expected)
  })

  it('see their version while others write and parts are replaced', async () => {
    const db = opened[2]!
    const before = await helped.search({ vector: query(3), exact: true, fields: [] })
    const running = Array.from({ length: 8 }, () => helped.search({ vector: query(3), exact: true, fields: [] }))
    await helped.upsert([{ id: before.hits[0]!.id, v: Array.from({ length: dimensions }, () => 9) }])
    await db.maintain({ only: ['flush', 'merge', 'compact'] })
    for (const { hits } of await Promise.all(running)) expect(hits).toEqual(before.hits)
    const after = await helped.search({ vector: query(3), exact: true, fields: [] })
    expect(after.hits[0]!.id).toBe(before.hits[1]!.id)
  })

  it('answer or reject when the database is closed, and nothing is left that waits', async () => {
    const collection = await collectionOf({ searchThreads: 1 })
    const db = opened.pop()!
    const search = { vector: query(0), exact: true, fields: [] }
    const { hits } = await collection.search(search)
    const settled = Promise.allSettled(Array.from({ length: 12 }, () => collection.search(search)))
    await db.close()
    const outcomes = await settled
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CLOSED' })
      else expect(outcome.value.hits).toEqual(hits)
    }
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true)
    await expect(collection.search(search)).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('take a sensible number of threads', async () => {
    for (const searchThreads of [-1, 1.5, 65])
      await expect(open('memory:', { searchThreads })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
