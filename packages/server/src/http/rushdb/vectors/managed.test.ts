import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QuiverError } from 'quiverdb'
import { builtInEmbedder, type Embedder } from 'quiverdb/embed'
import { afterEach, describe, expect, it } from 'vitest'
import { serving, type Serving } from '../../../testing/serving.js'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const tuning = { embedRetryMs: 5, embedRetryMsMax: 20 }

/** The built-in embedder, which can be away. */
class Service implements Embedder {
  readonly id: string
  readonly dimensions?: number
  readonly #inner: Embedder
  isDead = false

  constructor(id: string, dimensions = 128, { saysDimensions = true } = {}) {
    this.id = id
    this.#inner = builtInEmbedder({ dimensions })
    if (saysDimensions) this.dimensions = dimensions
  }

  async embed(...call: Parameters<Embedder['embed']>): Promise<Float32Array[]> {
    if (this.isDead) throw new QuiverError('EMBEDDER_FAILED', 'The service is away.', { details: { retryable: false } })
    return this.#inner.embed(...call)
  }
}

async function start(embedder?: Embedder, database = 'memory:'): Promise<Serving> {
  const on = await serving({ ...(embedder && { embedder }) }, { database, tuning })
  ends.push(() => on.close())
  return on
}

const post = (on: Serving, path: string, body: object) => on.call('POST', `/api/v1${path}`, { body })
const article = { label: 'Article', propertyName: 'body' }
const declare = async (on: Serving, more: object = {}): Promise<string> =>
  (await post(on, '/ai/indexes', { ...article, ...more })).json.data.id
const indexOf = async (on: Serving, id: string) =>
  (await on.call('GET', '/api/v1/ai/indexes')).json.data.find((index: { id: string }) => index.id === id)
const ready = (on: Serving, id: string) =>
  expect.poll(async () => (await indexOf(on, id)).status, { timeout: 20_000 }).toBe('ready')
const create = async (on: Serving, body: unknown): Promise<string> =>
  (await post(on, '/records', { label: 'Article', data: { body } })).json.data.__id
const search = async (on: Serving, more: object) => post(on, '/ai/search', { ...article, ...more })
const found = async (on: Serving, query: string): Promise<string[]> =>
  (await search(on, { query, limit: 1 })).json.data.map(({ body }: { body: string }) => body)

const texts = ['the boundary layer of a wing', 'cats and dogs', 'a recipe for apple cake']

