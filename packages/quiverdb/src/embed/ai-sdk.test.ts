import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { embedMany } from 'ai'
import { afterEach, expect, it } from 'vitest'
import {
  answerJson,
  answerVectors,
  servedVector,
  startEmbeddingServer,
  type EmbeddingServer,
  type Reply,
} from '../testing/embedding-server.js'
import { aiSdkEmbedder } from './ai-sdk.js'
import { embedTexts } from './embed-texts.js'

const apiKey = 'sk-test-0123456789abcdef'
let server: EmbeddingServer | undefined
afterEach(() => server?.close())

async function model(reply?: Reply) {
  server = await startEmbeddingServer(reply)
  return createOpenAICompatible({ name: 'own', baseURL: `${server.url}/v1`, apiKey }).embeddingModel('some-model')
}

it('embeds by a real model of the AI SDK, with the numbers that the SDK itself gets', async () => {
  const sdkModel = await model()
  const texts = Array.from({ length: 30 }, (_, i) => 'word '.repeat(i + 1))
  const embedder = aiSdkEmbedder(sdkModel)
  expect(embedder.id).toBe('own.embedding/some-model')
  const ours = await embedTexts(embedder, texts)
  const { embeddings } = await embedMany({ model: sdkModel, values: texts })
  expect(ours.map((vector) => [...vector])).toEqual(embeddings)
  expect(server!.requests[0]!.headers.authorization).toBe(`Bearer ${apiKey}`)
})

it('cuts requests as the model says', async () => {
  const sdkModel = await model()
  const limited = Object.assign(Object.create(sdkModel) as typeof sdkModel, {})
  Object.defineProperty(limited, 'maxEmbeddingsPerCall', { value: Promise.resolve(2) })
  Object.defineProperty(limited, 'supportsParallelCalls', { value: Promise.resolve(false) })
  await embedTexts(aiSdkEmbedder(limited), ['a', 'b', 'c', 'd', 'e'])
  expect(server!.requests.map(({ body }) => body.input)).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  expect(server!.side()).toBe(1)
})

it('hands on what is asked of the provider', async () => {
  const embedder = aiSdkEmbedder(await model(), {
    providerOptions: { own: { dimensions: 3 } },
    queryOptions: { own: { dimensions: 2 } },
    headers: { 'x-team': 'search' },
  })
  await embedTexts(embedder, ['a'])
  await embedTexts(embedder, ['a'], { purpose: 'query' })
  expect(server!.requests.map(({ body }) => body.dimensions)).toEqual([3, 2])
  expect(server!.requests[0]!.headers['x-team']).toBe('search')
  expect(embedder.id).toBe('own.embedding/some-model/{"own":{"dimensions":3}}/{"own":{"dimensions":2}}')
})

it('tries again after a rate limit, and not after a refusal', async () => {
  const limited = aiSdkEmbedder(
    await model(({ body }, response, ordinal) => {
      if (ordinal === 1) return answerJson(response, 429, { error: { message: 'slow down' } }, { 'retry-after-ms': '20' })
      answerVectors(response, body.input.map(servedVector))
    }),
  )
  expect(await embedTexts(limited, ['abc'])).toEqual([Float32Array.from(servedVector('abc'))])
  expect(server!.requests).toHaveLength(2)
  await server!.close()

  const refused = aiSdkEmbedder(
    await model((_, response) => answerJson(response, 401, { error: { message: `bad key ${apiKey}` } })),
  )
  const error = (await embedTexts(refused, ['abc']).catch((thrown: unknown) => thrown)) as Error
  expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', details: { status: 401, retryable: false } })
  expect(error.message).not.toContain('0123456789')
  expect(server!.requests).toHaveLength(1)
})

it('aborts the request of the SDK', async () => {
  let gone = false
  const stop = new AbortController()
  const sdkModel = await model((_, response) => {
    response.once('close', () => (gone = true))
    stop.abort()
  })
  await expect(embedTexts(aiSdkEmbedder(sdkModel), ['a'], { signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' })
  await expect.poll(() => gone, { timeout: 20_000 }).toBe(true)
})

it('refuses what is no model', () => {
  expect(() => aiSdkEmbedder('text-embedding-3-small' as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})
