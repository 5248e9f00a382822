import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChecksum, loadKernel } from '@quiverdb/kernel'
import { QuiverError } from '../errors.js'
import { DirectoryStore } from '../store/directory-store.js'
import { FailingStore, fullFrom, seededFaults } from '../store/failing-store.js'
import { MemoryObjects, MemoryStore } from '../store/memory-store.js'
import { smallTuning } from '../testing/world.js'
import { Database, open } from './database.js'

const options = { tuning: smallTuning, maintenance: 'manual' } as const
const indexes = [{ field: 'v', dimensions: 3 }]
const record = (n: number) => ({ id: `r${n}`, n, v: [n, 1, 2] })

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-faults-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('a full disk', () => {
  it('is STORAGE_FULL, keeps what was acknowledged, and is over when there is space again', async () => {
    for (let first = 3; first < 24; first += 2) {
      let full = true
      const objects = new MemoryObjects()
      const db = await Database.over(
        new FailingStore(
          new MemoryStore(objects),
          fullFrom(first, () => full),
        ),
        options,
      )
      const written: number[] = []
      let refused: unknown
      try {
        const collection = await db.collection('c', { indexes })
        for (let n = 0; n < 200; n += 25) {
          const batch = Array.from({ length: 25 }, (_, i) => n + i)
          await collection.upsert(batch.map(record))
          written.push(...batch)
          await db.settled()
        }
      } catch (error) {
        refused = error
      }
      expect(refused, `from write ${first} on`).toMatchObject({ code: 'STORAGE_FULL' })
      full = false
      const collection = await db.collection('c', { indexes })
      expect(await collection.count()).toBe(written.length)
      await collection.upsert([record(999)])
      await db.settled()
      await db.close()
      const again = await Database.over(new MemoryStore(objects), options)
      expect(await (await again.collection('c')).getMany(['r999', ...written.map((n) => `r${n}`)])).toEqual(
        [999, ...written].map(record),
      )
      expect((await again.check()).problems).toEqual([])
      await again.close()
    }
  })
})

describe('a store whose answers get lost', () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed))(
    'acknowledges only what is there, and calls only what is not there failed: %i',
    async (seed) => {
      const objects = new MemoryObjects()
      const stores = [1, 2].map(
        (n) =>
          new FailingStore(
            new MemoryStore(objects),
            seededFaults(seed * 2 + n, 0.15, ['before', 'lost', 'after', 'late', 'repeated']),
          ),
      )
      await Database.over(new MemoryStore(objects), options).then((db) => db.collection('c', { indexes }).then(() => db.close()))
      const databases = await Promise.all(stores.map((store) => retried(() => Database.over(store, options))))
      const fates = new Map<string, string>()
      const collections = await Promise.all(databases.map((db) => retried(() => db.collection('c'))))
      await Promise.all(
        Array.from({ length: 120 }, async (_, n) => {
          await new Promise((resolve) => setTimeout(resolve, n / 4))
          fates.set(`r${n}`, await fateOf(collections[n % 2]!.upsert([record(n)])))
        }),
      )
      for (const store of stores) await store.land()
      for (const db of databases) await db.close().catch(() => undefined)
      const clean = await Database.over(new MemoryStore(objects), options)
      const collection = await clean.collection('c')
      for (const [id, fate] of fates) {
        const found = await collection.get(id)
        if (fate === 'written') expect(found, id).not.toBeNull()
        else if (fate !== 'COMMIT_UNKNOWN') expect(found, `${id}: ${fate}`).toBeNull()
      }
      expect(new Set(fates.values())).toContain('written')
      // No write is in the log twice.
      expect((await clean.log({ limit: 1000 })).reduce((sum, { records }) => sum + records, 0)).toBe(await collection.count())
      await clean.close()
    },
  )
})

