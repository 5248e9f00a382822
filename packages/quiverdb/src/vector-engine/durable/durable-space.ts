import type { Collection } from '../../collection/collection.js'
import type { Fields, ListQuery, Stored } from '../../collection/types.js'
import { QuiverError } from '../../errors.js'
import type { Filter, WhereInput } from '../../filter/where-types.js'
import { checkedVector, checkKey } from '../check-input.js'
import type { BatchResult, EmbeddingInput } from '../embeddings.js'
import { engineMetric } from '../engine-metric.js'
import { VectorError } from '../errors.js'
import type { FilterCondition } from '../filter-condition.js'
import { noMetadata, plainMetadata } from '../metadata.js'
import { type PagedResult, type Pagination, pageOf } from '../pagination.js'
import type { Metadata, MetadataValue, VectorCollectionConfig } from '../types.js'
import { type DurableContext, stored } from './durable-context.js'
import {
  type EmbeddingRecord,
  dimensionField,
  idOf,
  keyOf,
  metadataField,
  metadataFields,
  metadataOf,
  recordOf,
  vectorOf,
} from './record.js'
import type { SpaceRecords } from './space-records.js'
import { recordFilterOf } from './where.js'

/** Of one list of a collection. */
const pageRecords = 10_000

export interface SpaceOptions {
  /** Goes before a key in messages. */
  readonly prefix?: string
  /** Whether there are records without an embedding, as entities may be. Default: false. */
  readonly mayLackEmbeddings?: boolean
}

/** One set of embeddings as a collection of the database: those of the default store, of a named collection, or of the entities. */
export class DurableSpace {
  readonly config: VectorCollectionConfig
  readonly context: DurableContext
  readonly known: SpaceRecords
  readonly #options: SpaceOptions
  /** What records with an embedding are told by, where there are others. */
  readonly #embedded: WhereInput | undefined

  constructor(context: DurableContext, known: SpaceRecords, config: VectorCollectionConfig, options: SpaceOptions = {}) {
    this.context = context
    this.known = known
    this.config = config
    this.#options = options
    this.#embedded = options.mayLackEmbeddings ? { [dimensionField]: { $exists: true } } : undefined
  }

  get records(): Collection {
    return this.known.records
  }

  /** The length that vectors and queries must have, if there is one. */
  get declaredDimension(): number | undefined {
    return this.config.dimension ?? this.context.config.defaultDimension
  }

