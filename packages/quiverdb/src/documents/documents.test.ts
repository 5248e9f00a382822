import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  open,
  type Database,
  type DocumentCollection,
  type Documents,
  type DocumentsOptions,
  type Filter,
  type SearchMode,
} from '../index.js'
import { builtInEmbedder, MemoryEmbeddingCache, openAiEmbedder } from '../embed/index.js'
import { answerJson, answerVectors, servedVector, startEmbeddingServer } from '../testing/embedding-server.js'
import { countingEmbedder, wordTokenizer } from '../testing/counting-embedder.js'

let db: Database
let numbered = 0
let embedder: ReturnType<typeof countingEmbedder>
let notes: DocumentCollection
let documents: Documents

const options = (more: Partial<DocumentsOptions> = {}): DocumentsOptions => ({
  embedder,
  tokenizer: wordTokenizer,
  chunkTokens: 16,
  overlapTokens: 0,
  ...more,
})

beforeAll(async () => {
  db = await open('memory:', { maintenance: 'manual' })
})
beforeEach(async () => {
  embedder = countingEmbedder()
  notes = await db.collection(`notes${numbered++}`, { documents: options() })
  documents = notes.documents
})
afterAll(() => db.close())

const paragraphs = (...topics: string[]): string =>
  topics.map((topic) => `The ${topic} is what this paragraph tells about, and the ${topic} only.`).join('\n\n')

const refused = (code: string) => expect.objectContaining({ code }) as Error

