import { QuiverError } from '../errors.js'

/** Documented limits of a write (`docs/LIMITS.md`). */
export const idBytesMax = 1_024
export const recordsPerCallMax = 100_000

const encoder = new TextEncoder()

/** @throws QuiverError INVALID_ID */
export function checkedId(id: unknown): string {
  if (typeof id !== 'string' || id === '' || !id.isWellFormed() || !fitsBytes(id, idBytesMax)) {
    const found = typeof id === 'string' ? (id.length > 80 ? `${id.slice(0, 80)}...` : id) : JSON.stringify(id)
    throw new QuiverError(
      'INVALID_ID',
      `${found === '' ? 'An empty string' : found} is not an id: ids are strings of 1 to ${idBytesMax} bytes of UTF-8.`,
    )
  }
  return id
}

/** Whether a text takes at most so many bytes of UTF-8; encodes it only where its length leaves a doubt. */
export function fitsBytes(text: string, bytesMax: number): boolean {
  return text.length * 3 <= bytesMax || encoder.encode(text).byteLength <= bytesMax
}

/** What a call takes many of is a list, and not too long. @throws QuiverError INVALID_ARGUMENT, LIMIT_EXCEEDED */
export function checkBatch(items: unknown): void {
  if (!Array.isArray(items)) throw new QuiverError('INVALID_ARGUMENT', 'The call takes an array.')
  if (items.length > recordsPerCallMax) {
    throw new QuiverError(
      'LIMIT_EXCEEDED',
      `A call takes at most ${recordsPerCallMax} records; this one has ${items.length}. Split it.`,
      {
        details: { limit: recordsPerCallMax, actual: items.length },
      },
    )
  }
}
