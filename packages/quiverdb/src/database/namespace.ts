import { v7 as uuidv7 } from 'uuid'
import * as v from 'valibot'
import { QuiverError } from '../errors.js'
import { Collection } from '../collection/collection.js'
import type { Ledger, Pin } from '../collection/ledger.js'
import { checked, collectionName, declaredPaths, indexDefinition, textDefinitions } from '../collection/options.js'
import { indexStatuses } from '../collection/status.js'
import { Transaction } from '../collection/transaction.js'
import type { Fields, IndexOptions, IndexStatus } from '../collection/types.js'
import type { TextOptions } from '../collection/text-types.js'
import { chunksOf } from '../documents/document-records.js'
import type { Documents } from '../documents/documents.js'
import type { DocumentsOptions } from '../documents/types.js'
import { decodeCommit } from '../history/commit.js'
import { BranchKeys, formatVersionName } from '../history/keys.js'
import { Pins } from '../history/pins.js'
import type { ObjectStore } from '../store/object-store.js'
import { checkNamespace, checkOptions, type CheckOptions, type CheckReport } from './check.js'
import { collect, partsOf } from './collector.js'
import { loadVersion } from './loader.js'
import { Maintenance, maintainOptions, type MaintainOptions } from './maintenance.js'
import { NamespaceLog } from './namespace-log.js'
import type { Parts } from '../collection/version/parts.js'
import type { Retention, Tuning } from './tuning.js'

/** Documented limits (`docs/LIMITS.md`). */
export const collectionsMax = 10_000
export const messageBytesMax = 4_096
const logLimitDefault = 100

export interface CollectionOptions {
  /** Indexes that the collection is to have; missing ones are created. */
  indexes?: readonly IndexOptions[]
  /** Dotted paths of fields that filters ask for, at most 64; missing ones are declared. */
  fields?: readonly string[]
  /** Fields whose words are to be searched, at most 16; missing ones are declared. */
  texts?: readonly TextOptions[]
  /** Makes the records documents: texts that are cut into chunks, embedded and found by what they say; `collection.documents` has them. */
  documents?: DocumentsOptions
}

/** A collection whose records are documents. */
export type DocumentCollection<T extends object = Fields> = Collection<T> & { readonly documents: Documents }

/** A managed index as it is recorded. */
export interface ManagedIndex {
  readonly collection: string
  readonly index: string
  /** Id of the embedder. */
  readonly embedder: string
}

/** One entry of the log. */
export interface LogEntry {
  readonly version: string
  /** ISO 8601, by the writer's clock. */
  readonly time: string
  /** `named`: by `commit(message)`; kept for ever. */
  readonly kind: 'write' | 'named'
  readonly message?: string
  /** Records that it wrote or deleted. */
  readonly records: number
}

export interface NamespaceStats {
  readonly version: string
  readonly collections: readonly {
    readonly name: string
    readonly records: number
    /** Sealed parts of rows; what is not sealed yet lies in memory and in the log. */
    readonly segments: number
    readonly indexes: readonly IndexStatus[]
  }[]
  readonly store: { readonly objects: number }
  /** Writes of this process that no commit has taken yet. */
  readonly waitingWrites: number
  /** Linear memory in use by the whole database: codes, graphs and searches. */
  readonly memoryBytes: number
}

export interface NamespaceContext {
  readonly store: ObjectStore
  readonly parts: Parts
  readonly tuning: Tuning
  readonly retention: Retention
  readonly automatic: boolean
  /** Of this process; names its pin. */
  readonly node: string
}

/**
 * Collections that share one history: one order of commits, one sequence of versions, and transactions over all of them.
 * Namespaces are independent of each other, and one costs next to nothing.
 */
export class Namespace {
  readonly name: string
  readonly #context: NamespaceContext
  readonly #keys: BranchKeys
  readonly #log: NamespaceLog
  readonly #maintenance: Maintenance
  readonly #pins: Pins
  readonly #ledger: Ledger
  readonly #collectTimer: NodeJS.Timeout | undefined
  #collecting: Promise<unknown> = Promise.resolve()

