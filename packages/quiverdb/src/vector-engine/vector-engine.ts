import { checkedVector, type VectorInput } from './check-input.js'
import { VectorEngineConfig, type VectorEngineOptions } from './config.js'
import { EngineCore, type VectorEngineResources } from './engine-core.js'
import { VectorError } from './errors.js'
import { PersistenceMethods } from './persistence-methods.js'
import { cosine } from '../vector/measure/cosine.js'

/**
 * Embeddings in memory, searched by similarity: everything after `create` is synchronous.
 *
 * @example
 * ```ts
 * const engine = await VectorEngine.create()
 * engine.storeEmbedding('doc1', [0.1, 0.2, 0.3])
 * engine.storeEmbedding('doc2', [0.3, 0.1, 0.1])
 * engine.searchSimilar([0.1, 0.2, 0.3], 1) // [{ key: 'doc1', score: 1 }]
 * engine.close()
 * ```
 */
export class VectorEngine extends PersistenceMethods {
  /**
   * An empty engine. Asynchronous because the kernel is compiled, once per process.
   * @throws VectorError ConfigurationError; QuiverError INVALID_ARGUMENT: not a number of threads
   *
   * @example
   * ```ts
   * const engine = await VectorEngine.create({ parallelThreshold: 1000 }, { threads: 4, memoryBytesMax: 4 * 1024 ** 3 })
   * ```
   */
  static async create(
    config: VectorEngineConfig | VectorEngineOptions = {},
    resources: VectorEngineResources = {},
  ): Promise<VectorEngine> {
    return new VectorEngine(await EngineCore.create(config, resources))
  }

  /**
   * The cosine of two vectors, -1 to 1; 0 where one of them is zero.
   * @throws VectorError EmptyVector, DimensionMismatch, InvalidVector
   */
  static computeSimilarity(a: VectorInput, b: VectorInput): number {
    if (!a.length || !b.length) throw VectorError.emptyVector()
    const config = VectorEngineConfig.default()
    return cosine.raw(checkedVector(a, config), checkedVector(b, config, a.length))
  }

  get config(): VectorEngineConfig {
    return this.core.context.config
  }

  /** Gives all memory back and ends its threads. The engine must not be used afterwards. */
  close(): void {
    this.core.close()
  }
}
