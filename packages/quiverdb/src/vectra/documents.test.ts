import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type EmbeddingsModel,
  LocalDocumentIndex,
  LocalFileStorage,
  LocalIndex,
  ProtobufCodec,
  VirtualFileStorage,
} from './index.js'

let folderPath: string
beforeEach(async () => {
  folderPath = await mkdtemp(join(tmpdir(), 'quiver-documents-'))
})
afterEach(() => rm(folderPath, { recursive: true, force: true }))

const words = ['vector', 'database', 'garden', 'flower', 'engine', 'perceptron', 'token', 'winter']

/** How often each of some words is in a text. */
class CountedWords implements EmbeddingsModel {
  readonly maxTokens: number
  calls: string[][] = []

  constructor(maxTokens = 8000) {
    this.maxTokens = maxTokens
  }

  async createEmbeddings(inputs: string | string[]) {
    const texts = typeof inputs === 'string' ? [inputs] : inputs
    this.calls.push(texts)
    const output = texts.map((text) => [...words.map((word) => text.split(word).length - 1), 0.1])
    return { status: 'success' as const, output }
  }
}

const refusal = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error

async function emptyIndex(embeddings: EmbeddingsModel = new CountedWords(), more = {}): Promise<LocalDocumentIndex> {
  const index = new LocalDocumentIndex({ folderPath, embeddings, ...more })
  await index.createIndex({ version: 1, deleteIfExists: true })
  return index
}

const reopened = (embeddings: EmbeddingsModel = new CountedWords()): LocalDocumentIndex =>
  new LocalDocumentIndex({ folderPath, embeddings })

async function textsOf(index: LocalDocumentIndex): Promise<Record<string, string>> {
  const documents = await index.listDocuments()
  return Object.fromEntries(await Promise.all(documents.map(async (one) => [one.uri, await one.loadText()] as const)))
}

