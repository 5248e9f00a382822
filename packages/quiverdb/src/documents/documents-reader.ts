import type { Ledger } from '../collection/ledger.js'
import { checked } from '../collection/options.js'
import { CollectionReader } from '../collection/read/reader.js'
import type { NamespaceState } from '../collection/version/state.js'
import { QuiverError } from '../errors.js'
import { embedTexts } from '../embed/embed-texts.js'
import { parseWhere } from '../filter/where.js'
import { formatVersionName } from '../history/keys.js'
import { type ChunkRecord, type DocumentRecord, infoOf, metadataOf } from './document-records.js'
import { chunkLimitDefault, documentLimitDefault, documentSearch, sectionsDefault, sectionTokensDefault } from './options.js'
import { renderSections } from './sections.js'
import type { DocumentsSettings } from './settings.js'
import type {
  ChunkHit,
  DocumentHit,
  DocumentSearch,
  DocumentSearchResult,
  DocumentsPage,
  DocumentsQuery,
  StoredDocument,
} from './types.js'

/** Where documents and their chunks are: two collections of one namespace. */
export interface DocumentsPlace {
  readonly ledger: Ledger
  readonly name: string
  readonly documents: string
  readonly chunks: string
  readonly settings: DocumentsSettings
}

/** Both collections at one version. */
interface DocumentsView {
  readonly version: string
  readonly documents: CollectionReader<DocumentRecord>
  readonly chunks: CollectionReader<ChunkRecord>
  /** Names of the vector indexes; each is called like the embedder that its vectors are of. */
  readonly indexes: readonly string[]
  readonly isEmpty: boolean
}

interface FoundChunks {
  readonly chunks: readonly { readonly record: ChunkRecord; readonly score: number }[]
  readonly complete: boolean
}

const chunkLimitMax = 10_000
/** What words and vector each find at least before their answers are joined. */
const candidatesMin = 100
/** Each look at more chunks is at this many times as many. */
const widening = 4

/** What reads documents: the same for the newest version and for an older one. */
export class DocumentsReader {
  readonly #place: DocumentsPlace
  readonly #state: () => Promise<NamespaceState>

  constructor(place: DocumentsPlace, state: () => Promise<NamespaceState>) {
    this.#place = place
    this.#state = state
  }

  /** The document with its text, or null. @throws QuiverError INVALID_ID */
  async get(uri: string): Promise<StoredDocument | null> {
    const record = await (await this.#view()).documents.get(uri)
    return record && { ...infoOf(record), text: record.text }
  }

  /** A page of documents, without their texts, in the order of their uris unless `orderBy` says otherwise. @throws as the list of a collection */
  async list(query: DocumentsQuery = {}): Promise<DocumentsPage> {
    const { records, next } = await (await this.#view()).documents.list(query)
    return { documents: records.map(infoOf), ...(next !== undefined && { next }) }
  }

  /** How many documents there are, or how many match. @throws QuiverError INVALID_FILTER */
  async count(query: { where?: DocumentSearch['where'] } = {}): Promise<number> {
    return (await this.#view()).documents.count(query)
  }

  /**
   * The documents that say most about a question: the chunks that are nearest to it or have its words, by document. A document counts as much
   * as its best chunk.
   *
   * @example
   * ```ts
   * const { documents } = await notes.documents.search({ text: 'How are wings built?', limit: 3, sections: { tokens: 500 } })
   * const prompt = documents.flatMap(({ sections }) => sections!.map(({ text }) => text)).join('\n...\n')
   * ```
   * @throws QuiverError INVALID_ARGUMENT, INVALID_FILTER, NOT_FOUND: another embedder's vectors, EMBEDDER_FAILED, INVALID_EMBEDDING, ABORTED
   */
  async search(query: DocumentSearch): Promise<DocumentSearchResult> {
    const options = checked(documentSearch, query, 'search') as DocumentSearch
    const { limit = documentLimitDefault } = options
    // Said also where there is nothing to filter.
    if (options.where !== undefined) parseWhere(options.where)
    const view = await this.#view()
    const { chunks, complete } = await this.#best(view, options, limit)
    const documents = grouped(chunks).slice(0, limit)
    if (!options.sections) return { documents, complete, version: view.version }
    return { documents: await this.#withSections(view, documents, options.sections), complete, version: view.version }
  }

  /** Enough chunks that they belong to as many documents as are wanted, if there are so many. */
  async #best(view: DocumentsView, options: DocumentSearch, documentsWanted: number): Promise<FoundChunks> {
    if (view.isEmpty) return { chunks: [], complete: true }
    const find = await this.#finder(view, options)
    for (let limit = Math.max(documentsWanted, options.chunks ?? chunkLimitDefault); ;) {
      const { chunks, complete } = await find(limit)
      const isAll = chunks.length < limit || limit === chunkLimitMax || !complete
      if (isAll || new Set(chunks.map(({ record }) => record.uri)).size >= documentsWanted) return { chunks, complete }
      limit = Math.min(chunkLimitMax, limit * widening)
    }
  }

  async #finder(view: DocumentsView, options: DocumentSearch): Promise<(limit: number) => Promise<FoundChunks>> {
    const { text, mode = 'hybrid', where, signal, timeoutMs } = options
    const shared = { where, signal, timeoutMs }
    const words = { ...shared, text, field: 'text' }
    if (mode === 'keyword')
      return async (limit) => scored(await view.chunks.searchText({ ...words, limit }), ({ score }) => score)
    const { indexName: index } = this.#place.settings
    if (!view.indexes.includes(index)) throw this.#otherEmbedder(view)
    const vector = await this.#vectorOf(text, signal)
    if (mode === 'hybrid') {
      return async (limit) => {
        const candidates = Math.max(candidatesMin, limit)
        return scored(await view.chunks.searchHybrid({ ...words, vector, index, limit, candidates }), ({ score }) => score)
      }
    }
    return async (limit) => {
      const found = await view.chunks.search({ ...shared, vector, index, limit })
      if (found.hits.length === 0 && found.complete && where === undefined) throw this.#otherEmbedder(view)
      return scored(found, ({ distance }) => 1 - distance)
    }
  }

  #otherEmbedder({ indexes }: DocumentsView): QuiverError {
    const { embedder, indexName } = this.#place.settings
    const others = indexes.filter((name) => name !== indexName)
    const names = others.map((name) => `'${name}'`).join(', ')
    return new QuiverError(
      'NOT_FOUND',
      `No document of '${this.#place.name}' has vectors of the embedder '${embedder.id}'; they have those of ${names}. ` +
        'Open the collection with that embedder, or upsert the documents again with this one.',
      { details: { embedder: embedder.id, embedders: others } },
    )
  }

  async #vectorOf(question: string, signal: AbortSignal | undefined): Promise<Float32Array> {
    const { embedder, cache, retryMs } = this.#place.settings
    const options = { purpose: 'query' as const, ...(cache && { cache }), ...(retryMs !== undefined && { retryMs }), signal }
    const [vector] = await embedTexts(embedder, [question], options)
    return vector!
  }

