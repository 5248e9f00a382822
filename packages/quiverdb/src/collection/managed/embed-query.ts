import { embedTexts } from '../../embed/embed-texts.js'
import type { Embedder } from '../../embed/embedder.js'
import { QuiverError } from '../../errors.js'
import type { Budget } from '../../vector/budget.js'
import type { VectorIndex } from '../version/index-state.js'

/** Whoever searches waits: a service that is away is told of soon. */
const retryMs = 2_000

/**
 * The vector of a text that is searched for.
 * @throws QuiverError EMBEDDER_FAILED, INVALID_EMBEDDING, INVALID_ARGUMENT, TIMEOUT, ABORTED
 */
export async function embedQuery(
  index: VectorIndex,
  embedder: Embedder | undefined,
  text: string,
  time: Budget,
): Promise<Float32Array> {
  const { name, embedder: id } = index.definition
  const refuse = (code: 'INVALID_ARGUMENT' | 'EMBEDDER_FAILED', message: string): never => {
    throw new QuiverError(code, message, { details: { index: name } })
  }
  if (!index.isManaged)
    refuse('INVALID_ARGUMENT', `Index '${name}' is not managed: it is searched by a 'vector', not by a 'text'.`)
  if (text.trim() === '') refuse('INVALID_ARGUMENT', "The 'text' of a search is empty.")
  if (!embedder)
    return refuse(
      'EMBEDDER_FAILED',
      `Index '${name}' holds vectors of '${id}', and this process has no such embedder. Give one with 'embedWith'.`,
    )
  const stop = new AbortController()
  const follow = (): void => stop.abort(time.signal?.reason)
  time.signal?.addEventListener('abort', follow, { once: true })
  if (time.signal?.aborted) follow()
  const late = new QuiverError(
    'TIMEOUT',
    `The embedder '${embedder.id}' gave no vector of the text within the time of the search.`,
  )
  const timer = time.deadline === undefined ? undefined : setTimeout(() => stop.abort(late), time.deadline - performance.now())
  try {
    const [vector] = await embedTexts(embedder, [text], { purpose: 'query', retryMs, signal: stop.signal })
    return vector!
  } catch (error) {
    if (stop.signal.reason === late) throw late
    throw error
  } finally {
    clearTimeout(timer)
    time.signal?.removeEventListener('abort', follow)
  }
}
