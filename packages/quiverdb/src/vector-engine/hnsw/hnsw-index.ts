import type { Budget } from '../../vector/budget.js'
import { HnswIndex } from '../../vector/hnsw-index.js'
import { MemoryPool } from '../../vector/memory-pool.js'
import { isZeroVector } from '../../vector/metric.js'
import { SparseVector } from '../../vector/sparse/sparse-vector.js'
import { checkedVector, type VectorInput } from '../check-input.js'
import { VectorEngineConfig } from '../config.js'
import { type EngineMetric, engineMetric } from '../engine-metric.js'
import { isSparse } from '../sparse-rows.js'
import { AccessCounter, type HNSWAccessStats } from './access-stats.js'
import type { HNSWStorage } from './build-options.js'
import { HNSWConfig, type HNSWOptions } from './hnsw-config.js'
import { EmbeddingStorageError } from './storage-error.js'

/** A vector in the form in which it was given to the index. */
export type EmbeddingStorage =
  { readonly kind: 'dense'; readonly vector: Float32Array } | { readonly kind: 'sparse'; readonly vector: SparseVector }

export interface HNSWHit {
  readonly id: number
  /** Higher is more similar: the cosine or dot product itself, or 1 / (1 + distance). */
  readonly score: number
}

export interface HNSWMemoryStats {
  readonly totalNodes: number
  readonly denseCount: number
  readonly sparseCount: number
  /** Of the vectors alone: all are kept in float32, sparse ones too. */
  readonly embeddingBytes: number
  /** All that the index holds: vectors, codes for walking, and the graph. */
  readonly memoryBytes: number
}

const bounds = VectorEngineConfig.default()

/**
 * A graph of vectors that come, change and go. The first n vectors of a new index have the ids 0 to n - 1; ids of deleted ones are used again.
 *
 * @example
 * ```ts
 * const index = await HNSWIndex.create(HNSWConfig.default().withDistanceMetric('euclidean'))
 * const id = index.insert([0, 1])
 * index.search([0, 2], 1) // [{ id, score: 0.5 }]
 * index.delete(id)
 * index.free()
 * ```
 */
export class HNSWIndex {
  readonly config: HNSWConfig
  readonly #pool: MemoryPool
  readonly #ownsPool: boolean
  readonly #metric: EngineMetric
  readonly #access = new AccessCounter()
  #index: HnswIndex | undefined
  #dimension: number | undefined
  /** That later searches use; undefined: what the configuration says. */
  #efSearch: number | undefined
  /** Ids of the vectors that are given back as sparse ones. */
  readonly #sparse = new Set<number>()

  constructor(pool: MemoryPool, config: HNSWConfig | HNSWOptions = {}, ownsPool = false) {
    this.config = config instanceof HNSWConfig ? config : new HNSWConfig(config)
    this.#pool = pool
    this.#ownsPool = ownsPool
    this.#metric = engineMetric(this.config.distanceMetric)
  }

  /** An index apart from any engine, with memory of its own. @throws VectorError ConfigurationError */
  static async create(config: HNSWConfig | HNSWOptions = {}): Promise<HNSWIndex> {
    return new HNSWIndex(await MemoryPool.create(), config, true)
  }

  get length(): number {
    return this.#index?.size ?? 0
  }

  get isEmpty(): boolean {
    return this.length === 0
  }

  /** That of the first vector; undefined before. */
  get dimension(): number | undefined {
    return this.#dimension
  }

  /** Exactly so many candidates in later searches. */
  setEfSearch(efSearch: number): void {
    this.#efSearch = new HNSWConfig({ ...this.config, efSearch }).efSearch
  }

  /** Returns the id. @throws VectorError EmptyVector, DimensionMismatch, InvalidVector; EmbeddingStorageError CapacityExceeded */
  insert(vector: VectorInput): number {
    return this.insertMany([vector])[0]!
  }

  /** Given back as a sparse vector where the share of zeros is at least the `sparsityThreshold`. @throws as `insert` */
  insertAuto(vector: VectorInput): number {
    return this.insertMany([vector], 'auto')[0]!
  }

  /** The same as `insert`: every index walks over codes of 7 bits a number, and keeps the vectors. @throws as `insert` */
  insertQuantized(vector: VectorInput): number {
    return this.insert(vector)
  }

  /** @throws as `insert` */
  insertSparse(vector: SparseVector): number {
    const id = this.insert(vector.toDense())
    this.#sparse.add(id)
    return id
  }

  /** @throws as `insert` */
  insertEmbedding({ kind, vector }: EmbeddingStorage): number {
    return kind === 'sparse' ? this.insertSparse(vector) : this.insert(vector)
  }

