import type { ByteRange } from './object-store.js'
import { QuiverError } from '../errors.js'

/** One object's bytes in one piece, never the caller's own memory. */
export function joinChunks(body: Uint8Array | readonly Uint8Array[]): Uint8Array {
  if (body instanceof Uint8Array) return body.slice()
  const joined = new Uint8Array(byteLengthOf(body))
  let end = 0
  for (const chunk of body) {
    joined.set(chunk, end)
    end += chunk.byteLength
  }
  return joined
}

export function byteLengthOf(body: Uint8Array | readonly Uint8Array[]): number {
  if (body instanceof Uint8Array) return body.byteLength
  return body.reduce((sum, chunk) => sum + chunk.byteLength, 0)
}

/** Cuts a range to an object of `sizeBytes`. A start behind the end gives an empty range. @throws QuiverError INVALID_ARGUMENT */
export function cutRange(range: ByteRange | undefined, sizeBytes: number): ByteRange {
  if (!range) return { start: 0, end: sizeBytes }
  const { start, end } = range
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
    throw new QuiverError('INVALID_ARGUMENT', `Byte range ${start} to ${end} is not valid: 0 <= start <= end.`, {
      details: { start, end },
    })
  }
  return { start: Math.min(start, sizeBytes), end: Math.min(end, sizeBytes) }
}
