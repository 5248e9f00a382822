import { requireTransformers } from '#require-transformers'
import type { EmbeddingsModel, EmbeddingsResponse } from './document-types.js'
import type { FeatureExtractor, TransformersLibrary } from './transformers-loader.js'
import { VectraError } from './vectra-error.js'

export interface LocalEmbeddingsOptions {
  /** Name on the Hugging Face hub, or a folder. Default: `Xenova/all-MiniLM-L6-v2`, 384 numbers. */
  model?: string
  /** Default: 256. */
  maxTokens?: number
}

const modelDefault = 'Xenova/all-MiniLM-L6-v2'
const maxTokensDefault = 256

/**
 * Embeddings of a model that runs in this process, by `@huggingface/transformers`, which is to be installed beside Quiver. The model is loaded at the first use.
 *
 * @example
 * ```ts
 * const index = new LocalDocumentIndex({ folderPath: 'notes', embeddings: new LocalEmbeddings() })
 * ```
 */
export class LocalEmbeddings implements EmbeddingsModel {
  readonly maxTokens: number
  readonly #model: string
  #loading: Promise<FeatureExtractor> | undefined

  constructor({ model = modelDefault, maxTokens = maxTokensDefault }: LocalEmbeddingsOptions = {}) {
    this.#model = model
    this.maxTokens = maxTokens
  }

  get model(): string {
    return this.#model
  }

  /** One text after the other: texts of a batch would be filled up to the longest. */
  async createEmbeddings(inputs: string | string[]): Promise<EmbeddingsResponse> {
    try {
      const extract = await this.#extractor()
      const output: number[][] = []
      for (const text of typeof inputs === 'string' ? [inputs] : inputs) {
        const { data } = await extract(text, { pooling: 'mean', normalize: true })
        output.push(Array.from(data))
      }
      return { status: 'success', output, model: this.#model }
    } catch (error) {
      return { status: 'error', message: (error as Error).message }
    }
  }

  #extractor(): Promise<FeatureExtractor> {
    this.#loading ??= this.#load()
    // A download that failed may succeed later.
    this.#loading.catch(() => (this.#loading = undefined))
    return this.#loading
  }

  async #load(): Promise<FeatureExtractor> {
    let library: TransformersLibrary
    try {
      library = await requireTransformers()
    } catch (cause) {
      throw new VectraError(
        'UNSUPPORTED',
        'The @huggingface/transformers package is required for local embeddings. Install it with: npm install @huggingface/transformers',
        { cause },
      )
    }
    return library.pipeline('feature-extraction', this.#model)
  }
}
