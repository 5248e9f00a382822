import { CommanderError } from 'commander'
import { QuiverError } from 'quiverdb'
import { RowError } from './importers/row-reader.js'

/** What the shell sees. The table is in the README of this package. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, notFound: 3, interrupted: 130 } as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** A failure as the command line reports it. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly exitCode: ExitCode
  /** More that a program may want to know, such as how many records were stored before. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** A failure that a command found itself. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

export function usageError(message: string, hint?: string): CommandError {
  return new CommandError({ code: 'USAGE', message, hint, exitCode: exitCodes.usage })
}

export function notFound(message: string, hint?: string): CommandError {
  return new CommandError({ code: 'NOT_FOUND', message, hint, exitCode: exitCodes.notFound })
}

/** What to tell about anything that was thrown. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandError) return error.failure
  if (error instanceof RowError)
    return { code: 'INVALID_RECORD', message: error.message, hint: error.hint, exitCode: exitCodes.failed }
  if (error instanceof QuiverError) return failureOfDatabase(error)
  if (error instanceof CommanderError) return failureOfUsage(error)
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT')
    return {
      code: 'NOT_FOUND',
      message: `no such file: ${(error as NodeJS.ErrnoException).path ?? message}`,
      exitCode: exitCodes.notFound,
    }
  if (typeof code === 'string') return { code, message, exitCode: exitCodes.failed }
  return { code: 'INTERNAL', message: `unexpected: ${(error as Error)?.stack ?? String(error)}`, exitCode: exitCodes.failed }
}

/** Commander appends its suggestion on a line of its own: `(Did you mean search?)`. */
function failureOfUsage(error: CommanderError): Failure {
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  const hint =
    suggestion?.replace(/^\((.*)\)$/, '$1') ?? 'quiver --help lists the commands, quiver <command> --help their options.'
  return { code: 'USAGE', message, hint, exitCode: exitCodes.usage }
}

const hints: Partial<Record<QuiverError['code'], string>> = {
  ALREADY_EXISTS: 'quiver info shows the indexes that are there; without --metric they are used as they are.',
  AMBIGUOUS_INDEX: 'Name the index with --field; quiver info lists them.',
  CORRUPT: 'quiver check reads everything and lists what is damaged.',
  FORMAT_TOO_NEW: 'A newer Quiver wrote this database. Update to read it.',
  INVALID_FILTER: 'A filter is JSON, such as --where \'{"year": {"$gte": 1955}}\'.',
}

function failureOfDatabase(error: QuiverError): Failure {
  const exitCode =
    error.code === 'NOT_FOUND' ? exitCodes.notFound : error.code === 'ABORTED' ? exitCodes.interrupted : exitCodes.failed
  return { code: error.code, message: error.message, hint: hints[error.code], exitCode, details: error.details }
}
