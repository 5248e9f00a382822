import { HNSWConfig, type HNSWOptions } from './hnsw-config.js'

/**
 * The form in which `getEmbedding` of an index gives vectors back: `dense`, or with `auto` sparse where they have many zeros. `quantized` is another
 * name of `dense`. The index itself does not depend on it: it keeps float32, and walks over codes of 7 bits a number in any case.
 */
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

  /** The `highSpeed` preset, whose links take half the memory. */
  static memoryOptimized(): HNSWBuildOptions {
    return new HNSWBuildOptions({ storage: 'quantized', hnswConfig: HNSWConfig.highSpeed() })
  }

  /** Dense, with the `highRecall` preset. */
  static highRecall(): HNSWBuildOptions {
    return new HNSWBuildOptions({ storage: 'dense', hnswConfig: HNSWConfig.highRecall() })
  }

  /** Vectors with many zeros come back as sparse ones. */
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
