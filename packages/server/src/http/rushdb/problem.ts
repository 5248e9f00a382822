import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES } from 'node:http'
import { type ErrorCode, QuiverError } from 'quiverdb'
import { failureOf } from '../problems.js'

/** A request that this API refuses, in the shape of its errors: `{ statusCode, message, error }`. */
export class RushProblem extends Error {
  override readonly name = 'RushProblem'
  readonly status: number

  /** Without a message the answer has no more than the words of its status, as for what is simply not there. */
  constructor(status: number, message?: string, options?: ErrorOptions) {
    super(message ?? STATUS_CODES[status], options)
    this.status = status
  }
}

export const badRequest = (message: string): RushProblem => new RushProblem(400, message)
export const forbidden = (message = 'Forbidden resource'): RushProblem => new RushProblem(403, message)
export const notFound = (message?: string): RushProblem => new RushProblem(404, message)
export const conflicting = (message: string): RushProblem => new RushProblem(409, message)
export const unprocessable = (message: string): RushProblem => new RushProblem(422, message)

/** Where this API answers otherwise than the native one: what is understood but cannot be done is 422. */
const statusOfCode: Partial<Record<ErrorCode, number>> = {
  AMBIGUOUS_INDEX: 422,
  DIMENSION_MISMATCH: 422,
  EMBEDDER_FAILED: 503,
  INVALID_EMBEDDING: 503,
  INVALID_VECTOR: 422,
  TIMEOUT: 408,
  ZERO_VECTOR: 422,
}

interface Answer {
  readonly statusCode: number
  readonly message: string
  readonly error?: string
}

/** What to answer to anything that was thrown. */
export function rushAnswerOf(error: unknown): Answer {
  if (error instanceof RushProblem) return answer(error.status, error.message)
  if (error instanceof QuiverError) return answer(statusOfCode[error.code] ?? failureOf(error).status, error.message)
  const { validation, validationContext } = error as FastifyError
  if (validation) return answer(400, validationMessage(validation, validationContext ?? 'body'))
  const { status, message } = failureOf(error)
  return answer(status, message)
}

function answer(statusCode: number, message: string): Answer {
  const words = STATUS_CODES[statusCode]
  return words === undefined || words === message ? { statusCode, message } : { statusCode, message, error: words }
}

/** As clients of this API look for it: `Request validation of body failed, because: "limit" must be <= 1000`. */
function validationMessage(issues: NonNullable<FastifyError['validation']>, part: string): string {
  const reasons = issues.map(({ instancePath, message, params }) => {
    const missing = params['missingProperty']
    const path = [...instancePath.split('/').slice(1), ...(typeof missing === 'string' ? [missing] : [])].join('.')
    return `"${path}" ${typeof missing === 'string' ? 'is required' : (message ?? 'is not valid')}`
  })
  return `Request validation of ${part} failed, because: ${reasons.join(', ')}`
}

/** Answers an error, and tells the log what is not the caller's fault. */
export function answerRushProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const body = rushAnswerOf(error)
  if (body.statusCode >= 500 && body.statusCode !== 501 && body.statusCode !== 503)
    request.log.error({ requestId: request.id, err: error }, 'request failed')
  void reply.code(body.statusCode).type('application/json; charset=utf-8').send(body)
}
