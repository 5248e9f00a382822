import { concatBytes, toBytes, toText } from '../storage/bytes.js'
import type { IndexData, MetadataTypes } from '../types.js'
import { VectraError } from '../vectra-error.js'
import type { DocumentCatalog, IndexCodec, IndexPieces } from './index-codec.js'
import { jsonPieces } from './json-pieces.js'

/**
 * Files of JSON, without spaces.
 *
 * @example
 * ```ts
 * const index = new LocalIndex('notes', undefined, undefined, new JsonCodec()) // the default
 * ```
 */
export class JsonCodec implements IndexCodec {
  readonly extension = '.json'
  /** @internal */
  get pieces(): IndexPieces {
    return jsonPieces
  }

  serializeIndex(data: IndexData): Uint8Array {
    try {
      return encode(data)
    } catch (error) {
      // One string holds half a gigabyte.
      if (!(error instanceof RangeError)) throw error
      const parts = data.items.flatMap((item, i) => [...(i ? [jsonPieces.separator] : []), jsonPieces.item(item)])
      return concatBytes([jsonPieces.head(data), ...parts, jsonPieces.tail])
    }
  }

  /** @throws VectraError CORRUPT */
  deserializeIndex(buffer: Uint8Array): IndexData {
    return decode(buffer) as IndexData
  }

  serializeCatalog(catalog: DocumentCatalog): Uint8Array {
    return encode(catalog)
  }

  /** @throws VectraError CORRUPT */
  deserializeCatalog(buffer: Uint8Array): DocumentCatalog {
    return decode(buffer) as DocumentCatalog
  }

  serializeMetadata(metadata: Record<string, MetadataTypes>): Uint8Array {
    return encode(metadata)
  }

  /** @throws VectraError CORRUPT */
  deserializeMetadata(buffer: Uint8Array): Record<string, MetadataTypes> {
    return decode(buffer) as Record<string, MetadataTypes>
  }
}

const encode = (value: unknown): Uint8Array => toBytes(JSON.stringify(value))

function decode(bytes: Uint8Array): unknown {
  const text = toText(bytes)
  try {
    return JSON.parse(text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text)
  } catch (error) {
    throw new VectraError('CORRUPT', (error as Error).message, { cause: error })
  }
}

const byteOrderMark = 0xfeff
