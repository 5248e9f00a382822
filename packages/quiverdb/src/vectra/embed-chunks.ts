import type { EmbeddingsModel } from './document-types.js'
import type { TextChunk } from './text-splitter.js'
import { VectraError } from './vectra-error.js'

/**
 * Vectors of chunks, in as few calls as the model takes.
 *
 * @param dimensions that they must have; undefined where nothing tells
 * @throws VectraError EMBEDDER_FAILED, DIMENSION_MISMATCH
 */
export async function embedChunks(
  model: EmbeddingsModel,
  chunks: readonly TextChunk[],
  dimensions: number | undefined,
): Promise<number[][]> {
  const vectors: number[][] = []
  for (const batch of batchesOf(chunks, model.maxTokens))
    vectors.push(
      ...(await embed(
        model,
        batch.map(({ text }) => onOneLine(text)),
        'Error generating embeddings',
      )),
    )
  checkLengths(vectors, dimensions, 'Error generating embeddings')
  return vectors
}

/** The vector of a query. @throws VectraError EMBEDDER_FAILED, DIMENSION_MISMATCH */
export async function embedQuery(model: EmbeddingsModel, query: string, dimensions: number | undefined): Promise<number[]> {
  const doing = 'Error generating embeddings for query'
  const vectors = await embed(model, onOneLine(query), doing)
  checkLengths(vectors, dimensions, doing)
  return vectors[0]!
}

/** A chunk of more tokens than a call may have is a call of its own: what becomes of it is the model's to say. */
function* batchesOf(chunks: readonly TextChunk[], tokensMax: number): Generator<TextChunk[]> {
  let batch: TextChunk[] = []
  let tokens = 0
  for (const chunk of chunks) {
    if (batch.length > 0 && tokens + chunk.tokens.length > tokensMax) {
      yield batch
      batch = []
      tokens = 0
    }
    batch.push(chunk)
    tokens += chunk.tokens.length
  }
  if (batch.length > 0) yield batch
}

async function embed(model: EmbeddingsModel, inputs: string | string[], doing: string): Promise<number[][]> {
  let response
  try {
    response = await model.createEmbeddings(inputs)
  } catch (error) {
    throw new VectraError('EMBEDDER_FAILED', `${doing}: ${error}`, { cause: error })
  }
  const { status, output, message } = response
  if (status !== 'success') throw new VectraError('EMBEDDER_FAILED', `${doing}: ${message}`, { details: { status } })
  const wanted = typeof inputs === 'string' ? 1 : inputs.length
  if (!Array.isArray(output) || output.length !== wanted)
    throw new VectraError(
      'EMBEDDER_FAILED',
      `${doing}: the model gave ${Array.isArray(output) ? output.length : 'no'} vectors for ${wanted} texts`,
    )
  return output
}

function checkLengths(vectors: readonly number[][], expected: number | undefined, doing: string): void {
  expected ??= vectors[0]?.length
  for (const vector of vectors) {
    if (!vector?.length || !vector.every(Number.isFinite))
      throw new VectraError('EMBEDDER_FAILED', `${doing}: the model gave a vector that is not a list of finite numbers`)
    if (vector.length !== expected)
      throw new VectraError(
        'DIMENSION_MISMATCH',
        `${doing}: the model gave a vector of ${vector.length} numbers where the index has ${expected}`,
        { details: { expected, actual: vector.length } },
      )
  }
}

const onOneLine = (text: string): string => text.replaceAll('\n', ' ')
