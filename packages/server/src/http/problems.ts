import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, QuiverError } from 'quiverdb'

/** The HTTP status of every error of the library; `docs/ERRORS.md` has the same as a column. */
export const statusOfCode: Readonly<Record<ErrorCode, number>> = {
  ABORTED: 503,
  ALREADY_EXISTS: 409,
  AMBIGUOUS_INDEX: 400,
  CLOSED: 503,
  COMMIT_UNKNOWN: 500,
  CONFLICT: 409,
  CORRUPT: 500,
  DIMENSION_MISMATCH: 400,
  EMBEDDER_FAILED: 503,
  FENCED: 503,
  FETCH_FAILED: 502,
  FORMAT_TOO_NEW: 500,
  INTERNAL: 500,
  INVALID_ARGUMENT: 400,
  INVALID_DOCUMENT: 400,
  INVALID_EMBEDDING: 502,
  INVALID_FILTER: 400,
  INVALID_ID: 400,
  INVALID_RECORD: 400,
  INVALID_VECTOR: 400,
  LIMIT_EXCEEDED: 413,
  MEMORY_FULL: 507,
  NOT_FOUND: 404,
  STORAGE_FAILED: 500,
  STORAGE_FULL: 507,
  TIMEOUT: 504,
  UNSUPPORTED: 501,
  ZERO_VECTOR: 400,
}

/** What only a server refuses: who asks, how often, and in which form. */
export const statusOfRefusal = { UNAUTHENTICATED: 401, FORBIDDEN: 403, UNSUPPORTED_MEDIA_TYPE: 415, RATE_LIMITED: 429 } as const

type RefusalCode = keyof typeof statusOfRefusal

/** A request that the server itself refuses. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode

  constructor(code: RefusalCode, message: string) {
    super(message)
    this.code = code
  }
}

/** The body of every answer that is an error. */
export interface Problem {
  readonly error: { readonly code: string; readonly message: string; readonly details: Readonly<Record<string, unknown>> }
  readonly requestId: string
}

interface Failure {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** The codes of the framework for requests that it cannot read. */
const unreadable: Readonly<Record<string, Omit<Failure, 'message'>>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, code: 'LIMIT_EXCEEDED' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { status: 400, code: 'INVALID_ARGUMENT' },
  FST_ERR_BAD_URL: { status: 400, code: 'INVALID_ARGUMENT' },
}

/** What to answer to anything that was thrown. What nobody foresaw is told to the log, not to the caller. */
export function failureOf(error: unknown): Failure {
  if (error instanceof QuiverError)
    return { status: statusOfCode[error.code], code: error.code, message: error.message, details: error.details }
  if (error instanceof Refusal) return { status: statusOfRefusal[error.code], code: error.code, message: error.message }
  const { validation, validationContext, code, message, statusCode } = error as FastifyError
  if (validation) return invalidInput(validation, validationContext ?? 'body')
  const known = unreadable[code]
  if (known) return { ...known, message }
  // The framework refuses some more requests, and the limiter of rates; their status says that the request is at fault.
  if (statusCode === 429) return { status: 429, code: 'RATE_LIMITED', message }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return { status: statusCode, code: 'INVALID_ARGUMENT', message }
  if (statusCode === 503) return { status: 503, code: 'CLOSED', message: 'The server is shutting down.' }
  return {
    status: 500,
    code: 'INTERNAL',
    message: 'The server failed at this request. Its log has the reason, by the request id.',
  }
}

function invalidInput(issues: NonNullable<FastifyError['validation']>, part: string): Failure {
  // Of several forms that are allowed, what one of them lacks says more than that it is not another.
  const issue = issues.find(({ keyword }) => keyword !== 'const' && keyword !== 'anyOf') ?? issues[0]
  const path = (issue?.instancePath ?? '').slice(1).replaceAll('/', '.')
  const surplus = issue?.params['additionalProperty']
  const what = typeof surplus === 'string' ? `has no '${surplus}'` : (issue?.message ?? 'is not valid')
  const place = part === 'querystring' ? 'query' : part
  return {
    status: 400,
    code: 'INVALID_ARGUMENT',
    message: `Invalid ${place}${path ? `, '${path}'` : ''}: ${what}.`,
    details: { in: place, path },
  }
}

export function problemOf({ code, message, details = {} }: Failure, requestId: string): Problem {
  return { error: { code, message, details }, requestId }
}

/** Answers an error, and tells the log what is not the caller's fault. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = failureOf(error)
  if (failure.status >= 500 && failure.code !== 'ABORTED' && failure.code !== 'CLOSED')
    request.log.error({ requestId: request.id, err: error }, 'request failed')
  void reply.code(failure.status).type('application/json; charset=utf-8').send(problemOf(failure, request.id))
}

export function answerUnknownRoute(request: FastifyRequest, reply: FastifyReply): void {
  const message = `There is no ${request.method} ${request.url.split('?')[0]!.slice(0, 200)}. /openapi.json lists what there is.`
  void reply.code(404).send(problemOf({ status: 404, code: 'NOT_FOUND', message }, request.id))
}
