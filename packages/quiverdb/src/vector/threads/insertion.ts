import { QuiverError } from '../../errors.js'
import type { GraphImage } from '../graph-image.js'
import type { HnswBuilder } from '../hnsw-builder.js'
import { lanesByDefault } from './spawn.js'
import { Lanes } from './lanes.js'
import { insertOnLanes, packOnLanes } from './threaded-insertion.js'

export interface InsertionOptions {
  /** Threads that insert, 1 to 64. Default: the number of cores, at most 4. With 1, or where the pool is not shared, it is this one. */
  readonly threads?: number
  /** Ends the insertion within milliseconds: what was inserted stays, in a sound graph; the rest is still pending. */
  readonly signal?: AbortSignal
  /** Called several times a second, and at the end, with how many vectors were inserted. */
  readonly onProgress?: (done: number) => void
}

/** Vectors that wait before this thread inserts them, and those that it inserts before it looks at the clock. */
const alone = 256
const perGlance = 32
/** How long this thread inserts before it lets others run, in milliseconds. */
const turnMs = 12
/** Vectors that lanes insert together: more, since each time they wait for the last of them. */
const together = 2048

/**
 * Inserts what is appended to a builder, while more is appended: on threads of its own, or on this one.
 *
 * @example
 * ```ts
 * const insertion = await Insertion.begin(builder, { threads: 2 })
 * try {
 *   for (const vectors of chunks) {
 *     builder.append(vectors)
 *     await insertion.goOn()
 *   }
 *   const { header, sections } = await insertion.image()
 * } finally {
 *   await insertion.close()
 * }
 * ```
 */
export class Insertion {
  readonly #builder: HnswBuilder
  readonly #lanes: Lanes | undefined
  readonly #options: InsertionOptions
  readonly #start: number
  /** Nodes that the lanes have been told to insert. */
  #end: number
  #running = Promise.resolve()

  private constructor(builder: HnswBuilder, lanes: Lanes | undefined, options: InsertionOptions) {
    this.#builder = builder
    this.#lanes = lanes
    this.#options = options
    this.#start = this.#end = builder.memory.nodes
  }

  /** @throws QuiverError INVALID_ARGUMENT, INTERNAL when a thread does not start */
  static async begin(builder: HnswBuilder, options: InsertionOptions = {}): Promise<Insertion> {
    const { pool } = builder.memory
    const threads = pool.shared ? (options.threads ?? (await lanesByDefault())) : 1
    return new Insertion(builder, threads === 1 ? undefined : await Lanes.start(pool, threads), options)
  }

  /** To be called after vectors were appended; they may be inserted later. @throws QuiverError ABORTED, MEMORY_FULL */
  async goOn(): Promise<void> {
    const { memory, pending } = this.#builder
    const waiting = memory.nodes + pending - this.#end
    if (waiting >= (this.#lanes ? together : alone)) await this.#insert()
  }

  /** Resolves when all that was appended is inserted. @throws QuiverError ABORTED, MEMORY_FULL */
  async finished(): Promise<void> {
    await this.#insert()
    await this.#running
  }

  /** Inserts all that was appended, makes all reachable, and returns a copy of the graph. @throws QuiverError ABORTED, MEMORY_FULL */
  async image(): Promise<GraphImage> {
    await this.finished()
    const lanes = this.#lanes
    return lanes ? this.#builder.finishBy((packed) => packOnLanes(lanes, packed)) : this.#builder.finish()
  }

  /** Ends the threads. An insertion that is not finished leaves a graph that is good for nothing. */
  async close(): Promise<void> {
    await this.#lanes?.close()
    await this.#running.catch(() => undefined)
  }

  async #insert(): Promise<void> {
    const { signal } = this.#options
    const builder = this.#builder
    const done = this.#end - this.#start
    this.#end = builder.memory.nodes + builder.pending
    if (!this.#lanes) {
      for (let turnEnd = performance.now() + turnMs; builder.pending;) {
        if (signal?.aborted) throw new QuiverError('ABORTED', 'The insertion was aborted.', { cause: signal.reason })
        builder.insertNext(signal ? perGlance : alone)
        this.#tell(builder.memory.nodes - this.#start)
        if (!signal || performance.now() < turnEnd) continue
        await new Promise((resolve) => setTimeout(resolve)) // it may fire now
        turnEnd = performance.now() + turnMs
      }
      return
    }
    await this.#running
    this.#running = insertOnLanes(this.#lanes, builder, { signal, onProgress: (more) => this.#tell(done + more) })
    this.#running.catch(() => undefined) // whoever waits next hears of it
  }

  #tell(done: number): void {
    this.#options.onProgress?.(done)
  }
}
