import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { open, type Collection, type Database, type Transaction } from '../index.js'

let db: Database
let accounts: Collection
let notes: Collection
let numbered = 0
let name: string

beforeAll(async () => {
  db = await open('memory:', { maintenance: 'manual' })
})
beforeEach(async () => {
  name = `accounts${numbered++}`
  accounts = await db.collection(name, { indexes: [{ field: 'v', dimensions: 2 }] })
  notes = await db.collection(`notes${numbered}`, { indexes: [{ name: 'e', field: 'text', source: 'external', dimensions: 2 }] })
  await accounts.upsert([
    { id: 'a', balance: 10, v: [1, 0] },
    { id: 'b', balance: 0, v: [0, 1] },
  ])
})
afterAll(() => db.close())

/** Runs a transaction with something else happening between its reads and its end. */
const raced = (inside: (tx: Transaction) => Promise<unknown>, meanwhile: () => Promise<unknown>): Promise<void> =>
  db.transaction(async (tx) => {
    await inside(tx)
    await meanwhile()
    await tx.collection(name).upsert([{ id: 'written by the transaction' }])
  })

const conflict = expect.objectContaining({ code: 'CONFLICT' })

describe('a transaction', () => {
  it('writes to several collections in one version and returns what its callback returns', async () => {
    const before = await db.version()
    const result = await db.transaction(async (tx) => {
      const [from, to] = await tx.collection<{ balance: number }>(name).getMany(['a', 'b'])
      await tx.collection(name).update('a', { balance: from!.balance - 4 })
      await tx.collection(name).update('b', { balance: to!.balance + 4 })
      return tx.collection(`notes${numbered}`).upsert([{ text: 'moved 4' }])
    })
    expect(await accounts.getMany(['a', 'b'])).toMatchObject([{ balance: 6, v: [1, 0] }, { balance: 4 }])
    expect(await notes.get(result[0]!)).toMatchObject({ text: 'moved 4' })
    expect(Number((await db.version()).slice(5))).toBe(Number(before.slice(5)) + 1)
  })

  it('sees its own writes everywhere; nobody else does before its end', async () => {
    await db.transaction(async (tx) => {
      const own = tx.collection(name)
      await own.upsert([{ id: 'c', balance: 5, v: [1, 0.1] }])
      await own.update('a', { balance: 11 })
      expect(await own.delete(['b', 'absent'])).toBe(1)
      expect(await own.getMany(['a', 'b', 'c'])).toEqual([
        { id: 'a', balance: 11, v: [1, 0] },
        null,
        { id: 'c', balance: 5, v: [1, 0.1] },
      ])
      expect((await own.list({ where: { balance: { $gt: 4 } } })).records.map(({ id }) => id)).toEqual(['a', 'c'])
      expect(await own.count()).toBe(2)
      expect((await own.search({ vector: [1, 0] })).hits.map(({ id }) => id)).toEqual(['a', 'c'])
      expect(await accounts.count()).toBe(2)
      expect(await accounts.get('a')).toMatchObject({ balance: 10 })
      expect(await accounts.get('c')).toBeNull()
    })
    expect((await accounts.list()).records.map(({ id }) => id)).toEqual(['a', 'c'])
  })

  it('reads the version at which it began', async () => {
    await db.transaction(async (tx) => {
      await accounts.upsert([{ id: 'a', balance: 99 }, { id: 'new' }])
      expect(await tx.collection(name).get('a')).toMatchObject({ balance: 10 })
      expect(await tx.collection(name).count()).toBe(2)
      expect((await tx.collection(name).search({ vector: [1, 0] })).hits).toHaveLength(2)
    })
  })

  it('sets external vectors, its own and those of the record before', async () => {
    await notes.upsert([{ id: 'n', text: 'x', $vectors: { e: [1, 0] } }])
    await db.transaction(async (tx) => {
      const own = tx.collection(`notes${numbered}`)
      await own.setVectors('e', [{ id: 'n', vector: [0, 1] }])
      await own.update('n', { text: 'y' })
      expect(await own.get('n', { vectors: true })).toEqual({ id: 'n', text: 'y', $vectors: { e: [0, 1] } })
    })
    expect(await notes.get('n', { vectors: true })).toEqual({ id: 'n', text: 'y', $vectors: { e: [0, 1] } })
  })

  it('leaves no trace when its callback throws', async () => {
    const version = await db.version()
    const failure = new Error('changed my mind')
    const run = db.transaction(async (tx) => {
      await tx.collection(name).upsert([{ id: 'c' }])
      await tx.collection(name).delete('a')
      throw failure
    })
    await expect(run).rejects.toBe(failure)
    expect(await db.version()).toBe(version)
    expect(await accounts.count()).toBe(2)
  })

  it('writes no version when it wrote nothing', async () => {
    const version = await db.version()
    expect(await db.transaction((tx) => tx.collection(name).count())).toBe(2)
    expect(await db.version()).toBe(version)
  })

  it('cannot be used after its end', async () => {
    let kept: Transaction | undefined
    await db.transaction(async (tx) => void (kept = tx))
    const late = kept!.collection(name)
    await expect(late.get('a')).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(late.upsert([{ id: 'late' }])).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(late.update('a', { x: 1 })).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(late.delete('a')).rejects.toMatchObject({ code: 'CLOSED' })
    expect(await accounts.count()).toBe(2)
  })

  it('knows no collection that is not there', async () => {
    await expect(db.transaction(async (tx) => tx.collection('none'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a conflict', () => {
  it('is a change of a record that was read', async () => {
    const read = (tx: Transaction) => tx.collection(name).get('a')
    const before = await accounts.count()
    for (const meanwhile of [
      () => accounts.update('a', { balance: 1 }),
      () => accounts.upsert([{ id: 'a' }]),
      () => accounts.delete('a'),
    ]) {
      await expect(raced(read, meanwhile)).rejects.toEqual(conflict)
    }
    await expect(
      raced(
        (tx) => tx.collection(name).get('absent'),
        () => accounts.upsert([{ id: 'absent' }]),
      ),
    ).rejects.toEqual(conflict)
    expect(await accounts.get('written by the transaction')).toBeNull()
    expect(before).toBe(2)
  })

  it('is a change of a record that was updated', async () => {
    const update = (tx: Transaction) => tx.collection(name).update('a', { x: 1 })
    await expect(raced(update, () => accounts.update('a', { balance: 1 }))).rejects.toEqual(conflict)
  })

  it('is a record that comes to match, ceases to match or changes within a condition', async () => {
    const conditions: ((tx: Transaction) => Promise<unknown>)[] = [
      (tx) => tx.collection(name).list({ where: { balance: { $gte: 10 } } }),
      (tx) => tx.collection(name).count({ where: { balance: { $gte: 10 } } }),
      (tx) => tx.collection(name).search({ vector: [1, 0], where: { balance: { $gte: 10 } } }),
    ]
    for (const [n, read] of conditions.entries()) {
      await expect(raced(read, () => accounts.upsert([{ id: `phantom${n}`, balance: 20 }]))).rejects.toEqual(conflict)
      await expect(raced(read, () => accounts.update('b', { balance: 10 + n }))).rejects.toEqual(conflict)
      await expect(raced(read, () => accounts.update('b', { balance: 0 }))).rejects.toEqual(conflict)
      await expect(raced(read, () => accounts.delete(`phantom${n}`))).rejects.toEqual(conflict)
    }
  })

  it('is any change where everything was read', async () => {
    for (const read of [
      (tx: Transaction) => tx.collection(name).list(),
      (tx: Transaction) => tx.collection(name).count(),
      (tx: Transaction) => tx.collection(name).search({ vector: [1, 0], limit: 1 }),
    ]) {
      await expect(raced(read, () => accounts.upsert([{ balance: 1 }]))).rejects.toEqual(conflict)
    }
  })

  it('is a change of the indexes of a collection that it used', async () => {
    const use = async (tx: Transaction) => void tx.collection(name)
    await expect(raced(use, () => accounts.createIndex({ field: 'w', dimensions: 2 }))).rejects.toEqual(conflict)
    await expect(raced(use, () => accounts.dropIndex('w'))).rejects.toEqual(conflict)
  })

  it('is told to one of two that increment at once, and running again helps', async () => {
    const increment = async (): Promise<void> => {
      for (;;) {
        try {
          return await db.transaction(async (tx) => {
            const own = tx.collection<{ balance: number }>(name)
            const { balance } = (await own.get('a'))!
            await own.update('a', { balance: balance + 1 })
          })
        } catch (error) {
          expect(error).toEqual(conflict)
        }
      }
    }
    await Promise.all(Array.from({ length: 8 }, increment))
    expect(await accounts.get('a')).toMatchObject({ balance: 18 })
  })
})

describe('no conflict', () => {
  it.each<[string, (tx: Transaction) => Promise<unknown>, () => Promise<unknown>]>([
    ['a change of another record', (tx) => tx.collection(name).get('a'), () => accounts.update('b', { balance: 3 })],
    [
      'a change outside of the condition',
      (tx: Transaction) => tx.collection(name).list({ where: { balance: { $gt: 5 } } }),
      () => accounts.update('b', { balance: 3 }),
    ],
    [
      'a change in another collection',
      (tx: Transaction) => tx.collection(name).list(),
      () => notes.upsert([{ id: 'a', balance: 20 }]),
    ],
    ['upkeep', (tx: Transaction) => tx.collection(name).list(), () => db.maintain({ only: ['flush', 'compact', 'snapshot'] })],
    ['its own writes', (tx: Transaction) => tx.collection(name).update('a', { balance: 1 }), async () => undefined],
    [
      'blind writes to one record',
      (tx: Transaction) => tx.collection(name).upsert([{ id: 'z' }]),
      () => accounts.upsert([{ id: 'z' }]),
    ],
  ])('%s', async (_, inside, meanwhile) => {
    await raced(inside, meanwhile)
    expect(await accounts.get('written by the transaction')).not.toBeNull()
  })

  it('of many disjoint transactions at once', async () => {
    await accounts.upsert(Array.from({ length: 30 }, (_, n) => ({ id: `d${n}`, n })))
    await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        db.transaction(async (tx) => {
          const record = await tx.collection<{ n: number }>(name).get(`d${n}`)
          await tx.collection(name).update(`d${n}`, { n: record!.n + 100 })
        }),
      ),
    )
    expect(await accounts.count({ where: { n: { $gte: 100 } } })).toBe(30)
  })
})

describe('a transaction of more than the log takes', () => {
  const many = (tag: string): { id: string; text: string; v: number[] }[] =>
    Array.from({ length: 2_500 }, (_, n) => ({ id: `m${n}`, tag, text: 'long '.repeat(800), v: [Math.cos(n), Math.sin(n)] }))

  it('is written as a whole, with changes of its own records, and found after reopening', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'quiver-transaction-'))
    try {
      for (const tag of ['first', 'second']) {
        const own = await open(folder)
        const records = await own.collection('m', { indexes: [{ field: 'v', dimensions: 2 }] })
        const before = await own.version()
        await own.transaction(async (tx) => {
          const m = tx.collection('m')
          await m.upsert(many(tag))
          await m.update('m7', { tag: 'changed' })
          await m.delete('m8')
          expect(await m.count()).toBe(2_499)
        })
        expect((await own.log())[1]?.version).toBe(before)
        expect(await records.count({ where: { tag } })).toBe(2_498)
        await own.close()
      }
      const again = await open(folder, { create: false })
      const records = await again.collection('m')
      expect(await records.get('m7')).toMatchObject({ tag: 'changed', text: 'long '.repeat(800) })
      const { hits } = await records.search({ vector: [Math.cos(9), Math.sin(9)], limit: 1 })
      expect(hits[0]?.id).toBe('m9')
      expect((await again.check()).ok).toBe(true)
      await again.close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('leaves nothing behind when it is refused', async () => {
    const use = async (tx: Transaction): Promise<void> => {
      await tx.collection(name).get('a')
      await tx.collection(name).upsert(many('never'))
    }
    await expect(raced(use, () => accounts.update('a', { balance: 1 }))).rejects.toEqual(conflict)
    expect(await accounts.count()).toBe(2)
  })
})
