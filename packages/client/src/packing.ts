import type { RecordInput, Vector } from './types.js'

const bytesPerPiece = 0x8000
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** A vector as it is sent: a list as it is, float32 as base64 of its little-endian bytes. */
export function wireVector(vector: Vector): readonly number[] | string {
  if (!(vector instanceof Float32Array)) return vector
  // A machine of the other byte order sends lists.
  return isLittleEndian ? base64(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)) : [...vector]
}

/** A record whose typed arrays are packed: in `$packed` those of fields, in their place those of `$vectors`. */
export function wireRecord<T extends object>(record: Partial<RecordInput<T>>): object {
  const packed: [string, unknown][] = []
  const fields: [string, unknown][] = []
  for (const [name, value] of Object.entries(record)) {
    if (value instanceof Float32Array && isLittleEndian) packed.push([name, wireVector(value)])
    else if (value instanceof Float32Array) fields.push([name, [...value]])
    else if (name === '$vectors' && typeof value === 'object' && value !== null) fields.push([name, wireVectors(value)])
    else fields.push([name, value])
  }
  if (packed.length > 0) fields.push(['$packed', Object.fromEntries(packed)])
  return Object.fromEntries(fields)
}

function wireVectors(vectors: object): object {
  const pairs = Object.entries(vectors as Record<string, Vector | null>)
  return Object.fromEntries(pairs.map(([index, vector]) => [index, vector === null ? null : wireVector(vector)]))
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += bytesPerPiece) text += String.fromCharCode(...bytes.subarray(at, at + bytesPerPiece))
  return btoa(text)
}