  /** Inserts all or none; returns their ids. @throws as `insert` */
  insertMany(vectors: readonly VectorInput[], storage: HNSWStorage = 'dense'): number[] {
    if (!vectors.length) return []
    const checked = vectors.map((vector) => checkedVector(vector, bounds, this.#dimension ?? vectors[0]!.length))
    const { maxNodes } = this.config
    if (maxNodes && this.length + checked.length > maxNodes) throw EmbeddingStorageError.capacityExceeded(maxNodes, this.length)
    const dimension = checked[0]!.length
    const packed = new Float32Array(checked.length * dimension)
    checked.forEach((vector, i) => packed.set(vector, i * dimension))
    const ids = Array.from(this.#indexOf(dimension).add(packed))
    if (storage === 'auto') ids.forEach((id, i) => isSparse(checked[i]!, this.config.sparsityThreshold) && this.#sparse.add(id))
    return ids
  }

  /** Takes a vector out. Returns whether there was one. */
  delete(id: number): boolean {
    const deleted = this.#index?.delete(id) ?? false
    this.#sparse.delete(id)
    return deleted
  }

  /** Puts another vector in the place of one; it keeps its id. @throws QuiverError NOT_FOUND; VectorError as `insert` */
  replace(id: number, vector: VectorInput): void {
    const checked = checkedVector(vector, bounds, this.#dimension)
    this.#indexOf(checked.length).replace(id, checked)
    this.#sparse.delete(id)
  }

  has(id: number): boolean {
    return this.#index?.has(id) ?? false
  }

  /** Ascending. */
  ids(): Uint32Array {
    return this.#index?.ids() ?? new Uint32Array(0)
  }

  /** A copy of a vector, dense whatever its form. */
  getVector(id: number): Float32Array | undefined {
    return this.#index?.get(id)
  }

  /** A copy of a vector in the form in which it was given. */
  getEmbedding(id: number): EmbeddingStorage | undefined {
    const vector = this.getVector(id)
    if (!vector) return undefined
    return this.#sparse.has(id) ? { kind: 'sparse', vector: SparseVector.fromDense(vector) } : { kind: 'dense', vector }
  }

  /** The most similar, best first; none for a k of 0, nor for zeros by cosine and dot product. @throws VectorError EmptyVector, DimensionMismatch, InvalidVector */
  search(query: VectorInput, k: number): HNSWHit[] {
    return this.#scored(this.searchWithin(query, k)!)
  }

  /** With exactly so many candidates, or k. @throws as `search` */
  searchWithEf(query: VectorInput, k: number, ef: number): HNSWHit[] {
    return this.#scored(this.searchWithin(query, k, { ef })!)
  }

  /** The score of a raw measure. */
  scoreOf(raw: number): number {
    return this.#metric.measure.toEngineScore(raw)
  }

  /** @throws as `search` */
  searchSparse(query: SparseVector, k: number): HNSWHit[] {
    return this.search(query.toDense(), k)
  }

  /** @throws as `search` */
  searchSparseWithEf(query: SparseVector, k: number, ef: number): HNSWHit[] {
    return this.searchWithEf(query.toDense(), k, ef)
  }

  /** The most similar with the raw measures of the metric, or undefined where the budget ended the search. @throws as `search` */
  searchWithin(
    query: VectorInput,
    k: number,
    { ef = this.#efSearch, budget }: { ef?: number; budget?: Budget } = {},
  ): { id: number; raw: number }[] | undefined {
    const checked = checkedVector(query, bounds, this.#dimension)
    if (!this.#index?.size || !(k > 0) || (!this.#metric.servesZero && isZeroVector(checked))) return []
    const { ids, distances, complete } = this.#index.search(checked, k, { ef, budget })
    this.#access.searched()
    if (!complete) return undefined
    return Array.from(ids, (id, i) => ({ id, raw: this.#metric.rawOfGraph(distances[i]!) }))
  }

  memoryStats(): HNSWMemoryStats {
    const { length: totalNodes } = this
    const { size: sparseCount } = this.#sparse
    const embeddingBytes = 4 * totalNodes * (this.#dimension ?? 0)
    return {
      totalNodes,
      denseCount: totalNodes - sparseCount,
      sparseCount,
      embeddingBytes,
      memoryBytes: this.#index?.memoryBytes ?? 0,
    }
  }

  accessStats(): HNSWAccessStats {
    return this.#access.stats()
  }

  /** Vectors that a search cannot reach: none in a sound index. */
  audit(): number {
    return this.#index?.audit() ?? 0
  }

  /** Gives the memory back; the index is empty then. */
  free(): void {
    this.#index?.free()
    this.#index = this.#dimension = undefined
    this.#sparse.clear()
    if (this.#ownsPool) this.#pool.close()
  }

  #indexOf(dimension: number): HnswIndex {
    if (this.#index) return this.#index
    const { m, m0, efConstruction, efSearch, recall } = this.config
    const { graphMetric: metric } = this.#metric
    const options = { dimensions: dimension, metric, m, m0, efConstruction, efSearch, recall, zeroVectors: 'keep' } as const
    this.#dimension = dimension
    return (this.#index = new HnswIndex(this.#pool, options))
  }

  #scored(hits: readonly { readonly id: number; readonly raw: number }[]): HNSWHit[] {
    return hits.map(({ id, raw }) => ({ id, score: this.scoreOf(raw) }))
  }
}
