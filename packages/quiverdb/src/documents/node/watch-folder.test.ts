import { mkdir, mkdtemp, realpath, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { open, type Database, type Documents } from '../../index.js'
import { countingEmbedder, wordTokenizer } from '../../testing/counting-embedder.js'
import { syncFolder, watchFolder, type FolderEvent, type FolderWatch, type WatchOptions } from '../index.js'

let db: Database
let folder: string
let documents: Documents
let embedder: ReturnType<typeof countingEmbedder>
let events: FolderEvent[]
let watches: FolderWatch[]
let numbered = 0

beforeAll(async () => {
  db = await open('memory:', { maintenance: 'manual' })
})
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'quiver-folder-')))
  embedder = countingEmbedder()
  documents = (await db.collection(`folder${numbered++}`, { documents: { embedder, tokenizer: wordTokenizer } })).documents
  events = []
  watches = []
})
afterEach(async () => {
  await Promise.all(watches.map((one) => one.stop()))
  await rm(folder, { recursive: true, force: true })
})
afterAll(() => db.close())

const write = (name: string, text: string | Uint8Array): Promise<void> => writeFile(join(folder, name), text)
const uris = async (): Promise<string[]> => (await documents.list()).documents.map(({ uri }) => uri)
/** Whatever else the machine is busy with. */
const eventually = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 20_000 })
const onEvent = (event: FolderEvent): void => void events.push(event)

async function watched(options: WatchOptions = {}): Promise<FolderWatch> {
  const folderWatch = await watchFolder(documents, folder, { prefix: '', debounceMs: 20, onEvent, ...options })
  watches.push(folderWatch)
  return folderWatch
}

