import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as vectra from 'vectra'
import { LocalIndex, VirtualFileStorage } from './index.js'

let folder: string
const path = (name: string) => join(folder, name)
const journalled = (options: { sizeBytesMax?: number } | boolean = true, from = folder) =>
  new LocalIndex(from, undefined, undefined, undefined, { journal: options })
const idsOf = async (index: { listItems(): Promise<{ id: string }[]> }) => (await index.listItems()).map(({ id }) => id)
const savedIds = () => idsOf(new vectra.LocalIndex(folder))

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-vectra-journal-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('an index with a journal', () => {
  test('has what was acknowledged, for every index that knows the journal', async () => {
    const index = journalled()
    await index.createIndex()
    await index.insertItem({ id: 'a', vector: [0.1, -0.2] })
    await index.batchInsertItems([
      { id: 'b', vector: [1, 2] },
      { id: 'c', vector: [3, 4] },
    ])
    await index.upsertItem({ id: 'a', vector: [5, 6], metadata: { x: 'é' } })
    await index.deleteItems(['b', 'none'])
    expect(await savedIds()).toEqual([])
    const items = await index.listItems()
    expect(items.map(({ id, vector }) => [id, vector])).toEqual([
      ['a', [5, 6]],
      ['c', [3, 4]],
    ])
    expect(await journalled().listItems()).toEqual(items)
    expect(await new LocalIndex(folder).listItems()).toEqual(items)
    await index.close()
    expect(await new vectra.LocalIndex(folder).listItems()).toEqual(items)
    expect(await readdir(folder)).toEqual(['index.json'])
  })

  test('goes into the index file when an update ends, when it is large, and when somebody writes without one', async () => {
    const index = journalled({ sizeBytesMax: 300 })
    await index.createIndex()
    await index.insertItem({ id: 'a', vector: [1] })
    await index.beginUpdate()
    await index.insertItem({ id: 'b', vector: [1] })
    await index.endUpdate()
    expect(await savedIds()).toEqual(['a', 'b'])
    for (let i = 0; i < 8; i++) await index.insertItem({ id: `${i}`, vector: [1] })
    expect((await savedIds()).length).toBeGreaterThan(2)
    await new LocalIndex(folder).insertItem({ id: 'z', vector: [1] })
    expect(await savedIds()).toEqual(['a', 'b', '0', '1', '2', '3', '4', '5', '6', '7', 'z'])
    await index.insertItem({ id: 'last', vector: [1] })
    expect((await idsOf(new LocalIndex(folder))).at(-1)).toBe('last')
  })

  test('is cut anywhere without harm to the writes before', async () => {
    const index = journalled()
    await index.createIndex()
    const ends = [0]
    const journal = path('index.json.journal')
    for (const id of ['a', 'b', 'c']) {
      await index.insertItem({ id, vector: [1, 2] })
      ends.push((await readFile(journal)).length)
    }
    const whole = await readFile(journal)
    for (let length = whole.length - 1; length > 0; length -= 11) {
      await writeFile(journal, whole)
      await truncate(journal, length)
      const left = ends.filter((end) => end && end <= length).length
      const reopened = journalled()
      expect(await idsOf(reopened)).toEqual(['a', 'b', 'c'].slice(0, left))
      const copy = `${folder}-copy`
      await cp(folder, copy, { recursive: true })
      const again = journalled(true, copy)
      await again.insertItem({ id: 'new', vector: [1] })
      expect(await idsOf(new LocalIndex(copy))).toEqual([...['a', 'b', 'c'].slice(0, left), 'new'])
      await rm(copy, { recursive: true })
    }
  })

  test('is not replayed over an index that Vectra has written since, and is kept aside', async () => {
    const index = journalled()
    await index.createIndex()
    await index.insertItem({ id: 'a', vector: [1] })
    await new vectra.LocalIndex(folder).insertItem({ id: 'theirs', vector: [1] })
    expect(await idsOf(new LocalIndex(folder))).toEqual(['theirs'])
    await journalled().insertItem({ id: 'b', vector: [1] })
    expect(await idsOf(new LocalIndex(folder))).toEqual(['theirs', 'b'])
    expect(await readFile(path('index.json.journal.orphaned'), 'utf8')).toContain('"a"')
  })

  test('several write by turns', async () => {
    const indexes = [journalled(), journalled(), new LocalIndex(folder)]
    await indexes[0]!.createIndex()
    await Promise.all(
      indexes.map(async (index, i) => {
        for (let n = 0; n < 12; n++) await index.insertItem({ id: `${i}-${n}`, vector: [n + 1] })
      }),
    )
    const ids = await idsOf(new LocalIndex(folder))
    expect(new Set(ids)).toEqual(new Set([0, 1, 2].flatMap((i) => Array.from({ length: 12 }, (_, n) => `${i}-${n}`))))
    expect(ids.length).toBe(36)
  })

  test('needs a storage that can keep one', () => {
    expect(() => new LocalIndex('i', undefined, new VirtualFileStorage(), undefined, { journal: true })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    )
  })

  test('is like a map from ids to items, whatever is done', async () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd')
    const step = fc.oneof(
      fc.record({
        kind: fc.constantFrom('upsert', 'delete', 'move'),
        id,
        x: fc.double({ noNaN: true, noDefaultInfinity: true }),
      }),
      fc.record({ kind: fc.constantFrom('close', 'reopen', 'update'), id, x: fc.constant(1) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        await rm(folder, { recursive: true, force: true })
        let index = journalled({ sizeBytesMax: 400 })
        await index.createIndex()
        const model = new Map<string, number>()
        for (const { kind, id, x } of steps) {
          if (kind === 'close') await index.close()
          if (kind === 'reopen') index = journalled({ sizeBytesMax: 400 })
          if (kind === 'delete' || kind === 'move') model.delete(id)
          if (kind === 'upsert' || kind === 'move' || kind === 'update') model.set(id, x)
          if (kind === 'delete' || kind === 'move') await index.deleteItem(id)
          if (kind === 'update') await index.beginUpdate()
          if (kind === 'upsert' || kind === 'move' || kind === 'update') await index.upsertItem({ id, vector: [x] })
          if (kind === 'update') await index.endUpdate()
        }
        const expected = [...model]
        for (const each of [index, journalled(), new LocalIndex(folder)]) {
          expect((await each.listItems()).map(({ id, vector }) => [id, vector[0]! + 0])).toEqual(
            expected.map(([id, x]) => [id, x + 0]),
          )
        }
        await index.close()
        expect(await savedIds()).toEqual(expected.map(([id]) => id))
      }),
      { numRuns: 25 },
    )
  })
})
