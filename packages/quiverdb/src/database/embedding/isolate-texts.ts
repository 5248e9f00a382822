import { QuiverError } from '../../errors.js'

/** Embeds some texts, all or none. */
export type Embed = (texts: readonly string[]) => Promise<Float32Array[]>

/** A text that no embedder refuses: one that does is out of order. */
const harmlessText = 'text'
/** Statuses of a service that does not like what it was sent; others say that it likes nothing. */
const statusesOfTexts = [400, 413, 422]

/**
 * Embeds texts of which the embedder may refuse some for good. Those are found by halving; the others get their vectors. A text is blamed when it fails
 * alone, twice, and the embedder takes a harmless one after each time: else it was away, and may be back.
 * @param ask embeds as `embed` does, and never from memory
 * @returns a vector per text, undefined for those that were refused
 * @throws what the embedder fails with where no text is to blame
 */
export async function isolateTexts(texts: readonly string[], embed: Embed, ask: Embed): Promise<(Float32Array | undefined)[]> {
  try {
    return await embed(texts)
  } catch (error) {
    await checkBlame(error, ask)
    return texts.length === 1 ? [await again(texts[0]!, embed, ask)] : halved(texts, embed, ask)
  }
}

async function halved(texts: readonly string[], embed: Embed, ask: Embed): Promise<(Float32Array | undefined)[]> {
  const middle = texts.length >>> 1
  const vectors: (Float32Array | undefined)[] = []
  for (const half of [texts.slice(0, middle), texts.slice(middle)]) {
    try {
      vectors.push(...(await embed(half)))
    } catch (error) {
      await checkBlame(error, ask)
      vectors.push(...(half.length === 1 ? [await again(half[0]!, embed, ask)] : await halved(half, embed, ask)))
    }
  }
  return vectors
}

async function again(text: string, embed: Embed, ask: Embed): Promise<Float32Array | undefined> {
  try {
    return (await embed([text]))[0]
  } catch (error) {
    await checkBlame(error, ask)
    return undefined
  }
}

/** @throws the error itself, unless it may be for what was sent and the embedder takes a harmless text */
async function checkBlame(error: unknown, ask: Embed): Promise<void> {
  if (!mayBlameTexts(error)) throw error
  try {
    await ask([harmlessText])
  } catch {
    throw error
  }
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
