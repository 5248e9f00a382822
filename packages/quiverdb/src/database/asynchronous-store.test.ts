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
