import type { Failed } from '../connection.js'
import { QuiverClientError } from '../error.js'

/**
 * What the server refused, or this client before it asked (`status` is 0 then). The message begins with the status, as that of RushDB's own client does:
 * `409 An embedding index ... already exists`. A server that cannot be reached is a {@link QuiverClientError} with the code `UNREACHABLE`.
 *
 * @example
 * ```ts
 * try {
 *   await db.ai.indexes.create({ label: 'Doc', propertyName: 'content', external: true, dimensions: 3 })
 * } catch (error) {
 *   if (!(error instanceof RushDBError) || error.status !== 409) throw error
 * }
 * ```
 */
export class RushDBError extends QuiverClientError {
  override readonly name: string = 'RushDBError'
  /** What was answered: `{ statusCode, message, error }`. */
  readonly body: unknown

  constructor(code: string, message: string, options: { status?: number; body?: unknown; retryAfterMs?: number } = {}) {
    const { status, body, retryAfterMs } = options
    super(code, message, {
      ...(status !== undefined && { status }),
      ...(retryAfterMs !== undefined && { details: { retryAfterMs } }),
    })
    this.body = body
  }
}

/** What is wrong with a call, found before it was sent. */
export function invalid(message: string): RushDBError {
  return new RushDBError('INVALID_ARGUMENT', message)
}

const codeOfStatus: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  408: 'TIMEOUT',
  409: 'CONFLICT',
  413: 'TOO_LARGE',
  422: 'UNPROCESSABLE',
  429: 'RATE_LIMITED',
  503: 'UNAVAILABLE',
}

export function rushErrorOf({ status, text, retryAfterMs }: Failed): RushDBError {
  const body = jsonOr(text)
  const { message, error } = (typeof body === 'object' && body !== null ? body : {}) as { message?: unknown; error?: unknown }
  const said = message ?? error ?? text.slice(0, 200)
  const words = Array.isArray(said) ? said.join('; ') : String(said)
  return new RushDBError(codeOfStatus[status] ?? 'INTERNAL', `${status} ${words}`.trim(), {
    status,
    body,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
