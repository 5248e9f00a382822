import fs from 'node:fs'
import path from 'node:path'
import { VectraError } from './vectra-error.js'

// Functions of the file system are looked up when they are called, so that tests can replace them.

/** Bytes at the start of a file that tell whether it is text. */
const lookedAtBytes = 8192

/** Largest file that is read as a document, in bytes. */
export const fileBytesMaxDefault = 64 * 1024 * 1024

/** Why a file is no document. */
export type SkipReason = 'binary' | 'too large'

/**
 * The text of a file: UTF-8, or UTF-16 where its first bytes say so.
 *
 * @throws VectraError UNSUPPORTED: it is not text; LIMIT_EXCEEDED: it is larger than `bytesMax`; what the file system throws
 */
export async function readTextFile(filePath: string, bytesMax: number, size?: number): Promise<string> {
  if (size !== undefined && size > bytesMax) throw notRead('LIMIT_EXCEEDED', filePath, `has more than ${bytesMax} bytes`)
  const bytes: Uint8Array | string = await fs.promises.readFile(filePath)
  if (typeof bytes === 'string') return bytes
  if (bytes.length > bytesMax) throw notRead('LIMIT_EXCEEDED', filePath, `has more than ${bytesMax} bytes`)
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  if (bytes.subarray(0, lookedAtBytes).includes(0)) throw notRead('UNSUPPORTED', filePath, 'is not a text')
  return new TextDecoder().decode(bytes)
}

/** What `readTextFile` has refused; undefined for other failures. */
export function skipReasonOf(error: unknown): SkipReason | undefined {
  if (!(error instanceof VectraError)) return undefined
  if (error.code === 'UNSUPPORTED') return 'binary'
  return error.code === 'LIMIT_EXCEEDED' ? 'too large' : undefined
}

/** The extension in lower case and without its dot; undefined where there is none. */
export function extensionOf(filePath: string): string | undefined {
  return path.extname(filePath).slice(1).toLowerCase() || undefined
}

function notRead(code: 'UNSUPPORTED' | 'LIMIT_EXCEEDED', filePath: string, why: string): VectraError {
  return new VectraError(code, `${filePath} ${why}.`, { details: { path: filePath } })
}
