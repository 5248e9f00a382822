import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as vectra from 'vectra'
import * as ours from './index.js'

// Vectra itself, as npm has it.
const theirs = vectra as unknown as typeof ours

let folderPath: string
beforeEach(async () => {
  folderPath = await mkdtemp(path.join(os.tmpdir(), 'quiver-exchange-'))
})
afterEach(() => rm(folderPath, { recursive: true, force: true }))

const words = ['garden', 'flower', 'engine', 'winter', 'token']
const embeddings: ours.EmbeddingsModel = {
  maxTokens: 8000,
  createEmbeddings: async (inputs) => {
    const texts = typeof inputs === 'string' ? [inputs] : inputs
    return { status: 'success', output: texts.map((text) => [...words.map((word) => text.split(word).length - 1), 0.25]) }
  },
}

// No two chunks of it are equally near to anything: Vectra leaves open which of such comes first.
const engines = Array.from(
  { length: 12 },
  (_, i) => `class Engine {\n  ${'token '.repeat(i)}${'winter '.repeat((i * 7) % 31)}\n}\n\n`,
).join('')
const documents: [
  uri: string,
  text: string,
  docType: string | undefined,
  metadata: Record<string, ours.MetadataTypes> | undefined,
][] = [
  [
    'a.md',
    `# Garden\n\n${'A flower in the garden. '.repeat(60)}\n\n## Winter\n\nNo flower in winter, but 😀.`,
    'md',
    { year: 1958 },
  ],
  ['b.ts', engines, undefined, { year: 2024, draft: true }],
  ['https://example.com/c', 'An engine that counts token by token.\n', undefined, undefined],
]
const queries = ['where is the garden?', 'engine', 'winter token']

async function fill({ LocalDocumentIndex }: typeof ours, codec: ours.IndexCodec): Promise<void> {
  const index = new LocalDocumentIndex({ folderPath, embeddings, codec })
  await index.createIndex()
  await index.upsertDocument('gone.md', 'A garden that is gone.')
  for (const [uri, text, docType, metadata] of documents) await index.upsertDocument(uri, text, docType, metadata)
  await index.upsertDocument('a.md', 'Soon to be replaced.')
  await index.upsertDocument(...documents[0]!)
  await index.deleteDocument('gone.md')
}

/** All that a program can read of a folder. */
async function contents({ LocalDocumentIndex }: typeof ours, codec: ours.IndexCodec): Promise<unknown> {
  const index = new LocalDocumentIndex({ folderPath, embeddings, codec })
  const answers: unknown[] = [await index.getCatalogStats()]
  for (const document of await index.listDocuments()) {
    // Vectra does not find metadata beside protocol buffers.
    const metadata = codec.extension === '.json' && (await document.hasMetadata()) ? await document.loadMetadata() : undefined
    answers.push([document.uri, document.id, await document.loadText(), metadata, document.chunks.length])
  }
  for (const query of queries)
    for (const options of [{}, { filter: { year: { $gt: 2000 } } }])
      for (const document of await index.queryDocuments(query, options)) {
        const sections = [...(await document.renderSections(60, 2)), ...(await document.renderAllSections(100))]
        answers.push([query, document.uri, { score: document.score, sections }])
      }
  // Means of scores depend, in their last digit, on the order of summation.
  return JSON.parse(JSON.stringify(answers), (key, value: unknown) => (key === 'score' ? Number(value).toFixed(12) : value))
}

const codecs = { json: ['JsonCodec', 'JsonCodec'], protobuf: ['ProtobufCodec', 'ProtobufCodec'] } as const

describe.each(Object.entries(codecs))('documents in a folder of %s', (_, [name]) => {
  it('that Vectra wrote are the same to us', async () => {
    await fill(theirs, new theirs[name]())
    expect(await contents(ours, new ours[name]())).toEqual(await contents(theirs, new theirs[name]()))
  })

  it('that we wrote are the same to Vectra', async () => {
    await fill(ours, new ours[name]())
    expect(await contents(theirs, new theirs[name]())).toEqual(await contents(ours, new ours[name]()))
    expect((await readdir(folderPath)).filter((file) => /quiver/.test(file))).toEqual([])
  })

  it('are not embedded again by the other', async () => {
    await fill(theirs, new theirs[name]())
    const refuses = { ...embeddings, createEmbeddings: () => Promise.reject(new Error('not again')) }
    const index = new ours.LocalDocumentIndex({ folderPath, embeddings: refuses, codec: new ours[name]() })
    for (const document of documents) await index.upsertDocument(...document)
  })
})

it('finds documents that Vectra cannot tell apart, as what it needs is not indexed', async () => {
  const index = new theirs.LocalDocumentIndex({ folderPath, embeddings })
  await index.createIndex({ version: 1, metadata_config: { indexed: ['year'] } })
  await index.upsertDocument(...documents[0]!)
  const our = new ours.LocalDocumentIndex({ folderPath, embeddings })
  expect((await our.listDocuments()).map(({ uri }) => uri)).toEqual(['a.md'])
  expect((await our.queryDocuments('garden')).map(({ uri }) => uri)).toEqual(['a.md'])
  await our.upsertDocument('a.md', 'Another garden.')
  expect((await our.listItems()).map(({ metadata }) => metadata.endPos)).toEqual([14])
})

// What the pages of Vectra show, but for what is imported.
describe('the examples of its pages', () => {
  it('"Indexed vs. non-indexed fields"', async () => {
    const { LocalIndex } = ours
    const index = new LocalIndex(folderPath)
    await index.createIndex({
      version: 1,
      metadata_config: { indexed: ['category', 'language'] },
    })
    expect(await index.getIndexStats()).toEqual({
      version: 1,
      metadata_config: { indexed: ['category', 'language'] },
      items: 0,
    })
  })

  it('"Ephemeral usage"', async () => {
    const { LocalIndex } = ours
    const folderPath = path.join(os.tmpdir(), 'vectra-ephemeral')
    const index = new LocalIndex(folderPath)
    await index.createIndex({
      version: 1,
      deleteIfExists: true, // reset each run
      metadata_config: { indexed: ['category'] },
    })
    expect(await index.isIndexCreated()).toBe(true)
    await index.deleteIndex()
  })
})
