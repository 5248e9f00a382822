import type { EmbeddingsModel, EmbeddingsResponse } from './document-types.js'
import { VectraError } from './vectra-error.js'

export interface BaseOpenAIEmbeddingsOptions {
  /** Length of the vectors, for models that offer several. */
  dimensions?: number
  /** Write requests and answers to the console, without keys. Default: false. */
  logRequests?: boolean
  /** Tokens of all texts of one call. Default: 500. */
  maxTokens?: number
  /** Pauses before another try where the service is called too often, in milliseconds. Default: 2,000 and 5,000. */
  retryPolicy?: number[]
  /** Further options of `fetch`. */
  requestConfig?: RequestInit
}

export interface OpenAIEmbeddingsOptions extends BaseOpenAIEmbeddingsOptions {
  apiKey: string
  model: string
  organization?: string
  /** Default: https://api.openai.com. */
  endpoint?: string
}

export interface AzureOpenAIEmbeddingsOptions extends BaseOpenAIEmbeddingsOptions {
  azureApiKey: string
  /** An HTTPS URL. */
  azureEndpoint: string
  azureDeployment: string
  /** Default: 2023-05-15. */
  azureApiVersion?: string
}

export interface OSSEmbeddingsOptions extends BaseOpenAIEmbeddingsOptions {
  ossModel: string
  ossEndpoint: string
}

type Options = OpenAIEmbeddingsOptions | AzureOpenAIEmbeddingsOptions | OSSEmbeddingsOptions

interface EmbeddingsAnswer {
  model?: string
  data: { index: number; embedding: number[] }[]
  usage?: Record<string, unknown>
}

const maxTokensDefault = 500
const retryPolicyDefault = [2000, 5000]
const azureApiVersionDefault = '2023-05-15'
const openAIEndpoint = 'https://api.openai.com'
const tooManyRequests = 429

/** Numbers that programs written for Vectra may compare. */
const clientTypes = { openAI: 0, azure: 1, oss: 2 } as const

/**
 * Embeddings of OpenAI, of Azure (options with `azureApiKey`), or of any service that speaks like OpenAI's (with `ossModel`).
 *
 * @example
 * ```ts
 * const embeddings = new OpenAIEmbeddings({ apiKey: process.env.OPENAI_API_KEY, model: 'text-embedding-3-small', maxTokens: 8000 })
 * const { status, output } = await embeddings.createEmbeddings(['a text', 'another'])
 * ```
 */
export class OpenAIEmbeddings implements EmbeddingsModel {
  readonly options: Options
  readonly maxTokens: number
  /** @internal */
  readonly _clientType: number

  /** @throws VectraError INVALID_ARGUMENT: the endpoint of Azure is no HTTPS URL */
  constructor(options: Options) {
    this.options = { ...options, retryPolicy: options.retryPolicy ?? retryPolicyDefault }
    this.maxTokens = options.maxTokens ?? maxTokensDefault
    this._clientType = 'azureApiKey' in options ? clientTypes.azure : 'ossModel' in options ? clientTypes.oss : clientTypes.openAI
    if ('azureApiKey' in this.options) {
      const endpoint = this.options.azureEndpoint.trim().replace(/\/+$/, '')
      if (!/^https:\/\//i.test(endpoint))
        throw new VectraError(
          'INVALID_ARGUMENT',
          `Client created with an invalid endpoint of '${endpoint}'. The endpoint must be a valid HTTPS url.`,
        )
      const azureApiVersion = this.options.azureApiVersion ?? azureApiVersionDefault
      this.options = { ...this.options, azureEndpoint: endpoint, azureApiVersion }
    }
  }

  async createEmbeddings(inputs: string | string[]): Promise<EmbeddingsResponse> {
    const { dimensions } = this.options
    const began = performance.now()
    this.#log('EMBEDDINGS REQUEST:', inputs)
    const response = await this.#request({ input: inputs, ...(dimensions !== undefined && { dimensions }) })
    const { status, statusText } = response
    this.#log('RESPONSE:', `status ${status} after ${Math.round(performance.now() - began)} ms`)
    if (status === tooManyRequests) return { status: 'rate_limited', message: 'The embeddings API returned a rate limit error.' }
    if (status >= 300)
      return { status: 'error', message: `The embeddings API returned an error status of ${status}: ${statusText}` }
    const { data, model, usage } = (await response.json()) as EmbeddingsAnswer
    const output = [...data].sort((a, b) => a.index - b.index).map(({ embedding }) => embedding)
    return { status: 'success', output, ...(model !== undefined && { model }), ...(usage && { usage }) }
  }

  async #request(body: Record<string, unknown>): Promise<Response> {
    const { url, headers, model } = this.#service()
    const { requestConfig, retryPolicy = [] } = this.options
    const sent = new Headers(requestConfig?.headers)
    const own = { 'Content-Type': 'application/json', 'User-Agent': 'AlphaWave', ...headers }
    for (const [name, value] of Object.entries(own)) if (!sent.has(name)) sent.set(name, value)
    const init = { ...requestConfig, method: 'POST', headers: sent, body: JSON.stringify({ ...body, ...model }) }
    for (const pauseMs of retryPolicy) {
      const response = await fetch(url, init)
      if (response.status !== tooManyRequests) return response
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    return fetch(url, init)
  }

  #service(): { url: string; headers: Record<string, string>; model?: { model: string } } {
    const { options } = this
    if ('azureApiKey' in options) {
      const { azureEndpoint, azureDeployment, azureApiVersion = azureApiVersionDefault, azureApiKey } = options
      const url = `${azureEndpoint}/openai/deployments/${azureDeployment}/embeddings?api-version=${azureApiVersion}`
      return { url, headers: { 'api-key': azureApiKey } }
    }
    if ('ossModel' in options)
      return { url: `${options.ossEndpoint}/v1/embeddings`, headers: {}, model: { model: options.ossModel } }
    const { apiKey, organization, endpoint = openAIEndpoint, model } = options
    const headers = { Authorization: `Bearer ${apiKey}`, ...(organization && { 'OpenAI-Organization': organization }) }
    return { url: `${endpoint}/v1/embeddings`, headers, model: { model } }
  }

  #log(title: string, value: unknown): void {
    if (!this.options.logRequests) return
    // eslint-disable-next-line no-console -- what the option asks for
    for (const line of [title, value]) console.log(line)
  }
}
