import type { Failure } from './failure.js'

export interface OutputOptions {
  json?: boolean
}

/** Writes the answer of a command to stdout: as one line of JSON, or as text for people. */
export function answer(options: OutputOptions, value: unknown, text: () => string): void {
  process.stdout.write(`${options.json ? toJson(value) : text()}\n`)
}

/** Tells people something in passing, on stderr; programs are not told. */
export function remark(options: OutputOptions, text: string): void {
  if (!options.json) process.stderr.write(`${text}\n`)
}

export function reportFailure(options: OutputOptions, { code, message, hint, details }: Failure): void {
  if (options.json)
    process.stderr.write(`${toJson({ error: { code, message, hint, ...(hasKeys(details) ? { details } : {}) } })}\n`)
  else process.stderr.write(`quiver: ${message}\n${hint === undefined ? '' : `        ${hint}\n`}`)
}

function hasKeys(details: Failure['details']): boolean {
  return details !== undefined && Object.keys(details).length > 0
}

function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, held: unknown) =>
    held instanceof Float32Array || held instanceof Float64Array ? Array.from(held) : held,
  )
}
