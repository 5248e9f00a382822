import { QuiverError } from '../../errors.js'
import type { Budget } from '../budget.js'
import { checkLength } from '../check-length.js'
import type { MemoryPool } from '../memory-pool.js'
import type { GraphSearchOptions, GraphSearchResult, ResidentGraph } from '../resident-graph.js'
import type { CodeBlock } from '../code-block.js'
import type { Metric } from '../metric.js'
import { type BlockScanOptions, emptyScan, type ScanResult } from '../scan.js'
import { type BlockTask, messaged, type SearchTask, taskBudget } from './lane-messages.js'
import { Lanes } from './lanes.js'
import { unpackResults } from './packed-results.js'

export interface ThreadsOptions {
  /** How many, 1 to 64. Default: the number of cores, at most 4. */
  readonly threads?: number
}

export interface ThreadedSearchOptions extends Omit<GraphSearchOptions, 'budget'> {
  readonly budget?: Omit<Budget, 'signal'> & { readonly signal?: AbortSignal }
}

/** The most queries that go to a thread together: a message costs about as much as a search. */
const queriesPerTask = 32

/**
 * Threads that search graphs of one pool, of which each is in memory once. Answers are those of `ResidentGraph.search`, bit for bit.
 *
 * @example
 * ```ts
 * const pool = await MemoryPool.create({ shared: true })
 * const threads = await SearchThreads.start(pool, { threads: 2 })
 * const { nodes, estimates } = await threads.search(graph, query, { ef: 50 })
 * await threads.close()
 * ```
 */
export class SearchThreads {
  readonly #lanes: Lanes

  private constructor(lanes: Lanes) {
    this.#lanes = lanes
  }

  /** @throws QuiverError UNSUPPORTED unless the pool is shared, INVALID_ARGUMENT, INTERNAL when a thread does not start */
  static async start(pool: MemoryPool, options: ThreadsOptions = {}): Promise<SearchThreads> {
    return new SearchThreads(await Lanes.start(pool, options.threads))
  }

  get threads(): number {
    return this.#lanes.count
  }

  /**
   * As `ResidentGraph.search`. The graph must not be freed before the answer; it may grow.
   * @throws QuiverError DIMENSION_MISMATCH, INVALID_ARGUMENT, ABORTED, MEMORY_FULL, CLOSED
   */
  async search(graph: ResidentGraph, query: Float32Array, options: ThreadedSearchOptions): Promise<GraphSearchResult> {
    const [result] = await this.#run(graph, [query], options)
    return result!
  }

  /** Several queries at once, answered in their order. @throws as `search` */
  async searchMany(
    graph: ResidentGraph,
    queries: readonly Float32Array[],
    options: ThreadedSearchOptions,
  ): Promise<GraphSearchResult[]> {
    const results = new Array<GraphSearchResult>(queries.length)
    const together = Math.min(queriesPerTask, Math.ceil(queries.length / this.#lanes.count))
    let next = 0
    const drain = async (): Promise<void> => {
      while (next < queries.length) {
        const first = next
        next += together
        const found = await this.#run(graph, queries.slice(first, next), options)
        found.forEach((result, i) => (results[first + i] = result))
      }
    }
    await Promise.all(Array.from({ length: this.#lanes.count }, drain))
    return results
  }

  /** As `scanBlock`, bit for bit. The block must not be changed or freed before the answer. @throws as `search` */
  async scan(block: CodeBlock, query: Float32Array, metric: Metric, options: BlockScanOptions): Promise<ScanResult> {
    checkLength(query, block.dimensions)
    const { place, extent } = block
    if (!place || !extent) return emptyScan(options)
    if (block.pool !== this.#lanes.pool) throw new QuiverError('INVALID_ARGUMENT', 'The block lies in another memory pool.')
    const { budget, allowed, ...scan } = options
    const task: BlockTask = {
      kind: 'block',
      block: place,
      query: messaged(query),
      metric,
      options: { ...scan, allowed: allowed && messaged(allowed) },
      budget: budget && taskBudget(budget),
    }
    return this.#lanes.run(extent.arena, task, budget?.signal)
  }

  /** Ends the threads. Searches that are not answered reject with CLOSED. */
  close(): Promise<void> {
    return this.#lanes.close()
  }

  async #run(
    graph: ResidentGraph,
    queries: readonly Float32Array[],
    options: ThreadedSearchOptions,
  ): Promise<GraphSearchResult[]> {
    const { memory, recall } = graph
    if (memory.pool !== this.#lanes.pool) throw new QuiverError('INVALID_ARGUMENT', 'The graph lies in another memory pool.')
    const { dimensions } = memory.parameters
    const packed = new Float32Array(queries.length * dimensions)
    queries.forEach((query, i) => {
      checkLength(query, dimensions)
      packed.set(query, i * dimensions)
    })
    graph.prepare(options)
    const { budget, allowed, ...walk } = options
    const task: SearchTask = {
      kind: 'search',
      graph: memory.place,
      ...(recall?.sketch && { recall }),
      queries: packed,
      options: { ...walk, allowed: allowed && messaged(allowed) },
      budget: budget && taskBudget(budget),
    }
    return unpackResults(await this.#lanes.run(memory.arena, task, budget?.signal))
  }
}
