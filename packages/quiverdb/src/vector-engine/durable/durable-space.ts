import type { Collection } from '../../collection/collection.js'
import type { Fields, ListQuery, Stored } from '../../collection/types.js'
import type { WhereInput } from '../../filter/where.js'
import type { Metric } from '../../vector/metric.js'
import { checkedVector, checkKey } from '../check-input.js'
import type { BatchResult, EmbeddingInput } from '../embeddings.js'
import { engineMetric, type EngineMetric } from '../engine-metric.js'
import { VectorError } from '../errors.js'
import type { FilterCondition } from '../filter-condition.js'
import { noMetadata, plainMetadata } from '../metadata.js'
import { type PagedResult, type Pagination, pageOf } from '../pagination.js'
import type { Metadata, MetadataValue, VectorCollectionConfig } from '../types.js'
import { type DurableContext, stored } from './durable-context.js'
import {
  dimensionField,
  idOf,
  isOutsize,
  keyOf,
  metadataField,
  metadataFields,
  metadataOf,
  outsizeMark,
  outsizeMarkField,
  recordOf,
  vectorField,
  vectorOf,
} from './record.js'
import { fieldsOf, whereOf } from './where.js'

const pageRecords = 10_000

/** A collection of the database, and what is known of it. */
export interface SpaceRecords {
  readonly records: Collection
  /** Names of indexes that are there; nobody drops one. */
  readonly indexes: Set<string>
  /** A version at which all vectors were in indexes. */
  withoutOutsize: string | undefined
}