describe('documents', () => {
  it('are found by what their chunks say, with where that is', async () => {
    const text = paragraphs('propeller', 'tomato', 'violin')
    await documents.upsert([
      { uri: 'a.txt', text, metadata: { year: 1958 } },
      { uri: 'b.txt', text: paragraphs('glacier', 'volcano'), metadata: { year: 1999 } },
    ])
    const { documents: found, complete, version } = await documents.search({ text: 'tomato', mode: 'vector' })
    expect(found[0]).toMatchObject({ uri: 'a.txt', docType: 'txt', metadata: { year: 1958 } })
    expect(found[0]!.chunks[0]!.text).toContain('tomato')
    expect(found[0]!.score).toBe(found[0]!.chunks[0]!.score)
    for (const { uri, chunks } of found) {
      const stored = await documents.get(uri)
      for (const chunk of chunks) expect(stored!.text.slice(chunk.start, chunk.end)).toBe(chunk.text)
    }
    expect(complete).toBe(true)
    expect(version).toBe(await db.version())
  })

  it('come back as they were written', async () => {
    const metadata = { tags: ['a', 'b'], nested: { deep: [1, null, true] }, when: '1958-01-01', '': 'x', __proto__name: 1 }
    const text = '  White space\r\nand \u0000 signs, 東京, 😀 and a lone \ud800  '
    await documents.upsert({ uri: 'https://example.com/a/b.md?x=1', text, metadata })
    expect(await documents.get('https://example.com/a/b.md?x=1')).toEqual({
      uri: 'https://example.com/a/b.md?x=1',
      docType: 'md',
      text,
      metadata,
      chunks: 1,
      tokens: expect.any(Number),
    })
    expect(await documents.get('nothing')).toBeNull()
  })

  it('are filtered by metadata, uri and type, in searches and lists', async () => {
    await documents.upsert([
      { uri: 'old.md', text: 'wings and engines', metadata: { year: 1958, tags: ['flight'] } },
      { uri: 'new.txt', text: 'wings and sails', metadata: { year: 1999 } },
      { uri: 'none.md', text: 'wings' },
    ])
    const uris = async (where: Filter): Promise<string[]> =>
      (await documents.search({ text: 'wings', where })).documents.map(({ uri }) => uri).sort()
    expect(await uris({ year: { $lt: 1990 } })).toEqual(['old.md'])
    expect(await uris({ tags: 'flight' })).toEqual(['old.md'])
    expect(await uris({ docType: 'md' })).toEqual(['none.md', 'old.md'])
    expect(await uris({ uri: { $startsWith: 'n' } })).toEqual(['new.txt', 'none.md'])
    expect(await documents.count({ where: { year: { $exists: true } } })).toBe(2)
    const page = await documents.list({ orderBy: { field: 'year', order: 'desc' }, limit: 2 })
    expect(page.documents.map(({ uri, metadata }) => [uri, metadata])).toEqual([
      ['new.txt', { year: 1999 }],
      ['old.md', { year: 1958, tags: ['flight'] }],
    ])
    const rest = await documents.list({ orderBy: { field: 'year', order: 'desc' }, after: page.next! })
    expect(rest.documents).toEqual([{ uri: 'none.md', docType: 'md', metadata: {}, chunks: 1, tokens: 1 }])
  })

  it('that have not changed are left alone', async () => {
    const input = { uri: 'a', text: paragraphs('wing', 'engine'), metadata: { a: 1, b: [2] } }
    const first = await documents.upsert(input)
    expect(first.documents).toEqual([{ uri: 'a', status: 'added', chunks: 2, embedded: 2 }])
    const again = await documents.upsert({ ...input, metadata: { b: [2], a: 1 } })
    expect(again).toEqual({ version: first.version, documents: [{ uri: 'a', status: 'unchanged', chunks: 2, embedded: 0 }] })
    const forced = await documents.upsert(input, { force: true })
    expect(forced.documents).toEqual([{ uri: 'a', status: 'updated', chunks: 2, embedded: 2 }])
  })

  it('that have changed in part are embedded in part', async () => {
    await documents.upsert({ uri: 'a', text: paragraphs('wing', 'engine', 'tail') })
    embedder.texts.length = 0
    const { documents: written } = await documents.upsert({ uri: 'a', text: paragraphs('wing', 'rudder', 'tail') })
    expect(written).toEqual([{ uri: 'a', status: 'updated', chunks: 3, embedded: 1 }])
    expect(embedder.texts).toHaveLength(1)
    expect(embedder.texts[0]).toContain('rudder')
    const { documents: found } = await documents.search({ text: 'engine' })
    expect(found[0]!.chunks.every(({ text }) => !text.includes('engine'))).toBe(true)
  })

  it('whose metadata has changed are found by the new, without being embedded', async () => {
    const text = paragraphs('wing', 'engine')
    await documents.upsert({ uri: 'a', text, metadata: { year: 1958, old: true } })
    embedder.texts.length = 0
    await documents.upsert({ uri: 'a', text, metadata: { year: 1999 } })
    expect(embedder.texts).toEqual([])
    expect((await documents.search({ text: 'wing', where: { year: 1999 } })).documents[0]?.chunks).toHaveLength(2)
    expect((await documents.search({ text: 'wing', where: { old: true } })).documents).toEqual([])
  })

  it('that become shorter or go leave no chunk behind', async () => {
    await documents.upsert([
      { uri: 'a', text: paragraphs('wing', 'engine', 'tail') },
      { uri: 'a#1', text: paragraphs('boat') },
      { uri: 'b', text: paragraphs('train') },
    ])
    await documents.upsert({ uri: 'a', text: paragraphs('wing') })
    expect(await documents.chunks.count()).toBe(3)
    expect(await documents.delete(['a', 'nothing', 'a'])).toMatchObject({ deleted: 1 })
    expect((await documents.chunks.list()).records.map(({ id }) => id)).toEqual(['a#1#0', 'b#0'])
    expect(await documents.delete('b')).toMatchObject({ deleted: 1 })
    expect(await documents.count()).toBe(1)
  })

  it('with nothing to read are stored and never found', async () => {
    await documents.upsert([
      { uri: 'empty', text: '' },
      { uri: 'blank', text: ' \n\t' },
    ])
    expect(await documents.get('empty')).toMatchObject({ text: '', chunks: 0 })
    expect((await documents.search({ text: 'anything' })).documents).toEqual([])
    await documents.upsert({ uri: 'empty', text: 'no longer' })
    expect((await documents.search({ text: 'longer' })).documents).toHaveLength(1)
  })

  it('of one uri in one call: the later wins', async () => {
    const { documents: written } = await documents.upsert([
      { uri: 'a', text: 'first' },
      { uri: 'b', text: 'other' },
      { uri: 'a', text: 'second' },
    ])
    expect(written.map(({ uri }) => uri)).toEqual(['a', 'b'])
    expect((await documents.get('a'))?.text).toBe('second')
  })

  it('are many enough whenever there are so many, even if one of them has most chunks', async () => {
    await documents.upsert([
      { uri: 'long', text: paragraphs(...Array<string>(120).fill('wing')) },
      ...['a', 'b', 'c'].map((uri) => ({ uri, text: 'a wing elsewhere' })),
    ])
    const { documents: found } = await documents.search({
      text: 'The wing is what this paragraph tells about',
      limit: 3,
      chunks: 5,
    })
    expect(found).toHaveLength(3)
  })

  it('are found by words, by vectors or by both, each with scores of its own', async () => {
    await documents.upsert([
      { uri: 'a', text: 'The zeppelin was moored to a mast.' },
      { uri: 'b', text: 'Zeppelins and other airships' },
      { uri: 'c', text: 'A recipe for tomato soup' },
    ])
    const uris = async (mode: SearchMode, text: string): Promise<string[]> =>
      (await documents.search({ text, mode })).documents.map(({ uri }) => uri)
    expect(await uris('keyword', 'zeppelin')).toEqual(['a'])
    expect(await uris('keyword', 'nothing like that')).toEqual([])
    expect((await uris('vector', 'zeppelin')).slice(0, 2).sort()).toEqual(['a', 'b'])
    expect((await uris('hybrid', 'zeppelin')).slice(0, 2)).toEqual(['a', 'b'])
    const [best] = (await documents.search({ text: 'zeppelin mast' })).documents
    expect(best).toMatchObject({ uri: 'a', score: 1 })
  })

  it('are found by word forms of their language', async () => {
    const english = await db.collection(`english${numbered++}`, { documents: options({ language: 'english' }) })
    await english.documents.upsert({ uri: 'a', text: 'The engines were running.' })
    expect((await english.documents.search({ text: 'engine runs', mode: 'keyword' })).documents).toHaveLength(1)
    const again = await db.collection(english.name, { documents: options() })
    expect((await again.documents.search({ text: 'engine runs', mode: 'keyword' })).documents).toHaveLength(1)
    await expect(db.collection('x', { documents: options({ language: 'klingon' as never }) })).rejects.toThrow(
      refused('INVALID_ARGUMENT'),
    )
  })

  it('are the same ones again at a version, until it is closed', async () => {
    await documents.upsert({ uri: 'a', text: paragraphs('wing') })
    const before = await db.commit('one')
    await documents.upsert([
      { uri: 'a', text: paragraphs('boat') },
      { uri: 'b', text: paragraphs('wing') },
    ])
    const then = await documents.at(before)
    expect((await then.get('a'))?.text).toContain('wing')
    expect((await then.list()).documents).toHaveLength(1)
    const { documents: found, version } = await then.search({ text: 'wing', sections: {} })
    expect(version).toBe(before)
    expect(found.map(({ uri }) => uri)).toEqual(['a'])
    expect(found[0]!.sections![0]!.text).toBe(paragraphs('wing'))
    await then.close()
    const empty = await db.collection(`later${numbered++}`, { documents: options() })
    await expect(empty.documents.at(before)).rejects.toThrow(refused('NOT_FOUND'))
  })

  it('go with their collection, chunks and all', async () => {
    const { name } = notes
    await documents.upsert({ uri: 'a', text: 'wing' })
    await db.dropCollection(name)
    expect((await db.collections()).filter((one) => one.startsWith(name))).toEqual([])
    await expect(documents.get('a')).rejects.toThrow(refused('NOT_FOUND'))
    const again = await db.collection(name, { documents: options() })
    expect((await again.documents.search({ text: 'wing' })).documents).toEqual([])
  })

  it('outlive the process', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'quiver-documents-'))
    try {
      const first = await open(folder)
      const stored = await first.collection('notes', { documents: options(), fields: ['year'] })
      await stored.documents.upsert({ uri: 'a', text: paragraphs('wing', 'tail'), metadata: { year: 1958 } })
      await first.close()
      const second = await open(folder)
      const opened = await second.collection('notes', { documents: options() })
      expect(
        await opened.documents.upsert({ uri: 'a', text: paragraphs('wing', 'tail'), metadata: { year: 1958 } }),
      ).toMatchObject({
        documents: [{ status: 'unchanged' }],
      })
      expect((await opened.documents.search({ text: 'tail', where: { year: 1958 } })).documents[0]?.chunks[0]?.text).toContain(
        'tail',
      )
      expect((await opened.documents.chunks.fields()).map(({ path }) => path)).toEqual(['year'])
      expect((await second.check()).ok).toBe(true)
      await second.close()
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('need nothing but a name: the built-in embedder and tokeniser do the rest', async () => {
    const plain = await db.collection('plain', { documents: {} })
    await plain.documents.upsert({
      uri: 'a.md',
      text: '# Wings\n\nLift grows with speed.\n\n# Tails\n\nA tail keeps the nose up.',
    })
    const { documents: found } = await plain.documents.search({ text: 'what keeps up the nose' })
    expect(found[0]).toMatchObject({ uri: 'a.md', docType: 'md' })
    expect((await plain.documents.chunks.indexes())[0]).toMatchObject({ name: 'built-in-1/1024', dimensions: 1_024 })
  })
})

