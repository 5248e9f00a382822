import type { Collection } from '../collection/collection.js'
import type { RecordInput } from '../collection/types.js'
import { QuiverError } from '../errors.js'
import { embedTexts } from '../embed/embed-texts.js'
import { chunksOf as textChunks, type TextSpan } from '../text/split-text.js'
import { contentHash } from './content-hash.js'
import { chunkId, chunkIds, type ChunkRecord, type Content, type DocumentRecord, metadataOf } from './document-records.js'
import type { DocumentsPlace } from './documents-reader.js'
import { chunksPerCallMax, throwIfAborted } from './options.js'
import type { SourceDocument } from './read-source.js'
import { sameJson } from './same-json.js'
import type { DocumentsSettings } from './settings.js'
import type { DocumentOutcome, DocumentProgress } from './types.js'

/** One call and what it may use. */
export interface RewriteCall {
  readonly collection: DocumentsPlace
  readonly chunks: Collection<ChunkRecord>
  readonly force: boolean
  readonly signal: AbortSignal | undefined
  readonly onProgress: (progress: DocumentProgress) => void
}

/** The records of a document that is to be written. */
export interface Rewritten {
  readonly document: DocumentRecord
  readonly chunks: readonly RecordInput<ChunkRecord>[]
}

interface Cut {
  readonly source: SourceDocument
  readonly hash: string
  readonly spans: readonly TextSpan[]
  readonly before: DocumentRecord | undefined
}

/** Chunks between two moments in which others get their turn. */
const chunksPerTurn = 64

/**
 * Finds out which documents have changed, cuts those into chunks and embeds the chunks that are new.
 * @param stored what is stored of them, by uri
 */
export async function rewritten(
  sources: readonly SourceDocument[],
  stored: ReadonlyMap<string, DocumentRecord>,
  call: RewriteCall,
): Promise<{ written: Rewritten[]; outcomes: DocumentOutcome[] }> {
  const outcomes: DocumentOutcome[] = []
  const cuts: Cut[] = []
  let chunkCount = 0
  for (const [at, source] of sources.entries()) {
    throwIfAborted(call.signal)
    call.onProgress({ phase: 'splitting', done: at, total: sources.length })
    const before = stored.get(source.uri)
    const hash = await contentHash(source.text, source.docType, call.collection.settings)
    if (before && !call.force && before.content.hash === hash && sameJson(metadataOf(before), source.metadata)) {
      outcomes.push({ uri: source.uri, status: 'unchanged', chunks: before.content.chunks, embedded: 0 })
      continue
    }
    const spans = await cut(source, call.collection.settings, call.signal)
    chunkCount += spans.length
    if (chunkCount > chunksPerCallMax) throw tooManyChunks()
    cuts.push({ source, hash, spans, before })
  }
  call.onProgress({ phase: 'splitting', done: sources.length, total: sources.length })
  const known = call.force ? new Map<string, Float32Array>() : await knownVectors(cuts, call)
  const vectors = await vectorsOf(cuts, known, call)
  const written = cuts.map((one) => recordsOf(one, vectors, call.collection.settings))
  for (const { source, spans, before } of cuts) {
    const embedded = spans.filter(({ text }) => !known.has(text)).length
    outcomes.push({ uri: source.uri, status: before ? 'updated' : 'added', chunks: spans.length, embedded })
  }
  return { written, outcomes }
}

async function cut(source: SourceDocument, settings: DocumentsSettings, signal: AbortSignal | undefined): Promise<TextSpan[]> {
  const { chunkTokens, overlapTokens } = settings
  const { text, docType } = source
  const tokenizer = await settings.tokenizer()
  const spans: TextSpan[] = []
  for (const span of textChunks(text, { chunkTokens, overlapTokens, tokenizer, ...(docType !== undefined && { docType }) })) {
    spans.push(span)
    if (spans.length % chunksPerTurn !== 0) continue
    await new Promise((resolve) => setTimeout(resolve))
    throwIfAborted(signal)
  }
  return spans
}

/** The vectors that chunks of these documents have now, by their texts, where this embedder made them. */
async function knownVectors(cuts: readonly Cut[], { collection, chunks }: RewriteCall): Promise<Map<string, Float32Array>> {
  const { embedder, indexName } = collection.settings
  const ids = cuts.flatMap(({ before, source }) =>
    before?.content.embedder === embedder.id ? chunkIds(source.uri, 0, before.content.chunks) : [],
  )
  const known = new Map<string, Float32Array>()
  if (ids.length === 0) return known
  for (const record of await chunks.getMany(ids, { fields: ['text'], vectors: true })) {
    const vectors = record?.['$vectors'] as { [index: string]: ArrayLike<number> } | undefined
    const vector = vectors?.[indexName]
    if (record && vector) known.set(record.text, Float32Array.from(vector))
  }
  return known
}

async function vectorsOf(
  cuts: readonly Cut[],
  known: ReadonlyMap<string, Float32Array>,
  { collection, chunks, signal, onProgress }: RewriteCall,
): Promise<ReadonlyMap<string, Float32Array>> {
  const { embedder, cache, concurrency, retryMs, indexName: name, index } = collection.settings
  const texts = [...new Set(cuts.flatMap(({ spans }) => spans.map(({ text }) => text)))].filter((text) => !known.has(text))
  const made = await embedTexts(embedder, texts, {
    ...(cache && { cache }),
    ...(concurrency !== undefined && { concurrency }),
    ...(retryMs !== undefined && { retryMs }),
    ...(signal && { signal }),
    onProgress: (done, total) => onProgress({ phase: 'embedding', done, total }),
  })
  const dimensions = made[0]?.length ?? [...known.values()][0]?.length
  if (dimensions !== undefined) {
    // A text in which the embedder finds nothing may be a vector of zeros.
    await chunks.ensureIndexes([{ ...index, name, field: 'text', source: 'external', dimensions, zeroVectors: 'keep' }])
  }
  return new Map([...known, ...texts.map((text, at) => [text, made[at]!] as const)])
}

function recordsOf(
  { source, hash, spans }: Cut,
  vectors: ReadonlyMap<string, Float32Array>,
  settings: DocumentsSettings,
): Rewritten {
  const { uri, text, docType, metadata } = source
  const shared = { ...metadata, uri, ...(docType !== undefined && { docType }) }
  const content: Content = {
    hash,
    chunks: spans.length,
    tokens: spans.reduce((sum, { tokens }) => sum + tokens, 0),
    embedder: settings.embedder.id,
  }
  const chunks = spans.map(({ text: chunkText, start, end, tokens }, ordinal) => ({
    ...shared,
    id: chunkId(uri, ordinal),
    text: chunkText,
    chunk: { ordinal, start, end, tokens },
    $vectors: { [settings.indexName]: vectors.get(chunkText)! },
  }))
  return { document: { ...shared, id: uri, text, content }, chunks }
}

function tooManyChunks(): QuiverError {
  return new QuiverError(
    'LIMIT_EXCEEDED',
    `The documents of a call may have ${chunksPerCallMax} chunks together. Split the call.`,
    {
      details: { limit: chunksPerCallMax },
    },
  )
}
