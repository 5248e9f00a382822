import type { Embedder } from '../../embed/embedder.js'
import { QuiverError } from '../../errors.js'
import type { IndexDefinition } from '../../history/commit.js'
import { dimensionsMax, unknownDimensions } from '../options.js'

/** What an embedder that does not say how long its vectors are is asked for. */
const probe = 'dimensions'

/**
 * A new managed index with all that is recorded of it.
 * @throws QuiverError INVALID_ARGUMENT: without an embedder; EMBEDDER_FAILED, INVALID_EMBEDDING: it was asked for the length of its vectors
 */
export async function completedDefinition(definition: IndexDefinition, embedder: Embedder | undefined): Promise<IndexDefinition> {
  if (!embedder) {
    throw new QuiverError('INVALID_ARGUMENT', `The new index '${definition.name}' is managed: it needs an 'embedder'.`, {
      details: { path: 'embedder' },
    })
  }
  if (definition.dimensions !== unknownDimensions) return definition
  return { ...definition, dimensions: await dimensionsOf(embedder) }
}

/** How long the vectors of an embedder are. @throws QuiverError EMBEDDER_FAILED, INVALID_EMBEDDING */
export async function dimensionsOf(embedder: Embedder): Promise<number> {
  if (embedder.dimensions !== undefined) return embedder.dimensions
  const { embedTexts } = await import('../../embed/embed-texts.js')
  const [vector] = await embedTexts(embedder, [probe], { retryMs: 0 })
  if (vector!.length <= dimensionsMax) return vector!.length
  throw new QuiverError(
    'INVALID_EMBEDDING',
    `The embedder '${embedder.id}' gives vectors of ${vector!.length} dimensions; an index has ${dimensionsMax} at most.`,
    { details: { actual: vector!.length, limit: dimensionsMax } },
  )
}
