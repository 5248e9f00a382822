import { type Bm25Engine, KeywordRanking } from './bm25-engine.js'
import type { IndexCodec } from './codecs/index-codec.js'
import { type KeywordTerms, loadKeywordTerms } from './keyword-terms.js'
import { LocalDocument } from './local-document.js'
import type { FileStorage } from './storage/file-storage.js'
import type { IndexItem, QueryResult } from './types.js'

export interface KeywordSearchOptions {
  /** Makes the engine that ranks texts, one for each search; see {@link Bm25Engine}. Default: Okapi BM25 over English stems. */
  bm25Factory?: () => unknown
  /** The text of a document. Default: its file. */
  docReader?: (documentId: string) => Promise<string>
}

export interface KeywordSearch {
  readonly index: { readonly folderPath: string; readonly storage: FileStorage; readonly codec?: IndexCodec }
  /** Items that may be found: those that are chunks of documents. */
  readonly items: readonly IndexItem[]
  readonly query: string
  readonly topK: number
}

/** Results by keywords, at most, however many are asked for by vector. */
const resultsMax = 10

/** The words of chunks, as long as their items are in memory. */
const knownTerms = new WeakMap<IndexItem, readonly string[]>()

/** Items whose texts have the words of a query, the best first. Their scores are no cosines, and their metadata says `isBm25`. */
export async function keywordResults(search: KeywordSearch, options: KeywordSearchOptions): Promise<QueryResult[]> {
  const terms = await loadKeywordTerms()
  const limit = search.topK >= 1 ? Math.min(resultsMax, search.topK) : 0
  const texts = new ChunkTexts(search.index, options.docReader)
  const engine = options.bm25Factory?.() as Bm25Engine | undefined
  const ranked = engine ? await rankBy(engine, search, texts, terms) : await rank(search, texts, terms, limit)
  return ranked.slice(0, limit).map(([item, score]) => ({
    item: { ...item, metadata: { ...item.metadata, isBm25: true } },
    score,
  }))
}

type Ranked = [item: IndexItem, score: number][]

async function rank({ items, query }: KeywordSearch, texts: ChunkTexts, terms: KeywordTerms, limit: number): Promise<Ranked> {
  const ranking = new KeywordRanking()
  for (const [position, item] of items.entries()) {
    let known = texts.areFiles ? knownTerms.get(item) : undefined
    if (known === undefined) {
      const text = await texts.of(item)
      if (text === undefined) continue
      known = terms(text)
      if (texts.areFiles) knownTerms.set(item, known)
    }
    ranking.add(position, known)
  }
  return ranking.search(terms(query), limit).map(([position, score]) => [items[position]!, score])
}

async function rankBy(
  engine: Bm25Engine,
  { items, query }: KeywordSearch,
  texts: ChunkTexts,
  terms: KeywordTerms,
): Promise<Ranked> {
  engine.defineConfig({ fldWeights: { body: 1 } })
  engine.definePrepTasks([terms])
  for (const [position, item] of items.entries()) {
    const body = await texts.of(item)
    if (body !== undefined) engine.addDoc?.({ body }, position)
  }
  engine.consolidate?.()
  const ranked: Ranked = []
  for (const result of engine.search(query)) {
    if (!isPair(result)) ranked.push([(result.item ?? {}) as IndexItem, result.score])
    else if (items[Number(result[0])]) ranked.push([items[Number(result[0])]!, result[1]])
  }
  return ranked
}

const isPair = (result: unknown): result is readonly [number | string, number] => Array.isArray(result)

/** The texts of chunks. Each document is read once. */
class ChunkTexts {
  readonly #read: (documentId: string) => Promise<string>
  readonly #documents = new Map<string, Promise<string>>()
  /** Whether texts are those of files, which do not change while there are items that tell of them. */
  readonly areFiles: boolean

  constructor(index: KeywordSearch['index'], docReader: KeywordSearchOptions['docReader']) {
    this.#read = docReader ?? ((documentId) => new LocalDocument(index, documentId, documentId).loadText())
    this.areFiles = docReader === undefined
  }

  /** Undefined for what is no chunk, and where the document cannot be read. */
  async of({ metadata: { documentId, startPos, endPos } }: IndexItem): Promise<string | undefined> {
    if (documentId === undefined || startPos === undefined || endPos === undefined) return undefined
    const id = String(documentId)
    try {
      let text = this.#documents.get(id)
      if (!text) this.#documents.set(id, (text = this.#read(id)))
      return (await text).substring(Number(startPos), Number(endPos) + 1)
    } catch {
      return undefined
    }
  }
}
