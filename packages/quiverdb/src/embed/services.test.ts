import { afterEach, describe, expect, it } from 'vitest'
import {
  answerJson,
  answerVectors,
  servedVector,
  startEmbeddingServer,
  type EmbeddingServer,
  type Reply,
} from '../testing/embedding-server.js'
import { embedTexts } from './embed-texts.js'
import { azureEmbedder, ollamaEmbedder, openAiEmbedder } from './http-embedder.js'

const apiKey = 'sk-test-0123456789abcdef'
const texts = ['one', 'two and', 'three or more']
const served = texts.map((text) => Float32Array.from(servedVector(text)))

let server: EmbeddingServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

async function openAi(reply?: Reply, more: Partial<Parameters<typeof openAiEmbedder>[0]> = {}) {
  server = await startEmbeddingServer(reply)
  return openAiEmbedder({ model: 'm', apiKey, baseUrl: `${server.url}/v1`, ...more })
}

/** All that a program or a person may print of an error. */
function wordsOf(error: unknown): string {
  const { message, details, cause, stack } = error as { message: string; details: unknown; cause: unknown; stack: string }
  return [message, JSON.stringify(details), stack, cause instanceof Error ? wordsOf(cause) : String(cause)].join('\n')
}

describe('the protocols', () => {
  it('OpenAI: a bearer key, the model, dimensions, prefixes and what else the body is to hold', async () => {
    const embedder = await openAi(undefined, {
      dimensions: 3,
      headers: { 'x-team': 'search' },
      prefixes: { query: 'q: ' },
      body: { user: 'u1' },
    })
    expect(await embedTexts(embedder, texts)).toEqual(served)
    const [vector] = await embedTexts(embedder, ['one'], { purpose: 'query' })
    expect(vector).toEqual(Float32Array.from(servedVector('q: one')))
    expect(server!.requests.map(({ path, body }) => [path, body])).toEqual([
      ['/v1/embeddings', { model: 'm', input: texts, dimensions: 3, user: 'u1' }],
      ['/v1/embeddings', { model: 'm', input: ['q: one'], dimensions: 3, user: 'u1' }],
    ])
    expect(server!.requests[0]!.headers).toMatchObject({ authorization: `Bearer ${apiKey}`, 'x-team': 'search' })
  })

  it('Azure: the deployment and the version in the URL, the key in a header of its own', async () => {
    server = await startEmbeddingServer()
    const embedder = azureEmbedder({ endpoint: `${server.url}/`, deployment: 'my model', apiKey })
    expect(await embedTexts(embedder, texts)).toEqual(served)
    expect(server.requests[0]!.path).toBe('/openai/deployments/my%20model/embeddings?api-version=2024-10-21')
    expect(server.requests[0]!.headers).toMatchObject({ 'api-key': apiKey })
    expect(server.requests[0]!.headers.authorization).toBeUndefined()
  })

  it('Ollama: no key, one request at a time', async () => {
    server = await startEmbeddingServer()
    const embedder = ollamaEmbedder({ model: 'nomic-embed-text', baseUrl: server.url, limits: { batchTexts: 1, concurrency: 1 } })
    expect(await embedTexts(embedder, texts)).toEqual(served)
    expect(server.requests.map(({ path }) => path)).toEqual(Array(3).fill('/v1/embeddings'))
    expect(server.requests[0]!.headers.authorization).toBeUndefined()
    expect(server.side()).toBe(1)
  })

  it('answers without indexes count as ordered', async () => {
    const embedder = await openAi(({ body }, response) =>
      answerJson(response, 200, { data: body.input.map((text) => ({ embedding: servedVector(text) })) }),
    )
    expect(await embedTexts(embedder, texts)).toEqual(served)
  })
})

