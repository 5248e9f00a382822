import { VectorError } from './errors.js'
import type { DistanceMetric } from './types.js'

const mebibyte = 1024 ** 2

/** The fields of a {@link VectorEngineConfig}; what is left out has its default. */
export type VectorEngineOptions = Partial<Omit<VectorEngineConfig, 'validate' | `with${string}`>>

const metrics: readonly DistanceMetric[] = ['cosine', 'euclidean', 'dotProduct']

/**
 * How a `VectorEngine` behaves, and its bounds. Immutable: each `with` gives another.
 *
 * @example
 * ```ts
 * const config = VectorEngineConfig.default().withDefaultDimension(768).withSearchTimeout(5_000)
 * const engine = await VectorEngine.create(config)
 * ```
 */
export class VectorEngineConfig {
  /** Vectors of another length are refused wherever no collection says otherwise. Default: any length. */
  readonly defaultDimension: number | undefined
  /** A vector with at least this share of zeros (1e-6 and smaller count) is kept sparse, 0 to 1. Nothing is lost either way. Default: 0.5. */
  readonly sparseThreshold: number
  /** From this many dense vectors on, but not below 257, scans are shared by the `threads` of the engine. Default: 5000. */
  readonly parallelThreshold: number
  /** Of searches that name none, and of collections that are made without one. Default: `cosine`. */
  readonly defaultMetric: DistanceMetric
  /** Longer vectors and queries are refused. Default: the engine's own limit of 16,384. */
  readonly maxDimension: number | undefined
  /** The most keys that one call lists or clears. Searches, counts and index builds are always complete. Default: no bound. */
  readonly maxKeysPerScan: number | undefined
  /** A batch of this size or more is stored in one piece, by one thread: memory for its vectors is taken once. Default: 100. */
  readonly batchParallelThreshold: number
  /** In milliseconds, fractions allowed. A search that takes longer throws SearchTimeout. Default: none. */
  readonly searchTimeoutMs: number | undefined
  /** Larger index files are not read. Default: 100 MiB. */
  readonly maxIndexFileBytes: number | undefined
  /** Index files with more vectors are not loaded. Default: 1,000,000. */
  readonly maxIndexEntries: number | undefined

  constructor(options: VectorEngineOptions = {}) {
    this.defaultDimension = options.defaultDimension
    this.sparseThreshold = options.sparseThreshold ?? 0.5
    this.parallelThreshold = options.parallelThreshold ?? 5000
    this.defaultMetric = options.defaultMetric ?? 'cosine'
    this.maxDimension = options.maxDimension
    this.maxKeysPerScan = options.maxKeysPerScan
    this.batchParallelThreshold = options.batchParallelThreshold ?? 100
    this.searchTimeoutMs = options.searchTimeoutMs
    this.maxIndexFileBytes = 'maxIndexFileBytes' in options ? options.maxIndexFileBytes : 100 * mebibyte
    this.maxIndexEntries = 'maxIndexEntries' in options ? options.maxIndexEntries : 1_000_000
  }

  /** For most workloads. */
  static default(): VectorEngineConfig {
    return new VectorEngineConfig()
  }

  /** Goes to several threads earlier: `parallelThreshold` 1000. */
  static highThroughput(): VectorEngineConfig {
    return new VectorEngineConfig({ parallelThreshold: 1000 })
  }

  /** Tight bounds: `maxDimension` 4096, `maxKeysPerScan` 10,000, 30 s per search, 10 MiB and 100,000 entries per index file, more vectors sparse. */
  static lowMemory(): VectorEngineConfig {
    return new VectorEngineConfig({
      sparseThreshold: 0.3,
      maxDimension: 4096,
      maxKeysPerScan: 10_000,
      searchTimeoutMs: 30_000,
      maxIndexFileBytes: 10 * mebibyte,
      maxIndexEntries: 100_000,
    })
  }

  withDefaultDimension(defaultDimension: number): VectorEngineConfig {
    return this.#with({ defaultDimension })
  }

  withSparseThreshold(sparseThreshold: number): VectorEngineConfig {
    return this.#with({ sparseThreshold })
  }

  withParallelThreshold(parallelThreshold: number): VectorEngineConfig {
    return this.#with({ parallelThreshold })
  }

  withDefaultMetric(defaultMetric: DistanceMetric): VectorEngineConfig {
    return this.#with({ defaultMetric })
  }

  withMaxDimension(maxDimension: number): VectorEngineConfig {
    return this.#with({ maxDimension })
  }

  withMaxKeysPerScan(maxKeysPerScan: number): VectorEngineConfig {
    return this.#with({ maxKeysPerScan })
  }

  withBatchParallelThreshold(batchParallelThreshold: number): VectorEngineConfig {
    return this.#with({ batchParallelThreshold })
  }

  withSearchTimeout(searchTimeoutMs: number): VectorEngineConfig {
    return this.#with({ searchTimeoutMs })
  }

  withMaxIndexFileBytes(maxIndexFileBytes: number): VectorEngineConfig {
    return this.#with({ maxIndexFileBytes })
  }

  withMaxIndexEntries(maxIndexEntries: number): VectorEngineConfig {
    return this.#with({ maxIndexEntries })
  }

  /** @throws VectorError ConfigurationError, naming the field in the notation of the reference (`max_dimension`) */
  validate(): void {
    const { sparseThreshold, searchTimeoutMs, defaultMetric } = this
    if (!(sparseThreshold >= 0 && sparseThreshold <= 1)) {
      throw VectorError.configuration('sparse_threshold must be between 0.0 and 1.0')
    }
    checkCount('parallel_threshold', this.parallelThreshold)
    checkCount('batch_parallel_threshold', this.batchParallelThreshold)
    const optional = {
      default_dimension: this.defaultDimension,
      max_dimension: this.maxDimension,
      max_keys_per_scan: this.maxKeysPerScan,
      max_index_file_bytes: this.maxIndexFileBytes,
      max_index_entries: this.maxIndexEntries,
    }
    for (const [name, value] of Object.entries(optional)) if (value !== undefined) checkCount(name, value)
    if (searchTimeoutMs !== undefined && !(searchTimeoutMs > 0)) {
      throw VectorError.configuration('search_timeout must be greater than 0')
    }
    if (!metrics.includes(defaultMetric)) {
      throw VectorError.configuration(`default_metric must be one of ${metrics.join(', ')}`)
    }
  }

  #with(changes: VectorEngineOptions): VectorEngineConfig {
    return new VectorEngineConfig({ ...this, ...changes })
  }
}

function checkCount(field: string, value: number): void {
  if (!(value > 0)) throw VectorError.configuration(`${field} must be greater than 0`)
  if (!Number.isInteger(value)) throw VectorError.configuration(`${field} must be a whole number`)
}
