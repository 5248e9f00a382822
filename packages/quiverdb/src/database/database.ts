import { v7 as uuidv7 } from 'uuid'
import { createChecksum, loadKernel } from '@quiverdb/kernel'
import * as v from 'valibot'
import type { Collection } from '../collection/collection.js'
import { checked } from '../collection/options.js'
import { Parts } from '../collection/version/parts.js'
import type { Transaction } from '../collection/transaction.js'
import type { Fields } from '../collection/types.js'
import type { DocumentsOptions } from '../documents/types.js'
import { QuiverError } from '../errors.js'
import { Containers, formatVersion } from '../format/container.js'
import { formatKey, namespacesPrefix, unescapeName } from '../history/keys.js'
import { Residency } from '../segment/residency.js'
import { SearchHelpers } from '../segment/search-helpers.js'
import type { ObjectStore } from '../store/object-store.js'
import { openStore } from '../store/open-store.js'
import { MemoryPool } from '../vector/memory-pool.js'
import { lanesMax } from '../vector/threads/lanes.js'
import type { CheckOptions, CheckReport } from './check.js'
import type { MaintainOptions } from './maintenance.js'
import {
  Namespace,
  type CollectionOptions,
  type DocumentCollection,
  type LogEntry,
  type ManagedIndex,
  type NamespaceContext,
  type NamespaceStats,
} from './namespace.js'
import { defaultRetention, defaultTuning, type Retention, type Tuning } from './tuning.js'

export interface OpenOptions {
  /** Make the database when there is none. Default: true. */
  create?: boolean
  /** Bound of the linear memory that codes, graphs and searches use, in bytes. Default: 2 GiB. */
  memoryBytesMax?: number
  /**
   * Threads that do the long pieces of searches (exact ones, great efforts, filters that leave much to look at), so that this thread can go on with others
   * meanwhile: 0 to 64. They start when the first such search comes. Default: 0. @throws QuiverError INVALID_ARGUMENT in browser tabs without
   * cross-origin isolation, which cannot share memory
   */
  searchThreads?: number
  /**
   * How long unnamed versions and unreferenced objects are kept. Default: one hour each. It must be the same in every process that has the
   * database open: one that keeps less takes away what the others still build on.
   */
  retention?: Partial<Retention>
  /** `background` (default): on its own. `manual`: only by `settled` and `maintain`. */
  maintenance?: 'background' | 'manual'
  /** When background work is due; the defaults are for real use. */
  tuning?: Partial<Tuning>
}

const optionsSchema = v.strictObject({
  create: v.optional(v.boolean()),
  memoryBytesMax: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1024 * 1024), v.maxValue(64 * 1024 ** 3))),
  searchThreads: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(lanesMax))),
  retention: v.optional(
    v.strictObject({
      versionsMs: v.optional(v.pipe(v.number(), v.minValue(0))),
      uploadMs: v.optional(v.pipe(v.number(), v.minValue(0))),
    }),
  ),
  maintenance: v.optional(v.picklist(['background', 'manual'])),
  tuning: v.optional(v.record(v.picklist(Object.keys(defaultTuning)), v.pipe(v.number(), v.minValue(0)))),
})

const defaultNamespace = 'default'
/** A byte of a name is up to three characters of a key, and a key's segment has at most 200. */
export const namespaceBytesMax = 60
const namespaceName = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxBytes(namespaceBytesMax),
  v.check((name) => name.isWellFormed(), 'text without broken characters'),
)

/**
 * Opens the database in a folder (`./data`) or in memory (`memory:`).
 *
 * @example
 * ```ts
 * const db = await open('./data')
 * const papers = await db.collection('papers', { indexes: [{ field: 'embedding', dimensions: 3 }] })
 * await papers.upsert([{ id: 'p1', title: 'On vectors', embedding: [1, 0, 0] }])
 * const { hits } = await papers.search({ vector: [1, 0.1, 0] })
 * await db.close()
 * ```
 * @throws QuiverError NOT_FOUND (with `create: false`), FORMAT_TOO_NEW, CORRUPT, UNSUPPORTED, INVALID_ARGUMENT
 */
export async function open(url: string, options: OpenOptions = {}): Promise<Database> {
  const settings: OpenOptions = checked(optionsSchema, options, 'options')
  // Compiled on another thread while the store opens; a failure shows where the kernel is needed.
  loadKernel().catch(() => undefined)
  const store = await openStore(url, { create: settings.create ?? true })
  try {
    return await Database.over(store, settings)
  } catch (error) {
    await store.close()
    throw error
  }
}

/** A database: its namespaces over one store. Its own methods are those of the namespace `default`. */
export class Database {
  readonly #context: NamespaceContext
  readonly #namespaces = new Map<string, Promise<Namespace>>()
  readonly #default: Namespace
  #closed = false

  private constructor(context: NamespaceContext, namespace: Namespace) {
    this.#context = context
    this.#default = namespace
    this.#namespaces.set(namespace.name, Promise.resolve(namespace))
  }

