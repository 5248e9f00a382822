import { QuiverError } from '../errors.js'
import { throwIfAborted } from './abort.js'
import type { Embedder } from './embedder.js'
import { embedderFailed, isPassing, quoted, retryAfterMs } from './failure.js'

/** What an embedding model of the AI SDK has in its specifications v2, v3 and v4; nothing of the SDK itself is needed. */
export interface AiSdkEmbeddingModel {
  readonly specificationVersion?: string
  readonly provider: string
  readonly modelId: string
  readonly maxEmbeddingsPerCall: PromiseLike<number | undefined> | number | undefined
  readonly supportsParallelCalls: PromiseLike<boolean> | boolean
  doEmbed(options: {
    values: string[]
    abortSignal?: AbortSignal
    headers?: Record<string, string | undefined>
    providerOptions?: AiSdkProviderOptions
  }): PromiseLike<{ embeddings: number[][] }>
}

type AiSdkValue = null | string | number | boolean | AiSdkValue[] | { [key: string]: AiSdkValue | undefined }
type AiSdkProviderOptions = Record<string, { [key: string]: AiSdkValue | undefined }>

export interface AiSdkOptions {
  /** Where it is known. */
  dimensions?: number
  /** Handed to the provider as they are, e.g. `{ openai: { dimensions: 512 } }`. */
  providerOptions?: AiSdkProviderOptions
  /** The same for questions, where the provider tells them from texts. Default: `providerOptions`. */
  queryOptions?: AiSdkProviderOptions
  headers?: Record<string, string>
}

/** Where a provider allows requests side by side. */
const concurrency = 4

/**
 * Any embedding model of the AI SDK (https://ai-sdk.dev): of OpenAI, Google, Amazon Bedrock, Cohere, Mistral, Voyage and others.
 *
 * @example
 * ```ts
 * import { openai } from '@ai-sdk/openai'
 * const embedder = aiSdkEmbedder(openai.embedding('text-embedding-3-small'))
 * ```
 * @throws QuiverError INVALID_ARGUMENT
 */
export function aiSdkEmbedder(model: AiSdkEmbeddingModel, options: AiSdkOptions = {}): Embedder {
  if (typeof model?.doEmbed !== 'function') {
    throw new QuiverError('INVALID_ARGUMENT', 'That is no embedding model of the AI SDK: it has no `doEmbed`.', {
      details: { path: 'model' },
    })
  }
  const { dimensions, providerOptions, queryOptions = providerOptions, headers } = options
  const settings = [providerOptions, options.queryOptions].filter((one) => one !== undefined).map((one) => JSON.stringify(one))
  return {
    id: [model.provider, model.modelId, ...settings].join('/'),
    ...(dimensions !== undefined && { dimensions }),
    limits: limitsOf(model),
    embed: async (texts, { purpose = 'document', signal } = {}) => {
      const chosen = purpose === 'query' ? queryOptions : providerOptions
      try {
        const { embeddings } = await model.doEmbed({
          values: [...texts],
          ...(signal && { abortSignal: signal }),
          ...(headers && { headers }),
          ...(chosen && { providerOptions: chosen }),
        })
        return embeddings.map((embedding) => Float32Array.from(embedding))
      } catch (error) {
        throwIfAborted(signal)
        throw failureOf(error, `${model.provider} (${model.modelId})`)
      }
    },
  }
}

/** Asked of the model at the first use, since it may have to ask itself. */
function limitsOf(model: AiSdkEmbeddingModel): Embedder['limits'] {
  return {
    then: (resolve, reject) =>
      Promise.all([model.maxEmbeddingsPerCall, model.supportsParallelCalls])
        .then(([batchTexts, parallel]) => ({
          ...(batchTexts !== undefined && batchTexts !== Infinity && { batchTexts }),
          concurrency: parallel ? concurrency : 1,
        }))
        .then(resolve, reject),
  }
}

/** Errors of the SDK hold the request and the answer; only what is known to be harmless is taken from them. */
function failureOf(error: unknown, provider: string): QuiverError {
  const { message, statusCode, isRetryable, responseHeaders } = error as {
    message?: unknown
    statusCode?: unknown
    isRetryable?: unknown
    responseHeaders?: Record<string, string>
  }
  const status = typeof statusCode === 'number' ? statusCode : undefined
  const wait = retryAfterMs((name) => responseHeaders?.[name])
  return embedderFailed(`The embedding model ${provider} failed: ${quoted(String(message ?? error))}.`, {
    ...(status !== undefined && { status }),
    retryable: typeof isRetryable === 'boolean' ? isRetryable : status !== undefined && isPassing(status),
    ...(wait !== undefined && { retryAfterMs: wait }),
  })
}