describe('documents', () => {
  it('are found by what they say, with their metadata', async () => {
    const index = await emptyIndex()
    await index.upsertDocument('a.md', '# Garden\n\nA flower in the garden.', 'md', { year: 1958 })
    await index.upsertDocument('b.md', 'A vector database has a vector engine.', 'md', { year: 2024 })
    const [best, second] = await index.queryDocuments('which flower grows in a garden?')
    expect([best?.uri, second?.uri]).toEqual(['a.md', 'b.md'])
    expect(await best!.loadMetadata()).toEqual({ year: 1958 })
    expect(await best!.renderSections(100, 1)).toEqual([
      { text: '# Garden\n\nA flower in the garden.', tokenCount: 9, score: 1, isBm25: false },
    ])
    const filtered = await index.queryDocuments('garden', { filter: { year: { $gt: 2000 } } })
    expect(filtered.map(({ uri }) => uri)).toEqual(['b.md'])
  })

  it('keep their id when they change, and are left alone when they do not', async () => {
    const embeddings = new CountedWords()
    const index = await emptyIndex(embeddings)
    const { id } = await index.upsertDocument('a.md', 'garden')
    await index.upsertDocument('a.md', 'garden')
    expect(embeddings.calls).toHaveLength(1)
    expect((await index.upsertDocument('a.md', 'engine')).id).toBe(id)
    expect(await textsOf(reopened())).toEqual({ 'a.md': 'engine' })
    expect(await index.getCatalogStats()).toMatchObject({ documents: 1, chunks: 1 })
  })

  it('are deleted with their files', async () => {
    const index = await emptyIndex()
    const { id } = await index.upsertDocument('a.md', 'garden', undefined, { year: 1 })
    await index.deleteDocument('a.md')
    expect(await readdir(folderPath)).toEqual(['catalog.json', 'index.json'])
    expect(await index.getDocumentUri(id)).toBeUndefined()
    expect(await index.queryDocuments('garden')).toEqual([])
  })

  it('may have any uri', async () => {
    const index = await emptyIndex()
    for (const uri of ['__proto__', 'constructor', '', 'ü 😀']) {
      expect(await index.getDocumentId(uri)).toBeUndefined()
      await index.upsertDocument(uri, `garden ${uri}`)
    }
    expect((await reopened().listDocumentUris()).sort()).toEqual(['', '__proto__', 'constructor', 'ü 😀'])
    await index.deleteDocument('__proto__')
    expect(await reopened().getCatalogStats()).toMatchObject({ documents: 3 })
  })

  it('cannot change by metadata what tells their chunks apart', async () => {
    const index = await emptyIndex()
    const { id } = await index.upsertDocument('a.md', 'garden', undefined, { documentId: 'x', startPos: 77, endPos: -1 })
    expect((await index.listItems())[0]!.metadata).toEqual({ documentId: id, startPos: 0, endPos: 5 })
    await index.deleteDocument('a.md')
    expect(await index.listItems()).toEqual([])
  })

  it('are told apart where other metadata is indexed', async () => {
    const index = new LocalDocumentIndex({ folderPath, embeddings: new CountedWords() })
    await index.createIndex({ version: 1, metadata_config: { indexed: ['year'] } })
    await index.upsertDocument('a.md', 'garden', undefined, { year: 1958, title: 'A' })
    expect((await index.listDocuments()).map(({ uri }) => uri)).toEqual(['a.md'])
    expect((await index.queryDocuments('garden', { filter: { year: 1958 } }))[0]!.chunks[0]!.item.metadata).toMatchObject({
      title: 'A',
    })
    await index.deleteDocument('a.md')
    expect(await index.listItems()).toEqual([])
  })

  it('have metadata in an index of protocol buffers too', async () => {
    const index = await emptyIndex(new CountedWords(), { codec: new ProtobufCodec() })
    const document = await index.upsertDocument('a.md', 'garden', undefined, { year: 1958 })
    expect(await document.hasMetadata()).toBe(true)
    expect(await document.loadMetadata()).toEqual({ year: 1958 })
  })

  it('are not embedded in empty batches, nor in chunks that the model does not take', async () => {
    const embeddings = new CountedWords(16)
    const index = await emptyIndex(embeddings)
    const text = `${'garden '.repeat(60)}end`
    await index.upsertDocument('a.txt', text)
    expect(embeddings.calls.every((call) => call.length > 0)).toBe(true)
    const [document] = await index.listDocuments()
    expect(document!.chunks.length).toBeGreaterThan(3)
    for (const { item } of document!.chunks)
      expect(index.tokenizer.encode(text.slice(item.metadata.startPos, item.metadata.endPos + 1)).length).toBeLessThanOrEqual(16)
    await index.upsertDocument('empty.txt', '')
    expect(await index.getCatalogStats()).toMatchObject({ documents: 2 })
  })

  it('are found by keywords beside vectors, however few there are', async () => {
    const index = await emptyIndex()
    await index.upsertDocument('a.md', 'A garden in winter.')
    await index.upsertDocument('b.md', 'Complicated tokens, explained.')
    await index.upsertDocument('c.md', 'Nothing of all this.')
    const found = await index.queryDocuments('explain complicated things', { maxChunks: 1, isBm25: true })
    const [byKeywords] = found.filter((one) => one.chunks.some(({ item }) => item.metadata.isBm25))
    expect(byKeywords?.uri).toBe('b.md')
    expect((await byKeywords!.renderSections(2, 1))[0]).toMatchObject({ isBm25: true, tokenCount: 2 })
    expect(await new LocalIndex(folderPath).queryItems([1], '', 3, undefined, true)).toHaveLength(3)
  })

  it('are added at the same time, by several callers', async () => {
    const index = await emptyIndex()
    const uris = Array.from({ length: 12 }, (_, i) => `${i}.md`)
    await Promise.all(uris.map((uri) => index.upsertDocument(uri, `garden ${uri}`)))
    await Promise.all([index.deleteDocument('3.md'), index.upsertDocument('4.md', 'engine'), index.deleteDocument('3.md')])
    expect(await reopened().getCatalogStats()).toMatchObject({ documents: 11, chunks: 11 })
    expect((await textsOf(reopened()))['4.md']).toBe('engine')
  })

  it('are saved at once in an update, or dropped with it', async () => {
    const index = await emptyIndex()
    await index.upsertDocument('old.md', 'garden')
    await index.beginUpdate()
    for (let i = 0; i < 5; i++) await index.upsertDocument(`${i}.md`, `garden ${i}`)
    await index.upsertDocument('0.md', 'engine')
    await index.deleteDocument('1.md')
    await index.deleteDocument('old.md')
    expect(await reopened().listDocumentUris()).toEqual(['old.md'])
    await index.endUpdate()
    expect(await textsOf(reopened())).toEqual({ '0.md': 'engine', '2.md': 'garden 2', '3.md': 'garden 3', '4.md': 'garden 4' })
    expect(await index.getCatalogStats()).toMatchObject({ documents: 4, chunks: 4 })

    await index.beginUpdate()
    await index.upsertDocument('9.md', 'flower')
    await index.deleteDocument('2.md')
    index.cancelUpdate()
    expect(await index.getDocumentId('9.md')).toBeUndefined()
    expect(Object.keys(await textsOf(index)).sort()).toEqual(['0.md', '2.md', '3.md', '4.md'])
  })

  it('are gone after the index was made anew', async () => {
    for (const storage of [new LocalFileStorage(), new VirtualFileStorage()]) {
      const index = new LocalDocumentIndex({ folderPath: join(folderPath, 'x'), embeddings: new CountedWords(), storage })
      await index.createIndex()
      await index.upsertDocument('a.md', 'garden')
      await index.createIndex({ version: 1, deleteIfExists: true })
      expect(await index.getCatalogStats()).toMatchObject({ documents: 0, chunks: 0 })
    }
  })

  it('are seen and kept by another index on the same folder', async () => {
    const one = await emptyIndex()
    const other = reopened()
    await other.upsertDocument('a.md', 'garden')
    await one.upsertDocument('b.md', 'engine')
    expect(Object.keys(await textsOf(reopened())).sort()).toEqual(['a.md', 'b.md'])
    await other.deleteDocument('b.md')
    expect(Object.keys(await textsOf(reopened()))).toEqual(['a.md'])
  })
})

