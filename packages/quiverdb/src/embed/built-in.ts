import { QuiverError } from '../errors.js'
import { throwIfAborted } from './abort.js'
import type { Embedder } from './embedder.js'
import { lexicalFeatures } from './lexical-features.js'

/** Documented limits (`docs/LIMITS.md`). */
export const builtInDimensionsMin = 64
export const builtInDimensionsMax = 16_384
const dimensionsDefault = 1_024
/** Of the arithmetic below: another number means other vectors. */
const revision = 1
/** Keeps the pieces of work short, so that a signal is seen. */
const batchTexts = 256

export interface BuiltInOptions {
  /** 64 to 16,384. More keep words better apart. Default: 1,024. */
  dimensions?: number
}

/**
 * An embedder that needs nothing: no model, no network, no key. It is lexical: texts are near each other when they share words, or parts of words; it knows
 * nothing of meaning, so `car` and `automobile` are strangers. Good for tests, for trying things out, and beside keyword search for typing errors and
 * word forms. The same text has the same vector on every machine.
 *
 * Words and their character grams are hashed into positions with signs (Weinberger et al., ICML 2009), weighted by the square root of how often
 * they occur, and the whole is scaled to length 1. A text without letters or digits gets one fixed vector.
 *
 * @example
 * ```ts
 * const [vector] = await builtInEmbedder().embed(['the boundary layer of a wing'])
 * console.log(vector.length) // 1024
 * ```
 * @throws QuiverError INVALID_ARGUMENT
 */
export function builtInEmbedder(options: BuiltInOptions = {}): Embedder {
  const { dimensions = dimensionsDefault } = options
  if (!Number.isInteger(dimensions) || dimensions < builtInDimensionsMin || dimensions > builtInDimensionsMax) {
    throw new QuiverError(
      'INVALID_ARGUMENT',
      `The built-in embedder has ${builtInDimensionsMin} to ${builtInDimensionsMax} dimensions, not ${dimensions}.`,
      { details: { path: 'dimensions' } },
    )
  }
  return {
    id: `built-in-${revision}/${dimensions}`,
    dimensions,
    limits: { batchTexts },
    embed: async (texts, call) => {
      const vectors: Float32Array[] = []
      for (const text of texts) {
        throwIfAborted(call?.signal)
        vectors.push(lexicalVector(text, dimensions))
      }
      return vectors
    },
  }
}

/** Only additions, multiplications, divisions and square roots, in a fixed order: IEEE 754 rounds those alike everywhere. */
function lexicalVector(text: string, dimensions: number): Float32Array {
  const sums = new Float64Array(dimensions)
  for (const [hash, { count, weight }] of lexicalFeatures(text)) {
    sums[(hash >>> 1) % dimensions]! += (hash & 1 ? 1 : -1) * weight * Math.sqrt(count)
  }
  let squares = 0
  for (const sum of sums) squares += sum * sum
  if (squares === 0) sums[0] = squares = 1
  const length = Math.sqrt(squares)
  return Float32Array.from(sums, (sum) => sum / length)
}