describe('a managed index', () => {
  it('embeds what is there and what comes, and is searched by words', async () => {
    const on = await start(new Service('model-1'))
    await create(on, texts[0])
    const { status, json } = await post(on, '/ai/indexes', article)
    expect([status, json.data]).toEqual([
      201,
      expect.objectContaining({
        ...{ ...article, sourceType: 'managed', similarityFunction: 'cosine', dimensions: 128, modelKey: 'model-1' },
        ...{ status: 'pending', vectorPropertyName: '_emb_managed_cosine_128' },
      }),
    ])
    const { id } = json.data
    await create(on, texts[1])
    const last = await create(on, ['apple', 'cake'])
    await post(on, '/records', { label: 'Other', data: { body: texts[2] } })
    await ready(on, id)
    expect((await on.call('GET', `/api/v1/ai/indexes/${id}/stats`)).json.data).toEqual({ totalRecords: 3, indexedRecords: 3 })
    const { data } = (await search(on, { query: 'a dog and a cat' })).json
    expect(data.map(({ body }: { body: string }) => body)).toEqual([texts[1], expect.anything(), expect.anything()])
    expect(data[0].__score).toBeGreaterThan(data[1].__score)
    expect((await search(on, { query: 'apple cake', limit: 1 })).json.data).toMatchObject([{ __id: last, __score: 1 }])
    expect(await found(on, 'apple cake')).toEqual([['apple', 'cake']])
  })

  it('follows the texts', async () => {
    const on = await start(new Service('model-1'))
    const id = await declare(on)
    const record = await create(on, texts[0])
    await ready(on, id)
    await on.call('PATCH', `/api/v1/records/${record}`, { body: { data: { body: texts[1] } } })
    await ready(on, id)
    expect((await search(on, { query: texts[1]! })).json.data).toMatchObject([{ __id: record, __score: 1 }])
    await on.call('PUT', `/api/v1/records/${record}`, { body: { label: 'Article', data: { title: 'no body' } } })
    expect((await search(on, { query: texts[1]! })).json.data).toEqual([])
    await on.call('DELETE', `/api/v1/records/${record}`)
    expect((await on.call('GET', `/api/v1/ai/indexes/${id}/stats`)).json.data).toEqual({ totalRecords: 0, indexedRecords: 0 })
  })

  it('is searched by a vector too, but given none', async () => {
    const embedder = new Service('model-1')
    const on = await start(embedder)
    const id = await declare(on)
    const record = await create(on, texts[0])
    await ready(on, id)
    const [vector] = await embedder.embed([texts[0]!], { purpose: 'document' })
    const queryVector = [...vector!]
    expect((await search(on, { queryVector })).json.data).toMatchObject([{ __id: record, __score: 1 }])
    expect((await search(on, { queryVector: [1, 0] })).status).toBe(422)
    const items = [{ recordId: record, vector: queryVector }]
    expect((await post(on, `/ai/indexes/${id}/vectors/upsert`, { items })).status).toBe(422)
    const vectors = [{ propertyName: 'body', vector: queryVector }]
    expect((await post(on, '/records', { label: 'Article', data: { body: 'x' }, vectors })).status).toBe(404)
  })

  it('lives beside an external one of the same property', async () => {
    const embedder = new Service('model-1')
    const on = await start(embedder)
    const managed = await declare(on)
    await declare(on, { external: true, dimensions: 128 })
    const record = await create(on, texts[0])
    await ready(on, managed)
    const other = await embedder.embed([texts[1]!])
    const vectors = [{ propertyName: 'body', vector: [...other[0]!] }]
    await on.call('PATCH', `/api/v1/records/${record}`, { body: { data: {}, vectors } })
    const score = async (more: object) => (await search(on, more)).json.data[0].__score
    expect(await score({ query: texts[0] })).toBe(1)
    expect(await score({ queryVector: vectors[0]!.vector })).toBe(1)
    expect(await score({ queryVector: vectors[0]!.vector, sourceType: 'managed' })).toBeLessThan(1)
    expect((await search(on, { query: texts[0], sourceType: 'external' })).status).toBe(422)
  })

  it('is the only one of its kind, and has the dimensions of the embedder', async () => {
    const on = await start(new Service('model-1'))
    const statusOf = async (more: object) => (await post(on, '/ai/indexes', { ...article, ...more })).status
    expect(await statusOf({ dimensions: 64 })).toBe(422)
    expect(await statusOf({ dimensions: 128 })).toBe(201)
    expect(await statusOf({})).toBe(409)
    expect(await statusOf({ similarityFunction: 'euclidean' })).toBe(201)
    expect((await search(on, { query: 'text' })).status).toBe(422)
    expect((await search(on, { query: 'text', similarityFunction: 'euclidean' })).status).toBe(200)
  })

  it('asks an embedder that does not tell its dimensions, and is refused when that fails', async () => {
    const embedder = new Service('model-1', 96, { saysDimensions: false })
    const on = await start(embedder)
    embedder.isDead = true
    expect((await post(on, '/ai/indexes', article)).status).toBe(422)
    embedder.isDead = false
    expect((await post(on, '/ai/indexes', { ...article, dimensions: 128 })).status).toBe(422)
    expect((await on.call('GET', '/api/v1/ai/indexes')).json.data).toEqual([])
    expect((await indexOf(on, await declare(on))).dimensions).toBe(96)
    expect((await post(on, '/ai/indexes', article)).status).toBe(409)
  })

  it('waits for an embedder that is away, and answers 503 meanwhile', async () => {
    const embedder = new Service('model-1')
    const on = await start(embedder)
    const id = await declare(on)
    await create(on, texts[0])
    await ready(on, id)
    embedder.isDead = true
    await create(on, texts[1])
    await expect.poll(async () => (await indexOf(on, id)).status, { timeout: 20_000 }).toBe('error')
    expect((await search(on, { query: 'dogs' })).status).toBe(503)
    expect((await on.call('GET', `/api/v1/ai/indexes/${id}/stats`)).json.data).toEqual({ totalRecords: 2, indexedRecords: 1 })
    embedder.isDead = false
    await ready(on, id)
    expect(await found(on, 'dogs and cats')).toEqual([texts[1]])
  })

  it('needs no embedder of one’s own', async () => {
    const on = await start()
    const id = await declare(on)
    for (const text of texts) await create(on, text)
    await ready(on, id)
    expect(await found(on, 'apple cake')).toEqual([texts[2]])
  })
})

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'quiver-rushdb-'))
  ends.push(() => rm(path, { recursive: true }))
  return path
}

it('indexes of one server are those of another over the same folder', async () => {
  const database = await folder()
  const [one, other] = [await start(new Service('model-1'), database), await start(new Service('model-1'), database)]
  const external = { label: 'Page', propertyName: 'url', external: true, dimensions: 2 }
  for (const on of [one, other]) expect((await on.call('GET', '/api/v1/ai/indexes')).json.data).toEqual([])
  const id = await declare(one)
  await declare(one, external)
  expect((await post(other, '/ai/indexes', article)).status).toBe(409)
  await create(other, texts[0])
  await create(one, texts[1])
  await ready(other, id)
  expect([await found(one, 'a cat and a dog'), await found(other, 'a cat and a dog')]).toEqual([[texts[1]], [texts[1]]])
  await post(other, '/records', { label: 'Page', data: { url: 'x' }, vectors: [{ propertyName: 'url', vector: [1, 0] }] })
  const { data } = (await post(one, '/ai/search', { label: 'Page', propertyName: 'url', queryVector: [1, 0] })).json
  expect(data).toMatchObject([{ url: 'x', __score: 1 }])
})

it('another model makes all vectors of managed indexes anew', async () => {
  const database = await folder()
  const before = await start(new Service('model-1'), database)
  const id = await declare(before)
  for (const text of texts) await create(before, text)
  await ready(before, id)
  const { createdAt } = await indexOf(before, id)
  await ends.pop()!()

  const after = await start(new Service('model-2', 64), database)
  const index = await indexOf(after, id)
  expect(index).toMatchObject({ modelKey: 'model-2', dimensions: 64, vectorPropertyName: '_emb_managed_cosine_64', createdAt })
  expect(Date.parse(index.updatedAt)).toBeGreaterThan(Date.parse(createdAt))
  await ready(after, id)
  expect(await found(after, 'apple cake')).toEqual([texts[2]])
  expect((await post(after, '/ai/indexes', article)).status).toBe(409)
})
