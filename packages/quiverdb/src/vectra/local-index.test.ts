import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as vectra from 'vectra'
import { type FileStorage, LocalFileStorage, LocalIndex, ProtobufCodec, VirtualFileStorage } from './index.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-vectra-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

type Writer = Pick<LocalIndex, 'insertItem' | 'upsertItem' | 'deleteItem' | 'deleteItems'>

/** A storage with the nine methods alone, like one that somebody else has written. */
function plainStorage(inner: FileStorage): FileStorage {
  const names = ['createFile', 'createFolder', 'deleteFile', 'deleteFolder', 'getDetails', 'listFiles', 'pathExists'] as const
  const methods = [...names, 'readFile' as const, 'upsertFile' as const].map((name) => [
    name,
    (...args: unknown[]) => (inner[name] as (...args: unknown[]) => unknown).apply(inner, args),
  ])
  return Object.fromEntries(methods) as FileStorage
}

const storages: [string, () => FileStorage][] = [
  ['the file system', () => new LocalFileStorage(folder)],
  ['memory', () => new VirtualFileStorage()],
  ['nine methods', () => plainStorage(new VirtualFileStorage())],
]

describe.each(storages)('an index in %s', (_, make) => {
  let storage: FileStorage
  let index: LocalIndex
  const saved = async () =>
    JSON.parse(new TextDecoder().decode(await storage.readFile('i/index.json'))) as { items: { id: string }[] }
  const savedIds = async () => (await saved()).items.map(({ id }) => id)
  beforeEach(async () => {
    storage = make()
    index = new LocalIndex('i', undefined, storage)
    await index.createIndex()
  })

  test('holds what was inserted, also for the next program', async () => {
    await index.insertItem({ id: 'a', vector: [3, 4], metadata: { n: 1 } })
    await index.insertItem({ id: 'b', vector: Float32Array.of(0, 2) })
    await index.upsertItem({ id: 'a', vector: [0, 1], metadata: { n: 2 } })
    await index.insertItem({ id: 'c', vector: [1, 1] })
    await index.deleteItem('b')
    const items = [
      { id: 'a', metadata: { n: 2 }, vector: [0, 1], norm: 1 },
      { id: 'c', metadata: {}, vector: [1, 1], norm: Math.SQRT2 },
    ]
    expect(await index.listItems()).toEqual(items)
    expect(await saved()).toEqual({ version: 1, metadata_config: {}, items })
    expect(await new LocalIndex('i', undefined, storage).listItems()).toEqual(items)
  })

  test('saves every write that was acknowledged, also when they come at the same time', async () => {
    const ids = Array.from({ length: 30 }, (_, i) => `${i}`)
    await Promise.all(
      ids.map(async (id, i) => {
        await index.insertItem({ id, vector: [1, i] })
        expect(await savedIds()).toContain(id)
      }),
    )
    expect(await savedIds()).toEqual(ids)
  })

  test('a write that is refused takes nothing and nobody with it', async () => {
    await index.insertItem({ id: 'a', vector: [1] })
    const outcomes = await Promise.allSettled([
      index.insertItem({ id: 'a', vector: [2] }),
      index.insertItem({ id: 'b', vector: [2] }),
      index.insertItem({ id: 'x' }),
      index.insertItem({ id: 'x', vector: [NaN] }),
      index.batchInsertItems([
        { id: 'c', vector: [3] },
        { id: 'c', vector: [3] },
      ]),
      index.insertItem({ id: 'd', vector: [4] }),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ])
    expect(await savedIds()).toEqual(['a', 'b', 'd'])
    await index.insertItem({ id: 'e', vector: [1] })
    expect(await savedIds()).toEqual(['a', 'b', 'd', 'e'])
  })

  test('an update is seen and saved when it ends, and not at all when it is cancelled', async () => {
    await index.insertItem({ id: 'a', vector: [1] })
    await index.beginUpdate()
    await index.insertItem({ id: 'b', vector: [1] })
    await index.deleteItem('a')
    expect((await index.listItems()).map(({ id }) => id)).toEqual(['a'])
    await expect(index.batchInsertItems([])).rejects.toThrow('Update already in progress')
    index.cancelUpdate()
    expect(await savedIds()).toEqual(['a'])
    await index.beginUpdate()
    await index.deleteItem('a')
    await index.insertItem({ id: 'a', vector: [2] })
    await index.insertItem({ id: 'c', vector: [2] })
    const ending = Promise.all([index.endUpdate(), index.endUpdate()])
    await index.insertItem({ id: 'late', vector: [3] })
    await ending
    expect(await savedIds()).toEqual(['a', 'c', 'late'])
    await expect(index.endUpdate()).rejects.toThrow('No update in progress')
  })
})

