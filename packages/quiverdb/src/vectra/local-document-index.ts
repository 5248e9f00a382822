import { v4 as uuid } from 'uuid'
import type { Tokenizer } from '../text/tokenizer.js'
import type { DocumentCatalog } from './codecs/index-codec.js'
import { computeContentHash } from './content-hash.js'
import { CatalogFile } from './catalog-file.js'
import { addToCatalog, copyOfCatalog, entryOf, removeFromCatalog } from './document-catalog.js'
import { DocumentFiles } from './document-files.js'
import type { DocumentCatalogStats, DocumentChunkMetadata, EmbeddingsModel } from './document-types.js'
import type { DocumentQueryOptions, LocalDocumentIndexConfig } from './document-index-config.js'
import { embedChunks, embedQuery } from './embed-chunks.js'
import { GPT3Tokenizer } from './gpt3-tokenizer.js'
import { LocalDocument } from './local-document.js'
import { LocalDocumentResult } from './local-document-result.js'
import { LocalIndex } from './local-index.js'
import { FileStorageUtilities } from './storage/file-storage-utilities.js'
import { splitDocument } from './split-document.js'
import type { TextChunk, TextSplitterConfig } from './text-splitter.js'
import { Turns } from './turns.js'
import type { CreateIndexConfig, IndexItem, MetadataConfig, MetadataTypes, QueryResult } from './types.js'
import { StagedDocuments } from './staged-documents.js'
import { type DocumentChange, UnfinishedDocuments } from './unfinished-documents.js'
import { VectraError } from './vectra-error.js'

const chunkSizeDefault = 512
const maxDocumentsDefault = 10
const maxChunksDefault = 50
/** Characters of a document. Its chunks, vectors and text are in memory at the same time while it is added. */
const documentLengthMax = 100_000_000
const chunkFields = ['documentId', 'startPos', 'endPos']

/** A document that is to be staged. */
interface NewDocument {
  readonly uri: string
  readonly text: string
  readonly metadata: Record<string, MetadataTypes> | undefined
  readonly hash: string
  readonly chunks: readonly TextChunk[]
  readonly vectors: readonly number[][]
}

/**
 * Documents in a folder, cut into chunks that are found by vector. The folder is that of Vectra: either program reads what the other has
 * written.
 *
 * A document that is upserted is there whole or not at all, and the version before it stays until then, whatever fails. Within `beginUpdate`
 * and `endUpdate` many documents are saved at once, which is how many are added quickly.
 *
 * @example
 * ```ts
 * const index = new LocalDocumentIndex({ folderPath: 'notes', embeddings: new OpenAIEmbeddings({ apiKey, model: 'text-embedding-3-small' }) })
 * if (!(await index.isIndexCreated())) await index.createIndex()
 * await index.upsertDocument('notes/perceptron.md', markdown, 'md', { year: 1958 })
 * for (const document of await index.queryDocuments('who invented it?', { maxDocuments: 3 }))
 *   console.log(document.uri, document.score, await document.renderSections(500, 1))
 * ```
 */
export class LocalDocumentIndex extends LocalIndex<DocumentChunkMetadata> {
  /** @internal Its name is Vectra's, like that of the next one. */
  _catalog: DocumentCatalog | undefined
  /** @internal While there is an update. */
  _newCatalog: DocumentCatalog | undefined

  readonly #embeddings: EmbeddingsModel | undefined
  readonly #tokenizer: Tokenizer
  readonly #chunking: Partial<TextSplitterConfig>
  readonly #files: DocumentFiles
  readonly #catalogFile: CatalogFile
  readonly #unfinished: UnfinishedDocuments
  readonly #turns = new Turns()
  #loading: Promise<void> | undefined
  readonly #staged = new StagedDocuments()
  /** Whether the update is one that a single call has begun for itself. */
  #isOwnUpdate = false
  /** The document whose deletion is part of a call's own update. */
  #replaced: string | undefined
  /** Whether the items of the update are saved, and its catalog not yet. */
  #itemsAreSaved = false

  constructor(config: LocalDocumentIndexConfig) {
    super(config.folderPath, config.indexName, config.storage, config.codec, config.options)
    this.#embeddings = config.embeddings
    this.#tokenizer = config.tokenizer ?? config.chunkingConfig?.tokenizer ?? new GPT3Tokenizer()
    this.#chunking = { keepSeparators: true, chunkSize: chunkSizeDefault, chunkOverlap: 0, ...config.chunkingConfig }
    this.#files = new DocumentFiles(this.storage, this.folderPath, this.codec)
    this.#catalogFile = new CatalogFile(this.storage, this.codec, this.#files)
    this.#unfinished = new UnfinishedDocuments(this.storage, this.#files.pathOf('quiver-unfinished-documents.json'))
  }

