import { QuiverError } from '../errors.js'
import { throwIfAborted } from './abort.js'
import type { Embedder, Purpose } from './embedder.js'
import { embedderFailed, quoted } from './failure.js'

/** What is used of `@huggingface/transformers`. */
export interface TransformersLibrary {
  pipeline(task: 'feature-extraction', model: string, options: Record<string, unknown>): Promise<FeatureExtractor>
}

type FeatureExtractor = (
  texts: string[],
  options: { pooling: string; normalize: boolean },
) => Promise<{ readonly dims: readonly number[]; readonly data: ArrayLike<number> }>

export interface TransformersOptions {
  /** Name on the Hugging Face hub, or a folder. Default: `Xenova/all-MiniLM-L6-v2` (384 numbers, English, 256 tokens a text). */
  model?: string
  dimensions?: number
  /** Tokens that the model reads of a text: the rest is cut off, so documents are cut into chunks of fewer. Default: 256 for the default model, else not known. */
  textTokens?: number
  /** How the vectors of the tokens become one. Default: `mean`. */
  pooling?: 'mean' | 'cls' | 'last_token'
  /** Scale to length 1. Default: true. */
  normalize?: boolean
  /** Numbers of the model: `fp32`, `fp16`, `q8`, `q4` ... Default: what the library takes for the device. */
  dtype?: string
  /** `cpu`, `wasm`, `webgpu` ... Default: what the library finds. */
  device?: string
  /** Put before each text by purpose, for models that want it. Default: nothing. */
  prefixes?: Partial<Readonly<Record<Purpose, string>>>
  /** Handed to the library's `pipeline`, e.g. `{ revision, cache_dir, local_files_only, progress_callback }`. */
  load?: Readonly<Record<string, unknown>>
  /** Where the library comes from. Default: the installed `@huggingface/transformers`; a bundler needs `() => import('@huggingface/transformers')`. */
  library?: () => Promise<unknown>
}

const modelDefault = 'Xenova/all-MiniLM-L6-v2'
const modelDefaultTokens = 256
/** Texts of a batch are filled up to the longest, so large batches waste work. */
const batchTexts = 16
const packageName = '@huggingface/transformers'

/**
 * A model that runs in this process, by Transformers.js, which is to be installed beside Quiver (`npm install @huggingface/transformers`). It is loaded at
 * the first use; the model is downloaded then, unless it is a folder.
 *
 * @example
 * ```ts
 * const embedder = transformersEmbedder({ model: 'Xenova/all-MiniLM-L6-v2' })
 * ```
 */
export function transformersEmbedder(options: TransformersOptions = {}): Embedder {
  const { model = modelDefault, dimensions, pooling = 'mean', normalize = true, dtype, prefixes = {} } = options
  const textTokens = options.textTokens ?? (model === modelDefault ? modelDefaultTokens : undefined)
  let loading: Promise<FeatureExtractor> | undefined
  const load = async (): Promise<FeatureExtractor> => {
    loading ??= extractor(model, options)
    // A download that failed may succeed later.
    loading.catch(() => (loading = undefined))
    return loading
  }
  const shape = [pooling, normalize ? undefined : 'raw', dtype, prefixes.document, prefixes.query]
  return {
    id: ['transformers', model, ...shape.filter((part) => part !== undefined)].join('/'),
    ...(dimensions !== undefined && { dimensions }),
    limits: { batchTexts, concurrency: 1, ...(textTokens !== undefined && { textTokens }) },
    embed: async (texts, { purpose = 'document', signal } = {}) => {
      const extract = await load()
      throwIfAborted(signal)
      const prefix = prefixes[purpose] ?? ''
      const { dims, data } = await extract(
        texts.map((text) => prefix + text),
        { pooling, normalize },
      )
      const width = dims.at(-1) ?? 0
      const all = Float32Array.from(data)
      return Array.from({ length: dims[0] ?? 0 }, (_, at) => all.slice(at * width, (at + 1) * width))
    },
  }
}

async function extractor(model: string, { dtype, device, load, library }: TransformersOptions): Promise<FeatureExtractor> {
  const { pipeline } = (await (library ?? installed)()) as TransformersLibrary
  try {
    return await pipeline('feature-extraction', model, { ...(dtype && { dtype }), ...(device && { device }), ...load })
  } catch (error) {
    const reason = quoted(error instanceof Error ? error.message : String(error))
    throw embedderFailed(`The model '${model}' cannot be loaded: ${reason}.`, { retryable: false, cause: error })
  }
}

async function installed(): Promise<unknown> {
  // By a name that compilers and bundlers do not follow: the package is large, and few have it.
  const name: string = packageName
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ name)
  } catch (cause) {
    throw new QuiverError(
      'UNSUPPORTED',
      `This embedder needs the package ${packageName}. Install it: npm install ${packageName}`,
      {
        details: { package: packageName },
        cause,
      },
    )
  }
}
