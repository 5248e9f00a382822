import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Database, MemoryObjects, MemoryStore, open } from '../index.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-namespaces-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Names that file systems, keys or JavaScript could stumble over. */
const odd = [
  'UPPER',
  'upper',
  'a/b',
  '..',
  '.',
  'ns',
  '%41',
  ' ',
  'ä',
  'a\u0308',
  '日本',
  '__proto__',
  'con',
  '\ufeffx',
  'x'.repeat(60),
  '🦜'.repeat(15),
]

describe.each(['memory:', 'folder'])('namespaces in %s', (where) => {
  let db: Database
  const url = (): string => (where === 'folder' ? join(folder, 'db') : where)
  beforeAll(async () => {
    db = await open(url())
  })
  afterAll(() => db.close())

  it('appear when something is written to them', async () => {
    expect(await db.namespaces()).toEqual([])
    const quiet = await db.namespace('quiet')
    expect(await quiet.collections()).toEqual([])
    expect(await db.namespaces()).toEqual([])
    await db.collection('c')
    expect(await db.namespaces()).toEqual(['default'])
    expect(await db.namespace('default')).toBe(await db.namespace('default'))
    expect(await (await db.namespace('default')).collections()).toEqual(['c'])
  })

  it('have any name, and are independent of each other', async () => {
    for (const name of odd) {
      const records = await (await db.namespace(name)).collection('c')
      await records.upsert([{ id: 'own', name }])
    }
    expect(await db.namespaces()).toEqual(['default', ...odd].sort())
    for (const name of odd) {
      const namespace = await db.namespace(name)
      expect(await (await namespace.collection('c')).list()).toEqual({ records: [{ id: 'own', name }] })
      expect(await namespace.version()).toBe('main@2')
    }
    expect(await (await db.collection('c')).count()).toBe(0)
  })

  it('refuse names that no key can hold', async () => {
    for (const name of ['', 'x'.repeat(201), '日'.repeat(60), 'half\ud800']) {
      await expect(db.namespace(name)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('namespace name'),
      })
    }
  })

  it('keep their versions and transactions to themselves', async () => {
    const one = await db.namespace('one')
    const two = await db.namespace('two')
    await one.collection('c')
    await (await two.collection('c')).upsert([{ id: 'x' }])
    const named = await one.commit('of one')
    expect((await two.log()).map(({ kind }) => kind)).toEqual(['write', 'write'])
    expect(await one.version()).toBe(named)
    await one.transaction(async (tx) => {
      await tx.collection('c').list()
      await (await two.collection('c')).upsert([{ id: 'y' }])
      await tx.collection('c').upsert([{ id: 'z' }])
    })
    expect(await (await one.collection('c')).count()).toBe(1)
    expect(await (await two.collection('c')).count()).toBe(2)
  })

  it('are all there after opening again', async () => {
    if (where === 'memory:') return
    const again = await open(url(), { create: false })
    expect(await again.namespaces()).toEqual(['default', 'one', 'two', ...odd].sort())
    for (const name of odd) {
      expect(await (await (await again.namespace(name)).collection('c')).get('own')).toEqual({ id: 'own', name })
    }
    await again.close()
  })
})

describe('collections', () => {
  it('have any printable name, are listed by it, dropped, and made anew empty', async () => {
    const db = await open('memory:')
    const names = ['b', 'a', '__proto__', 'with space', 'ä/ö', '日本', 'x'.repeat(128)]
    for (const name of names) await (await db.collection(name)).upsert([{ id: name.slice(0, 5) }])
    expect(await db.collections()).toEqual([...names].sort())
    const old = await db.collection('a')
    await db.dropCollection('a')
    expect(await db.collections()).toEqual(names.filter((name) => name !== 'a').sort())
    for (const call of [
      () => old.get('a'),
      () => old.upsert([{ id: 'x' }]),
      () => old.search({ vector: [1] }),
      () => old.indexes(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    expect(await (await db.collection('a')).count()).toBe(0)
    await db.close()
  })

  it('are made once however many ask at the same time', async () => {
    const db = await open('memory:')
    const indexes = [{ field: 'v', dimensions: 2 }]
    const all = await Promise.all(Array.from({ length: 10 }, () => db.collection('same', { indexes })))
    await Promise.all(all.map((collection, n) => collection.upsert([{ id: `${n}`, v: [1, n] }])))
    expect(await all[0]!.count()).toBe(10)
    expect(await all[9]!.indexes()).toHaveLength(1)
    await db.close()
  })

  it('are made with all their indexes or not at all', async () => {
    const db = await open('memory:')
    await db.collection('c', { indexes: [{ field: 'v', dimensions: 2 }] })
    const version = await db.version()
    const indexes = [
      { field: 'w', dimensions: 2 },
      { field: 'v', dimensions: 3 },
    ]
    await expect(db.collection('c', { indexes })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(await db.version()).toBe(version)
    await db.close()
  })
})

describe('stats', () => {
  it('tell what is there', async () => {
    const db = await open('memory:', { maintenance: 'manual', tuning: { graphRowsMin: 50 } })
    expect(await db.stats()).toEqual({
      version: 'main@0',
      collections: [],
      store: { objects: 0 },
      waitingWrites: 0,
      memoryBytes: 0,
    })
    const collection = await db.collection('c', { indexes: [{ field: 'v', dimensions: 2 }] })
    await collection.upsert(Array.from({ length: 60 }, (_, n) => ({ v: [n, 1] })))
    expect((await db.stats()).collections).toMatchObject([
      { name: 'c', records: 60, segments: 0, indexes: [{ name: 'v', unindexed: 60, graphs: [] }] },
    ])
    await db.settled()
    await collection.search({ vector: [1, 1] })
    const stats = await db.stats()
    expect(stats.collections).toMatchObject([
      { name: 'c', records: 60, segments: 1, indexes: [{ name: 'v', unindexed: 0, graphs: [60], status: 'ready' }] },
    ])
    expect(stats.version).toBe(await db.version())
    expect(stats.store.objects).toBeGreaterThan(4)
    expect(stats.memoryBytes).toBeGreaterThan(60 * 32 * 4)
    await db.close()
  })

  it('tell how many writes wait for a commit', async () => {
    let release = (): void => undefined
    let begun = (): void => undefined
    let isHolding = false
    const held = new Promise<void>((resolve) => (release = resolve))
    class HeldStore extends MemoryStore {
      override async putNew(...given: Parameters<MemoryStore['putNew']>): ReturnType<MemoryStore['putNew']> {
        begun()
        if (isHolding) await held
        return super.putNew(...given)
      }
    }
    const db = await Database.over(new HeldStore(new MemoryObjects()), { maintenance: 'manual' })
    const collection = await db.collection('c')
    isHolding = true
    const isUnderWay = new Promise<void>((resolve) => (begun = resolve))
    const first = collection.upsert([{ id: 'first' }])
    await isUnderWay
    const others = [1, 2, 3].map((n) => collection.upsert([{ id: `other${n}` }]))
    await expect.poll(async () => (await db.stats()).waitingWrites).toBe(3)
    release()
    await Promise.all([first, ...others])
    expect((await db.stats()).waitingWrites).toBe(0)
    await db.close()
  })
})
