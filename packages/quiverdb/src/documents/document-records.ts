import type { Fields } from '../collection/types.js'
import { QuiverError } from '../errors.js'
import type { DocumentInfo } from './types.js'

/** What is known of the text that a document has now. */
export interface Content {
  /** Of the text and of all that its chunks and vectors depend on. */
  readonly hash: string
  readonly chunks: number
  readonly tokens: number
  readonly embedder: string
}

/** A document as a record; its metadata are fields beside these. */
export interface DocumentRecord extends Fields {
  readonly id: string
  readonly uri: string
  readonly text: string
  readonly docType?: string
  readonly content: Content
}

/** A chunk as a record; it has the metadata of its document, so that filters find it. */
export interface ChunkRecord extends Fields {
  readonly id: string
  readonly uri: string
  readonly text: string
  readonly docType?: string
  readonly chunk: { readonly ordinal: number; readonly start: number; readonly end: number; readonly tokens: number }
}

const reservedNames = new Set(['id', '$vectors', 'uri', 'text', 'docType', 'content', 'chunk'])

/** Where the chunks of a collection's documents are. */
export function chunksOf(collection: string): string {
  return `${collection}/chunks`
}

/** Ends in digits behind the last `#`, so no two chunks share one. */
export function chunkId(uri: string, ordinal: number): string {
  return `${uri}#${ordinal}`
}

export function chunkIds(uri: string, from: number, to: number): string[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, at) => chunkId(uri, from + at))
}

/** @throws QuiverError INVALID_ARGUMENT: a name is Quiver's own */
export function checkMetadata(metadata: Fields, uri: string): void {
  const name = Object.keys(metadata).find((one) => reservedNames.has(one))
  if (name === undefined) return
  throw new QuiverError('INVALID_ARGUMENT', `The metadata of '${uri}' has '${name}', which is a name of Quiver's own.`, {
    details: { path: `metadata.${name}`, uri },
  })
}

export function metadataOf(record: Fields): Fields {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !reservedNames.has(name)))
}

export function infoOf(record: DocumentRecord): DocumentInfo {
  const { uri, docType, content } = record
  return {
    uri,
    ...(docType !== undefined && { docType }),
    metadata: metadataOf(record),
    chunks: content.chunks,
    tokens: content.tokens,
  }
}
