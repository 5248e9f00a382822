import type { IndexData, IndexItem, MetadataConfig, MetadataTypes } from '../types.js'

/** Which documents an index has. */
export interface DocumentCatalog {
  version: number
  /** How many documents there are. */
  count: number
  uriToId: Record<string, string>
  idToUri: Record<string, string>
  /** Hash of each document's content. Absent where an older Vectra wrote the catalog. */
  uriToHash?: Record<string, string>
}

/** How the files of an index are written. */
export interface IndexCodec {
  /** Extension of its files, with the dot. */
  readonly extension: string
  serializeIndex(data: IndexData): Uint8Array
  deserializeIndex(buffer: Uint8Array): IndexData
  serializeCatalog(catalog: DocumentCatalog): Uint8Array
  deserializeCatalog(buffer: Uint8Array): DocumentCatalog
  serializeMetadata(metadata: Record<string, MetadataTypes>): Uint8Array
  deserializeMetadata(buffer: Uint8Array): Record<string, MetadataTypes>
  /** The index item by item. Where it is absent the file is always written and read as a whole. */
  readonly pieces?: IndexPieces
}

/** What stands before the items. */
export interface IndexHead {
  version: number
  metadata_config: MetadataConfig
}

/** An index file as head, items with separators between them, and tail: what did not change need not be written anew. */
export interface IndexPieces {
  readonly separator: Uint8Array
  readonly tail: Uint8Array
  head(head: IndexHead): Uint8Array
  item(item: IndexItem): Uint8Array
  /** A reader of one file. */
  reader(): IndexReader
}

/** Takes a file in chunks of any size, as they come. */
export interface IndexReader {
  /** @throws NotInPieces */
  push(chunk: Uint8Array): void
  /** @throws NotInPieces */
  finish(): IndexInPieces
}

export interface IndexInPieces {
  readonly head: IndexHead
  /** Length of what stands before the first item. */
  readonly headBytes: number
  readonly items: IndexItem[]
  /** Length of each item, in bytes. */
  readonly itemBytes: number[]
}

/** The file is not laid out as `IndexPieces` would lay it out; it may still be good. */
export class NotInPieces extends Error {}
