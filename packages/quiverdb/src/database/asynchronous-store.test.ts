import { describe, expect, it } from 'vitest'
import { MemoryObjects, MemoryStore } from '../store/memory-store.js'
import { checkModel } from '../testing/check-model.js'
import { withoutSync } from '../testing/without-sync.js'
import { Database } from './database.js'

const place = async () => {
  const objects = new MemoryObjects()
  return async () => withoutSync(new MemoryStore(objects))
}

describe('a database over a store that never answers at once', () => {
  it('answers as its model does', () => checkModel({ place, databases: 2, runs: 4, commands: 50, seed: 4 }))
  it('also when versions are collected', () =>
    checkModel({ place, databases: 2, runs: 4, commands: 50, seed: 5, retention: { versionsMs: 0, uploadMs: 0 } }))

  it.each([
    ['of a scan', { exact: true }, { only: ['flush'] as const }],
    ['of a graph', {}, {}],
  ])('finds each of some equal vectors once, by the ranking %s', async (_, options, work) => {
    const open = await place()
    const writer = await Database.over(await open(), { maintenance: 'manual', tuning: { flushRows: 4, graphRowsMin: 8 } })
    const notes = await writer.collection('notes')
    await notes.createIndex({ field: 'v', dimensions: 4, metric: 'l2' })
    const ids = Array.from({ length: 40 }, (_, n) => `r${String(n).padStart(2, '0')}`)
    await notes.upsert(ids.map((id, n) => ({ id, v: [n % 2, 1, 1, 1] })))
    await writer.maintain(work)
    // Another process, which has read no ids yet.
    const reader = await Database.over(await open())
    const { hits } = await (await reader.collection('notes')).search({ field: 'v', vector: [0, 1, 1, 1], limit: 30, ...options })
    expect(hits.map(({ id }) => id)).toEqual([
      ...ids.filter((_, n) => n % 2 === 0),
      ...ids.filter((_, n) => n % 2 === 1).slice(0, 10),
    ])
    await writer.close()
    await reader.close()
  })

  it('shows every acknowledged write to every reader, while others write', async () => {
    const open = await place()
    const [one, two] = [await Database.over(await open()), await Database.over(await open())]
    const collections = [await one.collection('c'), await two.collection('c')] as const
    await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        await collections[n % 2]!.upsert([{ id: `r${n}` }])
        expect(await collections[(n + 1) % 2]!.get(`r${n}`)).toEqual({ id: `r${n}` })
      }),
    )
    expect(await collections[0].count()).toBe(60)
    await one.close()
    await two.close()
  })
})
