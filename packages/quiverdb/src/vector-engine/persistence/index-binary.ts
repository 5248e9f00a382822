import { QuiverError } from '../../errors.js'
import { bytesOf, uint32s } from '../../format/bytes.js'
import { Containers, type Checksum } from '../../format/container.js'
import { VectorError } from '../errors.js'
import type { PersistentVectorIndex } from '../types.js'
import { metadataText, parseJson, parseMetadata } from './metadata-json.js'
import { checkedVector, checkEntryCount, countOf, headOf, isObject, parseHead } from './schema.js'

const fileName = 'index file'

/**
 * An index file in binary: a container (docs/FORMAT.md) of kind `vectors`, about a third of the size of the JSON, each part with its
 * checksum. The chunks are to be written one after the other.
 */
export function encodeIndexBinary(index: PersistentVectorIndex, checksum: Checksum): Uint8Array[] {
  const { vectors } = index
  const lengths = Uint32Array.from(vectors, ({ vector }) => vector.length)
  const numbers = new Float32Array(lengths.reduce((sum, length) => sum + length, 0))
  let at = 0
  for (const { vector } of vectors) {
    numbers.set(vector, at)
    at += vector.length
  }
  return new Containers(checksum).encode('vectors', { ...headOf(index), entries: vectors.length }, [
    { name: 'lengths', bytes: bytesOf(lengths) },
    { name: 'numbers', bytes: bytesOf(numbers) },
    { name: 'keys', bytes: textBytes(JSON.stringify(vectors.map(({ key }) => key))) },
    { name: 'metadata', bytes: textBytes(`[${vectors.map(({ metadata }) => metadataText(metadata)).join(',')}]`) },
  ])
}

/**
 * Reads a binary index file. The number of its entries is looked at before they are.
 * @throws VectorError SerializationError, also for one of a newer version; ConfigurationError: more entries than `entriesMax`
 */
export function decodeIndexBinary(bytes: Uint8Array, checksum: Checksum, entriesMax?: number): PersistentVectorIndex {
  try {
    const containers = new Containers(checksum)
    const directory = containers.directory(bytes, fileName)
    if (typeof directory === 'number') throw VectorError.serialization('the file is cut in its directory')
    const index = parseHead(directory.meta)
    const entries = countOf(isObject(directory.meta) ? directory.meta.entries : undefined, 'entries')
    checkEntryCount(entries, entriesMax)
    readEntries(index, entries, containers.decode(bytes, fileName, 'vectors').section)
    return index
  } catch (error) {
    throw serializationError(error)
  }
}

function readEntries(index: PersistentVectorIndex, entries: number, section: (name: string) => Uint8Array): void {
  const lengths = uint32s(section('lengths'))
  const numbers = new Float32Array(section('numbers').slice().buffer)
  const keys = parseList(section('keys'))
  const metadata = parseList(section('metadata'))
  const total = lengths.reduce((sum, length) => sum + length, 0)
  if (lengths.length !== entries || keys.length !== entries || metadata.length !== entries || total !== numbers.length) {
    throw VectorError.serialization('the parts of the file do not belong together')
  }
  let at = 0
  keys.forEach((key, i) => {
    if (typeof key !== 'string') throw VectorError.serialization(`entry ${i} has no key`)
    const vector = checkedVector(numbers.subarray(at, (at += lengths[i]!)), key, index.config)
    index.push(key, vector, parseMetadata(metadata[i], key))
  })
}

function parseList(bytes: Uint8Array): unknown[] {
  const parsed = parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  if (!Array.isArray(parsed)) throw VectorError.serialization('a part of the file is not a list')
  return parsed
}

function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function serializationError(error: unknown): VectorError {
  if (error instanceof VectorError) return error
  if (error instanceof QuiverError && error.code === 'FORMAT_TOO_NEW') {
    const { version, supported } = error.details as { version: number; supported: number }
    return VectorError.newerVersion(version, supported)
  }
  return VectorError.serialization(error instanceof Error ? error.message : String(error), error)
}
