import type { EmbeddingsModel, EmbeddingsResponse } from './document-types.js'
import { type FeatureExtractor, loadTransformers, type TransformersLibrary } from './transformers-loader.js'
import { type PretrainedTokenizer, TransformersTokenizer } from './transformers-tokenizer.js'
import { VectraError } from './vectra-error.js'

export interface TransformersEmbeddingsOptions {
  /** Name on the Hugging Face hub, or a folder. Default: `Xenova/all-MiniLM-L6-v2`, 384 numbers. */
  model?: string
  /** Default: 512. */
  maxTokens?: number
  /** Such as `cpu`, `wasm` or `webgpu`. Default: `auto`. */
  device?: string
  /** Such as `fp32`, `fp16`, `q8` or `q4`. Default: `fp32`. */
  dtype?: string
  /** Scale vectors to length 1. Default: true. */
  normalize?: boolean
  /** How the vectors of tokens become one. Default: `mean`. */
  pooling?: 'mean' | 'cls'
  /** Is told how far the model is loaded. */
  progressCallback?: (progress: unknown) => void
}

const modelDefault = 'Xenova/all-MiniLM-L6-v2'
const maxTokensDefault = 512

/**
 * Embeddings of a model that runs in this process, or in this tab: by `@huggingface/transformers`, which is to be installed beside Quiver.
 *
 * @example
 * ```ts
 * const embeddings = await TransformersEmbeddings.create({ model: 'Xenova/bge-small-en-v1.5' })
 * const index = new LocalDocumentIndex({ folderPath: 'notes', embeddings, tokenizer: embeddings.getTokenizer() })
 * ```
 */
export class TransformersEmbeddings implements EmbeddingsModel {
  readonly maxTokens: number
  readonly #extract: FeatureExtractor
  readonly #model: string
  readonly #pooling: string
  readonly #normalize: boolean

  protected constructor(extract: FeatureExtractor, options: TransformersEmbeddingsOptions) {
    this.#extract = extract
    this.#model = options.model ?? modelDefault
    this.maxTokens = options.maxTokens ?? maxTokensDefault
    this.#pooling = options.pooling ?? 'mean'
    this.#normalize = options.normalize ?? true
  }

  /** Loads the model. @throws VectraError UNSUPPORTED: the package is not installed */
  static async create(options: TransformersEmbeddingsOptions = {}): Promise<TransformersEmbeddings> {
    const { model = modelDefault, device = 'auto', dtype = 'fp32', progressCallback } = options
    let library: TransformersLibrary
    try {
      library = await loadTransformers()
    } catch (error) {
      throw new VectraError(
        'UNSUPPORTED',
        'TransformersEmbeddings requires @huggingface/transformers. Install it with: npm install @huggingface/transformers',
        { cause: error },
      )
    }
    const loading = { device, dtype, ...(progressCallback && { progress_callback: progressCallback }) }
    return new TransformersEmbeddings(await library.pipeline('feature-extraction', model, loading), options)
  }

  get model(): string {
    return this.#model
  }

  getTokenizer(): TransformersTokenizer {
    return new TransformersTokenizer(this.#extract.tokenizer as PretrainedTokenizer)
  }

  async createEmbeddings(inputs: string | string[]): Promise<EmbeddingsResponse> {
    const texts = typeof inputs === 'string' ? [inputs] : inputs
    if (texts.length === 0) return { status: 'success', output: [], model: this.#model }
    try {
      const { data } = await this.#extract(texts, { pooling: this.#pooling, normalize: this.#normalize })
      const numbers = Array.from(data)
      const width = numbers.length / texts.length
      const output = texts.map((_, i) => numbers.slice(i * width, (i + 1) * width))
      return { status: 'success', output, model: this.#model }
    } catch (error) {
      return { status: 'error', message: `Error generating embeddings: ${(error as Error).message}` }
    }
  }
}
