import type { Collection } from '../collection/collection.js'
import { checked } from '../collection/options.js'
import type { Transaction } from '../collection/transaction.js'
import { QuiverError } from '../errors.js'
import { parseVersionName } from '../history/keys.js'
import { chunkIds, type ChunkRecord, type DocumentRecord } from './document-records.js'
import { DocumentsReader, type DocumentsPlace } from './documents-reader.js'
import { documentsPerCallMax, throwIfAborted, upsertDocumentsOptions } from './options.js'
import { type CheckedInput, checkedInput, checkUri, readSource, type SourceDocument } from './read-source.js'
import { rewritten, type Rewritten } from './rewrite.js'
import type { DocumentInput, DocumentOutcome, DocumentProgress, DocumentsWritten, UpsertDocumentsOptions } from './types.js'
import * as v from 'valibot'

/** What documents need of the namespace that they are in. */
export interface DocumentsHost {
  transaction<R>(callback: (tx: Transaction) => Promise<R>): Promise<R>
  version(): Promise<string>
}

/** Others may write the same documents at the same time; the later one wins. */
const writesMax = 8

/**
 * Texts that are found by what they say: each is cut into chunks, the chunks are embedded, and a question finds the nearest.
 * A document is a record of its collection, with its text, and its chunks are records of another one beside it (`name/chunks`), so versions, filters,
 * transactions and backups hold for both. A change is one commit: until then the document is whole as it was.
 *
 * @example
 * ```ts
 * const notes = await db.collection('notes', { documents: { embedder: builtInEmbedder() } })
 * await notes.documents.upsert({ uri: 'wings.md', text: '# Wings\n\nLift grows with speed.', metadata: { year: 1958 } })
 * const { documents } = await notes.documents.search({ text: 'lift of a wing', where: { year: { $gte: 1950 } } })
 * ```
 */
export class Documents extends DocumentsReader {
  /** The chunks as records: `uri`, `text`, `chunk.start`, `chunk.end`, `chunk.ordinal`, `chunk.tokens` and the metadata. Not to be written to. */
  readonly chunks: Collection<ChunkRecord>
  readonly #place: DocumentsPlace
  readonly #host: DocumentsHost
  readonly #documents: Collection<DocumentRecord>

  constructor(
    place: DocumentsPlace,
    host: DocumentsHost,
    documents: Collection<DocumentRecord>,
    chunks: Collection<ChunkRecord>,
  ) {
    super(place, () => place.ledger.current())
    this.#place = place
    this.#host = host
    this.#documents = documents
    this.chunks = chunks
  }

