import { checked } from '../collection/options.js'
import { checkedId, fitsBytes } from '../collection/ids.js'
import type { Fields } from '../collection/types.js'
import { fieldsBytesMax, fieldsText } from '../collection/version/fields.js'
import { QuiverError } from '../errors.js'
import { checkMetadata } from './document-records.js'
import { documentInput, uriBytesMax } from './options.js'
import type { DocumentFetchOptions, DocumentInput } from './types.js'

/** A document whose text is at hand. */
export interface SourceDocument {
  readonly uri: string
  readonly text: string
  readonly docType?: string
  /** As JSON holds it. */
  readonly metadata: Fields
}

/** What Quiver itself writes about a document beside its text and metadata, in bytes of JSON, generously. */
const ownBytes = 8 * 1024

/** A document of a call before anything was read. */
export interface CheckedInput extends Omit<DocumentInput, 'uri' | 'metadata'> {
  readonly uri?: string
  readonly metadata: Fields
}

/** @throws QuiverError INVALID_ARGUMENT, INVALID_ID, INVALID_RECORD */
export function checkedInput(value: unknown): CheckedInput {
  const { metadata = {}, ...input } = checked(documentInput, value, 'document')
  const given = (['text', 'file', 'url'] as const).filter((name) => input[name] !== undefined)
  if (given.length !== 1) {
    throw new QuiverError(
      'INVALID_ARGUMENT',
      `A document has one of 'text', 'file' and 'url'; this one has ${given.length || 'none'}.`,
      {
        details: { path: given[1] ?? 'text' },
      },
    )
  }
  const uri = input.uri ?? input.url
  if (uri === undefined && input.file === undefined) {
    throw new QuiverError('INVALID_ARGUMENT', "A document that is given as text needs a 'uri'.", { details: { path: 'uri' } })
  }
  if (uri !== undefined) checkUri(uri)
  checkMetadata(metadata, uri ?? input.file!)
  return { ...input, ...(uri !== undefined && { uri }), metadata: JSON.parse(fieldsText(metadata, new Map())) as Fields }
}

/** @throws QuiverError INVALID_ID */
export function checkUri(uri: unknown): string {
  const id = checkedId(uri)
  if (fitsBytes(id, uriBytesMax)) return id
  throw new QuiverError('INVALID_ID', `The uri '${id.slice(0, 80)}...' has more than ${uriBytesMax} bytes of UTF-8.`)
}

/** Reads what the document is made from. @throws QuiverError LIMIT_EXCEEDED, and those of files and of fetching */
export async function readSource(
  input: CheckedInput,
  fetch: DocumentFetchOptions,
  signal: AbortSignal | undefined,
): Promise<SourceDocument> {
  const { metadata } = input
  const { uri, text, docType = docTypeOf(uri) } = await contentOf(input, fetch, signal)
  if (!fitsBytes(JSON.stringify([text, metadata]), fieldsBytesMax - ownBytes)) {
    throw new QuiverError('LIMIT_EXCEEDED', `The document '${uri}' is larger than ${fieldsBytesMax} bytes. Split it.`, {
      details: { uri, limit: fieldsBytesMax },
    })
  }
  return { uri, text, metadata, ...((input.docType ?? docType) !== undefined && { docType: input.docType ?? docType }) }
}

async function contentOf(
  { uri, text, file, url }: CheckedInput,
  fetch: DocumentFetchOptions,
  signal: AbortSignal | undefined,
): Promise<{ uri: string; text: string; docType?: string }> {
  if (text !== undefined) return { uri: uri!, text }
  // Only who gives files or urls loads what reads them.
  const { readFileText, fetchText } = await import('#document-sources')
  if (url !== undefined) return { uri: uri ?? url, ...(await fetchText(url, fetch, signal)) }
  const { path, ...content } = await readFileText(file!)
  return { uri: checkUri(uri ?? path), ...content }
}

/** The ending of the last part of a path or URL, in lower case. */
function docTypeOf(uri: string): string | undefined {
  const path = /^https?:/.test(uri) && URL.canParse(uri) ? new URL(uri).pathname : uri
  return /[^/\\]\.([\p{L}\p{N}]{1,16})$/u.exec(path)?.[1]?.toLowerCase()
}
