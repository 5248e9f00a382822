import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'quiverdb'
import { embedTexts, transformersEmbedder } from 'quiverdb/embed'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rowOf, words, writeTinyModel } from './tiny-model.mjs'

let folder
let model
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-transformers-'))
  model = join(folder, 'tiny')
  await writeTinyModel(model)
})
afterAll(() => rm(folder, { recursive: true }))

/** The library, as a bundler would give it, kept from the network. */
async function library() {
  const transformers = await import('@huggingface/transformers')
  transformers.env.allowRemoteModels = false
  return transformers
}

const embedderOf = (options = {}) => transformersEmbedder({ model, library, ...options })

/** What the model gives for a text, worked out beside it. */
function expected(text, { normalize = true } = {}) {
  const rows = text.split(' ').map((word) => rowOf(words.indexOf(word)))
  const mean = rows[0].map((_, at) => rows.reduce((sum, row) => sum + row[at], 0) / rows.length)
  const length = normalize ? Math.hypot(...mean) : 1
  return mean.map((value) => value / length)
}

function expectVectors(vectors, texts, options) {
  expect(vectors).toHaveLength(texts.length)
  vectors.forEach((vector, at) => {
    expect(vector).toBeInstanceOf(Float32Array)
    expected(texts[at], options).forEach((value, i) => expect(vector[i]).toBeCloseTo(value, 5))
  })
}

describe('a model in this process', () => {
  it('gives its vectors, of texts of any lengths side by side', async () => {
    const texts = [
      'wing',
      'wing tail boat sail',
      'boat sail',
      ...Array.from({ length: 20 }, (_, n) => words.slice(2, 3 + (n % 4)).join(' ')),
    ]
    expectVectors(await embedTexts(embedderOf(), texts), texts)
  })

  it('pools and scales as it is told', async () => {
    const texts = ['wing tail', 'boat']
    expectVectors(await embedTexts(embedderOf({ normalize: false }), texts), texts, { normalize: false })
    const firsts = await embedTexts(embedderOf({ pooling: 'cls' }), texts)
    expectVectors(firsts, ['wing', 'boat'])
    const prefixed = embedderOf({ prefixes: { query: 'sail ' } })
    expectVectors(await embedTexts(prefixed, ['wing'], { purpose: 'query' }), ['sail wing'])
    const ids = [embedderOf(), embedderOf({ normalize: false }), embedderOf({ pooling: 'cls' }), prefixed].map(({ id }) => id)
    expect(new Set(ids).size).toBe(4)
  })

  it('says when it cannot be loaded, and tries again the next time', async () => {
    const late = join(folder, 'late')
    const embedder = embedderOf({ model: late })
    await expect(embedTexts(embedder, ['wing'])).rejects.toMatchObject({
      code: 'EMBEDDER_FAILED',
      message: expect.stringMatching(/late' cannot be loaded/),
    })
    await writeTinyModel(late)
    expectVectors(await embedTexts(embedder, ['wing']), ['wing'])
  })

  it('stops when it is told to', async () => {
    await expect(embedTexts(embedderOf(), ['wing'], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('finds documents', async () => {
    const db = await open('memory:')
    try {
      const { documents } = await db.collection('notes', { documents: { embedder: embedderOf() } })
      await documents.upsert([
        { uri: 'a', text: 'wing tail' },
        { uri: 'b', text: 'boat sail' },
      ])
      const found = await documents.search({ text: 'sail boat', mode: 'vector' })
      expect(found.documents.map(({ uri }) => uri)).toEqual(['b', 'a'])
      expect(found.documents[0].score).toBeCloseTo(1, 5)
    } finally {
      await db.close()
    }
  })
})

it('tells how to install the library where it is missing', async () => {
  // It is installed beside these tests alone, where Quiver itself does not find it.
  await expect(embedTexts(transformersEmbedder({ model }), ['wing'])).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringMatching(/npm install @huggingface\/transformers/),
  })
})
