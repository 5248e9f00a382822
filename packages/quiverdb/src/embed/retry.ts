import { QuiverError } from '../errors.js'
import { pause, throwIfAborted, untilAborted } from './abort.js'

const firstWaitMs = 500
const longestWaitMs = 30_000
/** However much time is left. */
const triesMax = 10

export interface Retrying {
  /** How long after the first failure tries may go on, in milliseconds. */
  readonly retryMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Does the work, again and again while it fails in ways that pass. Waits are doubled each time and drawn at random below that ("Exponential backoff and
 * jitter", AWS Architecture Blog, 2015), or as long as the service asks, if that is within the budget.
 * @throws what the work threw last; QuiverError ABORTED
 */
export async function withRetries<T>(work: () => Promise<T>, { retryMs, signal }: Retrying): Promise<T> {
  let deadline: number | undefined
  for (let tries = 1; ; tries++) {
    throwIfAborted(signal)
    try {
      return await untilAborted(work(), signal)
    } catch (error) {
      if (!isRetryable(error) || tries === triesMax) throw error
      deadline ??= performance.now() + retryMs
      const asked = error.details['retryAfterMs'] as number | undefined
      const ceiling = Math.min(longestWaitMs, firstWaitMs * 2 ** (tries - 1))
      const waitMs = asked ?? ceiling * (0.5 + Math.random() / 2)
      if (performance.now() + waitMs > deadline) throw error
      await pause(waitMs, signal)
    }
  }
}

function isRetryable(error: unknown): error is QuiverError {
  return error instanceof QuiverError && error.code === 'EMBEDDER_FAILED' && error.details['retryable'] === true
}