  async #withSections(
    view: DocumentsView,
    hits: readonly DocumentHit[],
    options: NonNullable<DocumentSearch['sections']>,
  ): Promise<DocumentHit[]> {
    const { tokens = sectionTokensDefault, count = sectionsDefault } = options
    const tokenizer = await this.#place.settings.tokenizer()
    const records = await view.documents.getMany(
      hits.map(({ uri }) => uri),
      { fields: ['text'] },
    )
    return hits.map((hit, at) => {
      const text = records[at]?.text
      return { ...hit, sections: text === undefined ? [] : renderSections(text, hit.chunks, { tokens, count }, tokenizer) }
    })
  }

  async #view(): Promise<DocumentsView> {
    const { ledger, name, documents, chunks } = this.#place
    const state = await this.#state()
    const of = (uuid: string) => {
      const collection = state.collections.get(uuid)
      if (collection) return collection
      throw new QuiverError('NOT_FOUND', `The collection '${name}' of these documents was dropped, or was not there yet.`, {
        details: { collection: name },
      })
    }
    const reader = <T extends object>(uuid: string): CollectionReader<T> => {
      const view = { collection: of(uuid), seq: state.seq }
      return new CollectionReader<T>({
        parts: ledger.parts,
        embedders: ledger.embedders,
        view: async () => view,
        viewNow: () => view,
      })
    }
    return {
      version: formatVersionName(state.seq),
      documents: reader<DocumentRecord>(documents),
      chunks: reader<ChunkRecord>(chunks),
      indexes: of(chunks).indexes.map(({ index }) => index.definition.name),
      isEmpty: of(chunks).records === 0,
    }
  }
}

function scored<H extends { readonly record: ChunkRecord }>(
  { hits, complete }: { readonly hits: readonly H[]; readonly complete: boolean },
  scoreOf: (hit: H) => number,
): FoundChunks {
  return { chunks: hits.map((hit) => ({ record: hit.record, score: scoreOf(hit) })), complete }
}

/** Chunks, best first, by the documents they are of. */
function grouped(chunks: FoundChunks['chunks']): DocumentHit[] {
  const byUri = new Map<string, { record: ChunkRecord; chunks: ChunkHit[] }>()
  for (const { record, score } of chunks) {
    const { uri, text, chunk } = record
    const hit: ChunkHit = { text, start: chunk.start, end: chunk.end, ordinal: chunk.ordinal, score }
    const known = byUri.get(uri)
    if (known) known.chunks.push(hit)
    else byUri.set(uri, { record, chunks: [hit] })
  }
  return [...byUri.values()]
    .map(({ record, chunks: found }) => ({
      uri: record.uri,
      ...(record.docType !== undefined && { docType: record.docType }),
      metadata: metadataOf(record),
      score: found[0]!.score,
      chunks: found,
    }))
    .sort((a, b) => b.score - a.score || (a.uri < b.uri ? -1 : 1))
}