  /** The same with another configuration. */
  configured(config: VectorCollectionConfig): DurableSpace {
    return new DurableSpace(this.context, this.known, config, this.#options)
  }

  async store(key: string, vector: ArrayLike<number>, metadata: Metadata = noMetadata): Promise<void> {
    const item = this.#checked({ key, vector, metadata })
    await this.ensureIndexFor(item.vector)
    await stored(() => this.records.upsert([recordOf(item.key, item.vector, item.metadata)]))
  }

  /**
   * All or none, in one commit.
   * @throws VectorError BatchValidationError: the first that cannot be stored; BatchOperationError: one that the database refuses; StorageError
   */
  async storeMany(inputs: readonly EmbeddingInput[]): Promise<BatchResult> {
    const items = inputs.map((input, index) => {
      try {
        return this.#checked(input)
      } catch (error) {
        throw error instanceof VectorError ? VectorError.batchValidation(index, error) : error
      }
    })
    if (items.length > 0) await this.#putMany(items)
    return { storedKeys: items.map(({ key }) => key), count: items.length }
  }

  /** The record of an embedding. @throws VectorError NotFound */
  async recordOf(key: string): Promise<Stored> {
    const record = await this.find(key)
    if (record?.[dimensionField] === undefined) throw this.#notFound(key)
    return record
  }

  async find(key: string): Promise<Stored | null> {
    return await stored(() => this.records.get(idOf(key)))
  }

  async vectorOf(key: string): Promise<Float32Array> {
    return vectorOf(await this.recordOf(key))!
  }

  async has(key: string): Promise<boolean> {
    return (await this.find(key))?.[dimensionField] !== undefined
  }

  /** @throws VectorError NotFound */
  async delete(key: string): Promise<void> {
    if ((await stored(() => this.records.delete(idOf(key)))).deleted === 0) throw this.#notFound(key)
  }

  /** In one commit. Returns how many of the keys were there. @throws VectorError BatchOperationError: one that cannot be a key here */
  async deleteMany(keys: readonly string[]): Promise<number> {
    const ids = keys.map((key, index) => {
      try {
        return idOf(key)
      } catch (error) {
        throw error instanceof VectorError ? VectorError.batchOperation(index, error) : error
      }
    })
    return (await stored(() => this.records.delete([...new Set(ids)]))).deleted
  }

  /** Deletes all, or the first `maxKeysPerScan`; returns how many. */
  async clear(): Promise<number> {
    return await this.deleteMany(await this.keys())
  }

  async count(): Promise<number> {
    return await stored(() => this.records.count({ where: this.#embedded }))
  }

  /** The dimension of the embedding with the lowest key. */
  async dimension(): Promise<number | undefined> {
    const { records } = await stored(() => this.records.list({ where: this.#embedded, limit: 1, fields: [dimensionField] }))
    return records[0]?.[dimensionField] as number | undefined
  }

  /** In byte order, at most `maxKeysPerScan`. */
  async keys(): Promise<string[]> {
    return await this.#keysOf({ fields: [] }, () => true, this.context.config.maxKeysPerScan)
  }

  async keysPage(page: Pagination): Promise<PagedResult<string>> {
    const keys = await this.#keysOf({ fields: [] }, () => true)
    return pageOf(keys, keys.length, page, this.context.config.maxKeysPerScan)
  }

  async countMatching(filter: FilterCondition): Promise<number> {
    const { where, check } = recordFilterOf(filter)
    if (check) return (await this.keysMatching(filter, Infinity)).length
    return await stored(() => this.records.count({ where: this.#wanted(where) }))
  }

  /** In byte order. */
  async keysMatching(filter: FilterCondition, limit = this.context.config.maxKeysPerScan): Promise<string[]> {
    const { where, check } = recordFilterOf(filter)
    const matches = (record: Stored): boolean => !check || check.filter.matches(metadataOf(record))
    return await this.#keysOf({ where, fields: check?.fields ?? [] }, matches, limit)
  }

  /** Every record with an embedding, in the byte order of keys; each page of them as it is at its time. */
  async *all(query: Omit<ListQuery, 'limit' | 'after'> = {}): AsyncIterable<Stored> {
    yield* this.#pages(this.records, query)
  }

  /** The same as they are now, whatever is written meanwhile. */
  async *snapshot(): AsyncIterable<Stored> {
    const version = await stored(async () => this.records.at(await this.context.namespace.version()))
    try {
      yield* this.#pages(version, {})
    } finally {
      await version.close()
    }
  }

  /** Merges. @throws VectorError NotFound, StorageError */
  async updateMetadata(key: string, changes: Metadata): Promise<void> {
    const fields = metadataFields(plainMetadata(changes))
    await this.recordOf(key)
    if (Object.keys(fields).length > 0) await this.#update(key, fields)
  }

  /** @throws VectorError NotFound */
  async removeMetadataField(key: string, field: string): Promise<void> {
    const name = metadataField(field)
    if (Object.hasOwn(await this.recordOf(key), name)) await this.#update(key, { [name]: undefined })
  }

  async hasMetadataField(key: string, field: string): Promise<boolean> {
    return Object.hasOwn((await this.find(key)) ?? {}, metadataField(field))
  }

  async metadataOf(key: string): Promise<Metadata> {
    return metadataOf(await this.recordOf(key))
  }

  /** Undefined where the field is missing. @throws VectorError NotFound */
  async metadataField(key: string, field: string): Promise<MetadataValue | undefined> {
    const metadata = await this.metadataOf(key)
    return Object.hasOwn(metadata, field) ? metadata[field] : undefined
  }

  async *#pages(reader: Pick<Collection, 'list'>, query: ListQuery): AsyncIterable<Stored> {
    const where = this.#wanted(query.where)
    for (let after: string | undefined; ;) {
      const page = await stored(() => reader.list({ ...query, where, limit: pageRecords, after }))
      yield* page.records
      if ((after = page.next) === undefined) return
    }
  }

  #wanted(where: Filter | undefined): Filter | undefined {
    return this.#embedded && where ? { $and: [this.#embedded, where] } : (this.#embedded ?? where)
  }

  async #putMany(items: readonly CheckedEmbedding[]): Promise<void> {
    // The last of each key.
    const places = new Map(items.map(({ key }, index) => [idOf(key), index]))
    const records: EmbeddingRecord[] = []
    for (const index of places.values()) {
      const { key, vector, metadata } = items[index]!
      await this.#ensureIndexForItem(index, vector)
      records.push(recordOf(key, vector, metadata))
    }
    try {
      await stored(() => this.records.upsert(records))
    } catch (error) {
      const index =
        error instanceof VectorError && error.cause instanceof QuiverError
          ? places.get(error.cause.details['id'] as string)
          : undefined
      throw index === undefined ? error : VectorError.batchOperation(index, error as VectorError)
    }
  }

  /** The index that a vector goes into. @throws VectorError StorageError: there are vectors of too many dimensions */
  async ensureIndexFor(vector: Float32Array): Promise<void> {
    await this.known.ensureIndexFor(vector, engineMetric(this.config.distanceMetric))
  }

  async #ensureIndexForItem(index: number, vector: Float32Array): Promise<void> {
    try {
      await this.ensureIndexFor(vector)
    } catch (error) {
      throw error instanceof VectorError && error.code === 'LIMIT_EXCEEDED' ? VectorError.batchOperation(index, error) : error
    }
  }

  #notFound(key: string): VectorError {
    return VectorError.notFound((this.#options.prefix ?? '') + key)
  }

  async #update(key: string, fields: Fields): Promise<void> {
    await stored(() => this.records.update(idOf(key), fields))
  }

  async #keysOf(query: ListQuery, wanted: (record: Stored) => boolean, limit = Infinity): Promise<string[]> {
    const keys: string[] = []
    for await (const record of this.all(query)) {
      if (keys.length === limit) break
      if (wanted(record)) keys.push(keyOf(record.id))
    }
    return keys
  }

  #checked({ key, vector, metadata = noMetadata }: EmbeddingInput): CheckedEmbedding {
    checkKey(key)
    idOf(key)
    const copy = checkedVector(vector, this.context.config, this.declaredDimension)
    return { key, vector: copy, metadata: plainMetadata(metadata) }
  }
}

interface CheckedEmbedding extends Required<EmbeddingInput> {
  readonly vector: Float32Array
}
