import type { Collection } from '../../collection/collection.js'
import type { Fields, Stored } from '../../collection/types.js'
import { QuiverError } from '../../errors.js'
import { jsonEqual } from '../../filter/equal.js'
import { checkKey } from '../check-input.js'
import { completeCollectionConfig } from '../collections.js'
import type { EmbeddingInput } from '../embeddings.js'
import { VectorError } from '../errors.js'
import { DEFAULT_COLLECTION, VectorCollectionConfig, type DistanceMetric, type VectorCollectionOptions } from '../types.js'
import { type DurableContext, stored, transact } from './durable-context.js'
import { DurableSearch } from './durable-search.js'
import { DurableSpace } from './durable-space.js'
import { idOf, keyOf } from './record.js'
import { SpaceRecords } from './space-records.js'

/** A set of embeddings with its searches. */
export interface DurableSearchable {
  readonly embeddings: DurableSpace
  readonly search: DurableSearch
}

export function durableSearchable(embeddings: DurableSpace): DurableSearchable {
  return { embeddings, search: new DurableSearch(embeddings) }
}

/** The collection of the database that lists the named ones: name, configuration, and under which name the embeddings lie. */
const registryName = 'collections'
const spacePrefix = 'space:'

/**
 * The collections of a durable engine by name. Which there are is asked anew at every call, since other processes may make and delete some.
 * `default` is another name of the default store; it can be neither created nor deleted.
 */
export class DurableCollections {
  readonly #context: DurableContext
  readonly #default: DurableSearchable
  readonly #registry: Collection
  /** By the name in the database, which is never used twice. */
  readonly #open = new Map<string, Promise<SpaceRecords>>()

  private constructor(context: DurableContext, defaultStore: DurableSearchable, registry: Collection) {
    this.#context = context
    this.#default = defaultStore
    this.#registry = registry
  }

  static async open(context: DurableContext, defaultStore: DurableSearchable): Promise<DurableCollections> {
    const collections = new DurableCollections(context, defaultStore, await context.namespace.collection(registryName))
    await collections.#dropLeftovers()
    return collections
  }

