import * as v from 'valibot'
import { QuiverError } from '../errors.js'
import type { Embedder, EmbedderLimits, Purpose } from './embedder.js'
import { invalidEmbedding } from './check-vectors.js'
import { postJson, serviceUrl, type Service } from './service-request.js'

/** What all services over HTTP have in common. */
export interface ServiceOptions {
  /** Asks for shorter vectors, of models that can. Default: what the model has. */
  dimensions?: number
  /** Sent with each request. */
  headers?: Readonly<Record<string, string>>
  /** Put before each text by purpose, for models that want it: `{ query: 'search_query: ', document: 'search_document: ' }`. Default: nothing. */
  prefixes?: Partial<Readonly<Record<Purpose, string>>>
  /** More fields for the body of each request. */
  body?: Readonly<Record<string, unknown>>
  /** For one request. Default: 60,000. */
  timeoutMs?: number
  /** What one request may hold. */
  limits?: EmbedderLimits
}

export interface OpenAiOptions extends ServiceOptions {
  /** E.g. `text-embedding-3-small`. */
  model: string
  /** Sent as `Authorization: Bearer`. Default: none, for services on one's own machine. */
  apiKey?: string
  /** Up to and with the version; `/embeddings` follows. Default: `https://api.openai.com/v1`. */
  baseUrl?: string
}

export interface AzureOptions extends ServiceOptions {
  /** E.g. `https://name.openai.azure.com`. */
  endpoint: string
  /** The name that the model was deployed under. */
  deployment: string
  apiKey: string
  /** Default: `2024-10-21`. */
  apiVersion?: string
}

export interface OllamaOptions extends ServiceOptions {
  /** E.g. `nomic-embed-text`. */
  model: string
  /** Default: `http://127.0.0.1:11434`. */
  baseUrl?: string
}

const timeoutMsDefault = 60_000
/** What OpenAI documents for its models: 2,048 texts and 300,000 tokens a request, 8,192 tokens a text. */
const openAiLimits: EmbedderLimits = { textTokens: 8_192, batchTexts: 2_048, batchTokens: 300_000, concurrency: 4 }
/** A model on one's own machine gains nothing from many requests at once. */
const ollamaLimits: EmbedderLimits = { batchTexts: 64, concurrency: 1 }

/**
 * The embeddings of OpenAI, or of any service that speaks its protocol: vLLM, LM Studio, LocalAI, Mistral, Together and others.
 *
 * @example
 * ```ts
 * const embedder = openAiEmbedder({ model: 'text-embedding-3-small', apiKey: process.env['OPENAI_API_KEY'], dimensions: 512 })
 * ```
 * @throws QuiverError INVALID_ARGUMENT
 */
export function openAiEmbedder(options: OpenAiOptions): Embedder {
  const { model, apiKey, baseUrl = 'https://api.openai.com/v1', limits = openAiLimits } = checkedOptions(options, ['model'])
  const headers: Record<string, string> = apiKey ? { authorization: `Bearer ${apiKey}` } : {}
  return serviceEmbedder(model, under(serviceUrl(baseUrl, 'baseUrl'), 'embeddings'), headers, { ...options, limits })
}

/**
 * A deployment of Azure OpenAI.
 * @throws QuiverError INVALID_ARGUMENT
 */
export function azureEmbedder(options: AzureOptions): Embedder {
  const { endpoint, deployment, apiKey, limits = openAiLimits } = checkedOptions(options, ['endpoint', 'deployment', 'apiKey'])
  const url = under(serviceUrl(endpoint, 'endpoint'), `openai/deployments/${encodeURIComponent(deployment)}/embeddings`)
  url.searchParams.set('api-version', options.apiVersion ?? '2024-10-21')
  return serviceEmbedder(deployment, url, { 'api-key': apiKey }, { ...options, limits })
}

/**
 * A model that Ollama serves.
 * @throws QuiverError INVALID_ARGUMENT
 */
export function ollamaEmbedder(options: OllamaOptions): Embedder {
  const { model, baseUrl = 'http://127.0.0.1:11434', limits = ollamaLimits } = checkedOptions(options, ['model'])
  return serviceEmbedder(model, under(serviceUrl(baseUrl, 'baseUrl'), 'v1/embeddings'), {}, { ...options, limits })
}

function serviceEmbedder(model: string, url: URL, headers: Record<string, string>, options: ServiceOptions): Embedder {
  const { dimensions, prefixes = {}, body = {}, timeoutMs = timeoutMsDefault, limits } = options
  const service: Service = { url, timeoutMs, headers: { 'content-type': 'application/json', ...headers, ...options.headers } }
  const more = options.body && JSON.stringify(options.body)
  const shape = [dimensions, prefixes.document, prefixes.query, more].filter((part) => part !== undefined)
  return {
    // The same model behind another address gives the same vectors.
    id: [model, ...shape].join('/'),
    ...(dimensions !== undefined && { dimensions }),
    ...(limits && { limits }),
    embed: async (texts, { purpose = 'document', signal } = {}) => {
      const prefix = prefixes[purpose] ?? ''
      const input = texts.map((text) => prefix + text)
      const request = { ...body, model, input, ...(dimensions !== undefined && { dimensions }) }
      return inOrder(await postJson(service, request, signal), texts.length, model)
    },
  }
}

const answer = v.object({
  data: v.array(v.object({ index: v.optional(v.number()), embedding: v.array(v.number()) })),
})

/** Services answer in any order, and say which vector belongs to which text. */
function inOrder(body: unknown, count: number, model: string): Float32Array[] {
  const parsed = v.safeParse(answer, body)
  if (!parsed.success) {
    const issue = parsed.issues[0]
    throw invalidEmbedding(model, `the answer has no list of embeddings ('${v.getDotPath(issue) ?? 'data'}': ${issue.message})`)
  }
  const { data } = parsed.output
  const vectors: Float32Array[] = []
  data.forEach(({ index = vectors.length, embedding }, at) => {
    if (vectors[index] || !(index < count)) throw invalidEmbedding(model, `its answer ${at} belongs to text ${index} of ${count}`)
    vectors[index] = Float32Array.from(embedding)
  })
  if (data.length !== count) throw invalidEmbedding(model, `there are ${data.length} vectors for ${count} texts`)
  return vectors
}

function under(base: URL, path: string): URL {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`
  return url
}

function checkedOptions<T extends ServiceOptions>(options: T, texts: readonly (keyof T & string)[]): T {
  const fail = (path: string, what: string): never => {
    throw new QuiverError('INVALID_ARGUMENT', `The option '${path}' of an embedder must be ${what}.`, { details: { path } })
  }
  for (const name of texts) {
    const value: unknown = options?.[name]
    if (typeof value !== 'string' || value.length === 0) fail(name, 'a text that is not empty')
  }
  const { dimensions, timeoutMs } = options
  if (dimensions !== undefined && !(Number.isInteger(dimensions) && dimensions > 0)) fail('dimensions', 'a positive integer')
  if (timeoutMs !== undefined && !(timeoutMs > 0)) fail('timeoutMs', 'a positive number')
  return options
}