describe('a failure', () => {
  const texts = { before: paragraphs('wing', 'tail'), after: paragraphs('boat', 'sail', 'mast', 'keel', 'oar', 'hull') }

  it.each<[string, Parameters<typeof countingEmbedder>[0], string]>([
    [
      'half way',
      (batch) => {
        if (batch.some((text) => text.includes('oar'))) throw new Error('gone')
        return undefined
      },
      'EMBEDDER_FAILED',
    ],
    ['with too few vectors', (batch) => batch.slice(1).map(() => new Float32Array(128).fill(1)), 'INVALID_EMBEDDING'],
    ['with vectors of another length', (batch) => batch.map(() => new Float32Array(64).fill(1)), 'INVALID_EMBEDDING'],
    ['with NaN', (batch) => batch.map(() => new Float32Array(128).fill(NaN)), 'INVALID_EMBEDDING'],
  ])('of the embedder %s leaves everything as it was', async (_, fail, code) => {
    await documents.upsert([
      { uri: 'a', text: texts.before },
      { uri: 'b', text: 'sugar and salt' },
    ])
    const version = await db.version()
    const broken = await db.collection(notes.name, { documents: options({ embedder: countingEmbedder(fail) }) })
    const input = [
      { uri: 'a', text: texts.after },
      { uri: 'c', text: texts.after },
    ]
    await expect(broken.documents.upsert(input)).rejects.toThrow(refused(code))
    expect(await db.version()).toBe(version)
    expect((await documents.get('a'))?.text).toBe(texts.before)
    expect((await documents.search({ text: 'wing' })).documents[0]?.chunks).toHaveLength(2)
  })

  it('of a service leaves nothing half written, and what it had given is not asked for again', async () => {
    let broken = true
    const server = await startEmbeddingServer(({ body }, response) => {
      if (broken && body.input.some((text) => text.includes('oar'))) return answerJson(response, 500, { error: 'out of memory' })
      answerVectors(response, body.input.map(servedVector))
    })
    try {
      const service = openAiEmbedder({ model: 'm', baseUrl: server.url, limits: { batchTexts: 1, concurrency: 1 } })
      const cache = new MemoryEmbeddingCache()
      const served = await db.collection(`served${numbered++}`, { documents: options({ embedder: service, cache, retryMs: 0 }) })
      const input = { uri: 'a', text: texts.after }
      await expect(served.documents.upsert(input)).rejects.toMatchObject({ code: 'EMBEDDER_FAILED', details: { status: 500 } })
      expect(await served.documents.count()).toBe(0)
      expect(await served.documents.chunks.count()).toBe(0)
      const asked = server.requests.length
      broken = false
      await served.documents.upsert(input)
      expect(server.requests.length - asked).toBe(2)
      expect((await served.documents.get('a'))?.chunks).toBe(6)
    } finally {
      await server.close()
    }
  })

  it('of a length that no longer fits the index is refused before anything is written', async () => {
    await documents.upsert({ uri: 'a', text: texts.before })
    const { dimensions: _, ...unknown } = countingEmbedder((batch) => batch.map(() => new Float32Array(64).fill(1)))
    const other = await db.collection(notes.name, { documents: options({ embedder: unknown }) })
    const version = await db.version()
    await expect(other.documents.upsert({ uri: 'b', text: 'x' })).rejects.toThrow(refused('ALREADY_EXISTS'))
    expect(await db.version()).toBe(version)
  })

  it('of the caller: an abort while embedding writes nothing', async () => {
    const stop = new AbortController()
    const input = { uri: 'a', text: texts.after }
    const onProgress = ({ phase, done }: { phase: string; done: number }): void => {
      if (phase === 'embedding' && done > 0) stop.abort(new Error('enough'))
    }
    await expect(documents.upsert(input, { signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: 'ABORTED',
      cause: new Error('enough'),
    })
    expect(await documents.count()).toBe(0)
    await expect(documents.upsert(input, { signal: AbortSignal.abort() })).rejects.toThrow(refused('ABORTED'))
  })
})

it('tells what it is doing, to the end', async () => {
  const seen: string[] = []
  await documents.upsert(
    [
      { uri: 'a', text: paragraphs('wing', 'tail', 'nose', 'wheel', 'seat') },
      { uri: 'b', text: paragraphs('boat') },
    ],
    { onProgress: ({ phase, done, total }) => seen.push(`${phase} ${done}/${total}`) },
  )
  for (const end of ['reading 2/2', 'splitting 2/2', 'embedding 6/6', 'writing 2/2']) expect(seen).toContain(end)
  expect(seen.at(-1)).toBe('writing 2/2')
})

it('writers of the same document at once leave it whole, as one of them wrote it', async () => {
  const versions = Array.from({ length: 6 }, (_, n) => paragraphs(...Array.from({ length: n + 1 }, (_, i) => `thing${n}x${i}`)))
  await Promise.all(versions.map((text) => documents.upsert({ uri: 'a', text })))
  const { text, chunks } = (await documents.get('a'))!
  expect(versions).toContain(text)
  const { records } = await documents.chunks.list()
  expect(records).toHaveLength(chunks)
  for (const { text: chunk } of records) expect(text).toContain(chunk)
})

describe('another embedder', () => {
  const other = builtInEmbedder({ dimensions: 64 })

  it('is refused where only the vectors of the first are there, and has its own once the documents are written again', async () => {
    await documents.upsert([
      { uri: 'a', text: 'wing' },
      { uri: 'b', text: 'boat' },
    ])
    const changed = (await db.collection(notes.name, { documents: options({ embedder: other }) })).documents
    expect((await changed.search({ text: 'wing', mode: 'keyword' })).documents).toHaveLength(1)
    await expect(changed.search({ text: 'wing', mode: 'vector' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      details: { embedder: 'built-in-1/64', embedders: ['counting'] },
    })
    expect(await changed.upsert({ uri: 'a', text: 'wing' })).toMatchObject({ documents: [{ status: 'updated', embedded: 1 }] })
    expect((await changed.search({ text: 'wing', mode: 'vector' })).documents.map(({ uri }) => uri)).toEqual(['a'])
    expect((await documents.search({ text: 'wing', mode: 'vector' })).documents.map(({ uri }) => uri)).toEqual(['b'])
  })

  it('that takes less than a chunk usually has gets smaller ones', async () => {
    const text = Array.from({ length: 100 }, (_, n) => `word${n}`).join(' ')
    const tokens = async (textTokens: number | undefined): Promise<number> => {
      const limited = { ...other, id: `limited ${textTokens}`, limits: Promise.resolve({ ...(textTokens && { textTokens }) }) }
      const limits = options({ embedder: limited, chunkTokens: undefined, overlapTokens: undefined })
      const { documents: own } = await db.collection(`limited${numbered++}`, { documents: limits })
      await own.upsert({ uri: 'a', text })
      return Math.max(...(await own.chunks.list()).records.map(({ chunk }) => chunk.tokens))
    }
    expect(await tokens(32)).toBeLessThanOrEqual(32)
    expect(await tokens(undefined)).toBe(100)
  })

  it('may have an id of any length', async () => {
    const long = { ...other, id: 'x'.repeat(300) }
    const named = (await db.collection(`long${numbered++}`, { documents: options({ embedder: long }) })).documents
    await named.upsert({ uri: 'a', text: 'wing' })
    expect((await named.search({ text: 'wing' })).documents).toHaveLength(1)
  })
})

it('refuses what is no document, before anything is read or written', async () => {
  const version = await db.version()
  const bad: [unknown, string][] = [
    [{}, 'INVALID_ARGUMENT'],
    [null, 'INVALID_ARGUMENT'],
    ['a.txt', 'INVALID_ARGUMENT'],
    [{ uri: 'a' }, 'INVALID_ARGUMENT'],
    [{ text: 'no uri' }, 'INVALID_ARGUMENT'],
    [{ uri: 'a', text: 'x', url: 'https://example.com' }, 'INVALID_ARGUMENT'],
    [{ uri: 'a', text: 7 }, 'INVALID_ARGUMENT'],
    [{ uri: '', text: 'x' }, 'INVALID_ID'],
    [{ uri: 'x'.repeat(1_001), text: 'x' }, 'INVALID_ID'],
    [{ uri: 'a', text: 'x', metadata: [] }, 'INVALID_ARGUMENT'],
    [{ uri: 'a', text: 'x', metadata: { text: 'mine' } }, 'INVALID_ARGUMENT'],
    [{ uri: 'a', text: 'x', metadata: { bad: NaN } }, 'INVALID_RECORD'],
    [{ uri: 'a', text: 'x', metadata: { bad: () => 1 } }, 'INVALID_RECORD'],
    [{ uri: 'a', text: 'x'.repeat(5_000_000) }, 'LIMIT_EXCEEDED'],
    [{ uri: 'a', text: 'x', misspelt: 1 }, 'INVALID_ARGUMENT'],
  ]
  for (const [input, code] of bad) {
    await expect(
      documents.upsert([{ uri: 'fine', text: 'fine' }, input as never]),
      JSON.stringify(input)?.slice(0, 60),
    ).rejects.toThrow(refused(code))
  }
  expect(await db.version()).toBe(version)
  expect(embedder.texts).toEqual([])
})

it('refuses what is no search and no option', async () => {
  for (const query of [
    {},
    { text: '' },
    { text: ' ' },
    { text: 'x', limit: 0 },
    { text: 'x', mode: 'magic' },
    { text: 'x', sections: { tokens: 0 } },
  ]) {
    await expect(documents.search(query as never)).rejects.toThrow(refused('INVALID_ARGUMENT'))
  }
  await expect(documents.search({ text: 'x', where: { a: { $nope: 1 } } })).rejects.toThrow(refused('INVALID_FILTER'))
  for (const wrong of [
    { chunkTokens: 1 },
    { overlapTokens: 9 },
    { embedder: {} },
    { cache: {} },
    { tokenizer: {} },
    { unknown: 1 },
  ]) {
    await expect(db.collection('wrong', { documents: options(wrong as never) })).rejects.toThrow(refused('INVALID_ARGUMENT'))
  }
})

it('holds what it was told, whatever is written, deleted and written again', async () => {
  const uri = fc.constantFrom('a', 'b', 'c#0', 'c')
  const topics = fc.array(fc.constantFrom('wing', 'boat', 'tomato', 'violin'), { maxLength: 4 })
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), uri, topics, year: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ kind: fc.constant('delete' as const), uri }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { documents: own } = await db.collection(`model${numbered++}`, { documents: options() })
      const model = new Map<string, { text: string; year: number }>()
      for (const one of steps) {
        if (one.kind === 'delete') {
          expect((await own.delete(one.uri)).deleted).toBe(model.delete(one.uri) ? 1 : 0)
          continue
        }
        const text = paragraphs(...one.topics)
        await own.upsert({ uri: one.uri, text, metadata: { year: one.year } })
        model.set(one.uri, { text, year: one.year })
      }
      const { documents: listed } = await own.list()
      expect(listed.map(({ uri: name, metadata }) => [name, metadata['year']])).toEqual(
        [...model.keys()].sort().map((name) => [name, model.get(name)!.year]),
      )
      const { records } = await own.chunks.list({ limit: 1_000 })
      expect(records).toHaveLength(listed.reduce((sum, { chunks }) => sum + chunks, 0))
      for (const record of records) {
        const { text, year } = model.get(record.uri)!
        expect(text.slice(record.chunk.start, record.chunk.end)).toBe(record.text)
        expect(record['year']).toBe(year)
      }
      const withWing = [...model].filter(([, { text }]) => text.includes('wing')).map(([name]) => name)
      const found = await own.search({ text: 'The wing', limit: 10 })
      expect(
        found.documents
          .slice(0, withWing.length)
          .map(({ uri: name }) => name)
          .sort(),
      ).toEqual(withWing.sort())
    }),
    { numRuns: 25 },
  )
})
