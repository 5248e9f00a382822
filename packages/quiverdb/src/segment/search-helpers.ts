import { QuiverError } from '../errors.js'
import type { GraphPart } from './graph-part.js'
import type { Resident, Residency } from './residency.js'
import type { CodeBlock } from '../vector/code-block.js'
import type { MemoryPool } from '../vector/memory-pool.js'
import type { Metric } from '../vector/metric.js'
import type { GraphSearchOptions, GraphSearchResult } from '../vector/resident-graph.js'
import type { BlockScanOptions, ScanResult } from '../vector/scan.js'
import { SearchThreads } from '../vector/threads/search-threads.js'

/** Why a thread did not do what it was asked for, and this one has to. */
const forThisThread: readonly string[] = ['MEMORY_FULL', 'INTERNAL']

/** Threads that do the long pieces of searches, so that this one can go on with others. They start when the first such piece comes. */
export class SearchHelpers {
  readonly #pool: MemoryPool
  readonly #residency: Residency
  readonly #count: number
  #threads: Promise<SearchThreads> | undefined
  #closed = false

  /** `pool`: shared. `count`: threads, at least 1. */
  constructor(pool: MemoryPool, residency: Residency, count: number) {
    this.#pool = pool
    this.#residency = residency
    this.#count = count
  }

  /** As `ResidentGraph.search`; undefined where this thread has to do it. @throws QuiverError ABORTED, CLOSED */
  walk(part: GraphPart, query: Float32Array, options: GraphSearchOptions): Promise<GraphSearchResult | undefined> {
    const graph = part.graph()
    graph.finish()
    graph.prepare(options)
    return this.#helped(part, (threads) => threads.search(graph, query, options))
  }

  /** As `scanBlock`; undefined where this thread has to do it. @throws QuiverError ABORTED, CLOSED */
  scan(
    holder: Resident,
    block: CodeBlock,
    query: Float32Array,
    metric: Metric,
    options: BlockScanOptions,
  ): Promise<ScanResult | undefined> {
    return this.#helped(holder, (threads) => threads.scan(block, query, metric, options))
  }

  /** Ends the threads. Searches that are not answered reject with CLOSED. */
  async close(): Promise<void> {
    this.#closed = true
    await (await this.#threads?.catch(() => undefined))?.close()
  }

  #helped<R>(holder: Resident, work: (threads: SearchThreads) => Promise<R>): Promise<R | undefined> {
    return this.#residency.hold(holder, async () => {
      if (this.#closed) throw new QuiverError('CLOSED', 'The database is closed.')
      this.#threads ??= SearchThreads.start(this.#pool, { threads: this.#count })
      try {
        return await work(await this.#threads)
      } catch (error) {
        if (error instanceof QuiverError && forThisThread.includes(error.code)) return undefined
        throw error
      }
    })
  }
}
