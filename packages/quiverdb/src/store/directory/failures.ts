import { QuiverError } from '../../errors.js'

/** EDQUOT on Linux and on macOS: Node has no name for it. */
const quotaErrnos: readonly unknown[] = [-122, -69]

/** The system's name of a failure, such as `ENOENT`; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'
}

/** Turns what the file system said while it was `doing` something into STORAGE_FULL or STORAGE_FAILED. */
export function storageError(error: unknown, doing: string): QuiverError {
  if (error instanceof QuiverError) return error
  if (isFull(error)) {
    const message = `No space left on the device or quota while ${doing}; nothing was kept of it. Free some space and repeat.`
    return new QuiverError('STORAGE_FULL', message, { cause: error })
  }
  return new QuiverError('STORAGE_FAILED', `The file system failed while ${doing}: ${messageOf(error)}`, { cause: error })
}

/** A write whose name may or may not survive power loss. */
export function unknownOutcome(error: unknown, key: string): QuiverError {
  const message = `Whether ${key} was created is not known, because its folder could not be synced: ${messageOf(error)}. Repeat the same call.`
  return new QuiverError('COMMIT_UNKNOWN', message, { cause: error, details: { key } })
}

function isFull(error: unknown): boolean {
  if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT') return true
  return error instanceof Error && 'errno' in error && quotaErrnos.includes(error.errno)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
