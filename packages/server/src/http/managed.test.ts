import { afterEach, describe, expect, it } from 'vitest'
import { createServer as createHttpServer, type Server } from 'node:http'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Embedder, openAiEmbedder } from 'quiverdb/embed'
import { papersPath, serving, type Serving } from '../testing/serving.js'

/** What happens by itself, on a machine that may be busy. */
const soon = <T>(ask: () => T) => expect.poll(ask, { timeout: 10_000 })

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(...given: Parameters<typeof serving>): Promise<Serving> {
  const on = await serving(given[0], { tuning: { embedRetryMs: 5, embedRetryMsMax: 50 }, ...given[1] })
  closing.push(() => on.close())
  return on
}

/** A service in the way of OpenAI that knows three topics, and can be shut down and started again at its port. */
class TopicService {
  #server: Server | undefined
  port = 0

  async start(): Promise<void> {
    const topics = [/cat|dog|animal/, /wing|plane|air/, /bread|soup|eat/]
    this.#server = createHttpServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        const { input } = JSON.parse(body) as { input: string[] }
        const data = input.map((text, index) => ({
          index,
          embedding: [...topics.map((topic) => (topic.test(text) ? 1 : 0)), 0.1],
        }))
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data }))
      })
    }).listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.port = (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined))
  }

  embedder(): Embedder {
    return openAiEmbedder({ model: 'topics', baseUrl: `http://127.0.0.1:${this.port}/v1` })
  }
}

async function topicService(): Promise<TopicService> {
  const service = new TopicService()
  await service.start()
  closing.push(() => service.stop())
  return service
}

const declaration = { indexes: [{ name: 'body', field: 'body', source: 'managed' }] }
const records = [
  { id: 'pets', body: 'cats and dogs' },
  { id: 'flight', body: 'the wing of a plane' },
]

async function managedStatus(on: Serving): Promise<unknown> {
  return (await on.call('GET', papersPath)).json.indexes[0].managed
}

describe('managed indexes over HTTP', () => {
  it('need no configuration', async () => {
    const on = await serve()
    const made = await on.call('PUT', papersPath, { body: declaration })
    expect(made.json.indexes[0]).toMatchObject({ source: 'managed', dimensions: 1024, managed: { embedder: 'built-in-1/1024' } })
    await on.call('POST', `${papersPath}/records`, { body: { records } })
    await on.call('POST', '/v1/namespaces/default/settle', { body: {} })
    const found = await on.call('POST', `${papersPath}/search`, { body: { text: 'which plane has such a wing?', limit: 1 } })
    expect(found.json.hits.map(({ id }: { id: string }) => id)).toEqual(['flight'])
    expect((await on.call('GET', '/metrics')).text).toMatch(/quiver_pending_embeddings\{namespace="default"\} 0/)
  })

  it('are made of live data', async () => {
    const service = await topicService()
    const on = await serve({ embedder: service.embedder() })
    await on.call('PUT', papersPath)
    await on.call('POST', `${papersPath}/records`, { body: { records } })
    const made = await on.call('POST', `${papersPath}/indexes`, { body: { field: 'body', source: 'managed' } })
    expect(made.status).toBe(201)
    expect(made.json).toMatchObject({ dimensions: 4, managed: { embedder: 'topics', records: 2 } })
    await soon(() => managedStatus(on)).toMatchObject({ status: 'ready', embedded: 2 })
    const found = await on.call('POST', `${papersPath}/search`, { body: { text: 'an animal', limit: 1 } })
    expect(found.json.hits[0].id).toBe('pets')
    const queries = [{ index: 'body', text: 'by air', limit: 1 }]
    const batch = await on.call('POST', `${papersPath}/search/batch`, { body: { queries } })
    expect(batch.json.results[0].hits[0].id).toBe('flight')
  })

  it('go on by themselves when a service that was away is back', async () => {
    const service = await topicService()
    const on = await serve({ embedder: service.embedder() })
    await on.call('PUT', papersPath, { body: declaration })
    await service.stop()
    await on.call('POST', `${papersPath}/records`, { body: { records } })
    await soon(() => managedStatus(on)).toMatchObject({ status: 'error', embedded: 0 })
    const refused = await on.call('POST', `${papersPath}/search`, { body: { text: 'cats' } })
    expect([refused.status, refused.json.error.code]).toEqual([503, 'EMBEDDER_FAILED'])
    expect((await on.call('GET', '/metrics')).text).toMatch(/quiver_pending_embeddings\{namespace="default"\} 2/)
    await service.start()
    await soon(() => managedStatus(on)).toMatchObject({ status: 'ready', embedded: 2 })
  })

  it('go on when the server starts again, also before anybody asks', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'quiver-managed-'))
    closing.push(() => rm(folder, { recursive: true }))
    const service = await topicService()
    const before = await serve({ embedder: service.embedder() }, { database: folder })
    await before.call('PUT', papersPath, { body: declaration })
    await service.stop()
    await before.call('POST', `${papersPath}/records`, { body: { records } })
    await before.close()
    await service.start()
    const on = await serve({ embedder: service.embedder() }, { database: folder })
    await soon(async () => (await on.call('GET', '/metrics')).text).toMatch(/quiver_pending_embeddings\{namespace="default"\} 0/)
    expect(await managedStatus(on)).toMatchObject({ status: 'ready', embedded: 2 })
  })

  it('are left as they are by a server that was given no embedder, and taken over by one that was', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'quiver-managed-'))
    closing.push(() => rm(folder, { recursive: true }))
    const service = await topicService()
    const topics = await serve({ embedder: service.embedder() }, { database: folder })
    await topics.call('PUT', papersPath, { body: declaration })
    await topics.call('POST', `${papersPath}/records`, { body: { records } })
    await topics.call('POST', '/v1/namespaces/default/settle', { body: {} })
    await topics.close()
    const plain = await serve({}, { database: folder })
    await plain.call('PUT', papersPath, { body: declaration })
    expect(await managedStatus(plain)).toMatchObject({ embedder: 'topics', status: 'ready', embedded: 2 })
    const refused = await plain.call('POST', `${papersPath}/search`, { body: { text: 'cats' } })
    expect(refused.json.error).toMatchObject({ code: 'EMBEDDER_FAILED', message: expect.stringMatching(/topics/) as string })
    await plain.close()
    const other = openAiEmbedder({ model: 'topics-2', baseUrl: `http://127.0.0.1:${service.port}/v1` })
    const next = await serve({ embedder: other }, { database: folder })
    await soon(() => managedStatus(next)).toMatchObject({ embedder: 'topics-2', status: 'ready', embedded: 2 })
  })

  it('refuse vectors of their callers, and texts in other indexes', async () => {
    const on = await serve()
    await on.call('PUT', papersPath, { body: { indexes: [...declaration.indexes, { field: 'v', dimensions: 2 }] } })
    const given = await on.call('POST', `${papersPath}/records`, { body: { records: [{ id: 'a', $vectors: { body: [1] } }] } })
    expect([given.status, given.json.error.code]).toEqual([400, 'INVALID_ARGUMENT'])
    const search = (body: object) => on.call('POST', `${papersPath}/search`, { body })
    for (const body of [
      { index: 'v', text: 'a' },
      { index: 'body' },
      { index: 'body', text: 'a', vector: [1] },
      { index: 'body', text: ' ' },
    ])
      expect([JSON.stringify(body), (await search(body)).json.error?.code]).toEqual([JSON.stringify(body), 'INVALID_ARGUMENT'])
  })
})
