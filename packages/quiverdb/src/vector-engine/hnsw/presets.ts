import { VectorError } from '../errors.js'
import { HNSWConfig } from './hnsw-config.js'

/** Shorter vectors are told apart by few links; longer ones than the second bound want more. */
const smallDimensions = 256
const largeDimensions = 3072

/** Families of embedding models, with the length of their vectors. */
const models: readonly { readonly pattern: RegExp; readonly dimensions: number }[] = [
  { pattern: /^(openai\/)?text-embedding-ada-002$/i, dimensions: 1536 },
  { pattern: /^(openai\/)?text-embedding-3-small$/i, dimensions: 1536 },
  { pattern: /^(openai\/)?text-embedding-3-large$/i, dimensions: 3072 },
  { pattern: /^(cohere[/-])?embed(-\w+)*-(v3|v3\.0)$/i, dimensions: 1024 },
  { pattern: /^(google-bert\/)?bert-base(-\w+)*$/i, dimensions: 768 },
  { pattern: /^(sentence-transformers\/.+|(all|multi-qa|paraphrase)-[\w.-]+)$/i, dimensions: 384 },
]

/**
 * The configuration that suits vectors of a length, or of an embedding model by its name: `highSpeed` below 256 dimensions,
 * `highRecall` from 3072 on, else the default.
 * @throws VectorError ConfigurationError: a model that is not known
 *
 * @example
 * ```ts
 * presetFor('text-embedding-3-large') // HNSWConfig.highRecall()
 * presetFor(768) // HNSWConfig.default()
 * ```
 */
export function presetFor(dimensionsOrModel: number | string): HNSWConfig {
  const dimensions = typeof dimensionsOrModel === 'number' ? dimensionsOrModel : dimensionsOf(dimensionsOrModel)
  if (!(Number.isInteger(dimensions) && dimensions > 0)) {
    throw VectorError.configuration(`dimensions must be a whole number greater than 0, not ${dimensions}`)
  }
  if (dimensions < smallDimensions) return HNSWConfig.highSpeed()
  return dimensions < largeDimensions ? HNSWConfig.default() : HNSWConfig.highRecall()
}

function dimensionsOf(model: string): number {
  const known = models.find(({ pattern }) => pattern.test(model))
  if (known) return known.dimensions
  throw VectorError.configuration(`the model ${JSON.stringify(model)} is not known; give the dimensions of its vectors`)
}
