import {
  type Collection,
  type CollectionOptions,
  type CollectionVersion,
  type Database,
  type Namespace,
  QuiverError,
} from 'quiverdb'
import type { Embedder } from 'quiverdb/embed'

/** A reader of an old version stays open this long after its last use: pages of one list are asked for one after the other. */
const idleMs = 10_000
const readersMax = 64

/** What managed indexes are embedded by. */
export interface Embedding {
  readonly embedder: Embedder
  /** Whether it takes over indexes that hold vectors of another one. */
  readonly takesOver: boolean
  onError(error: unknown): void
}

type Reader = Collection | CollectionVersion

interface Lent {
  readonly key: string
  readonly reader: Promise<CollectionVersion>
  uses: number
  timer?: NodeJS.Timeout
}

/**
 * Collections by name, as requests name them. The library makes a collection, or a namespace, that it is asked for and does not have; a request that
 * only names one must not, so what is there is looked up first, once.
 */
export class OpenCollections {
  readonly #db: Database
  readonly #embedding: Embedding
  readonly #namespaces = new Map<string, Namespace>()
  readonly #collections = new Map<string, Map<string, Collection>>()
  readonly #readers = new Map<string, Lent>()
  #closed = false

  constructor(db: Database, embedding: Embedding) {
    this.#db = db
    this.#embedding = embedding
  }

  /** The namespaces that requests have named. */
  get namespaces(): ReadonlyMap<string, Namespace> {
    return this.#namespaces
  }

  /** @throws QuiverError NOT_FOUND, INVALID_ARGUMENT */
  async namespace(name: string, { create = false } = {}): Promise<Namespace> {
    const known = this.#namespaces.get(name)
    if (known) return known
    if (!create && name !== 'default' && !(await this.#db.namespaces()).includes(name))
      throw new QuiverError('NOT_FOUND', `There is no namespace '${name}'. Making a collection in it makes it.`, {
        details: { namespace: name },
      })
    const namespace = await this.#db.namespace(name)
    this.#namespaces.set(name, namespace)
    return namespace
  }

  /** Makes what is missing. @throws QuiverError as `Namespace.collection` */
  async create(namespace: string, name: string, options: CollectionOptions): Promise<Collection> {
    const space = await this.namespace(namespace, { create: true })
    const { embedder } = this.#embedding
    const known = (await space.managedIndexes()).filter(({ collection }) => collection === name)
    const isNew = (index: string): boolean => !known.some((one) => one.index === index)
    const indexes = options.indexes?.map((index) =>
      index.source === 'managed' && isNew(index.name ?? index.field) ? { ...index, embedder } : index,
    )
    const collection = await space.collection(name, { ...options, ...(indexes && { indexes }) })
    await this.#remember(namespace, name, collection)
    return collection
  }

  /** Opens the collections with managed indexes, so that texts which waited when the server stopped are embedded. */
  async resume(): Promise<void> {
    for (const namespace of await this.#db.namespaces()) {
      const indexes = await (await this.#db.namespace(namespace)).managedIndexes()
      for (const collection of new Set(indexes.map((one) => one.collection))) {
        if (this.#closed) return
        await this.use(namespace, collection, async () => undefined)
      }
    }
  }

  /**
   * Lends a collection to `use`. One that was dropped and made anew, by whoever has the database open, is the new one.
   * @throws QuiverError NOT_FOUND
   */
  async use<R>(namespace: string, name: string, use: (collection: Collection) => Promise<R>): Promise<R> {
    const known = this.#collections.get(namespace)?.get(name)
    if (!known) return use(await this.#lookUp(namespace, name))
    try {
      return await use(known)
    } catch (error) {
      if (!wasDropped(error)) throw error
      this.forget(namespace, name)
      return use(await this.#lookUp(namespace, name))
    }
  }

  /** Lends a collection for reading, as it is or as it was at a version. @throws QuiverError NOT_FOUND, INVALID_ARGUMENT: no version */
  read<R>(namespace: string, name: string, at: string | undefined, use: (reader: Reader) => Promise<R>): Promise<R> {
    return this.use(namespace, name, (collection) =>
      at === undefined ? use(collection) : this.#readAt(namespace, collection, at, use),
    )
  }

  forget(namespace: string, name: string): void {
    this.#collections.get(namespace)?.delete(name)
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#readers.values()].map((lent) => this.#release(lent)))
  }

  async #lookUp(namespace: string, name: string): Promise<Collection> {
    const space = await this.namespace(namespace)
    if (!(await space.collections()).includes(name))
      throw new QuiverError('NOT_FOUND', `Namespace '${namespace}' has no collection '${name}'.`, {
        details: { collection: name },
      })
    const collection = await space.collection(name)
    await this.#remember(namespace, name, collection)
    return collection
  }

  async #remember(namespace: string, name: string, collection: Collection): Promise<void> {
    await this.#giveEmbedder(namespace, collection)
    const known = this.#collections.get(namespace) ?? new Map<string, Collection>()
    this.#collections.set(namespace, known.set(name, collection))
  }

  /** An embedder that is away now is no reason not to open a collection: it is given when the collection is next opened. */
  async #giveEmbedder(namespace: string, collection: Collection): Promise<void> {
    const { embedder, takesOver, onError } = this.#embedding
    for (const one of await (await this.namespace(namespace)).managedIndexes()) {
      if (one.collection !== collection.name || !(takesOver || one.embedder === embedder.id)) continue
      await collection.embedWith(one.index, embedder).catch(onError)
    }
  }

  async #readAt<R>(namespace: string, collection: Collection, version: string, use: (reader: Reader) => Promise<R>): Promise<R> {
    const lent = this.#borrow(JSON.stringify([namespace, collection.name, version]), () => collection.at(version))
    try {
      return await use(await lent.reader)
    } finally {
      lent.uses--
      if (lent.uses === 0) lent.timer = setTimeout(() => void this.#release(lent), idleMs).unref()
    }
  }

  #borrow(key: string, open: () => Promise<CollectionVersion>): Lent {
    let lent = this.#readers.get(key)
    if (!lent) {
      if (this.#readers.size >= readersMax) this.#releaseIdle()
      lent = { key, reader: open(), uses: 0 }
      lent.reader.catch(() => this.#readers.delete(key))
      this.#readers.set(key, lent)
    }
    clearTimeout(lent.timer)
    lent.uses++
    return lent
  }

  #releaseIdle(): void {
    for (const lent of this.#readers.values()) if (lent.uses === 0) void this.#release(lent)
  }

  async #release(lent: Lent): Promise<void> {
    clearTimeout(lent.timer)
    if (this.#readers.get(lent.key) === lent) this.#readers.delete(lent.key)
    await lent.reader.then((reader) => reader.close()).catch(() => undefined)
  }
}

/** The library names the collection that is gone; what else is not found has other details. */
function wasDropped(error: unknown): boolean {
  return error instanceof QuiverError && error.code === 'NOT_FOUND' && 'collection' in error.details
}