  /**
   * Stores documents, all or none: a new one is added, one whose uri is known is replaced. What has not changed is left alone, and of a text that has,
   * only chunks that are new are embedded.
   * @param input one or up to 10,000, of at most 50,000 chunks together
   * @throws QuiverError INVALID_ARGUMENT, INVALID_ID, INVALID_RECORD, INVALID_DOCUMENT, NOT_FOUND: no such file. FETCH_FAILED, LIMIT_EXCEEDED, TIMEOUT,
   * EMBEDDER_FAILED, INVALID_EMBEDDING, ABORTED. Nothing was written then
   */
  async upsert(input: DocumentInput | readonly DocumentInput[], options: UpsertDocumentsOptions = {}): Promise<DocumentsWritten> {
    const { force = false, signal, onProgress } = checked(upsertDocumentsOptions, options, 'upsert') as UpsertDocumentsOptions
    const inputs = checkedInputs(input)
    const told = onProgress ?? (() => undefined)
    const sources = await this.#read(inputs, signal, told)
    const before = await this.#stored([...sources.keys()])
    const call = { collection: this.#place, chunks: this.chunks, force, signal, onProgress: told }
    const changes = await rewritten([...sources.values()], before, call)
    if (changes.written.length > 0) {
      // As in a plain upsert: who writes faster than graphs are built waits.
      await this.#place.ledger.throttle(this.#place.chunks, signal)
      throwIfAborted(signal)
      told({ phase: 'writing', done: 0, total: changes.written.length })
      await this.#write(changes.written)
      told({ phase: 'writing', done: changes.written.length, total: changes.written.length })
    }
    const outcomes = new Map<string, DocumentOutcome>(changes.outcomes.map((outcome) => [outcome.uri, outcome]))
    return { version: await this.#host.version(), documents: [...sources.keys()].map((uri) => outcomes.get(uri)!) }
  }

  /** Removes documents with their chunks; uris that are not there are passed over. @throws QuiverError INVALID_ID */
  async delete(uris: string | readonly string[]): Promise<{ readonly deleted: number; readonly version: string }> {
    const list = [...new Set(typeof uris === 'string' ? [uris] : checked(v.array(v.unknown()), uris, 'uris'))].map(checkUri)
    const deleted = await this.#again(async (tx) => {
      const documents = tx.collection<DocumentRecord>(this.#documents.name)
      const found = (await documents.getMany(list, { fields: ['uri', 'content'] })).filter((record) => record !== null)
      await tx.collection(this.chunks.name).delete(found.flatMap(({ uri, content }) => chunkIds(uri, 0, content.chunks)))
      return documents.delete(found.map(({ uri }) => uri))
    })
    return { deleted, version: await this.#host.version() }
  }

  /**
   * The documents as they were at a version, for reading. Close it when done: until then the version is kept.
   * @throws QuiverError NOT_FOUND: older than the retention time, or there were no documents yet
   */
  async at(version: string): Promise<DocumentsVersion> {
    const pin = await this.#place.ledger.pin(parseVersionName(checked(v.string(), version, 'version')))
    const { documents, chunks } = this.#place
    if (pin.state.collections.has(documents) && pin.state.collections.has(chunks))
      return new DocumentsVersion(
        this.#place,
        async () => pin.state,
        () => pin.release(),
      )
    await pin.release()
    throw new QuiverError('NOT_FOUND', `At version ${version} there were no documents in '${this.#place.name}'.`, {
      details: { version },
    })
  }

  /** Texts by uri; of several with one uri, the last. */
  async #read(
    inputs: readonly CheckedInput[],
    signal: AbortSignal | undefined,
    told: (progress: DocumentProgress) => void,
  ): Promise<Map<string, SourceDocument>> {
    const sources = new Map<string, SourceDocument>()
    for (const [at, input] of inputs.entries()) {
      throwIfAborted(signal)
      told({ phase: 'reading', done: at, total: inputs.length })
      const source = await readSource(input, this.#place.settings.fetch, signal)
      sources.set(source.uri, source)
    }
    told({ phase: 'reading', done: inputs.length, total: inputs.length })
    return sources
  }

  async #stored(uris: readonly string[]): Promise<Map<string, DocumentRecord>> {
    const records = await this.#documents.getMany(uris)
    return new Map(records.flatMap((record) => (record ? [[record.uri, record]] : [])))
  }

  async #write(changes: readonly Rewritten[]): Promise<void> {
    await this.#again(async (tx) => {
      const documents = tx.collection<DocumentRecord>(this.#documents.name)
      const chunks = tx.collection<ChunkRecord>(this.chunks.name)
      const uris = changes.map(({ document }) => document.uri)
      // Read within the transaction: another writer may have stored more chunks since.
      const before = await documents.getMany(uris, { fields: ['content'] })
      const stale = changes.flatMap(({ document: { uri, content } }, at) =>
        chunkIds(uri, content.chunks, before[at]?.content.chunks ?? 0),
      )
      if (stale.length > 0) await chunks.delete(stale)
      await chunks.upsert(changes.flatMap((change) => change.chunks))
      await documents.upsert(changes.map(({ document }) => document))
    })
  }

  /** Nothing that is written depends on what others write at the same time, so a conflict only means: once more. */
  async #again<R>(write: (tx: Transaction) => Promise<R>): Promise<R> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#host.transaction(write)
      } catch (error) {
        const isConflict = error instanceof QuiverError && error.code === 'CONFLICT'
        if (!isConflict || tries === writesMax) throw error
      }
    }
  }
}

/** Documents as they were at one version. */
export class DocumentsVersion extends DocumentsReader {
  readonly #release: () => Promise<void>

  constructor(place: DocumentsPlace, state: ConstructorParameters<typeof DocumentsReader>[1], release: () => Promise<void>) {
    super(place, state)
    this.#release = release
  }

  close(): Promise<void> {
    return this.#release()
  }
}

function checkedInputs(input: unknown): CheckedInput[] {
  const list: unknown[] = Array.isArray(input) ? input : [input]
  if (list.length <= documentsPerCallMax) return list.map(checkedInput)
  throw new QuiverError(
    'LIMIT_EXCEEDED',
    `A call takes at most ${documentsPerCallMax} documents; this one has ${list.length}. Split it.`,
    {
      details: { limit: documentsPerCallMax, actual: list.length },
    },
  )
}
