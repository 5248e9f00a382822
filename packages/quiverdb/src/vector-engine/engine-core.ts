import { QuiverError } from '../errors.js'
import { MemoryPool } from '../vector/memory-pool.js'
import { ScanThreads } from '../vector/threads/scan-threads.js'
import { Collections, searchable, type Searchable } from './collections.js'
import { VectorEngineConfig, type VectorEngineOptions } from './config.js'
import { Embeddings, type EngineContext } from './embeddings.js'
import { EngineEvents } from './engine-events.js'
import { Entities } from './entities.js'
import { EngineIndexes } from './hnsw/engine-indexes.js'
import { VectorCollectionConfig } from './types.js'

export interface VectorEngineResources {
  /** Bound of the linear memory for vectors and graphs, in bytes. Default: 2 GiB. */
  readonly memoryBytesMax?: number
  /** Threads for scans of `parallelThreshold` vectors and more, the calling one included. Default: 1. */
  readonly threads?: number
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

  /** @throws VectorError ConfigurationError; QuiverError INVALID_ARGUMENT: not a number of threads */
  static async create(given: VectorEngineConfig | VectorEngineOptions, resources: VectorEngineResources): Promise<EngineCore> {
    const config = given instanceof VectorEngineConfig ? given : new VectorEngineConfig(given)
    config.validate()
    const { memoryBytesMax, threads: wanted = 1 } = resources
    const shared = wanted > 1
    const [pool, events] = await Promise.all([createPool(memoryBytesMax, shared), EngineEvents.create()])
    const threads = shared ? await ScanThreads.start(pool, { threads: wanted }) : undefined
    return new EngineCore({ config, pool, events, threads })
  }

  /** Gives memory back and ends the threads. */
  close(): void {
    this.context.pool.close()
    void this.context.threads?.close()
  }
}

/** Where memory cannot be shared, as in a browser tab without cross-origin isolation, there is one thread. */
async function createPool(memoryBytesMax: number | undefined, shared: boolean): Promise<MemoryPool> {
  try {
    return await MemoryPool.create({ memoryBytesMax, shared })
  } catch (error) {
    if (shared && error instanceof QuiverError && error.code === 'UNSUPPORTED') return await createPool(memoryBytesMax, false)
    throw error
  }
}
