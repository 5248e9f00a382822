import { QuiverError } from '../../errors.js'

/** Embeds some texts, all or none. */
export type Embed = (texts: readonly string[]) => Promise<Float32Array[]>

/** A text that no embedder refuses: one that does is out of order. */
const harmlessText = 'text'
/** Statuses of a service that does not like what it was sent; others say that it likes nothing. */
const statusesOfTexts = [400, 413, 422]

/**
 * Embeds texts of which the embedder may refuse some for good. Those are found by halving; the others get their vectors. Before a text is blamed, the
 * embedder must have embedded a harmless one.
 * @returns a vector per text, undefined for those that were refused
 * @throws what the embedder fails with where no text is to blame
 */
export async function isolateTexts(texts: readonly string[], embed: Embed): Promise<(Float32Array | undefined)[]> {
  try {
    return await embed(texts)
  } catch (error) {
    if (!mayBlameTexts(error)) throw error
    try {
      await embed([harmlessText])
    } catch {
      throw error
    }
    return halved(texts, embed)
  }
}

async function halved(texts: readonly string[], embed: Embed): Promise<(Float32Array | undefined)[]> {
  if (texts.length === 1) return [undefined]
  const middle = texts.length >>> 1
  const vectors: (Float32Array | undefined)[] = []
  for (const half of [texts.slice(0, middle), texts.slice(middle)]) {
    try {
      vectors.push(...(await embed(half)))
    } catch (error) {
      if (!mayBlameTexts(error)) throw error
      vectors.push(...(await halved(half, embed)))
    }
  }
  return vectors
}

function mayBlameTexts(error: unknown): boolean {
  if (!(error instanceof QuiverError)) return false
  if (error.code === 'INVALID_EMBEDDING') return true
  const { retryable, status } = error.details
  return (
    error.code === 'EMBEDDER_FAILED' &&
    retryable === false &&
    (status === undefined || statusesOfTexts.includes(status as number))
  )
}
