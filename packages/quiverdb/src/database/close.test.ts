import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open } from '../index.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-close-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe.each(['memory:', 'folder'])('closing a database in %s', (where) => {
  const url = (name: string): string => (where === 'folder' ? join(folder, name) : where)

  it('refuses every call afterwards, and may be repeated', async () => {
    const db = await open(url('refuse'))
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions: 2 }] })
    await collection.upsert([{ id: 'a', v: [1, 0] }])
    const version = await db.version()
    const reader = await collection.at(version)
    const space = await db.namespace('other')
    await db.close()
    await db.close()
    const calls: Record<string, () => Promise<unknown>> = {
      collection: () => db.collection('c'),
      newCollection: () => db.collection('d'),
      collections: () => db.collections(),
      dropCollection: () => db.dropCollection('c'),
      namespace: () => db.namespace('x'),
      namespaces: () => db.namespaces(),
      transaction: () => db.transaction(async () => undefined),
      commit: () => db.commit('late'),
      version: () => db.version(),
      log: () => db.log(),
      stats: () => db.stats(),
      settled: () => db.settled(),
      maintain: () => db.maintain({ only: ['collect'] }),
      check: () => db.check(),
      upsert: () => collection.upsert([{ id: 'b' }]),
      upsertNothing: () => collection.upsert([]),
      update: () => collection.update('a', { x: 1 }),
      delete: () => collection.delete('a'),
      get: () => collection.get('a'),
      list: () => collection.list(),
      count: () => collection.count(),
      search: () => collection.search({ vector: [1, 0] }),
      indexes: () => collection.indexes(),
      createIndex: () => collection.createIndex({ field: 'w', dimensions: 2 }),
      at: () => collection.at(version),
      readerGet: () => reader.get('a'),
      readerSearch: () => reader.search({ vector: [1, 0] }),
      readerList: () => reader.list(),
      otherNamespace: () => space.collections(),
    }
    for (const [name, call] of Object.entries(calls)) {
      await expect(Promise.resolve().then(call), name).rejects.toMatchObject({ code: 'CLOSED' })
    }
    await reader.close()
  })

  it('waits for writes on their way', async () => {
    const db = await open(url('wait'))
    const collection = await db.collection('c')
    const writes = Array.from({ length: 20 }, (_, n) => collection.upsert([{ id: `${n}` }]))
    const closed = db.close()
    const outcomes = await Promise.allSettled([...writes, closed])
    const done = outcomes.filter(({ status }) => status === 'fulfilled').length - 1
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CLOSED' })
    if (where === 'memory:') return
    const again = await open(url('wait'))
    expect(await (await again.collection('c')).count()).toBe(done)
    await again.close()
  })

  it('stops background work, which goes on at the next opening', async () => {
    const tuning = { graphRowsMin: 100, tailRowsMax: 100, flushRows: 100 }
    const db = await open(url('work'), { tuning })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions: 8 }] })
    await collection.upsert(Array.from({ length: 3000 }, (_, n) => ({ id: `${n}`, v: [n, 1, 2, 3, 4, 5, 6, n % 7] })))
    const settled = db.settled().catch((error: unknown) => error)
    await db.close()
    expect([undefined, 'ABORTED', 'CLOSED']).toContain(((await settled) as { code?: string } | undefined)?.code)
    if (where === 'memory:') return
    const again = await open(url('work'), { tuning })
    await again.settled()
    expect((await (await again.collection('c')).indexes())[0]).toMatchObject({ records: 3000, unindexed: 0, graphs: [3000] })
    await again.close()
  })
})

describe('opening', () => {
  it('finds everything as it was', async () => {
    const path = join(folder, 'reopen')
    const first = await open(path)
    const collection = await first.collection('c', {
      indexes: [{ name: 'i', field: 'v', dimensions: 2, metric: 'dot', where: { on: true } }],
    })
    await collection.upsert([
      { id: 'a', on: true, v: [1, 2] },
      { id: 'b', v: [1, 2] },
    ])
    const version = await first.commit('before')
    const status = await collection.indexes()
    await first.close()
    const second = await open(path, { create: false })
    const again = await second.collection('c')
    expect(await second.version()).toBe(version)
    expect(await again.indexes()).toEqual(status)
    expect((await again.list()).records).toEqual([
      { id: 'a', on: true, v: [1, 2] },
      { id: 'b', v: [1, 2] },
    ])
    expect((await again.search({ vector: [1, 1] })).hits).toMatchObject([{ id: 'a', distance: -3 }])
    await second.close()
  })

  it('makes nothing where it may not', async () => {
    await expect(open(join(folder, 'nothing'), { create: false })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(open(join(folder, 'nothing'), { create: false })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('gives each memory: database its own', async () => {
    const [one, two] = [await open('memory:'), await open('memory:')]
    await one.collection('c')
    expect(await two.collections()).toEqual([])
    await one.close()
    await two.close()
  })
})
