import { QuiverError, type VectorInput } from 'quiverdb'

const bytesPerNumber = Float32Array.BYTES_PER_ELEMENT

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
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const digits = text.length - padding
  const bytes = Math.floor((digits * 3) / 4)
  const vector = new Float32Array(Math.floor(bytes / bytesPerNumber))
  // What is no base64 is left out, so a text that was damaged gives fewer bytes than its length promises.
  const written = Buffer.from(vector.buffer).write(text, 'base64')
  const whole = bytes > 0 && bytes % bytesPerNumber === 0 && digits % 4 !== 1
  if (!whole || written !== bytes)
    throw new QuiverError('INVALID_VECTOR', `'${place}' is text, but not base64 of little-endian float32 numbers.`, {
      details: { path: place },
    })
  return vector
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
