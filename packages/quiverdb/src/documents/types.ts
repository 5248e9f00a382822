import type { Fields, IndexOptions, ListQuery } from '../collection/types.js'
import type { TextOptions } from '../collection/text-types.js'
import type { EmbeddingCache } from '../embed/cache.js'
import type { Embedder } from '../embed/embedder.js'
import type { FetchOptions } from '../fetch/guarded-fetch.js'
import type { Filter } from '../filter/where-types.js'
import type { Tokenizer } from '../text/tokenizer.js'

/** How documents are cut, embedded and fetched. */
export interface DocumentsOptions {
  /** Default: the built-in one, which knows words but no meanings (see `quiverdb/embed`). */
  embedder?: Embedder
  /** Tokens of a chunk, at most; 16 to 8,192. Default: 512, or what the embedder takes if that is less. */
  chunkTokens?: number
  /** Tokens that a chunk shares with the one before, up to half of `chunkTokens`. Default: an eighth of it. */
  overlapTokens?: number
  /** Counts tokens of chunks and sections. Default: `o200k_base`, loaded at the first use. */
  tokenizer?: Tokenizer
  /** Where vectors are looked for before texts are embedded. Default: none; unchanged texts are not embedded again in any case. */
  cache?: EmbeddingCache
  /** Requests to the embedder at the same time, 1 to 64. Default: what it allows, at most 4. */
  concurrency?: number
  /** How long failures of the embedder that pass are tried again, in milliseconds. Default: 60,000. */
  retryMs?: number
  /** Whose words the texts are, for searches by words: they are stemmed, and stop words left out. Default: that of the collection, `none` for a new one. */
  language?: TextOptions['language']
  /** How documents given by `url` are fetched: headers, limits, whether private addresses may be asked. */
  fetch?: DocumentFetchOptions
  /** Of the vector index. Default: those of an index. */
  index?: Pick<IndexOptions, 'codes' | 'mode' | 'preset'>
}

/** How the pages of urls are fetched: see the options' own defaults. */
export type DocumentFetchOptions = Pick<
  FetchOptions,
  'allowPrivateAddresses' | 'bytesMax' | 'headers' | 'redirectsMax' | 'timeoutMs'
>

/** A document to be stored: exactly one of `text`, `file` and `url` says what is in it. */
export interface DocumentInput {
  /** Names it, 1 to 1,000 bytes of UTF-8. Default: the absolute path of `file`, or `url`. */
  uri?: string
  text?: string
  /** Path of a text file, in UTF-8, of at most 4 MiB. */
  file?: string
  /** Of a page or text, by http or https. HTML becomes Markdown. */
  url?: string
  /** What the text is, such as `md` or `ts`: it is cut accordingly. Default: the ending of the file or uri. */
  docType?: string
  /** Fields to filter by, of the document and of each of its chunks. Names of Quiver's own (`uri`, `text` ...) are refused. */
  metadata?: Fields
}

/** What an upsert is doing. */
export interface DocumentProgress {
  readonly phase: 'reading' | 'splitting' | 'embedding' | 'writing'
  /** Documents; while embedding, chunks. */
  readonly done: number
  readonly total: number
}

export interface UpsertDocumentsOptions {
  /** Embed and write even what has not changed. Default: false. */
  force?: boolean
  /** Stops it before it writes; then nothing is written. */
  signal?: AbortSignal
  /** Called often. What it throws ends the call. */
  onProgress?: (progress: DocumentProgress) => void
}

export interface DocumentOutcome {
  readonly uri: string
  readonly status: 'added' | 'updated' | 'unchanged'
  readonly chunks: number
  /** How many of the chunks had to be embedded. */
  readonly embedded: number
}

export interface DocumentsWritten {
  /** A version that holds them. */
  readonly version: string
  /** In the order of the input; of several with one uri, the last. */
  readonly documents: readonly DocumentOutcome[]
}

/** A document without its text. */
export interface DocumentInfo {
  readonly uri: string
  readonly docType?: string
  readonly metadata: Fields
  readonly chunks: number
  /** The sum over its chunks, which overlap. */
  readonly tokens: number
}

export interface StoredDocument extends DocumentInfo {
  readonly text: string
}

export interface DocumentsPage {
  readonly documents: readonly DocumentInfo[]
  /** Give it as `after` for the next page; absent on the last. */
  readonly next?: string
}

/** As a list of records; filters and orders see `uri`, `docType`, the metadata, and `content.chunks`, `content.tokens`. */
export type DocumentsQuery = Pick<ListQuery, 'where' | 'orderBy' | 'limit' | 'after'>

export type SearchMode = 'vector' | 'keyword' | 'hybrid'

export interface DocumentSearch {
  /** The question, at most 32,768 UTF-16 code units. */
  text: string
  /** How chunks are found: `vector` by what they mean to the embedder, `keyword` by words (BM25), `hybrid` by both. Default: `hybrid`. */
  mode?: SearchMode
  /** On `uri`, `docType` and the metadata. */
  where?: Filter
  /** Documents, 1 to 1,000. Default: 10. */
  limit?: number
  /** Chunks that are looked at first, 1 to 10,000; more are if they belong to fewer than `limit` documents. Default: 50. */
  chunks?: number
  /** Also return passages for a prompt. Default: none. */
  sections?: SectionsOptions
  signal?: AbortSignal
  /** For the search itself, not for embedding the question. */
  timeoutMs?: number
}

export interface SectionsOptions {
  /** Of all sections of a document together, 1 to 1,000,000. Default: 1,000. */
  tokens?: number
  /** Sections of a document, 1 to 100. Default: 3. */
  count?: number
}

export interface ChunkHit {
  readonly text: string
  /** Of the document's text: `text.slice(start, end)`. */
  readonly start: number
  readonly end: number
  readonly ordinal: number
  /**
   * By `vector`: the cosine of the angle between question and chunk, -1 to 1. By `keyword`: BM25, above 0. By `hybrid`: the mean of both, each
   * divided by the best one of its kind. Scores of `keyword` and `hybrid` compare within one answer only.
   */
  readonly score: number
}

/** A passage of a document, made of chunks that were found and of what is around them. */
export interface Section {
  readonly text: string
  readonly start: number
  readonly end: number
  readonly tokens: number
  /** Of its best chunk. */
  readonly score: number
}

export interface DocumentHit {
  readonly uri: string
  readonly docType?: string
  readonly metadata: Fields
  /** That of its best chunk. */
  readonly score: number
  /** Those that were found, best first. */
  readonly chunks: readonly ChunkHit[]
  /** In the order of the text, where they were asked for. */
  readonly sections?: readonly Section[]
}

export interface DocumentSearchResult {
  /** Best first; equal ones by uri. */
  readonly documents: readonly DocumentHit[]
  /** False when time ran out first: then there may be better ones. */
  readonly complete: boolean
  /** The version that was searched. */
  readonly version: string
}
