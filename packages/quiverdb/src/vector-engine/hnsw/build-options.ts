import { HNSWConfig, type HNSWOptions } from './hnsw-config.js'

/** `dense`: as they are; `auto`: as sparse ones where they have many zeros; `quantized`: in 8 bits a number. */
export type HNSWStorage = 'dense' | 'auto' | 'quantized'

/**
 * How the engine builds an index of its embeddings.
 *
 * @example
 * ```ts
 * const [index, keys] = engine.buildHnswIndexWithOptions(HNSWBuildOptions.memoryOptimized())
 * ```
 */
export class HNSWBuildOptions {
  /** Default: `dense`. */
  readonly storage: HNSWStorage
  readonly hnswConfig: HNSWConfig

  constructor(options: { readonly storage?: HNSWStorage; readonly hnswConfig?: HNSWConfig | HNSWOptions } = {}) {
    this.storage = options.storage ?? 'dense'
    this.hnswConfig = options.hnswConfig instanceof HNSWConfig ? options.hnswConfig : new HNSWConfig(options.hnswConfig)
  }

  /** Quantised, with the `highSpeed` preset. */
  static memoryOptimized(): HNSWBuildOptions {
    return new HNSWBuildOptions({ storage: 'quantized', hnswConfig: HNSWConfig.highSpeed() })
  }

  /** Dense, with the `highRecall` preset. */
  static highRecall(): HNSWBuildOptions {
    return new HNSWBuildOptions({ storage: 'dense', hnswConfig: HNSWConfig.highRecall() })
  }

  /** Sparse where it pays. */
  static sparseOptimized(): HNSWBuildOptions {
    return new HNSWBuildOptions({ storage: 'auto' })
  }

  withStorage(storage: HNSWStorage): HNSWBuildOptions {
    return new HNSWBuildOptions({ ...this, storage })
  }

  withHnswConfig(hnswConfig: HNSWConfig): HNSWBuildOptions {
    return new HNSWBuildOptions({ ...this, hnswConfig })
  }

  withSparsityThreshold(sparsityThreshold: number): HNSWBuildOptions {
    return this.withHnswConfig(this.hnswConfig.withSparsityThreshold(sparsityThreshold))
  }
}
