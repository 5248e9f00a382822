import { QuiverError } from '../errors.js'

/** That an embedder answered with what cannot be stored. */
export function invalidEmbedding(model: string, what: string, details: Record<string, unknown> = {}): QuiverError {
  return new QuiverError('INVALID_EMBEDDING', `The embedder '${model}' gave vectors that cannot be used: ${what}.`, {
    details: { embedder: model, ...details },
  })
}

/**
 * Checks what an embedder returned for some texts: one vector for each, all of one length, all numbers finite.
 * @param dimensions the length that is wanted; undefined: that of the first vector
 * @returns the length
 * @throws QuiverError INVALID_EMBEDDING
 */
export function checkVectors(
  model: string,
  vectors: readonly Float32Array[],
  count: number,
  dimensions?: number,
): number | undefined {
  if (!Array.isArray(vectors) || vectors.length !== count) {
    const got = Array.isArray(vectors) ? vectors.length : 'no'
    throw invalidEmbedding(model, `there are ${got} vectors for ${count} texts`, { expected: count, actual: got })
  }
  let length = dimensions
  vectors.forEach((vector: unknown, at) => {
    if (!(vector instanceof Float32Array)) throw invalidEmbedding(model, `vector ${at} is no Float32Array`)
    length ??= vector.length
    if (vector.length !== length || length === 0) {
      throw invalidEmbedding(model, `vector ${at} has ${vector.length} numbers, not ${length || 'one or more'}`, {
        expected: length,
        actual: vector.length,
      })
    }
    const bad = vector.findIndex((value) => !Number.isFinite(value))
    if (bad >= 0) throw invalidEmbedding(model, `number ${bad} of vector ${at} is ${vector[bad]}`)
  })
  return length
}