  /** Opens the database in a store; for stores of one's own. The database closes the store. */
  static async over(store: ObjectStore, options: OpenOptions = {}): Promise<Database> {
    const { searchThreads = 0 } = options
    const pool = await MemoryPool.create({
      ...(options.memoryBytesMax !== undefined && { memoryBytesMax: options.memoryBytesMax }),
      shared: searchThreads > 0,
    })
    const residency = new Residency()
    const helpers = searchThreads > 0 ? new SearchHelpers(pool, residency, searchThreads) : undefined
    const containers = new Containers(createChecksum(await loadKernel()))
    await checkFormat(store, options.create ?? true)
    const context: NamespaceContext = {
      store,
      parts: new Parts(store, containers, pool, residency, { helpers }),
      tuning: { ...defaultTuning, ...options.tuning },
      retention: { ...defaultRetention, ...options.retention },
      automatic: options.maintenance !== 'manual',
      node: uuidv7(),
    }
    return new Database(context, await Namespace.open(defaultNamespace, context))
  }

  /** A namespace by name, made when it is first written to. @throws QuiverError INVALID_ARGUMENT */
  async namespace(name: string): Promise<Namespace> {
    this.#checkOpen()
    checked(namespaceName, name, 'namespace name')
    let namespace = this.#namespaces.get(name)
    if (!namespace) {
      const { store, parts } = this.#context
      // Parts are counted by namespace: what one no longer needs, another may.
      const own = new Parts(store, parts.containers, parts.pool, parts.residency, parts)
      namespace = Namespace.open(name, { ...this.#context, parts: own })
      this.#namespaces.set(name, namespace)
      namespace.catch(() => this.#namespaces.delete(name))
    }
    return namespace
  }

  /** Names of the namespaces that something was ever written to. */
  async namespaces(): Promise<string[]> {
    this.#checkOpen()
    const names = new Set<string>()
    for (let after: string | undefined; ;) {
      let next: string | undefined
      for await (const key of this.#context.store.list(namespacesPrefix, { limit: 1, ...(after !== undefined && { after }) }))
        next = key
      if (next === undefined) return [...names].sort()
      const segment = next.slice(namespacesPrefix.length).split('/')[0]!
      names.add(unescapeName(segment))
      // Behind all keys of this namespace: '0' follows '/'.
      after = `${namespacesPrefix}${segment}0`
    }
  }

  collection<T extends object = Fields>(
    name: string,
    options: CollectionOptions & { documents: DocumentsOptions },
  ): Promise<DocumentCollection<T>>
  collection<T extends object = Fields>(name: string, options?: CollectionOptions): Promise<Collection<T>>
  collection<T extends object = Fields>(name: string, options?: CollectionOptions): Promise<Collection<T>> {
    return this.#default.collection<T>(name, options)
  }

  collections(): Promise<string[]> {
    return this.#default.collections()
  }

  managedIndexes(): Promise<ManagedIndex[]> {
    return this.#default.managedIndexes()
  }

  dropCollection(name: string): Promise<void> {
    return this.#default.dropCollection(name)
  }

  transaction<R>(callback: (tx: Transaction) => Promise<R>): Promise<R> {
    return this.#default.transaction(callback)
  }

  commit(message: string): Promise<string> {
    return this.#default.commit(message)
  }

  version(): Promise<string> {
    return this.#default.version()
  }

  log(options?: { limit?: number }): Promise<LogEntry[]> {
    return this.#default.log(options)
  }

  stats(): Promise<NamespaceStats> {
    return this.#default.stats()
  }

  settled(options?: Omit<MaintainOptions, 'only'>): Promise<void> {
    return this.#default.settled(options)
  }

  maintain(options?: MaintainOptions): Promise<void> {
    return this.#default.maintain(options)
  }

  check(options?: CheckOptions): Promise<CheckReport> {
    return this.#default.check(options)
  }

  /** Ends background work, waits for writes on their way and lets everything go. Acknowledged writes are safe without it. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const namespace of this.#namespaces.values()) await (await namespace).close()
    await this.#context.parts.helpers?.close()
    await this.#context.store.close()
    this.#context.parts.pool.close()
  }

  #checkOpen(): void {
    if (this.#closed) throw new QuiverError('CLOSED', 'The database is closed.')
  }
}

/** The first object of a database says which format it has, so that no older program touches a newer one. */
async function checkFormat(store: ObjectStore, create: boolean): Promise<void> {
  const known = await store.get(formatKey)
  if (known) return refuseNewer(known, store.name)
  if (!create)
    throw new QuiverError('NOT_FOUND', `There is no Quiver database in ${store.name}.`, { details: { name: store.name } })
  const facts = { format: formatVersion, database: uuidv7() }
  const outcome = await store.putNew(formatKey, new TextEncoder().encode(JSON.stringify(facts)))
  const winner = outcome === 'exists' ? await store.get(formatKey) : null
  if (winner) refuseNewer(winner, store.name)
}

const formatSchema = v.looseObject({ format: v.number() })

function refuseNewer(bytes: Uint8Array, name: string): void {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), formatSchema), new TextDecoder().decode(bytes))
  if (!parsed.success)
    throw new QuiverError('CORRUPT', `The object '${formatKey}' in ${name} is not that of a Quiver database.`, {
      details: { key: formatKey },
    })
  const { format } = parsed.output
  if (format <= formatVersion) return
  throw new QuiverError(
    'FORMAT_TOO_NEW',
    `${name} has format version ${format}; this version of Quiver reads up to ${formatVersion}. Open it with a newer Quiver: nothing was changed.`,
    { details: { version: format, supported: formatVersion } },
  )
}