describe('a service in trouble', () => {
  it('is asked again after a rate limit, when it says so', async () => {
    const times: number[] = []
    const embedder = await openAi(({ body }, response, ordinal) => {
      times.push(performance.now())
      if (ordinal === 1) return answerJson(response, 429, { error: { message: 'slow down' } }, { 'retry-after-ms': '60' })
      if (ordinal === 2) return answerJson(response, 429, {}, { 'retry-after': '0.05' })
      if (ordinal === 3) return answerJson(response, 429, {}, { 'retry-after': new Date(Date.now() - 1_000).toUTCString() })
      answerVectors(response, body.input.map(servedVector))
    })
    expect(await embedTexts(embedder, texts)).toEqual(served)
    expect(server!.requests).toHaveLength(4)
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(55)
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(45)
  })

  it('is asked again while it is overloaded, and within the budget only', async () => {
    const embedder = await openAi((_, response) => answerJson(response, 503, { error: 'model is loading' }))
    const failure = embedTexts(embedder, texts, { retryMs: 900 })
    await expect(failure).rejects.toMatchObject({
      code: 'EMBEDDER_FAILED',
      message: expect.stringMatching(/answered with status 503: model is loading\.$/),
      details: { status: 503, retryable: true },
    })
    expect(server!.requests.length).toBeGreaterThanOrEqual(2)
    server!.requests.length = 0
    await expect(embedTexts(embedder, texts, { retryMs: 0 })).rejects.toMatchObject({ code: 'EMBEDDER_FAILED' })
    expect(server!.requests).toHaveLength(1)
  })

  it('is not waited for when it asks for more time than there is', async () => {
    const embedder = await openAi((_, response) => answerJson(response, 429, {}, { 'retry-after': '3600' }))
    await expect(embedTexts(embedder, texts)).rejects.toMatchObject({ details: { status: 429, retryAfterMs: 3_600_000 } })
    expect(server!.requests).toHaveLength(1)
  })

  it.each([
    [400, { error: { message: 'input is too long' } }],
    [401, { error: { message: `Incorrect API key provided: ${apiKey}.` } }],
    [404, { message: 'no such model' }],
    [429, { error: { message: 'You exceeded your quota.', code: 'insufficient_quota' } }],
    [301, {}],
  ])('is not asked again after a %i that stays', async (status, body) => {
    const embedder = await openAi((_, response) => answerJson(response, status, body, { location: 'https://elsewhere.example/' }))
    await expect(embedTexts(embedder, texts)).rejects.toMatchObject({
      code: 'EMBEDDER_FAILED',
      details: { status, retryable: false },
    })
    expect(server!.requests).toHaveLength(1)
  })

  it('never makes the key known, whatever it repeats', async () => {
    const echoes: Reply[] = [
      (_, response) => answerJson(response, 401, { error: { message: `Incorrect API key provided: ${apiKey}` } }),
      ({ headers }, response) => void response.writeHead(500).end(`you sent ${JSON.stringify(headers)}`),
      (_, response) => void response.writeHead(200).end(apiKey),
    ]
    for (const echo of echoes) {
      const embedder = await openAi(echo, { headers: { 'x-secret': 'second-secret-value' } })
      const error: unknown = await embedTexts(embedder, texts, { retryMs: 0 }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'EMBEDDER_FAILED' })
      expect(wordsOf(error)).not.toMatch(/0123456789abcdef|second-secret/)
      await server!.close()
    }
  })

  it('that gives no JSON, too few vectors, wrong lengths or strange numbers is refused', async () => {
    const cases: [Reply, string, RegExp][] = [
      [(_, response) => void response.writeHead(200).end('<html>'), 'EMBEDDER_FAILED', /not JSON/],
      [(_, response) => void response.writeHead(200).end('{"data": [{"embed'), 'EMBEDDER_FAILED', /not JSON/],
      [(_, response) => answerJson(response, 200, { error: 'x' }), 'INVALID_EMBEDDING', /no list of embeddings/],
      [(_, response) => answerVectors(response, [[1], [2]]), 'INVALID_EMBEDDING', /2 vectors for 3 texts/],
      [(_, response) => answerVectors(response, [[1], [2], [3], [4]]), 'INVALID_EMBEDDING', /text 3 of 3/],
      [(_, response) => answerVectors(response, [[1, 2], [1], [1, 2]]), 'INVALID_EMBEDDING', /has 1 numbers, not 2/],
      [(_, response) => answerVectors(response, [['1'], ['2'], ['3']]), 'INVALID_EMBEDDING', /no list of embeddings/],
      [(_, response) => answerVectors(response, [[1e39], [1], [1]]), 'INVALID_EMBEDDING', /Infinity/],
    ]
    for (const [reply, code, message] of cases) {
      const embedder = await openAi(reply)
      await expect(embedTexts(embedder, texts)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
      await server!.close()
    }
  })

  it('that is slow is given up after its time, or when the caller leaves', async () => {
    let gone = false
    const stop = new AbortController()
    const slow = await openAi(() => undefined, { timeoutMs: 30 })
    await expect(embedTexts(slow, texts, { retryMs: 0 })).rejects.toMatchObject({
      code: 'EMBEDDER_FAILED',
      message: expect.stringMatching(/did not answer within 30 ms/),
    })
    await server!.close()
    const patient = await openAi((_, response) => {
      response.once('close', () => (gone = true))
      stop.abort()
    })
    await expect(embedTexts(patient, texts, { signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' })
    await expect.poll(() => gone, { timeout: 20_000 }).toBe(true)
  })

  it('that is not there is named, without its query', async () => {
    const embedder = await openAi()
    await server!.close()
    await expect(embedTexts(embedder, texts, { retryMs: 0 })).rejects.toMatchObject({
      code: 'EMBEDDER_FAILED',
      message: expect.stringMatching(/at http:\/\/127\.0\.0\.1:\d+\/v1\/embeddings cannot be reached: .*ECONNREFUSED/),
      details: { retryable: true },
    })
  })
})

it('options that cannot be are refused, and URLs with a password are not repeated', () => {
  const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error
  expect(() => openAiEmbedder({ model: '' })).toThrow(refused)
  expect(() => openAiEmbedder(undefined as never)).toThrow(refused)
  expect(() => openAiEmbedder({ model: 'm', dimensions: 0 })).toThrow(refused)
  expect(() => openAiEmbedder({ model: 'm', timeoutMs: -1 })).toThrow(refused)
  expect(() => azureEmbedder({ endpoint: 'ftp://x', deployment: 'd', apiKey })).toThrow(refused)
  expect(() => azureEmbedder({ endpoint: 'https://x', deployment: 'd' } as never)).toThrow(refused)
  expect(() => ollamaEmbedder({ model: 'm', baseUrl: 'https://user:secret@host' })).toThrow(/must not hold a user name/)
  expect(() => ollamaEmbedder({ model: 'm', baseUrl: 'https://user:secret@host' })).not.toThrow(/secret/)
})