describe('an embeddings model that fails', () => {
  const failures: [string, EmbeddingsModel['createEmbeddings'], string, RegExp][] = [
    [
      'throws',
      () => Promise.reject(new Error('no network')),
      'EMBEDDER_FAILED',
      /^Error generating embeddings: Error: no network$/,
    ],
    [
      'says so',
      async () => ({ status: 'rate_limited', message: 'later' }),
      'EMBEDDER_FAILED',
      /^Error generating embeddings: later$/,
    ],
    ['gives nothing', async () => ({ status: 'success' }), 'EMBEDDER_FAILED', /gave no vectors for 1 texts/],
    ['gives too few vectors', async () => ({ status: 'success', output: [] }), 'EMBEDDER_FAILED', /gave 0 vectors for 1 texts/],
    ['gives no numbers', async () => ({ status: 'success', output: [[1, NaN]] }), 'EMBEDDER_FAILED', /list of finite numbers/],
    [
      'gives other vectors',
      async () => ({ status: 'success', output: [[1, 2]] }),
      'DIMENSION_MISMATCH',
      /2 numbers where the index has 9/,
    ],
  ]

  it.each(failures)('and %s changes nothing', async (_, createEmbeddings, code, message) => {
    const embeddings = new CountedWords()
    const index = await emptyIndex(embeddings)
    await index.upsertDocument('a.md', 'garden')
    await index.upsertDocument('b.md', 'flower')
    const files = await readdir(folderPath)
    embeddings.createEmbeddings = createEmbeddings as CountedWords['createEmbeddings']
    await expect(index.upsertDocument('a.md', 'engine')).rejects.toThrow(refusal(code, message))
    await expect(index.upsertDocument('new.md', 'engine')).rejects.toThrow(refusal(code, message))
    expect(await textsOf(index)).toEqual({ 'a.md': 'garden', 'b.md': 'flower' })
    expect(await textsOf(reopened())).toEqual({ 'a.md': 'garden', 'b.md': 'flower' })
    expect(await readdir(folderPath)).toEqual(files)
    if (code === 'EMBEDDER_FAILED') await expect(index.queryDocuments('garden')).rejects.toThrow(refusal(code, /for query/))
  })

  it('half way changes nothing', async () => {
    const embeddings = new CountedWords(20)
    const index = await emptyIndex(embeddings)
    const good = embeddings.createEmbeddings.bind(embeddings)
    embeddings.createEmbeddings = async (inputs) => {
      if (embeddings.calls.length === 2) throw new Error('no network')
      return good(inputs)
    }
    await expect(index.upsertDocument('a.md', 'garden '.repeat(300))).rejects.toThrow(refusal('EMBEDDER_FAILED', /no network/))
    expect(await index.getCatalogStats()).toMatchObject({ documents: 0, chunks: 0 })
  })
})

describe('bad input', () => {
  it('is refused clearly', async () => {
    const index = await emptyIndex()
    await expect(index.upsertDocument(1 as unknown as string, 'a')).rejects.toThrow(refusal('INVALID_ARGUMENT', /uri and a text/))
    await expect(index.upsertDocument('a', undefined as unknown as string)).rejects.toThrow(
      refusal('INVALID_ARGUMENT', /uri and a text/),
    )
    await expect(index.upsertDocument('a', ' '.repeat(100_000_001))).rejects.toThrow(
      refusal('LIMIT_EXCEEDED', /100000000 characters/),
    )
    const without = new LocalDocumentIndex({ folderPath })
    await expect(without.upsertDocument('a', 'b')).rejects.toThrow(
      refusal('INVALID_ARGUMENT', /^Embeddings model not configured.$/),
    )
    await expect(without.queryDocuments('b')).rejects.toThrow(refusal('INVALID_ARGUMENT', /^Embeddings model not configured.$/))
  })

  it('in the catalog is told', async () => {
    await emptyIndex()
    for (const content of ['', 'not JSON', '[]', '{"version":1}']) {
      await writeFile(join(folderPath, 'catalog.json'), content)
      await expect(reopened().listDocumentUris()).rejects.toThrow(refusal('CORRUPT', /no catalog of documents/))
    }
  })
})