describe('an index in a folder', () => {
  test('keeps metadata that is not indexed beside the index', async () => {
    const index = new LocalIndex(folder)
    await index.createIndex({ version: 1, metadata_config: { indexed: ['year'] } })
    await index.insertItem({ id: 'a', vector: [1], metadata: { year: 1958, title: 'Perceptron' } })
    const [item] = await index.listItems()
    expect(item!.metadata).toEqual({ year: 1958 })
    expect(JSON.parse(await readFile(join(folder, item!.metadataFile!), 'utf8'))).toEqual({ year: 1958, title: 'Perceptron' })
    const [hit] = await index.queryItems([1], '', 1, { year: 1958 })
    expect(hit!.item.metadata).toEqual({ year: 1958, title: 'Perceptron' })
  })

  test('two of them do not erase what the other one wrote', async () => {
    const [a, b] = [new LocalIndex(folder), new LocalIndex(folder)]
    await a.createIndex()
    await b.insertItem({ id: 'b', vector: [1] })
    await a.insertItem({ id: 'a', vector: [1] })
    await b.beginUpdate()
    await b.insertItem({ id: 'c', vector: [1] })
    await a.insertItem({ id: 'd', vector: [1] })
    await b.endUpdate()
    const all = await new LocalIndex(folder).listItems()
    expect(all.map(({ id }) => id)).toEqual(['b', 'a', 'd', 'c'])
    await expect(a.insertItem({ id: 'c', vector: [1] })).rejects.toThrow('Item with id c already exists')
  })

  test('a failed creation leaves what was there', async () => {
    await writeFile(join(folder, 'mine.txt'), 'mine')
    const index = new LocalIndex(folder, 'no/such/folder.json')
    await expect(index.createIndex()).rejects.toThrow('Error creating index')
    expect(await readdir(folder)).toEqual(['mine.txt'])
  })

  test.each([
    ['nothing', ''],
    ['half of it', '{"version":1,"metadata_config":{},"items":[{"id":"a","vector":[1,'],
    ['something else', '{"name":"not an index"}'],
    ['a list', '[]'],
    ['null', 'null'],
  ])('of which the file holds %s is refused, and left alone', async (_, text) => {
    await writeFile(join(folder, 'index.json'), text)
    const index = new LocalIndex(folder)
    const corrupt = expect.objectContaining({ code: 'CORRUPT' })
    await expect(index.listItems()).rejects.toEqual(corrupt)
    await expect(index.insertItem({ vector: [1] })).rejects.toEqual(corrupt)
    expect(await readFile(join(folder, 'index.json'), 'utf8')).toBe(text)
  })

  test('with ids that occur twice is used as Vectra uses it, whatever its version says', async () => {
    const twice = ['k', 'l', 'k', 'k'].map((id, i) => ({ id, metadata: {}, vector: [i + 1], norm: i + 1 }))
    const indexes = [new LocalIndex(join(folder, 'a')), new vectra.LocalIndex(join(folder, 'b'))]
    for (const index of indexes) {
      await index.createIndex()
      await writeFile(join(index.folderPath, 'index.json'), JSON.stringify({ version: 99, metadata_config: {}, items: twice }))
    }
    const files = () => Promise.all(indexes.map(({ folderPath }) => readFile(join(folderPath, 'index.json'), 'utf8')))
    const fresh = [new LocalIndex(join(folder, 'a')), new vectra.LocalIndex(join(folder, 'b'))]
    for (const act of [
      (index: Writer) => index.upsertItem({ id: 'k', vector: [9] }),
      (index: Writer) => index.deleteItem('k'),
      (index: Writer) => index.upsertItem({ id: 'k', vector: [8] }),
      (index: Writer) => index.deleteItems(['k', 'l']),
      (index: Writer) => index.insertItem({ id: 'l', vector: [7] }),
    ]) {
      for (const index of fresh) await act(index)
      const [ours, theirs] = await files()
      expect(ours).toBe(theirs)
    }
  })

  test('removes what a process that died has left', async () => {
    const index = new LocalIndex(folder)
    await index.createIndex()
    const { pid } = spawnSync('true')
    await writeFile(join(folder, '.index.json.lock'), `${pid} 1 ${hostname()}`)
    await writeFile(join(folder, `.index.json.${pid}-3.tmp`), 'half of an index')
    await writeFile(join(folder, `.index.json.${process.pid}-99999.tmp`), 'of somebody who lives')
    await index.insertItem({ vector: [1] })
    expect((await readdir(folder)).sort()).toEqual([`.index.json.${process.pid}-99999.tmp`, 'index.json'])
  })

  test('garbage in protocol buffers is refused', async () => {
    for (const bytes of [[0xff], [0x1a, 0x05], [0x1a, 0x03, 0x0a, 0x61, 0x61, 0x62]]) {
      await writeFile(join(folder, 'index.pb'), Uint8Array.from(bytes))
      const index = new LocalIndex(folder, undefined, undefined, new ProtobufCodec())
      await expect(index.listItems()).rejects.toMatchObject({ code: 'CORRUPT' })
    }
  })

  test('reads an index that was written by hand, and writes it as Vectra would', async () => {
    const item = '{ "id": "a", "note": "kept", "vector": [1.50], "metadata": {}, "norm": 1.5 }'
    await writeFile(join(folder, 'index.json'), `{ "version": 7, "other": 1, "items": [${item}], "metadata_config": {} }`)
    const index = new LocalIndex(folder)
    await index.insertItem({ id: 'b', vector: [1], metadata: {} })
    expect(await readFile(join(folder, 'index.json'), 'utf8')).toBe(
      '{"version":7,"metadata_config":{},"items":[{"id":"a","note":"kept","vector":[1.5],"metadata":{},"norm":1.5},{"id":"b","metadata":{},"vector":[1],"norm":1}]}',
    )
  })
})