export async function openRecords({ namespace }: DurableContext, name: string): Promise<SpaceRecords> {
  return { records: await stored(() => namespace.collection(name)), indexes: new Set(), withoutOutsize: undefined }
}

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
  readonly records: Collection
  readonly #prefix: string
  /** What records with an embedding are told by, where there are others. */
  readonly #embedded: WhereInput | undefined
  readonly #known: SpaceRecords

  constructor(
    context: DurableContext,
    known: SpaceRecords,
    config: VectorCollectionConfig,
    { prefix = '', mayLackEmbeddings = false }: SpaceOptions = {},
  ) {
    this.context = context
    this.records = known.records
    this.#known = known
    this.config = config
    this.#prefix = prefix
    this.#embedded = mayLackEmbeddings ? { [dimensionField]: { $exists: true } } : undefined
  }

  /** The length that vectors and queries must have, if there is one. */
  get declaredDimension(): number | undefined {
    return this.config.dimension ?? this.context.config.defaultDimension
  }

  async store(key: string, vector: ArrayLike<number>, metadata: Metadata = noMetadata): Promise<void> {
    await this.#put([this.#checked({ key, vector, metadata })])
  }

  /** All or none, in one commit. @throws VectorError BatchValidationError: the first that cannot be stored */
  async storeMany(inputs: readonly EmbeddingInput[]): Promise<BatchResult> {
    const items = inputs.map((input, index) => {
      try {
        return this.#checked(input)
      } catch (error) {
        throw error instanceof VectorError ? VectorError.batchValidation(index, error) : error
      }
    })
    if (items.length > 0) await this.#put(items)
    return { storedKeys: items.map(({ key }) => key), count: items.length }
  }

  /** The record of an embedding. @throws VectorError NotFound */
  async recordOf(key: string): Promise<Stored> {
    const record = await this.find(key)
    if (record?.[dimensionField] === undefined) throw VectorError.notFound(this.#prefix + key)
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
    if ((await this.deleteMany([key])) === 0) throw VectorError.notFound(this.#prefix + key)
  }

  /** In one commit. Returns how many of the keys were there. */
  async deleteMany(keys: readonly string[]): Promise<number> {
    const ids = [...new Set(keys)].map(idOf)
    return (await stored(() => this.records.delete(ids))).deleted
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
    return (await this.#matching(filter)).length
  }

  /** In byte order, at most `maxKeysPerScan`. */
  async keysMatching(filter: FilterCondition): Promise<string[]> {
    return await this.#matching(filter, this.context.config.maxKeysPerScan)
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

  /** The name of the index of a metric, which is made if there are vectors of that dimension; else undefined. */
  async indexFor(metric: EngineMetric, dimension: number): Promise<string | undefined> {
    const name = indexName(metric, dimension)
    if (this.#known.indexes.has(name)) return name
    const indexes = await stored(() => this.records.indexes())
    if (!indexes.some(({ field }) => field === vectorField(dimension))) return undefined
    await this.#ensureIndex(name, vectorField(dimension), dimension, metric.graphMetric)
    return name
  }

  /** The index that a vector goes into. @throws VectorError StorageError: there are vectors of too many dimensions */
  async ensureIndexFor(vector: Float32Array): Promise<void> {
    if (isOutsize(vector)) return await this.#ensureIndex(outsizeIndex, outsizeMarkField, outsizeMark.length, 'l2')
    const metric = engineMetric(this.config.distanceMetric)
    await this.#ensureIndex(indexName(metric, vector.length), vectorField(vector.length), vector.length, metric.graphMetric)
  }

  /** The records whose vectors are too long for indexes. */
  async outsize(): Promise<Stored[]> {
    const records: Stored[] = []
    if (!(await this.#hasOutsize())) return records
    const query = { vector: outsizeMark, index: outsizeIndex, exact: true, limit: pageRecords }
    for (;;) {
      const { hits } = await stored(() => this.records.search({ ...query, offset: records.length }))
      for (const { record } of hits) records.push(record)
      if (hits.length < pageRecords) return records
    }
  }

  async #hasOutsize(): Promise<boolean> {
    if (this.#known.indexes.has(outsizeIndex)) return true
    const version = await stored(() => this.context.namespace.version())
    if (version === this.#known.withoutOutsize) return false
    const indexes = await stored(() => this.records.indexes())
    if (!indexes.some(({ name }) => name === outsizeIndex)) {
      this.#known.withoutOutsize = version
      return false
    }
    this.#known.indexes.add(outsizeIndex)
    return true
  }

  async #ensureIndex(name: string, field: string, dimensions: number, metric: Metric): Promise<void> {
    if (this.#known.indexes.has(name)) return
    await stored(() => this.records.ensureIndexes([{ name, field, dimensions, metric, zeroVectors: 'keep' }]))
    this.#known.indexes.add(name)
  }

  async *#pages(reader: Pick<Collection, 'list'>, query: ListQuery): AsyncIterable<Stored> {
    const where = this.#embedded && query.where ? { $and: [this.#embedded, query.where] } : (this.#embedded ?? query.where)
    for (let after: string | undefined; ;) {
      const page = await stored(() => reader.list({ ...query, where, limit: pageRecords, after }))
      yield* page.records
      if ((after = page.next) === undefined) return
    }
  }

  async #put(items: readonly Required<EmbeddingInput>[]): Promise<void> {
    const records = items.map(({ key, vector, metadata }) => recordOf(key, vector as Float32Array, metadata))
    for (const { vector } of items) await this.ensureIndexFor(vector as Float32Array)
    await stored(() => this.records.upsert(records))
  }

  async #update(key: string, fields: Fields): Promise<void> {
    await stored(() => this.records.update(idOf(key), fields))
  }

  async #matching(filter: FilterCondition, limit?: number): Promise<string[]> {
    return await this.#keysOf(
      { where: whereOf(filter), fields: fieldsOf(filter) },
      (record) => filter.matches(metadataOf(record)),
      limit,
    )
  }

  async #keysOf(query: ListQuery, wanted: (record: Stored) => boolean, limit = Infinity): Promise<string[]> {
    const keys: string[] = []
    for await (const record of this.all(query)) {
      if (keys.length === limit) break
      if (wanted(record)) keys.push(keyOf(record.id))
    }
    return keys
  }

  #checked({ key, vector, metadata = noMetadata }: EmbeddingInput): Required<EmbeddingInput> {
    checkKey(key)
    idOf(key)
    const copy = checkedVector(vector, this.context.config, this.declaredDimension)
    return { key, vector: copy, metadata: plainMetadata(metadata) }
  }
}

const outsizeIndex = 'outsize'

const indexName = (metric: EngineMetric, dimension: number): string => `${metric.graphMetric}${dimension}`
