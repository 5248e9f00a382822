import { QuiverError, type VectorInput } from 'quiverdb'

const bytesPerNumber = Float32Array.BYTES_PER_ELEMENT
const base64Text = /^[A-Za-z0-9+/_-]*={0,2}$/

/** A vector as JSON carries it: a list of numbers, or little-endian float32 as base64 (standard or URL alphabet). */
export type WireVector = readonly number[] | string

/**
 * The vector that was sent. Lists are passed on: the library checks them.
 * @throws QuiverError INVALID_VECTOR: no base64, or no whole number of float32
 */
export function vectorOf(sent: WireVector, place: string): VectorInput {
  return typeof sent === 'string' ? unpackedVector(sent, place) : sent
}

function unpackedVector(text: string, place: string): Float32Array {
  const bytes = Buffer.from(text, 'base64')
  // Buffer leaves out what is no base64, so a text that was damaged shows in its length, or among its characters.
  const length = text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0)
  if (
    bytes.length === 0 ||
    bytes.length % bytesPerNumber !== 0 ||
    bytes.length !== Math.floor((length * 3) / 4) ||
    !base64Text.test(text)
  )
    throw new QuiverError('INVALID_VECTOR', `'${place}' is text, but not base64 of little-endian float32 numbers.`, {
      details: { path: place },
    })
  // A copy begins where float32 may be read; the bytes of a pooled Buffer begin anywhere.
  const aligned = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  return new Float32Array(aligned)
}

/** A record as it is sent: the library's, with packed vectors too. */
export interface WireRecord {
  readonly [field: string]: unknown
}

/**
 * A record with its packed vectors unpacked: those of `$packed` become fields, texts in `$vectors` become vectors. The record is changed in place,
 * since nobody else has it.
 * @throws QuiverError INVALID_VECTOR
 */
export function unpackRecord(record: WireRecord): WireRecord {
  const { $packed: packed, $vectors: vectors } = record
  if (packed === undefined && vectors === undefined) return record
  const unpacked = record as Record<string, unknown>
  if (isObject(vectors)) {
    for (const [index, vector] of Object.entries(vectors))
      if (typeof vector === 'string') set(vectors, index, unpackedVector(vector, `$vectors.${index}`))
  }
  if (packed === undefined) return record
  if (!isObject(packed)) throw new QuiverError('INVALID_VECTOR', "'$packed' is an object of fields with base64 texts.")
  delete unpacked['$packed']
  for (const [field, text] of Object.entries(packed)) {
    if (typeof text !== 'string')
      throw new QuiverError('INVALID_VECTOR', `'$packed.${field}' is not base64 text.`, { details: { path: `$packed.${field}` } })
    set(unpacked, field, unpackedVector(text, `$packed.${field}`))
  }
  return record
}

/** A name such as `__proto__` is a name of a field like others. */
function set(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
  else target[name] = value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
