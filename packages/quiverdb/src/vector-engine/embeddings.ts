import type { MemoryPool } from '../vector/memory-pool.js'
import type { ScanThreads } from '../vector/threads/scan-threads.js'
import { checkedVector, checkKey, type VectorInput } from './check-input.js'
import type { VectorEngineConfig } from './config.js'
import type { Embedding } from './embedding.js'
import { EmbeddingSpace, type NewEmbedding } from './embedding-space.js'
import type { EngineEvents } from './engine-events.js'
import { QuiverError } from '../errors.js'
import { VectorError } from './errors.js'
import type { FilterCondition } from './filter-condition.js'
import { buildGraph } from './hnsw/build-graph.js'
import { HNSWBuildOptions } from './hnsw/build-options.js'
import { mergedMetadata, noMetadata, plainMetadata, withoutField } from './metadata.js'
import { type PagedResult, type Pagination, pageOf } from './pagination.js'
import { SpaceGraphs } from './space-graphs.js'
import type { Metadata, MetadataValue, VectorCollectionConfig } from './types.js'

/** What all embeddings of an engine share. */
export interface EngineContext {
  readonly config: VectorEngineConfig
  readonly pool: MemoryPool
  readonly events: EngineEvents
  /** Absent: the calling thread scans alone. */
  readonly threads: ScanThreads | undefined
}

/** One embedding of a batch. */
export interface EmbeddingInput {
  readonly key: string
  readonly vector: VectorInput
  readonly metadata?: Metadata
}

export interface BatchResult {
  /** In the order of the batch. */
  readonly storedKeys: readonly string[]
  readonly count: number
}

/** One set of embeddings behind its checks: the default store, a collection, or those of the entities. */
export class Embeddings {
  config: VectorCollectionConfig
  readonly space: EmbeddingSpace
  readonly #context: EngineContext
  #indexFrom = 0
  /** Goes before a key in messages. */
  readonly #prefix: string

  constructor(context: EngineContext, config: VectorCollectionConfig, prefix = '') {
    this.#context = context
    this.config = config
    this.#prefix = prefix
    this.space = new EmbeddingSpace(context.pool, context.config.sparseThreshold, new SpaceGraphs())
  }

  get count(): number {
    return this.space.count
  }

  /** The length that vectors and queries must have, if there is one. */
  get declaredDimension(): number | undefined {
    return this.config.dimension ?? this.#context.config.defaultDimension
  }

