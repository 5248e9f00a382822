import { asBuffer, concatBytes, toBytes, toText } from '../storage/bytes.js'
import type { IndexData, MetadataTypes } from '../types.js'
import { VectraError } from '../vectra-error.js'
import type { DocumentCatalog, IndexCodec, IndexPieces } from './index-codec.js'
import { protobufPieces } from './protobuf-pieces.js'
import { decodeCatalog, decodeIndex, encodeCatalog } from './protobuf-messages.js'

/**
 * Files of Protocol Buffers, a fifth of the size. Vectors are rounded to float32, norms are not; metadata that is neither text, number nor
 * boolean becomes text.
 *
 * @example
 * ```ts
 * const index = new LocalIndex('notes', undefined, undefined, new ProtobufCodec())
 * ```
 */
export class ProtobufCodec implements IndexCodec {
  readonly extension = '.pb'
  /** @internal */
  get pieces(): IndexPieces {
    return protobufPieces
  }

  /** @throws VectraError INVALID_ARGUMENT: something has a type that the format does not hold */
  serializeIndex(data: IndexData): Uint8Array {
    return concatBytes([protobufPieces.head(data), ...data.items.map((item) => protobufPieces.item(item))])
  }

  /** @throws VectraError CORRUPT */
  deserializeIndex(buffer: Uint8Array): IndexData {
    return readable(() => decodeIndex(buffer))
  }

  /** @throws VectraError INVALID_ARGUMENT */
  serializeCatalog(catalog: DocumentCatalog): Uint8Array {
    return asBuffer(encodeCatalog(catalog))
  }

  /** @throws VectraError CORRUPT */
  deserializeCatalog(buffer: Uint8Array): DocumentCatalog {
    return readable(() => decodeCatalog(buffer))
  }

  /** JSON, as in all indexes. */
  serializeMetadata(metadata: Record<string, MetadataTypes>): Uint8Array {
    return toBytes(JSON.stringify(metadata))
  }

  /** @throws VectraError CORRUPT */
  deserializeMetadata(buffer: Uint8Array): Record<string, MetadataTypes> {
    return readable(() => JSON.parse(toText(buffer)) as Record<string, MetadataTypes>)
  }
}

function readable<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new VectraError('CORRUPT', (error as Error).message, { cause: error })
  }
}
