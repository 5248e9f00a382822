import { keyBytes } from '@quiverdb/kernel'
import { QuiverError } from '../errors.js'
import { alignUp, type Arena } from './arena.js'
import { checkLength } from './check-length.js'
import type { Extent, MemoryPool } from './memory-pool.js'
import { type Metric, modeOf } from './metric.js'

interface Ranking {
  /** Where the float32 vectors are. */
  readonly arena: Arena
  readonly count: number
  readonly first: number
  readonly k: number
  /** A distance that as many known vectors elsewhere as are wanted do not exceed. */
  readonly worst: number
  /** The largest error that estimates were seen to have. */
  readonly error: number
}

/** Candidates by ascending estimate of their distance. */
export interface RankCandidates extends Ranking {
  /** Of their vectors. */
  readonly addresses: ArrayLike<number>
  readonly estimates: ArrayLike<number>
}

/** Candidates that a walk has left in the same arena. */
export interface RankRows extends Ranking {
  /** Addresses of u32 and of float64. */
  readonly nodes: number
  readonly estimates: number
  /** The nodes that pieces of rows begin with, ascending from 0, and where those pieces are. */
  readonly starts: readonly number[]
  readonly residents: readonly { readonly pointer: number; readonly rowBytes: number }[]
}

export interface Ranked {
  /** Of the first candidates, as many as were scored. */
  readonly distances: Float64Array
  readonly error: number
}

const rowsMin = 64
const rowAlignment = 16
/** As the kernel wants it. */
const pieceBytes = 12

/**
 * Exact distances, summed in float64 in a fixed order: the same bits on every machine.
 *
 * @example
 * ```ts
 * const scorer = new ExactScorer(pool)
 * scorer.begin(query, 'cosine')
 * candidates.forEach((bytes, i) => scorer.row(i).set(bytes))
 * const distances = scorer.score(candidates.length)
 * scorer.free()
 * ```
 */
export class ExactScorer {
  readonly #pool: MemoryPool
  #staged: Extent | undefined
  #query: Float32Array = new Float32Array(0)
  #metric: Metric = 'l2'
  #stride = 0

  constructor(pool: MemoryPool) {
    this.#pool = pool
  }

  /** Sets the query that the next scores are for. Rows that were staged before are void. */
  begin(query: Float32Array, metric: Metric): void {
    this.#query = query
    this.#metric = metric
    this.#stride = alignUp(4 * query.length, rowAlignment)
  }

  /**
   * Where the float32 bytes (little-endian) of row i go, so that a file can be read straight into it. The view is good until the pool
   * next allocates, which asking for a later row can do: fill a row before asking for the next. @throws QuiverError MEMORY_FULL
   */
  row(i: number): Uint8Array {
    const extent = this.#reserve(i + 1)
    const start = extent.pointer + i * this.#stride
    return extent.arena.u8.subarray(start, start + 4 * this.#query.length)
  }

  /** Stages a vector as row i. */
  setRow(i: number, vector: Float32Array): void {
    checkLength(vector, this.#query.length)
    const extent = this.#reserve(i + 1)
    extent.arena.f32.set(vector, (extent.pointer + i * this.#stride) / 4)
  }

  /** The distances of the first n staged rows, in the metric's own scale. */
  score(n: number): Float64Array<ArrayBuffer> {
    if (!n) return new Float64Array(0)
    const { arena, pointer } = this.#reserve(n)
    const query = this.#pool.scratch(arena, 'source', this.#query.byteLength)
    const out = this.#pool.scratch(arena, 'distances', 8 * n)
    arena.f32.set(this.#query, query / 4)
    arena.kernel.exactDistances(query, pointer, this.#stride, n, this.#query.length, modeOf(this.#metric), out)
    return arena.f64.slice(out / 8, out / 8 + n)
  }

  /**
   * Scores candidates whose vectors are in linear memory in the order of their estimates, until none behind can be among the k nearest; the first
   * `first` in any case. The distances are good until the next use of the scorer. The query is that of `begin`.
   */
  rank(candidates: RankCandidates): Ranked {
    const { arena, addresses, estimates, count } = candidates
    const places = this.#pool.scratch(arena, 'addresses', 4 * count)
    const guesses = this.#pool.scratch(arena, 'estimates', 8 * count)
    const { u32, f64 } = arena
    for (let i = 0; i < count; i++) {
      u32[places / 4 + i] = addresses[i]!
      f64[guesses / 8 + i] = estimates[i]!
    }
    return this.#rank(candidates, places, guesses)
  }

  /** The same of nodes in linear memory that are rows of several pieces of it. */
  rankRows(candidates: RankRows): Ranked {
    const { arena, nodes, estimates, count, starts, residents } = candidates
    const table = this.#pool.scratch(arena, 'pieces', pieceBytes * starts.length)
    const places = this.#pool.scratch(arena, 'addresses', 4 * count)
    const { u32 } = arena
    for (let i = 0, at = table / 4; i < starts.length; i++) {
      u32[at++] = starts[i]!
      u32[at++] = residents[i]!.pointer
      u32[at++] = residents[i]!.rowBytes
    }
    arena.kernel.rowAddresses(nodes, count, table, starts.length, places)
    return this.#rank(candidates, places, estimates)
  }

  #rank({ arena, count, first, k, worst, error }: Ranking, places: number, guesses: number): Ranked {
    const n = this.#query.length
    const query = this.#pool.scratch(arena, 'source', this.#query.byteLength)
    const heap = this.#pool.scratch(arena, 'heap', keyBytes * k)
    const outcome = this.#pool.scratch(arena, 'outcome', 16)
    const out = this.#pool.scratch(arena, 'distances', 8 * count)
    const { f64 } = arena
    arena.f32.set(this.#query, query / 4)
    f64[outcome / 8] = worst
    f64[outcome / 8 + 1] = error
    const mode = modeOf(this.#metric)
    const scored = arena.kernel.rankExact(query, places, guesses, count, first, k, n, mode, heap, outcome, out)
    return { distances: f64.subarray(out / 8, out / 8 + scored), error: f64[outcome / 8]! }
  }

  free(): void {
    this.#staged?.free()
    this.#staged = undefined
  }

  /** Room for n rows of the present stride; keeps what is staged. */
  #reserve(n: number): Extent {
    if (!this.#stride) throw new QuiverError('INTERNAL', 'begin comes before row and score.')
    const present = this.#staged
    if (present && present.bytes >= n * this.#stride) return present
    const extent = this.#pool.allocate(Math.max(n, rowsMin, 2 * Math.floor((present?.bytes ?? 0) / this.#stride)) * this.#stride)
    if (present) {
      extent.view().set(present.view())
      present.free()
    }
    this.#staged = extent
    return extent
  }
}