  private constructor(
    name: string,
    keys: BranchKeys,
    context: NamespaceContext,
    loaded: Awaited<ReturnType<typeof loadVersion>>,
  ) {
    const { store, parts, tuning, retention, automatic } = context
    this.name = name
    this.#context = context
    this.#keys = keys
    this.#pins = new Pins(store, keys, context.node)
    this.#log = new NamespaceLog(store, keys, parts, retention, loaded, {
      moved: (state, { bytes, kind, hasRows }) => {
        if (kind === 'maintenance') parts.keepOnly(new Set(partsOf(state)))
        this.#maintenance.moved(bytes, kind === 'write' || hasRows)
      },
    })
    this.#maintenance = new Maintenance(
      this.#log,
      store,
      tuning,
      automatic,
      loaded,
      () => this.#collect(),
      () => this.#ledger,
    )
    this.#ledger = {
      namespace: name,
      parts,
      checkOpen: () => this.#log.checkOpen(),
      current: () => this.#log.current(),
      currentNow: () => this.#log.currentNow(),
      commit: (intent, signal) => this.#log.commit(intent, signal),
      upload: (chunks) => this.#upload(chunks),
      throttle: (collection, signal) => this.#maintenance.throttle(collection, signal),
      pin: (seq) => this.#pin(seq),
      watch: () => this.#log.watch(),
      building: (collection, index) => this.#maintenance.building(collection, index),
      embedders: this.#maintenance.embeddings.embedders,
      embedding: (index) => this.#maintenance.embeddings.work(index),
    }
    if (!automatic) return
    this.#collectTimer = setInterval(() => void this.#collect().catch(() => undefined), tuning.collectEveryMs)
    this.#collectTimer.unref?.()
  }

  static async open(name: string, context: NamespaceContext): Promise<Namespace> {
    const keys = new BranchKeys(name)
    return new Namespace(name, keys, context, await loadVersion(context.store, keys, context.parts))
  }

  /**
   * Opens a collection, creating it and its indexes where they are missing.
   * @throws QuiverError INVALID_ARGUMENT, INVALID_FILTER, ALREADY_EXISTS: an index of that name is declared differently
   */
  collection<T extends object = Fields>(
    name: string,
    options: CollectionOptions & { documents: DocumentsOptions },
  ): Promise<DocumentCollection<T>>
  collection<T extends object = Fields>(name: string, options?: CollectionOptions): Promise<Collection<T>>
  async collection<T extends object = Fields>(name: string, options: CollectionOptions = {}): Promise<Collection<T>> {
    checked(collectionName, name, 'collection name')
    const {
      indexes = [],
      fields = [],
      texts = [],
      documents,
    } = checked(
      v.strictObject({
        indexes: v.optional(v.array(v.any())),
        fields: v.optional(v.array(v.string())),
        texts: v.optional(v.array(v.any())),
        documents: v.optional(v.record(v.string(), v.any())),
      }),
      options,
      'collection options',
    ) as CollectionOptions
    for (const index of indexes) indexDefinition(index, '')
    declaredPaths(fields)
    textDefinitions(texts)
    let uuid = (await this.#log.current()).byName(name)?.uuid
    uuid ??= await this.#create(name)
    const collection = new Collection<T>(this.#ledger, uuid, name)
    await collection.ensureIndexes(indexes)
    if (fields.length > 0) await collection.declareFields(fields)
    if (texts.length > 0) await collection.declareTexts(texts)
    return documents ? this.#withDocuments(collection, documents, fields) : collection
  }

  /** What only documents need is loaded only for them. */
  async #withDocuments<T extends object>(
    collection: Collection<T>,
    options: DocumentsOptions,
    fields: readonly string[],
  ): Promise<DocumentCollection<T>> {
    const { openDocuments } = await import('../documents/open-documents.js')
    const documents = await openDocuments(collection, options, {
      ledger: this.#ledger,
      transaction: (callback) => this.transaction(callback),
      version: () => this.version(),
      chunks: (name) => this.collection(name, { fields }),
    })
    return Object.assign(collection, { documents })
  }

  /** Names of the collections. */
  async collections(): Promise<string[]> {
    return [...(await this.#log.current()).collections.values()].map(({ name }) => name).sort()
  }

  /** The managed indexes of all collections, and the embedder whose vectors each holds: for those who are to give embedders when a process begins. */
  async managedIndexes(): Promise<ManagedIndex[]> {
    const found: ManagedIndex[] = []
    for (const { name, definitions } of (await this.#log.current()).collections.values()) {
      for (const { name: index, embedder } of definitions)
        if (embedder !== undefined) found.push({ collection: name, index, embedder })
    }
    return found
  }

  /** Removes a collection with all its records, and the chunks of its documents. Versions before stay readable as long as they are kept. @throws QuiverError NOT_FOUND */
  async dropCollection(name: string): Promise<void> {
    await this.#log.commit({
      kind: 'write',
      sizeBytes: 128,
      rowsMax: 0,
      prepare: (draft) => {
        const uuid = draft.uuidOf(name)
        if (!uuid)
          throw new QuiverError('NOT_FOUND', `Namespace '${this.name}' has no collection '${name}'.`, {
            details: { collection: name },
          })
        const chunks = draft.uuidOf(chunksOf(name))
        const dropped = [uuid, ...(chunks ? [chunks] : [])]
        for (const one of dropped) draft.dropCollection(one)
        return { ops: dropped.map((collection) => ({ op: 'dropCollection', collection })), blocks: new Map(), rows: 0 }
      },
    })
  }

  /**
   * Runs reads and writes that happen together or not at all. What the callback throws ends the transaction without a trace.
   *
   * @example
   * ```ts
   * await db.transaction(async (tx) => {
   *   const accounts = tx.collection<{ balance: number }>('accounts')
   *   const account = await accounts.get('a1')
   *   if (!account || account.balance < 10) throw new Error('not enough')
   *   await accounts.update('a1', { balance: account.balance - 10 })
   *   await tx.collection('transfers').upsert([{ from: 'a1', amount: 10 }])
   * })
   * ```
   * @throws QuiverError CONFLICT: another commit changed what the transaction read; nothing was written
   */
  async transaction<R>(callback: (tx: Transaction) => Promise<R>): Promise<R> {
    checked(v.function(), callback, 'transaction')
    const watch = this.#log.watch()
    try {
      const base = await this.#log.current()
      const unpin = this.#pins.holdHere(base.seq)
      const tx = new Transaction(this.#ledger, base)
      try {
        const result = await callback(tx)
        await tx.commit(watch)
        return result
      } finally {
        tx.abandon()
        unpin()
      }
    } finally {
      watch.stop()
    }
  }

  /**
   * Names the present version, which is then kept for ever. Returns it, for `collection.at`.
   * @throws QuiverError LIMIT_EXCEEDED, INVALID_ARGUMENT
   */
  async commit(message: string): Promise<string> {
    checked(v.pipe(v.string(), v.maxBytes(messageBytesMax)), message, 'message')
    const state = await this.#log.commit({
      kind: 'named',
      message,
      sizeBytes: message.length,
      rowsMax: 0,
      prepare: () => ({ ops: [{ op: 'name' }], blocks: new Map(), rows: 0 }),
    })
    return formatVersionName(state.seq)
  }

  /** The newest version. */
  async version(): Promise<string> {
    return formatVersionName((await this.#log.current()).seq)
  }

  /** What was written, newest first: every commit that is still kept, and all named versions. */
  async log(options: { limit?: number } = {}): Promise<LogEntry[]> {
    const { limit = logLimitDefault } = checked(
      v.strictObject({ limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))) }),
      options,
      'log options',
    )
    const state = await this.#log.current()
    const entries: LogEntry[] = []
    let seq = state.seq
    for (; seq > 0 && entries.length < limit; seq--) {
      const key = this.#keys.log(seq)
      const bytes = await this.#context.store.get(key)
      if (!bytes) break
      const { kind, timeMs, message, changed } = decodeCommit(this.#context.parts.containers, bytes, key)
      if (kind !== 'maintenance') entries.push(logEntry(seq, timeMs, kind, message, changed))
    }
    for (const named of [...state.named].reverse()) {
      if (named.seq <= seq && entries.length < limit) entries.push(logEntry(named.seq, named.timeMs, 'named', named.message, 0))
    }
    return entries
  }

  async stats(): Promise<NamespaceStats> {
    const state = await this.#log.current()
    let objects = 0
    for await (const _ of this.#context.store.list(this.#keys.root)) objects++
    const collections: NamespaceStats['collections'][number][] = []
    for (const collection of state.collections.values()) {
      const { name, records, sets } = collection
      const segments = sets.filter(({ set }) => set.key !== null).length
      collections.push({ name, records, segments, indexes: await indexStatuses(this.#ledger, collection) })
    }
    const memoryBytes = this.#context.parts.pool.bytesUsed
    const { waitingWrites } = this.#log
    return { version: formatVersionName(state.seq), collections, store: { objects }, waitingWrites, memoryBytes }
  }

  /** Resolves when no background work is due: then each index is one graph and nearly nothing to scan. @throws QuiverError ABORTED */
  async settled(options: Omit<MaintainOptions, 'only'> = {}): Promise<void> {
    const settings = checked(v.omit(maintainOptions, ['only']), options, 'options')
    // A look at the head first: what other processes wrote is to be settled too.
    await this.#log.current()
    await this.#maintenance.settle(settings)
  }

  /** Does background work now, all or some kinds of it, also where it is not automatic. `collect` runs only when named. */
  async maintain(options: MaintainOptions = {}): Promise<void> {
    const settings = checked(maintainOptions, options, 'options')
    await this.#log.current()
    await this.#maintenance.settle(settings)
  }

  /** Reads and verifies everything: checksums, that every record is found by its id and by exact search, that every node of a graph is reached. */
  async check(options: CheckOptions = {}): Promise<CheckReport> {
    const settings = checked(checkOptions, options, 'check options') as CheckOptions
    return checkNamespace(await this.#log.current(), this.#context.store, this.#keys, this.#context.parts, settings)
  }

  async close(): Promise<void> {
    clearInterval(this.#collectTimer)
    await this.#maintenance.embeddings.close()
    await this.#log.close()
    await this.#maintenance.close()
    await this.#collecting.catch(() => undefined)
    await this.#pins.close()
  }

  async #create(name: string): Promise<string> {
    const fresh = uuidv7()
    let uuid = fresh
    await this.#log.commit({
      kind: 'write',
      sizeBytes: 256,
      rowsMax: 0,
      prepare: (draft) => {
        const existing = draft.uuidOf(name)
        if (existing) {
          // Someone else was first; there is nothing to do but to use theirs.
          uuid = existing
          return { ops: [], blocks: new Map(), rows: 0 }
        }
        if (draft.base.collections.size >= collectionsMax) {
          throw new QuiverError(
            'LIMIT_EXCEEDED',
            `Namespace '${this.name}' has ${collectionsMax} collections, which is the most.`,
          )
        }
        draft.createCollection(fresh, name)
        return { ops: [{ op: 'createCollection', collection: fresh, name }], blocks: new Map(), rows: 0 }
      },
    })
    return uuid
  }

  async #upload(chunks: readonly Uint8Array[]): Promise<string> {
    const key = this.#keys.rowsPrefix + uuidv7()
    await this.#context.store.put(key, chunks)
    return key
  }

  async #pin(seq?: number): Promise<Pin> {
    const head = await this.#log.current()
    const wanted = seq ?? head.seq
    if (wanted > head.seq) {
      throw new QuiverError(
        'NOT_FOUND',
        `There is no version ${formatVersionName(wanted)}; the newest is ${formatVersionName(head.seq)}.`,
      )
    }
    const release = await this.#pins.hold(wanted)
    try {
      const state =
        wanted === head.seq ? head : (await loadVersion(this.#context.store, this.#keys, this.#context.parts, wanted)).state
      return { state, release }
    } catch (error) {
      await release()
      throw error
    }
  }

  #collect(): Promise<void> {
    const { store, parts, retention } = this.#context
    const work = this.#collecting
      .catch(() => undefined)
      .then(() => this.#log.current())
      .then(() => collect(this.#log, store, this.#keys, parts, this.#pins, retention))
    this.#collecting = work
    return work.then(() => undefined)
  }
}

function logEntry(seq: number, timeMs: number, kind: 'write' | 'named', message: string | undefined, records: number): LogEntry {
  return {
    version: formatVersionName(seq),
    time: new Date(timeMs).toISOString(),
    kind,
    ...(message !== undefined && { message }),
    records,
  }
}
