import { QuiverError } from '../../errors.js'
import { alignUp } from '../arena.js'
import { runWithin } from '../budget.js'
import type { FlatVectors } from '../flat/flat-vectors.js'
import { type FlatSearchOptions, type FlatSearchResult, searchFlat } from '../flat/search-flat.js'
import type { MemoryPool } from '../memory-pool.js'
import { messaged, type ScanTask, taskBudget } from './lane-messages.js'
import { Lanes } from './lanes.js'
import { ScanBoard } from './scan-board.js'
import { scanRange, scanRanges, type SharedScan } from './scan-ranges.js'
import { lanesByDefault } from './spawn.js'
import type { ThreadsOptions } from './search-threads.js'

/** Each thread has about this many ranges, so that one which is late leaves its share to the others. */
const rangesPerLane = 4
/** So many rows are scanned by the calling thread alone. */
export const rowsPerRangeMin = 256

/**
 * Exact scans that several threads share, while the calling one waits: it scans too, and does alone what no other thread comes to in time.
 * Answers are those of `searchFlat`, bit for bit. Where threads cannot share memory or this one may not wait (the main thread of a browser),
 * it scans alone: `lanes` is 1.
 *
 * @example
 * ```ts
 * const pool = await MemoryPool.create({ shared: true })
 * const threads = await ScanThreads.start(pool, { threads: 2 })
 * const { rows, distances } = threads.scan(vectors, query, { measure: measures.cosine, k: 10 })
 * await threads.close()
 * ```
 */
export class ScanThreads {
  readonly #lanes: Lanes | undefined

  private constructor(lanes: Lanes | undefined) {
    this.#lanes = lanes
  }

  /** `threads`: with the calling one, 1 to 64; default: the number of cores, at most 4. @throws QuiverError INVALID_ARGUMENT, INTERNAL */
  static async start(pool: MemoryPool, options: ThreadsOptions = {}): Promise<ScanThreads> {
    const threads = options.threads ?? (await lanesByDefault())
    if (!pool.shared || threads === 1 || !mayWait()) return new ScanThreads(undefined)
    return new ScanThreads(await Lanes.start(pool, threads - 1))
  }

  /** Threads that take part in a scan, the calling one included. */
  get lanes(): number {
    return 1 + (this.#lanes?.count ?? 0)
  }

  /** As `searchFlat`, whose codes are scanned by one thread. @throws QuiverError INVALID_ARGUMENT, DIMENSION_MISMATCH, INVALID_VECTOR, ABORTED, MEMORY_FULL */
  readonly scan = (vectors: FlatVectors, query: Float32Array, options: FlatSearchOptions): FlatSearchResult => {
    const [result] = this.scanMany(vectors, [query], options)
    return result!
  }

  /** As `searchFlat` with several queries. @throws as `scan` */
  scanMany(vectors: FlatVectors, queries: readonly Float32Array[], options: FlatSearchOptions): FlatSearchResult[] {
    const { rows, placed, pool } = vectors
    const rowsPerRange = Math.max(rowsPerRangeMin, alignUp(Math.ceil(rows / (rangesPerLane * this.lanes)), 32))
    const byCodes = options.codes !== undefined && options.codes !== 'float32'
    if (!this.#lanes || !placed || byCodes || rows <= rowsPerRange || queries.length === 0)
      return searchFlat(vectors, queries, options)
    if (pool !== this.#lanes.pool) throw new QuiverError('INVALID_ARGUMENT', 'The vectors lie in another memory pool.')
    runWithin(options.budget, () => true) // or this thread might not look at the signal at all
    const { arena } = placed.rows
    const board = new ScanBoard({ rows, rowsPerRange, queries: queries.length, k: options.k })
    const scan: SharedScan = { board, vectors: vectors.place, queries, options }
    this.#lanes.startOnAll(arena, taskOf(scan))
    try {
      scanRanges(pool, arena, scan)
    } finally {
      board.waitForOthers()
    }
    for (let range = 0; range < board.ranges; range++) if (!board.answerOf(range, 0)) scanRange(pool, arena, scan, range)
    return queries.map((_, query) => merged(board, query, options))
  }

  /** Ends the other threads. The calling one goes on scanning alone. */
  async close(): Promise<void> {
    await this.#lanes?.close()
  }
}

function taskOf({ board, vectors, queries, options }: SharedScan): ScanTask {
  const { measure, k, allowed, budget } = options
  return {
    kind: 'scan',
    shape: board.shape,
    shared: board.shared,
    vectors,
    queries: queries.map(messaged),
    measure: { name: measure.name, weights: measure.weights },
    k,
    allowed: allowed && messaged(allowed),
    budget: budget && taskBudget(budget),
  }
}

function merged(board: ScanBoard, query: number, { measure, k }: FlatSearchOptions): FlatSearchResult {
  const parts = Array.from({ length: board.ranges }, (_, range) => board.answerOf(range, query)!)
  const sign = measure.higherIsBetter ? -1 : 1
  const found = parts.flatMap(({ rows, distances }) => Array.from(rows, (row, i) => ({ row, distance: distances[i]! })))
  found.sort((a, b) => sign * (a.distance - b.distance) || a.row - b.row)
  const best = found.slice(0, k)
  return {
    rows: Uint32Array.from(best, ({ row }) => row),
    distances: Float64Array.from(best, ({ distance }) => distance),
    evaluations: parts.reduce((sum, { evaluations }) => sum + evaluations, 0),
    complete: parts.every(({ complete }) => complete),
  }
}

/** Whether this thread may sleep. */
function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1)
    return true
  } catch {
    return false
  }
}