  store(operation: string, key: string, vector: VectorInput, metadata: Metadata = noMetadata): void {
    const start = performance.now()
    this.space.put(this.#checked({ key, vector, metadata }))
    this.#indexWhenDue()
    this.#wrote(operation, start, 1)
  }

  /** All or none. @throws VectorError BatchValidationError: the first that cannot be stored; BatchOperationError: there is no room for it */
  storeMany(operation: string, inputs: readonly EmbeddingInput[]): BatchResult {
    const start = performance.now()
    const items = inputs.map((input, index) => {
      try {
        return this.#checked(input)
      } catch (error) {
        throw error instanceof VectorError ? VectorError.batchValidation(index, error) : error
      }
    })
    const bulk = items.length >= this.#context.config.batchParallelThreshold
    this.space.putMany(items, bulk)
    this.#indexWhenDue()
    this.#wrote(operation, start, items.length, bulk)
    return { storedKeys: items.map(({ key }) => key), count: items.length }
  }

  /** @throws VectorError NotFound */
  vectorOf(key: string): Float32Array {
    return this.space.read(this.embeddingOf(key))
  }

  /** @throws VectorError NotFound */
  embeddingOf(key: string): Embedding {
    const embedding = this.space.get(key)
    if (!embedding) throw VectorError.notFound(this.#prefix + key)
    return embedding
  }

  has(key: string): boolean {
    return this.space.get(key) !== undefined
  }

  /** @throws VectorError NotFound */
  delete(operation: string, key: string): void {
    const start = performance.now()
    if (!this.space.delete(key)) throw VectorError.notFound(this.#prefix + key)
    this.#wrote(operation, start, 1)
  }

  /** Returns how many of the keys were there. */
  deleteMany(operation: string, keys: readonly string[]): number {
    const start = performance.now()
    const count = this.space.deleteMany(keys)
    this.#wrote(operation, start, count)
    return count
  }

  /** Deletes all, or the first `maxKeysPerScan`; returns how many. */
  clear(operation: string): number {
    const { maxKeysPerScan = Infinity } = this.#context.config
    if (this.count > maxKeysPerScan) return this.deleteMany(operation, this.keys())
    const start = performance.now()
    const { count } = this
    this.space.clear()
    this.#wrote(operation, start, count)
    return count
  }

  /** In byte order, at most `maxKeysPerScan`. */
  keys(): string[] {
    return this.space.keys.all().slice(0, this.#context.config.maxKeysPerScan)
  }

  keysPage(page: Pagination): PagedResult<string> {
    return pageOf(this.space.keys.all(), this.count, page, this.#context.config.maxKeysPerScan)
  }

  countMatching(filter: FilterCondition): number {
    let count = 0
    for (const { metadata } of this.space.embeddings()) if (filter.matches(metadata)) count++
    return count
  }

  /** In byte order, at most `maxKeysPerScan`. */
  keysMatching(filter: FilterCondition): string[] {
    const keys: string[] = []
    for (const key of this.space.keys.all()) {
      if (keys.length === this.#context.config.maxKeysPerScan) break
      if (filter.matches(this.space.get(key)!.metadata)) keys.push(key)
    }
    return keys
  }

  /** Merges. @throws VectorError NotFound, StorageError */
  updateMetadata(key: string, changes: Metadata): void {
    const embedding = this.embeddingOf(key)
    embedding.metadata = mergedMetadata(embedding.metadata, changes)
  }

  /** @throws VectorError NotFound */
  removeMetadataField(key: string, field: string): void {
    const embedding = this.embeddingOf(key)
    embedding.metadata = withoutField(embedding.metadata, field)
  }

  hasMetadataField(key: string, field: string): boolean {
    return Object.hasOwn(this.space.get(key)?.metadata ?? noMetadata, field)
  }

  /** Undefined where the field is missing. @throws VectorError NotFound */
  metadataField(key: string, field: string): MetadataValue | undefined {
    const { metadata } = this.embeddingOf(key)
    return Object.hasOwn(metadata, field) ? metadata[field] : undefined
  }

  #checked({ key, vector, metadata = noMetadata }: EmbeddingInput): NewEmbedding {
    checkKey(key)
    const checked = checkedVector(vector, this.#context.config, this.declaredDimension)
    return { key, vector: checked, metadata: plainMetadata(metadata) }
  }

  /** Builds the graphs that the configuration asks for. One that memory has no room for is tried again when twice as much is there. */
  #indexWhenDue(): void {
    const { autoIndex, autoIndexThreshold, distanceMetric } = this.config
    if (!autoIndex) return
    for (const dimension of this.space.dimensions) {
      const { count } = this.space.block(dimension)!
      if (count < Math.max(autoIndexThreshold, this.#indexFrom) || this.space.graphs.has(dimension)) continue
      const start = performance.now()
      const options = new HNSWBuildOptions({ hnswConfig: { distanceMetric } })
      try {
        this.space.graphs.attach(dimension, buildGraph(this.#context.pool, this.space, dimension, options))
      } catch (error) {
        if (!(error instanceof QuiverError)) throw error
        this.#indexFrom = 2 * count
        continue
      }
      this.#context.events.index(start, () => ({ operation: 'auto_index', count }))
    }
  }

  #wrote(operation: string, start: number, count: number, bulk = false): void {
    this.#context.events.write(start, () => ({ operation, count, bulk }))
  }
}
