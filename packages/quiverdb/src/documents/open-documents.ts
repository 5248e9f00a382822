import type { Collection } from '../collection/collection.js'
import type { Ledger } from '../collection/ledger.js'
import { checked } from '../collection/options.js'
import { QuiverError } from '../errors.js'
import { chunksOf, type ChunkRecord, type DocumentRecord } from './document-records.js'
import { Documents, type DocumentsHost } from './documents.js'
import { documentsOptions } from './options.js'
import { settingsOf } from './settings.js'
import type { DocumentsOptions } from './types.js'

/** A namespace, as far as documents need it. */
export interface DocumentsNamespace extends DocumentsHost {
  readonly ledger: Ledger
  /** Opens the collection of the chunks, making it where it is missing. */
  chunks(name: string): Promise<Collection>
}

/** The documents of a collection that is there; the collection of their chunks is made where it is missing. @throws QuiverError INVALID_ARGUMENT */
export async function openDocuments<T extends object>(
  collection: Collection<T>,
  options: DocumentsOptions,
  namespace: DocumentsNamespace,
): Promise<Documents> {
  const settings = await settingsOf(checked(documentsOptions, options, "option 'documents'"))
  if (settings.overlapTokens > settings.chunkTokens / 2) {
    throw new QuiverError('INVALID_ARGUMENT', "The option 'overlapTokens' is at most half of 'chunkTokens'.", {
      details: { path: 'overlapTokens' },
    })
  }
  const { name } = collection
  const { language } = options
  const chunks = await namespace.chunks(chunksOf(name))
  // Whoever names no language takes the one that is there.
  const isIndexed = (await chunks.texts()).some(({ field }) => field === 'text')
  if (!isIndexed || language !== undefined)
    await chunks.declareTexts([{ field: 'text', ...(language !== undefined && { language }) }])
  const state = await namespace.ledger.current()
  const uuidOf = (wanted: string): string => state.byName(wanted)?.uuid ?? ''
  const place = { ledger: namespace.ledger, name, documents: uuidOf(name), chunks: uuidOf(chunks.name), settings }
  return new Documents(
    place,
    namespace,
    collection as unknown as Collection<DocumentRecord>,
    chunks as unknown as Collection<ChunkRecord>,
  )
}
