import { VectorError } from '../errors.js'
import type { PersistentVectorIndex } from '../types.js'
import { metadataText, parseJson, parseMetadata } from './metadata-json.js'
import { checkedVector, checkEntryCount, headOf, isObject, parseHead } from './schema.js'

/** Text is turned into bytes in pieces of about this many characters: a string cannot hold all of a large index. */
const pieceLength = 1 << 20
/** Digits that tell every float32 apart, and the fewest that often do. */
const float32DigitsMax = 9
const float32DigitsMin = 7

/** An index file in JSON, in the shape that serde gives it in Neumann, which reads it. One line for each entry. */
export function encodeIndexJson(index: PersistentVectorIndex): Uint8Array[] {
  const encoder = new TextEncoder()
  const chunks: Uint8Array[] = []
  const { created_at, version, ...before } = headOf(index)
  let text = `${JSON.stringify(before).slice(0, -1)},"vectors":[`
  index.vectors.forEach(({ key, vector, metadata }, i) => {
    const numbers = Array.from(vector, float32Text).join(',')
    text += `${i > 0 ? ',' : ''}\n{"key":${JSON.stringify(key)},"vector":[${numbers}],"metadata":${metadataText(metadata)}}`
    if (text.length < pieceLength) return
    chunks.push(encoder.encode(text))
    text = ''
  })
  chunks.push(encoder.encode(`${text}\n],"created_at":${created_at},"version":${version}}\n`))
  return chunks
}

/**
 * Reads an index file in JSON, ours or Neumann's.
 * @throws VectorError SerializationError; ConfigurationError: more entries than `entriesMax`; DimensionMismatch
 */
export function decodeIndexJson(bytes: Uint8Array, entriesMax?: number): PersistentVectorIndex {
  const parsed = parse(bytes)
  const index = parseHead(parsed)
  const entries = isObject(parsed) ? parsed.vectors : undefined
  if (!Array.isArray(entries)) throw VectorError.serialization('vectors is not a list')
  checkEntryCount(entries.length, entriesMax)
  entries.forEach((entry: unknown, i) => {
    if (!isObject(entry) || typeof entry.key !== 'string') throw VectorError.serialization(`entry ${i} has no key`)
    const vector = checkedVector(parseVector(entry.vector, entry.key), entry.key, index.config)
    index.push(entry.key, vector, parseMetadata(entry.metadata, entry.key))
  })
  return index
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw VectorError.serialization(cause instanceof Error ? cause.message : 'the file is not JSON', cause)
  }
}

function parseVector(numbers: unknown, key: string): Float32Array {
  if (!Array.isArray(numbers) || !numbers.every((number) => typeof number === 'number')) {
    throw VectorError.serialization(`the vector of ${JSON.stringify(key)} is not a list of numbers`)
  }
  return Float32Array.from(numbers)
}

/** The shortest text that gives the same float32, with the point that serde writes. */
function float32Text(value: number): string {
  let short = value
  if (!Number.isSafeInteger(value)) {
    for (let digits = float32DigitsMin; digits <= float32DigitsMax; digits++) {
      short = Number(value.toPrecision(digits))
      if (Math.fround(short) === value) break
    }
  }
  if (Object.is(value, -0)) return '-0.0'
  const text = String(short)
  return /[.e]/.test(text) ? text : `${text}.0`
}
