/**
 * Every way Quiver refuses or fails. Codes are stable: programs may branch on them, messages may change.
 * The table of meanings and ways out is `docs/ERRORS.md`.
 */
export const errorCodes = [
  'ABORTED',
  'ALREADY_EXISTS',
  'AMBIGUOUS_INDEX',
  'CLOSED',
  'COMMIT_UNKNOWN',
  'CONFLICT',
  'CORRUPT',
  'DIMENSION_MISMATCH',
  'EMBEDDER_FAILED',
  'FENCED',
  'FETCH_FAILED',
  'FORMAT_TOO_NEW',
  'INTERNAL',
  'INVALID_ARGUMENT',
  'INVALID_DOCUMENT',
  'INVALID_EMBEDDING',
  'INVALID_FILTER',
  'INVALID_ID',
  'INVALID_RECORD',
  'INVALID_VECTOR',
  'LIMIT_EXCEEDED',
  'MEMORY_FULL',
  'NOT_FOUND',
  'STORAGE_FAILED',
  'STORAGE_FULL',
  'TIMEOUT',
  'UNSUPPORTED',
  'ZERO_VECTOR',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/**
 * The one error type of Quiver.
 *
 * @example
 * ```ts
 * try {
 *   await papers.upsert([{ id: 'p1', embedding: [1, 2] }])
 * } catch (error) {
 *   if (error instanceof QuiverError && error.code === 'DIMENSION_MISMATCH') console.log(error.details)
 * }
 * ```
 */
export class QuiverError extends Error {
  override readonly name: string = 'QuiverError'
  readonly code: ErrorCode
  /** Machine-readable facts about the failure, such as `{ expected: 768, actual: 2 }`. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: { details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = Object.freeze({ ...options.details })
  }
}

/** Checks an invariant of our own code. A failure is a defect in Quiver, never a fault of the caller. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new QuiverError('INTERNAL', `broken invariant: ${message}`)
}