describe('a crash', () => {
  class Crash extends Error {}

  /** Stops at the n-th write, and does nothing after it. */
  class CrashingStorage extends LocalFileStorage {
    writesLeft = Infinity

    override async replaceFile(...parameters: Parameters<LocalFileStorage['replaceFile']>) {
      this.#step()
      return super.replaceFile(...parameters)
    }

    override async upsertFile(...parameters: Parameters<LocalFileStorage['upsertFile']>) {
      this.#step()
      return super.upsertFile(...parameters)
    }

    override async deleteFile(path: string) {
      this.#step()
      return super.deleteFile(path)
    }

    #step(): void {
      if (this.writesLeft-- <= 0) throw new Crash('the process is gone')
    }
  }

  const old = { 'a.md': 'a garden, a flower', 'b.md': 'an engine' }
  const changes: [string, (index: LocalDocumentIndex) => Promise<unknown>, Record<string, string>][] = [
    ['a new document', (index) => index.upsertDocument('c.md', 'a token'), { ...old, 'c.md': 'a token' }],
    [
      'a changed document',
      (index) => index.upsertDocument('a.md', 'in winter there is no flower', 'md', { n: 1 }),
      { ...old, 'a.md': 'in winter there is no flower' },
    ],
    ['a deleted document', (index) => index.deleteDocument('a.md'), { 'b.md': 'an engine' }],
    [
      'an update',
      async (index) => {
        await index.beginUpdate()
        await index.deleteDocument('b.md')
        await index.upsertDocument('a.md', 'token')
        await index.upsertDocument('c.md', 'vector')
        await index.endUpdate()
      },
      { 'a.md': 'token', 'c.md': 'vector' },
    ],
  ]

  it.each(changes)('at any write of %s leaves what was before, or all of it', async (_, change, after) => {
    const outcomes = new Set<string>()
    for (let writes = 0; ; writes++) {
      const index = await emptyIndex()
      for (const [uri, text] of Object.entries(old)) await index.upsertDocument(uri, text)
      const storage = new CrashingStorage()
      const crashing = new LocalDocumentIndex({ folderPath, embeddings: new CountedWords(), storage })
      await crashing.listDocumentUris()
      storage.writesLeft = writes
      const crashed = await change(crashing).then(
        () => storage.writesLeft < 0,
        () => true,
      )

      const found = reopened()
      const texts = await textsOf(found)
      expect([old, after]).toContainEqual(texts)
      outcomes.add(JSON.stringify(texts))
      expect((await found.listDocumentUris()).sort()).toEqual(Object.keys(texts).sort())
      expect(await found.getCatalogStats()).toMatchObject({ documents: Object.keys(texts).length })
      for (const document of await found.listDocuments())
        for (const { item } of document.chunks) expect(item.metadata.endPos).toBeLessThan(texts[document.uri]!.length)
      // It goes on from there.
      await found.upsertDocument('a.md', 'after the crash')
      expect((await textsOf(reopened()))['a.md']).toBe('after the crash')
      if (!crashed) break
    }
    expect(outcomes.size).toBe(2)
    expect(existsSync(join(folderPath, 'quiver-unfinished-documents.json'))).toBe(false)
  })

  it('is not finished over what somebody else has done since', async () => {
    const index = await emptyIndex()
    await index.upsertDocument('a.md', 'garden')
    const path = join(folderPath, 'quiver-unfinished-documents.json')
    const id = (await index.getDocumentId('a.md'))!
    const comes = (await index.listItems())[0]!.id
    const change = { uri: 'a.md', id, before: 'another hash', content: { text: 'engine', hash: 'x' }, comes }
    for (const note of [JSON.stringify({ version: 1, changes: [change] }), '{"version":2}', 'torn {', '']) {
      await writeFile(path, note)
      expect(await textsOf(reopened())).toEqual({ 'a.md': 'garden' })
    }
    expect(JSON.parse(await readFile(join(folderPath, 'catalog.json'), 'utf8'))).toMatchObject({ count: 1 })
  })
})
