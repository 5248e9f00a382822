import { MemoryPool } from '../vector/memory-pool.js'
import { Collections, searchable, type Searchable } from './collections.js'
import { VectorEngineConfig, type VectorEngineOptions } from './config.js'
import { Embeddings, type EngineContext } from './embeddings.js'
import { EngineEvents } from './engine-events.js'
import { Entities } from './entities.js'
import { EngineIndexes } from './hnsw/engine-indexes.js'
import type { ParallelScan } from './exact-scan.js'
import { VectorCollectionConfig } from './types.js'

export interface VectorEngineResources {
  /** Bound of the linear memory for vectors and graphs, in bytes. Default: 2 GiB. */
  readonly memoryBytesMax?: number
  /** For scans of `parallelThreshold` vectors and more. */
  readonly threads?: ParallelScan
}

/** All that an engine holds; its methods are in the classes on top. */
export class EngineCore {
  readonly context: EngineContext
  readonly defaults: Searchable
  readonly entities: Entities
  readonly collections: Collections
  readonly indexes: EngineIndexes

  private constructor(context: EngineContext) {
    this.context = context
    const { defaultMetric: distanceMetric } = context.config
    this.defaults = searchable(new Embeddings(context, new VectorCollectionConfig({ distanceMetric })), context)
    this.entities = new Entities(context)
    this.collections = new Collections(context, this.defaults)
    this.indexes = new EngineIndexes(context, this.collections)
  }

  /** @throws VectorError ConfigurationError */
  static async create(given: VectorEngineConfig | VectorEngineOptions, resources: VectorEngineResources): Promise<EngineCore> {
    const config = given instanceof VectorEngineConfig ? given : new VectorEngineConfig(given)
    config.validate()
    const { memoryBytesMax, threads } = resources
    const [pool, events] = await Promise.all([MemoryPool.create({ memoryBytesMax }), EngineEvents.create()])
    return new EngineCore({ config, pool, events, threads })
  }
}
