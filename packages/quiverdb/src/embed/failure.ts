import { QuiverError } from '../errors.js'

/** Longest piece of a service's own words that is quoted, in characters. */
const quotedMax = 300

export interface FailureFacts {
  /** HTTP status. */
  readonly status?: number
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** How long the service asks to wait. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/** That an embedder gave no vectors, and whether asking again is worth it. */
export function embedderFailed(message: string, facts: FailureFacts): QuiverError {
  const { cause, ...details } = facts
  return new QuiverError('EMBEDDER_FAILED', message, { details, ...(cause !== undefined && { cause }) })
}

/** Too many requests, a server that is down or overloaded: states that pass. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500
}

/**
 * How long a service asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110, section 10.2.3).
 * @param header reads a header by its lower-case name
 */
export function retryAfterMs(header: (name: string) => string | null | undefined): number | undefined {
  const ms = Number.parseFloat(header('retry-after-ms') ?? '')
  if (ms >= 0) return ms
  const text = header('retry-after')?.trim()
  if (!text) return undefined
  const seconds = Number(text)
  if (seconds >= 0) return seconds * 1_000
  const until = Date.parse(text)
  return Number.isNaN(until) ? undefined : Math.max(0, until - Date.now())
}

/** A service's own words, shortened, and without what must stay secret: services like to repeat the key that they refuse. */
export function quoted(text: string, secrets: readonly string[] = []): string {
  let clean = text.replace(/\s+/g, ' ').trim()
  for (const secret of secrets) if (secret.length > 0) clean = clean.replaceAll(secret, '[secret]')
  clean = clean.replace(/\bBearer\s+\S+/gi, 'Bearer [secret]').replace(/\b(?:sk|pk|key|api)-[\w*-]{8,}/gi, '[secret]')
  return clean.length > quotedMax ? `${clean.slice(0, quotedMax)}...` : clean
}