describe('a folder that is watched', () => {
  it('is taken in, with its folders', async () => {
    await mkdir(join(folder, 'deep/er'), { recursive: true })
    await mkdir(join(folder, 'node_modules'))
    await write('a.md', 'wing')
    await write('deep/er/b.txt', 'tail')
    await write('.hidden', 'no')
    await write('node_modules/c.txt', 'no')
    await watched({ metadata: (path) => ({ depth: path.split('/').length }) })
    expect(await uris()).toEqual(['a.md', 'deep/er/b.txt'])
    expect(await documents.get('deep/er/b.txt')).toMatchObject({ text: 'tail', docType: 'txt', metadata: { depth: 3 } })
    expect(events.at(-1)).toEqual({ type: 'ready', files: 2 })
  })

  it('is followed: files that come, change, move and go', async () => {
    await write('a.txt', 'first')
    await watched()
    await write('b.txt', 'new')
    await eventually(uris).toEqual(['a.txt', 'b.txt'])
    await write('a.txt', 'second and longer')
    await eventually(async () => (await documents.get('a.txt'))?.text).toBe('second and longer')
    await mkdir(join(folder, 'sub'))
    await rename(join(folder, 'b.txt'), join(folder, 'sub/b.txt'))
    await eventually(uris).toEqual(['a.txt', 'sub/b.txt'])
    await write('sub/c.txt', 'in a folder that is new')
    await eventually(uris).toEqual(['a.txt', 'sub/b.txt', 'sub/c.txt'])
    await rm(join(folder, 'sub'), { recursive: true })
    await eventually(uris).toEqual(['a.txt'])
    expect(events.filter(({ type }) => type === 'error')).toEqual([])
  })

  it('loses what went while nobody watched, and embeds nothing that stayed', async () => {
    await write('a.txt', 'stays')
    await write('b.txt', 'goes')
    await documents.upsert({ uri: 'elsewhere', text: 'of another origin' })
    await (await watched({ prefix: 'notes/' })).stop()
    await rm(join(folder, 'b.txt'))
    embedder.texts.length = 0
    events.length = 0
    await watched({ prefix: 'notes/' })
    expect(await uris()).toEqual(['elsewhere', 'notes/a.txt'])
    expect(embedder.texts).toEqual([])
    expect(events).toEqual([
      { type: 'deleted', uri: 'notes/b.txt' },
      { type: 'unchanged', uri: 'notes/a.txt' },
      { type: 'ready', files: 1 },
    ])
  })

  it('keeps documents whose files are gone, if asked to', async () => {
    await documents.upsert({ uri: 'gone.txt', text: 'x' })
    await watched({ removeMissing: false })
    expect(await uris()).toEqual(['gone.txt'])
  })

  it('tells of files that hold no text, and takes the others in', async () => {
    await write('a.txt', 'text')
    await write('b.bin', new Uint8Array([0, 1, 2]))
    const folderWatch = await watched()
    const error = { type: 'error', uri: 'b.bin', error: expect.objectContaining({ code: 'INVALID_DOCUMENT' }) as unknown }
    expect(events).toEqual([error, { type: 'added', uri: 'a.txt' }, { type: 'ready', files: 2 }])
    await folderWatch.sync()
    expect(events).toHaveLength(3)
    await write('b.bin', 'now it is text')
    await eventually(uris).toEqual(['a.txt', 'b.bin'])
  })

  it('tells of what the embedder refuses, takes the others in, and tries again', async () => {
    let broken = true
    const failing = countingEmbedder((texts) => {
      if (broken && texts.some((text) => text.includes('bad'))) throw new Error('refused')
      return undefined
    })
    const options = { embedder: failing, tokenizer: wordTokenizer }
    documents = (await db.collection(`folder${numbered++}`, { documents: options })).documents
    for (const name of ['a', 'b', 'c']) await write(`${name}.txt`, name === 'b' ? 'bad' : 'good')
    const folderWatch = await watched()
    expect(await uris()).toEqual(['a.txt', 'c.txt'])
    expect(events.filter(({ type }) => type === 'error')).toMatchObject([{ uri: 'b.txt', error: { code: 'EMBEDDER_FAILED' } }])
    broken = false
    await folderWatch.sync()
    expect(await uris()).toEqual(['a.txt', 'b.txt', 'c.txt'])
  })

  it('takes only the endings that are named, and follows no links', async () => {
    await write('a.md', 'yes')
    await write('b.TXT', 'yes')
    await write('c.log', 'no')
    await symlink(folder, join(folder, 'circle'))
    await symlink(join(folder, 'a.md'), join(folder, 'link.md'))
    await watched({ extensions: ['md', '.txt'] })
    expect(await uris()).toEqual(['a.md', 'b.TXT'])
  })

  it('is looked through from time to time, in case nothing is heard of it', async () => {
    await write('a.txt', 'first')
    await watched({ pollMs: 30, debounceMs: 60_000 })
    await write('a.txt', 'other')
    await utimes(join(folder, 'a.txt'), new Date(), new Date(1_000))
    await eventually(async () => (await documents.get('a.txt'))?.text).toBe('other')
  })

  it('is no longer followed once it is stopped', async () => {
    const folderWatch = await watched()
    await folderWatch.stop()
    await write('a.txt', 'late')
    await expect(folderWatch.sync()).rejects.toMatchObject({ code: 'CLOSED' })
    expect(await uris()).toEqual([])
    const signal = new AbortController()
    const other = await watched({ signal: signal.signal })
    signal.abort()
    await expect(other.sync()).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(watched({ signal: signal.signal })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('must be there, and tells when it goes', async () => {
    await expect(watchFolder(documents, join(folder, 'missing'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await write('a.txt', 'x')
    await expect(watchFolder(documents, join(folder, 'a.txt'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const folderWatch = await watched()
    await rm(folder, { recursive: true })
    await folderWatch.sync()
    expect(events.filter(({ type }) => type === 'error').at(-1)).toMatchObject({ error: { code: 'NOT_FOUND' } })
    expect(await uris()).toEqual(['a.txt'])
  })
})

it('a folder is taken in once under the names of its files', async () => {
  await write('a.txt', 'wing')
  await syncFolder(documents, folder, { onEvent })
  expect(await uris()).toEqual([`${folder}/a.txt`])
  expect(events).toEqual([
    { type: 'added', uri: `${folder}/a.txt` },
    { type: 'ready', files: 1 },
  ])
  await expect(syncFolder(documents, folder, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
})
