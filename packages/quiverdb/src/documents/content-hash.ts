import { sha256 } from './sha256.js'
import type { DocumentsSettings } from './settings.js'

/** Of what cuts texts into chunks: another number means that all documents are cut anew. */
const splitterEdition = 1

/** Of a text and all that its chunks and their vectors depend on. */
export function contentHash(text: string, docType: string | undefined, settings: DocumentsSettings): Promise<string> {
  const { embedder, chunkTokens, overlapTokens } = settings
  return sha256(
    JSON.stringify([splitterEdition, embedder.id, embedder.dimensions ?? 0, chunkTokens, overlapTokens, docType ?? '', text]),
  )
}