describe('a damaged object', () => {
  it.each(['log', 'snap', 'rows', 'graph'])(
    'of %s is named, by reads that need it and by check; other data is readable',
    async (kind) => {
      for (const damage of ['flip', 'cut'] as const) {
        const path = join(folder, `${kind}-${damage}`)
        const db = await open(path, options)
        for (const name of ['harmed', 'sound']) {
          const collection = await db.collection(name, { indexes })
          for (let n = 0; n < 60; n += 15) await collection.upsert(Array.from({ length: 15 }, (_, i) => record(n + i)))
        }
        await db.settled()
        await (await db.collection('sound')).upsert([record(60)])
        const key = await objectOf(path, db, kind)
        await db.close()
        await harm(join(path, key), damage)
        let report
        try {
          const again = await open(path, options)
          report = await again.check()
          expect(await (await again.collection('sound')).count()).toBeGreaterThanOrEqual(60)
          if (kind !== 'log') expect(await (await again.collection('sound')).get('r59')).toEqual(record(59))
          await again.close()
        } catch (error) {
          // A commit that nothing makes up for: the database says so instead of leaving it out.
          expect(error).toMatchObject({ code: 'CORRUPT', details: { key } })
          continue
        }
        expect(report.ok, `${kind} ${damage}`).toBe(false)
        expect(report.problems.map((problem) => problem.key)).toContain(key)
      }
    },
  )
})

describe('a newer format', () => {
  it('of the database is FORMAT_TOO_NEW', async () => {
    const objects = new MemoryObjects()
    objects.set('format', new TextEncoder().encode(JSON.stringify({ format: 2 })))
    await expect(Database.over(new MemoryStore(objects), options)).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' })
  })

  it('of a commit is FORMAT_TOO_NEW, to readers and writers, and nothing is written over it', async () => {
    const objects = new MemoryObjects()
    const db = await Database.over(new MemoryStore(objects), options)
    const collection = await db.collection('c')
    await collection.upsert([record(1)])
    const last = objects.keys().findLast((key) => key.includes('/log/'))!
    const next = last.replace(/\d+$/, (digits) => String(Number(digits) + 1).padStart(digits.length, '0'))
    objects.set(next, newerFormat(objects.get(last)!, createChecksum(await loadKernel())))
    await expect(collection.count()).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW', details: { key: next } })
    await expect(collection.upsert([record(2)])).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW', details: { key: next } })
    await db.close()
    await expect(Database.over(new MemoryStore(objects), options)).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' })
    expect(objects.keys().findLast((key) => key.includes('/log/'))).toBe(next)
  })
})

async function retried<R>(work: () => Promise<R>): Promise<R> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === 50) throw error
    }
  }
}

function fateOf(write: Promise<unknown>): Promise<string> {
  return write.then(
    () => 'written',
    (error: unknown) => (error instanceof QuiverError ? error.code : String(error)),
  )
}

/** An object of a kind; of rows and graphs one that belongs to the collection to be harmed. */
async function objectOf(path: string, db: Database, kind: string): Promise<string> {
  const store = await DirectoryStore.open(path)
  const keys: string[] = []
  for await (const key of store.list('ns/')) if (key.includes(`/${kind}/`)) keys.push(key)
  await store.close()
  if (kind === 'log') return keys.at(-1)!
  if (kind === 'snap') return keys[0]!
  // Parts are named by the time they were made, and this collection's are made first.
  expect((await (await db.collection('harmed')).indexes())[0]!.graphs.length).toBeGreaterThan(0)
  return keys[0]!
}

async function harm(file: string, damage: 'flip' | 'cut'): Promise<void> {
  const bytes = await readFile(file)
  if (damage === 'cut') return truncate(file, Math.floor(bytes.length / 2))
  for (const at of [40, Math.floor(bytes.length / 2), bytes.length - 1]) bytes[at]! ^= 0x10
  await writeFile(file, bytes)
}

function newerFormat(commit: Uint8Array, checksum: (bytes: Uint8Array) => bigint): Uint8Array {
  const bytes = commit.slice()
  const view = new DataView(bytes.buffer)
  view.setUint32(8, 2, true)
  view.setUint32(28, Number(BigInt.asUintN(32, checksum(bytes.subarray(0, 28)))), true)
  return bytes
}
