import type { Collection } from '../../collection/collection.js'
import type { Stored } from '../../collection/types.js'
import type { Namespace } from '../../database/namespace.js'
import type { Filter } from '../../filter/where-types.js'
import type { Metric } from '../../vector/metric.js'
import type { EngineMetric } from '../engine-metric.js'
import { stored } from './durable-context.js'
import { isOutsize, outsizeMark, outsizeMarkField, vectorField } from './record.js'

/** Hits of one search of a collection. */
const searchMax = 10_000

const outsizeIndex = 'outsize'

const indexName = (metric: EngineMetric, dimension: number): string => `${metric.graphMetric}${dimension}`

/** A collection of the database, and what is known of its indexes: one for each dimension and metric. */
export class SpaceRecords {
  readonly records: Collection
  readonly #namespace: Namespace
  /** Names of indexes that are there; nobody drops one. */
  readonly #indexes = new Set<string>()
  /** A version at which all vectors were in indexes. */
  #withoutOutsize: string | undefined

  private constructor(namespace: Namespace, records: Collection) {
    this.#namespace = namespace
    this.records = records
  }

  static async open(namespace: Namespace, name: string): Promise<SpaceRecords> {
    return new SpaceRecords(namespace, await stored(() => namespace.collection(name)))
  }

  /** The name of the index of a metric, which is made if there are vectors of that dimension; else undefined. */
  async indexFor(metric: EngineMetric, dimension: number): Promise<string | undefined> {
    const name = indexName(metric, dimension)
    if (this.#indexes.has(name)) return name
    const indexes = await stored(() => this.records.indexes())
    if (!indexes.some(({ field }) => field === vectorField(dimension))) return undefined
    await this.#ensureIndex(name, vectorField(dimension), dimension, metric.graphMetric)
    return name
  }

  /** The index that a vector goes into. @throws VectorError StorageError: there are vectors of too many dimensions */
  async ensureIndexFor(vector: Float32Array, metric: EngineMetric): Promise<void> {
    if (isOutsize(vector)) return await this.#ensureIndex(outsizeIndex, outsizeMarkField, outsizeMark.length, 'l2')
    await this.#ensureIndex(indexName(metric, vector.length), vectorField(vector.length), vector.length, metric.graphMetric)
  }

  /** The records whose vectors are too long for indexes. */
  async outsize(where?: Filter): Promise<Stored[]> {
    const records: Stored[] = []
    if (!(await this.#hasOutsize())) return records
    const query = { vector: outsizeMark, index: outsizeIndex, where, exact: true, limit: searchMax }
    for (;;) {
      const { hits } = await stored(() => this.records.search({ ...query, offset: records.length }))
      for (const { record } of hits) records.push(record)
      if (hits.length < searchMax) return records
    }
  }

  async #hasOutsize(): Promise<boolean> {
    if (this.#indexes.has(outsizeIndex)) return true
    const version = await stored(() => this.#namespace.version())
    if (version === this.#withoutOutsize) return false
    const indexes = await stored(() => this.records.indexes())
    if (!indexes.some(({ name }) => name === outsizeIndex)) {
      this.#withoutOutsize = version
      return false
    }
    this.#indexes.add(outsizeIndex)
    return true
  }

  async #ensureIndex(name: string, field: string, dimensions: number, metric: Metric): Promise<void> {
    if (this.#indexes.has(name)) return
    await stored(() => this.records.ensureIndexes([{ name, field, dimensions, metric, zeroVectors: 'keep' }]))
    this.#indexes.add(name)
  }
}
