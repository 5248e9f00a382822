import { QuiverError } from '../errors.js'
import type { Budget } from './budget.js'
import { runWithin } from './budget.js'
import { evaluateIndex, type EvaluationOptions } from './evaluate-index.js'
import type { Evaluation } from './evaluation.js'
import { type GraphParametersInput, type GraphPresetName, graphPresets } from './graph-image.js'
import { checkVector, isZeroVector } from './metric.js'
import type { MemoryPool } from './memory-pool.js'
import { NearestList, type NearestVectors } from './nearest-list.js'
import { checkRecall, effortFor } from './recall-curve.js'
import { measuredMin } from './recall-gauge.js'
import { Insertion, type InsertionOptions } from './threads/insertion.js'
import { UpdatableGraph } from './updatable-graph.js'

export interface HnswIndexOptions extends GraphParametersInput {
  /** What `m`, `m0`, `efConstruction`, `efSearch` and `recall` are where they are not given. Default: `default`. */
  readonly preset?: GraphPresetName
  /**
   * The share of the 10 nearest that searches are to find, above 0 and up to 1, where 1 looks at all vectors: what the graph needs for it is measured
   * in the index itself. Default: the preset's, 0.95 (`highRecall` 0.99, `highSpeed` 0.85).
   */
  readonly recall?: number
  /** The fewest candidates that are kept while walking; given without `recall`, what is always kept. Default: the preset's, 50 (200, 20). */
  readonly efSearch?: number
  /** The most vectors that the index takes. Default: what memory holds. */
  readonly capacityMax?: number
  /** What to do with a vector of zeros, which has no direction. Default: refuse under cosine, else keep. Kept ones are at cosine distance 1. */
  readonly zeroVectors?: 'refuse' | 'keep'
}

export interface HnswSearchOptions {
  /** The share of the k nearest that is to be found, above 0 and up to 1, which looks at all vectors. Default: the index's. */
  readonly recall?: number
  /** Candidates kept while walking, instead of what the recall asks for: more find more. At least k. */
  readonly ef?: number
  /** Bit i of word i >> 5 allows the vector with id i. Absent: all. */
  readonly allowed?: Uint32Array
  readonly budget?: Budget
}

export interface HnswSearchResult extends NearestVectors {
  /** False when the budget ended the search first. */
  readonly complete: boolean
}

/** Vectors whose exact distances are computed in one step. */
const exactRows = 1024

/**
 * An index in memory, for vectors that come, change and go. Ids are small integers: those of deleted vectors are given out again. Searches
 * return exact distances; which vectors they find is approximate, `searchExact` looks at all. A call that throws has changed nothing.
 *
 * @example
 * ```ts
 * const index = new HnswIndex(pool, { dimensions: 3, metric: 'l2' })
 * const [a, b] = index.add(Float32Array.of(0, 0, 1, 0, 1, 0))
 * index.search(Float32Array.of(0, 0, 2), 1) // { ids: [a], distances: [1], complete: true }
 * index.replace(b, Float32Array.of(0, 0, 2))
 * index.delete(a) // true
 * index.free()
 * ```
 */
export class HnswIndex {
  readonly #options: ReturnType<typeof completed>
  readonly #graph: UpdatableGraph

  /** @throws QuiverError INVALID_ARGUMENT */
  constructor(pool: MemoryPool, options: HnswIndexOptions) {
    this.#options = completed(options)
    this.#graph = new UpdatableGraph(pool, this.#options)
  }

  /** Living vectors. */
  get size(): number {
    return this.#graph.numbers.size
  }

  /** Bytes of linear memory that the index holds; scratch, which searches of a pool share, is not counted. */
  get memoryBytes(): number {
    return this.#graph.memoryBytes
  }

  /** Adds tightly packed vectors, returns their ids. @throws QuiverError INVALID_VECTOR, DIMENSION_MISMATCH, ZERO_VECTOR, LIMIT_EXCEEDED, MEMORY_FULL */
  add(vectors: Float32Array): Uint32Array<ArrayBuffer> {
    return this.#checkAdded(vectors) ? this.#graph.add(vectors) : new Uint32Array(0)
  }

