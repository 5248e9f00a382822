/**
 * What the server refused, or failed at, or that it could not be reached. Codes are those of the library, with four of the server
 * (`UNAUTHENTICATED`, `FORBIDDEN`, `UNSUPPORTED_MEDIA_TYPE`, `RATE_LIMITED`) and `UNREACHABLE`.
 *
 * @example
 * ```ts
 * try {
 *   await papers.upsert([{ id: 'p1', embedding: [1, 2] }])
 * } catch (error) {
 *   if (error instanceof QuiverClientError && error.code === 'DIMENSION_MISMATCH') console.log(error.details)
 * }
 * ```
 */
export class QuiverClientError extends Error {
  override readonly name: string = 'QuiverClientError'
  readonly code: string
  /** Of the answer; 0 where there was none. */
  readonly status: number
  readonly details: Readonly<Record<string, unknown>>
  /** Names the request in the log of the server. */
  readonly requestId: string | undefined

  constructor(
    code: string,
    message: string,
    options: { status?: number; details?: Record<string, unknown>; requestId?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = options.status ?? 0
    this.details = options.details ?? {}
    this.requestId = options.requestId
  }
}