  /** @throws VectorError CollectionExists, ConfigurationError, StorageError: not a name */
  async create(name: string, options: VectorCollectionConfig | VectorCollectionOptions = {}): Promise<void> {
    checkKey(name)
    if (name === DEFAULT_COLLECTION) throw VectorError.collectionExists(name)
    const entry = entryOf(completeCollectionConfig(options, this.#context.config), spacePrefix + crypto.randomUUID())
    await transact(this.#context, async (tx) => {
      const registry = tx.collection(registryName)
      if (await registry.get(idOf(name))) throw VectorError.collectionExists(name)
      await registry.upsert([{ id: idOf(name), ...entry }])
    })
  }

  async get(name: string): Promise<DurableSearchable | undefined> {
    if (name === DEFAULT_COLLECTION) return this.#default
    const entry = await this.#entry(name)
    if (!entry) return undefined
    const records = await this.#records(spaceOf(entry))
    return durableSearchable(new DurableSpace(this.#context, records, configOf(entry), { prefix: `${name}:` }))
  }

  async config(name: string): Promise<VectorCollectionConfig | undefined> {
    if (name === DEFAULT_COLLECTION) return this.#default.embeddings.config
    const entry = await this.#entry(name)
    return entry && configOf(entry)
  }

  /**
   * Stores in a collection, made where there is none, but not for what is refused. A process that dies meanwhile leaves it empty.
   * @throws VectorError StorageError: not a name
   */
  async storing<R>(
    name: string,
    store: (embeddings: DurableSpace) => Promise<R>,
    options?: VectorCollectionConfig | VectorCollectionOptions,
  ): Promise<R> {
    for (let isNew = false; ;) {
      const collection = await this.get(name)
      if (!collection) {
        isNew = await this.#createUnlessThere(name, options)
        continue
      }
      try {
        return await store(collection.embeddings)
      } catch (error) {
        if (isNew) await this.#deleteIfEmpty(name, collection.embeddings)
        throw error
      }
    }
  }

  /**
   * Adds to a collection, which has this configuration then; all or nothing, but where a process dies between storing and configuring.
   * @throws VectorError ConfigurationError, those of `storeMany`
   */
  async load(name: string, options: VectorCollectionConfig, inputs: readonly EmbeddingInput[]): Promise<void> {
    if (name === DEFAULT_COLLECTION) return void (await this.#default.embeddings.storeMany(inputs))
    const config = completeCollectionConfig(options, this.#context.config)
    await this.storing(name, (embeddings) => embeddings.configured(config).storeMany(inputs), config)
    await transact(this.#context, async (tx) => {
      const registry = tx.collection(registryName)
      const present = await registry.get(idOf(name))
      const entry = present && { id: present.id, ...entryOf(config, spaceOf(present)) }
      if (entry && !jsonEqual(entry, present)) await registry.upsert([entry])
    })
  }

  /** With all its embeddings. @throws VectorError CollectionNotFound */
  async delete(name: string): Promise<void> {
    const space = await transact(this.#context, async (tx) => {
      const registry = tx.collection(registryName)
      const entry = name === DEFAULT_COLLECTION ? null : await registry.get(idOf(name))
      if (!entry) throw VectorError.collectionNotFound(name)
      await registry.delete(entry.id)
      return spaceOf(entry)
    })
    await this.#drop(space)
  }

  /** In byte order, without `default`. */
  async names(): Promise<string[]> {
    return (await this.#entries()).map(({ id }) => keyOf(id))
  }

  async #entry(name: string): Promise<Stored | undefined> {
    return (await stored(() => this.#registry.get(idOf(name)))) ?? undefined
  }

  async #entries(): Promise<Stored[]> {
    const entries: Stored[] = []
    for (let after: string | undefined; ;) {
      const page = await stored(() => this.#registry.list({ after, limit: 1000 }))
      entries.push(...page.records)
      if ((after = page.next) === undefined) return entries
    }
  }

  /** Whether it was not there. @throws VectorError ConfigurationError, StorageError: not a name */
  async #createUnlessThere(name: string, options?: VectorCollectionConfig | VectorCollectionOptions): Promise<boolean> {
    try {
      await this.create(name, options)
      return true
    } catch (error) {
      if (error instanceof VectorError && error.kind === 'CollectionExists') return false
      throw error
    }
  }

  /** Of a collection that was made for what was refused then; others may have stored in it since. */
  async #deleteIfEmpty(name: string, { records }: DurableSpace): Promise<void> {
    const isDeleted = await transact(this.#context, async (tx) => {
      const registry = tx.collection(registryName)
      const entry = await registry.get(idOf(name))
      if (!entry || spaceOf(entry) !== records.name || (await tx.collection(records.name).count()) > 0) return false
      await registry.delete(entry.id)
      return true
    })
    if (isDeleted) await this.#drop(records.name)
  }

  /** Made when it is first looked into. */
  #records(space: string): Promise<SpaceRecords> {
    let records = this.#open.get(space)
    if (!records) {
      records = SpaceRecords.open(this.#context.namespace, space)
      this.#open.set(space, records)
      records.catch(() => this.#open.delete(space))
    }
    return records
  }

  /** A process may have died between deleting a collection and its embeddings. Names are listed first: whoever makes one registers it before. */
  async #dropLeftovers(): Promise<void> {
    const spaces = (await this.#context.namespace.collections()).filter((name) => name.startsWith(spacePrefix))
    if (spaces.length === 0) return
    const registered = new Set((await this.#entries()).map(spaceOf))
    for (const space of spaces) if (!registered.has(space)) await this.#drop(space)
  }

  async #drop(space: string): Promise<void> {
    this.#open.delete(space)
    try {
      await this.#context.namespace.dropCollection(space)
    } catch (error) {
      if (!(error instanceof QuiverError) || error.code !== 'NOT_FOUND') throw error
    }
  }
}

function entryOf(config: VectorCollectionConfig, space: string): Fields {
  const { dimension, distanceMetric, autoIndex, autoIndexThreshold } = config
  return { space, distanceMetric, autoIndex, autoIndexThreshold, ...(dimension !== undefined && { dimension }) }
}

const spaceOf = (entry: Fields): string => entry['space'] as string

function configOf(entry: Fields): VectorCollectionConfig {
  return new VectorCollectionConfig({
    dimension: entry['dimension'] as number | undefined,
    distanceMetric: entry['distanceMetric'] as DistanceMetric,
    autoIndex: entry['autoIndex'] as boolean,
    autoIndexThreshold: entry['autoIndexThreshold'] as number,
  })
}