  get embeddings(): EmbeddingsModel | undefined {
    return this.#embeddings
  }

  get tokenizer(): Tokenizer {
    return this.#tokenizer
  }

  isCatalogCreated(): Promise<boolean> {
    return this.#catalogFile.exists()
  }

  /** Makes an empty index with an empty catalog. What tells chunks apart is always indexed. */
  override async createIndex(config: CreateIndexConfig = { version: 1 }): Promise<void> {
    const metadata_config = config.metadata_config && this.indexedFields(config.metadata_config)
    await super.createIndex({ ...config, ...(metadata_config && { metadata_config }) })
    this._catalog = undefined
    await this.loadIndexData()
  }

  override async deleteIndex(): Promise<void> {
    await FileStorageUtilities.tryDeleteFile(this.storage, this.#files.catalogPath)
    await super.deleteIndex()
    this._catalog = undefined
    this.#forgetUpdate()
  }

  async getDocumentId(uri: string): Promise<string | undefined> {
    return entryOf((await this.#loadedCatalog()).uriToId, uri)
  }

  async getDocumentUri(documentId: string): Promise<string | undefined> {
    return entryOf((await this.#loadedCatalog()).idToUri, documentId)
  }

  async getCatalogStats(): Promise<DocumentCatalogStats> {
    const { version, count } = await this.#loadedCatalog()
    const { items, metadata_config } = await this.getIndexStats()
    return { version, documents: count, chunks: items, metadata_config }
  }

  /**
   * Adds a document, or replaces the one at `uri`, which keeps its id. One that is there already, with the same text, type and metadata, is
   * left as it is.
   *
   * @param docType What the text is, such as `md`. Default: the extension of `uri`.
   * @param metadata Of the document, and of each of its chunks for filters.
   * @throws VectraError INVALID_ARGUMENT: there are no embeddings; LIMIT_EXCEEDED; EMBEDDER_FAILED, DIMENSION_MISMATCH: nothing was changed; STORAGE_FAILED
   */
  async upsertDocument(
    uri: string,
    text: string,
    docType?: string,
    metadata?: Record<string, MetadataTypes>,
    options?: { force?: boolean },
  ): Promise<LocalDocument> {
    const embeddings = this.#model()
    checkDocument(uri, text)
    const catalog = await this.#newestCatalog()
    const hash = computeContentHash(text, docType, metadata)
    const present = entryOf(catalog.uriToId, uri)
    if (present !== undefined && entryOf(catalog.uriToHash, uri) === hash && !options?.force)
      return new LocalDocument(this, present, uri)

    const type = docType ?? uri.slice(uri.lastIndexOf('.') + 1).toLowerCase()
    const chunks = splitDocument(text, { ...this.#chunking, tokenizer: this.#tokenizer, docType: type }, embeddings.maxTokens)
    const vectors = await embedChunks(embeddings, chunks, await this.#dimensions(present))
    const document = { uri, text, metadata: metadata && { ...metadata }, hash, chunks, vectors }
    const id = await this.#change(`Error adding document "${uri}"`, () => this.#stage(document))
    return new LocalDocument(this, id, uri)
  }

  /** Deletes a document; an unknown one is none. */
  async deleteDocument(uri: string): Promise<void> {
    const isReplaced = this.#replaced === uri
    this.#replaced = undefined
    if (!isReplaced && entryOf((await this.#newestCatalog()).uriToId, uri) === undefined) return
    const stage = (): Promise<void> => this.#stageDeletion(uri)
    if (isReplaced) await stage()
    else await this.#change(`Error deleting document "${uri}"`, stage)
  }

  /** The documents whose chunks are nearest to a query, by the mean of their scores. @throws VectraError INVALID_ARGUMENT, EMBEDDER_FAILED */
  async queryDocuments(query: string, options: DocumentQueryOptions = {}): Promise<LocalDocumentResult[]> {
    const embeddings = this.#model()
    await this.loadIndexData()
    const vector = await embedQuery(embeddings, query, await this.#dimensions())
    const { maxDocuments = maxDocumentsDefault, maxChunks = maxChunksDefault, filter, isBm25 } = options
    const found = await this.queryItems(vector, query, maxChunks, filter, isBm25)
    const documents = await this.#documentsOf(found)
    return documents.sort((a, b) => comparable(b.score) - comparable(a.score)).slice(0, maxDocuments)
  }

  /** The uris of all documents. */
  async listDocumentUris(): Promise<string[]> {
    return Object.keys((await this.#loadedCatalog()).uriToId)
  }

  /** All documents that have chunks, with all of these. */
  async listDocuments(): Promise<LocalDocumentResult[]> {
    const items = await this.#withIds(await this.listItems())
    return this.#documentsOf(items.map((item) => ({ item, score: 1 })))
  }

  override async beginUpdate(): Promise<void> {
    // Whoever changes a document at the moment finishes first.
    await this.#turns.run(() => this.#begin())
  }

  override async endUpdate(): Promise<void> {
    const catalog = this._newCatalog
    const { changes } = this.#staged
    if (!this.#itemsAreSaved) {
      if (changes.length > 0) await this.#unfinished.note(changes)
      // Nobody knows of a new document's files before its chunks are there.
      for (const change of changes.filter(({ before, goes }) => before === undefined && goes === undefined))
        await this.#files.writeDocument(change)
      await super.endUpdate()
      this.#itemsAreSaved = true
    }
    if (catalog === undefined) return
    try {
      for (const change of changes.filter(({ before, goes }) => before !== undefined || goes !== undefined))
        await this.#files.writeDocument(change)
      await this.#catalogFile.write(catalog)
    } catch (error) {
      throw new VectraError('STORAGE_FAILED', `Error saving document catalog: ${error}`, { cause: error })
    }
    this._catalog = catalog
    this.#forgetUpdate()
    await this.#removeFiles(changes.filter(({ content }) => !content))
    if (changes.length > 0) await this.#unfinished.forget()
  }

  override cancelUpdate(): void {
    super.cancelUpdate()
    this.#forgetUpdate()
  }

  protected override async loadIndexData(): Promise<void> {
    await super.loadIndexData()
    if (this._catalog) return
    this.#loading ??= this.#loadCatalog().finally(() => (this.#loading = undefined))
    await this.#loading
  }

  /** @internal */
  protected override indexedFields({ indexed }: MetadataConfig): MetadataConfig {
    return indexed?.length ? { indexed: [...new Set([...indexed, ...chunkFields])] } : { ...(indexed && { indexed }) }
  }

  /** Runs `stage` in the update that is open, or in one of its own, which is saved then. */
  async #change<T>(doing: string, stage: () => Promise<T>): Promise<T> {
    const named = async (): Promise<T> => {
      try {
        return await stage()
      } catch (error) {
        throw failure(doing, error)
      }
    }
    const isOpen = (): boolean => this._newCatalog !== undefined && !this.#isOwnUpdate
    if (isOpen()) return named()
    return this.#turns.run(() => (isOpen() ? named() : this.#changeAlone(doing, named)))
  }

  async #changeAlone<T>(doing: string, stage: () => Promise<T>): Promise<T> {
    this.#isOwnUpdate = true
    try {
      await this.#begin()
      const result = await stage()
      await this.endUpdate()
      return result
    } catch (error) {
      // Saved, but for files that nobody needs any longer.
      const isSaved = this._newCatalog === undefined
      this.cancelUpdate()
      throw isSaved || (error as Error).message.startsWith(doing) ? error : failure(doing, error)
    } finally {
      this.#isOwnUpdate = false
    }
  }

  async #begin(): Promise<void> {
    await super.beginUpdate()
    try {
      if (await this.#catalogFile.hasChanged()) this._catalog = undefined
      this._newCatalog = copyOfCatalog(await this.#loadedCatalog())
    } catch (error) {
      super.cancelUpdate()
      throw error
    }
  }

  /** Returns the id of the document. */
  async #stage(document: NewDocument): Promise<string> {
    const { uri, text, metadata, hash } = document
    const present = entryOf(this._newCatalog!.uriToId, uri)
    if (present !== undefined) {
      this.#replaced = uri
      const deleted = this.deleteDocument(uri)
      this.#replaced = undefined
      await deleted
    }
    const id = present ?? uuid()
    const inserted = await this.#insertChunks(id, document)
    addToCatalog(this._newCatalog!, uri, id, hash)
    const before = entryOf(this._catalog?.uriToHash, uri)
    this.#staged.add({ uri, id, before, content: { text, hash, ...(metadata && { metadata }) } }, inserted)
    return id
  }

  /** All or none. Returns their ids. */
  async #insertChunks(documentId: string, { metadata, chunks, vectors }: NewDocument): Promise<string[]> {
    const inserted: string[] = []
    try {
      for (const [i, { startPos, endPos }] of chunks.entries()) {
        const id = uuid()
        await this.insertItem({ id, metadata: { ...metadata, documentId, startPos, endPos }, vector: vectors[i]! })
        inserted.push(id)
      }
    } catch (error) {
      await this.deleteItems(inserted)
      throw error
    }
    return inserted
  }

  async #stageDeletion(uri: string): Promise<void> {
    const id = entryOf(this._newCatalog!.uriToId, uri)
    if (id === undefined) return
    const saved = await this.#chunkIds(id)
    await this.deleteItems([...saved, ...this.#staged.chunksOf(id)])
    removeFromCatalog(this._newCatalog!, uri, id)
    const isSaved = entryOf(this._catalog?.uriToId, uri) === id
    this.#staged.delete({ uri, id, before: entryOf(this._catalog?.uriToHash, uri) }, isSaved, saved)
  }

  async #removeFiles(deleted: readonly DocumentChange[]): Promise<void> {
    for (const change of deleted) {
      try {
        await this.#files.removeDocument(change)
      } catch (error) {
        throw failure(`Error removing text file for document "${change.uri}" from disk`, error)
      }
    }
  }

  #forgetUpdate(): void {
    // With its items saved and its catalog not, the note that was left tells what is to be done.
    if (this.#itemsAreSaved && this._newCatalog !== this._catalog) this._catalog = undefined
    this._newCatalog = undefined
    this.#itemsAreSaved = false
    this.#staged.clear()
  }

  /** As the open update has it, or as the folder does, whoever has written it. */
  async #newestCatalog(): Promise<DocumentCatalog> {
    if (this._newCatalog && !this.#isOwnUpdate) return this._newCatalog
    if (!this.#isOwnUpdate && (await this.#catalogFile.hasChanged())) this._catalog = undefined
    return this.#loadedCatalog()
  }

  async #loadedCatalog(): Promise<DocumentCatalog> {
    await this.loadIndexData()
    return this._catalog!
  }

  async #loadCatalog(): Promise<void> {
    const catalog = await this.#catalogFile.read()
    const finished = await this.#unfinished.finish(catalog, {
      hasItem: async (id) => (await this.itemTable()).get(id) !== undefined,
      writeFiles: (change) => this.#files.writeDocument(change),
      removeFiles: (change) => this.#files.removeDocument(change).catch(() => {}),
    })
    if (finished) await this.#catalogFile.write(catalog)
    this._catalog = catalog
  }

  #model(): EmbeddingsModel {
    if (this.#embeddings) return this.#embeddings
    throw new VectraError('INVALID_ARGUMENT', 'Embeddings model not configured.')
  }

  /** Length of the vectors of the index, but for those of one document. */
  async #dimensions(except?: string): Promise<number | undefined> {
    for (const { item } of await this.itemTable())
      if (item.metadata.documentId !== except || except === undefined) return item.vector.length
    return undefined
  }

  async #chunkIds(documentId: string): Promise<string[]> {
    const items = await this.listItemsByMetadata({ documentId })
    const { indexed } = (await this.itemTable()).head.metadata_config
    if (!indexed?.length || indexed.includes('documentId')) return items.map(({ id }) => id)
    const all = await this.#withIds(await this.listItems())
    return all.filter(({ metadata }) => metadata.documentId === documentId).map(({ id }) => id)
  }

  /** Vectra may have put what tells chunks apart into files of their own. */
  async #withIds(items: IndexItem<DocumentChunkMetadata>[]): Promise<IndexItem<DocumentChunkMetadata>[]> {
    const complete = async (item: IndexItem<DocumentChunkMetadata>): Promise<IndexItem<DocumentChunkMetadata>> => {
      if (item.metadata.documentId !== undefined || item.metadataFile === undefined) return item
      const bytes = await this.storage.readFile(this.#files.pathOf(item.metadataFile))
      return { ...item, metadata: this.codec.deserializeMetadata(bytes) as DocumentChunkMetadata }
    }
    return Promise.all(items.map(complete))
  }

  async #documentsOf(results: readonly QueryResult<DocumentChunkMetadata>[]): Promise<LocalDocumentResult[]> {
    const chunks = new Map<string, QueryResult<DocumentChunkMetadata>[]>()
    for (const result of results) {
      const id = result.item.metadata.documentId
      chunks.set(id, [...(chunks.get(id) ?? []), result])
    }
    const documents: LocalDocumentResult[] = []
    for (const [id, found] of chunks) {
      const uri = await this.getDocumentUri(id)
      // Not a document's: an item that was inserted as such.
      if (uri !== undefined) documents.push(new LocalDocumentResult(this, id, uri, found, this.#tokenizer))
    }
    return documents
  }
}

function checkDocument(uri: string, text: string): void {
  if (typeof uri !== 'string' || typeof text !== 'string')
    throw new VectraError('INVALID_ARGUMENT', 'A document has a uri and a text, which are strings.')
  if (text.length > documentLengthMax)
    throw new VectraError('LIMIT_EXCEEDED', `"${uri}" has more than ${documentLengthMax} characters; index it in parts.`, {
      details: { uri, length: text.length },
    })
}

function failure(doing: string, error: unknown): VectraError {
  return new VectraError('STORAGE_FAILED', `${doing}: ${error}`, { cause: error })
}

/** What is not a number comes last. */
const comparable = (score: number): number => (Number.isNaN(score) ? -Infinity : score)