  /**
   * As `add`, on several threads where the pool is shared (`MemoryPool.create({ shared: true })`). The index can be searched meanwhile; changing it
   * is a CONFLICT. When it is aborted, within about a tenth of a second, the first vectors, as many as were inserted, stay; so they do when a thread fails.
   * @throws QuiverError ABORTED, CONFLICT, INTERNAL when a thread fails, and as `add`
   *
   * @example
   * ```ts
   * const ids = await index.addAll(vectors, { threads: 2, onProgress: (done) => console.log(done) })
   * ```
   */
  async addAll(vectors: Float32Array, options: InsertionOptions = {}): Promise<Uint32Array<ArrayBuffer>> {
    if (!this.#checkAdded(vectors)) return new Uint32Array(0)
    return this.#graph.addBy(vectors, async (builder) => {
      const insertion = await Insertion.begin(builder, options)
      try {
        await insertion.finished()
      } finally {
        await insertion.close()
      }
    })
  }

  /** Takes a vector out. Returns whether there was one. @throws QuiverError MEMORY_FULL */
  delete(id: number): boolean {
    if (!this.has(id)) return false
    this.#graph.delete(id)
    return true
  }

  /** Puts another vector in the place of one; it keeps its id. @throws QuiverError NOT_FOUND, INVALID_VECTOR, DIMENSION_MISMATCH, ZERO_VECTOR, MEMORY_FULL */
  replace(id: number, vector: Float32Array): void {
    this.#checkStored(vector)
    if (!this.has(id)) throw new QuiverError('NOT_FOUND', `The index has no vector with id ${id}.`, { details: { id } })
    this.#graph.replace(id, vector)
  }

  has(id: number): boolean {
    return this.#graph.numbers.has(id)
  }

  /** A copy of a vector as it was given, or undefined. */
  get(id: number): Float32Array<ArrayBuffer> | undefined {
    return this.has(id) ? this.#graph.vectors.view(id).slice() : undefined
  }

  /** Ids of the living vectors, ascending. */
  ids(): Uint32Array<ArrayBuffer> {
    return this.#graph.numbers.list()
  }

  /** About the k nearest, or all when there are fewer, by exact distance; equal distances by id. @throws QuiverError DIMENSION_MISMATCH, INVALID_VECTOR, INVALID_ARGUMENT, ABORTED, MEMORY_FULL */
  search(query: Float32Array, k: number, options: HnswSearchOptions = {}): HnswSearchResult {
    this.#checkQuery(query, k)
    const wanted = Math.min(k, this.size)
    if (!wanted) return { ...new NearestList(1).result(), complete: true }
    if (options.ef === undefined && (options.recall ?? this.#options.recall) === 1) return this.searchExact(query, k, options)
    const ef = Math.max(options.ef ?? this.#effort(wanted, options), wanted)
    const found = this.#graph.search(query, { ...options, k: wanted, ef })
    // A walk that comes back with fewer was cut off from the rest, or few are allowed.
    return found && (found.ids.length === wanted || !found.complete) ? found : this.searchExact(query, k, options)
  }

  /** The k nearest of all that are allowed. @throws QuiverError DIMENSION_MISMATCH, INVALID_VECTOR, INVALID_ARGUMENT, ABORTED, MEMORY_FULL */
  searchExact(query: Float32Array, k: number, options: Omit<HnswSearchOptions, 'ef' | 'recall'> = {}): HnswSearchResult {
    this.#checkQuery(query, k)
    const { numbers, vectors } = this.#graph
    const { allowed, budget } = options
    const nearest = new NearestList(Math.max(1, Math.min(k, numbers.size)))
    let next = 0
    const step = (evaluationsMax: number): boolean => {
      for (let done = 0; done < evaluationsMax && next < numbers.end;) {
        const end = Math.min(numbers.end, next + exactRows)
        if (!allowed || hasBits(allowed, next, end)) {
          const distances = vectors.distances(query, this.#options.metric, next, end)
          for (let id = next; id < end; id++)
            if (numbers.has(id) && isAllowed(allowed, id)) nearest.add(id, distances[id - next]!)
          done += end - next
        }
        next = end
      }
      return next >= numbers.end
    }
    const complete = runWithin(budget, step)
    return { ...nearest.result(), complete }
  }

  /**
   * Measures what searches find, against exact searches: the recall and the time of each effort, and what a wanted recall would take. Vectors of the
   * index that are searched for are not counted as found themselves. They are found a little more easily than vectors that are not in it: the curve
   * that was measured without that, and that `recall` goes by, is returned beside.
   * @throws QuiverError INVALID_ARGUMENT, DIMENSION_MISMATCH, INVALID_VECTOR, ABORTED, MEMORY_FULL
   *
   * @example
   * ```ts
   * const { efforts, targets } = index.evaluate({ sample: 50 })
   * for (const { ef, recall, milliseconds } of efforts) console.log(ef, recall, milliseconds)
   * ```
   */
  evaluate(options: EvaluationOptions = {}): Evaluation {
    const { dimensions, efSearch } = this.#options
    const curve = this.size ? this.#graph.recall(options.budget) : undefined
    return evaluateIndex(this, options, { dimensions, curve, efUnmeasured: efSearch })
  }

  /** Living vectors that a walk cannot reach: none in a sound index. */
  audit(): number {
    return this.#graph.audit()
  }

  /** Gives all memory back. The index is empty, and can be used again. */
  free(): void {
    this.#graph.free()
  }

  /** What a search needs for the recall that is asked for, or that the index promises; where nothing was measured, its least effort. */
  #effort(k: number, { recall, budget }: HnswSearchOptions): number {
    const { efSearch, recall: promised } = this.#options
    if (recall !== undefined) checkRecall(recall)
    const wanted = recall ?? promised
    if (wanted === undefined || this.size < measuredMin) return efSearch
    const curve = this.#graph.recall(budget)
    if (!curve) return efSearch
    return recall === undefined ? Math.max(efSearch, effortFor(curve, k, wanted)) : effortFor(curve, k, wanted)
  }

  /** Returns how many vectors there are. */
  #checkAdded(vectors: Float32Array): number {
    const { dimensions, capacityMax = Infinity } = this.#options
    const count = Math.ceil(vectors.length / dimensions)
    for (let i = 0; i < count; i++) this.#checkStored(vectors.subarray(i * dimensions, (i + 1) * dimensions))
    if (this.size + count > capacityMax) {
      throw new QuiverError('LIMIT_EXCEEDED', `The index takes ${capacityMax} vectors, not ${this.size + count}.`, {
        details: { capacityMax, wanted: this.size + count },
      })
    }
    return count
  }

  #checkStored(vector: Float32Array): void {
    const { dimensions, metric, zeroVectors = metric === 'cosine' ? 'refuse' : 'keep' } = this.#options
    checkVector(vector, dimensions)
    if (zeroVectors === 'refuse' && isZeroVector(vector))
      throw new QuiverError(
        'ZERO_VECTOR',
        'A vector of zeros has no direction. Leave it out, or create the index with zeroVectors: "keep".',
      )
  }

  #checkQuery(query: Float32Array, k: number): void {
    checkVector(query, this.#options.dimensions)
    if (!(Number.isInteger(k) && k > 0)) throw new QuiverError('INVALID_ARGUMENT', `k must be a positive integer, not ${k}.`)
  }
}

/** @throws QuiverError INVALID_ARGUMENT */
function completed(options: HnswIndexOptions) {
  const preset = graphPresets[options.preset ?? 'default']
  if (!preset) throw new QuiverError('INVALID_ARGUMENT', `There is no preset '${options.preset}'.`)
  const { m = preset.m, m0 = preset.m0, efConstruction = preset.efConstruction, efSearch = preset.efSearch } = options
  const { recall = options.efSearch === undefined ? preset.recall : undefined } = options
  if (recall !== undefined && recall !== 1) checkRecall(recall)
  return { ...options, m, m0, efConstruction, efSearch, recall }
}

const isAllowed = (allowed: Uint32Array | undefined, id: number): boolean =>
  !allowed || ((allowed[id >>> 5]! >>> (id & 31)) & 1) === 1

function hasBits(bits: Uint32Array, from: number, to: number): boolean {
  for (let word = from >>> 5; word < to / 32; word++) if (bits[word]) return true
  return false
}
