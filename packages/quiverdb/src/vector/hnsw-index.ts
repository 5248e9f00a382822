import { alignUp, extentAlignment } from './arena.js'
import { checkLength } from './check-length.js'
import { ExactScorer } from './exact-scorer.js'
import { type GraphParametersInput, graphPresets } from './graph-image.js'
import { GraphStatistics } from './graph-statistics.js'
import { HnswBuilder } from './hnsw-builder.js'
import type { Extent, MemoryPool } from './memory-pool.js'
import { checkVector } from './metric.js'
import { ResidentGraph } from './resident-graph.js'

export interface HnswIndexOptions extends GraphParametersInput {
  /** Candidates kept while walking. Default: 50. */
  readonly efSearch?: number
}

export interface HnswSearchOptions {
  /** Candidates kept while walking. Default: the index's; at least k. */
  readonly ef?: number
  /** Bit i of word i >> 5 allows vector i. Absent: all. */
  readonly allowed?: Uint32Array
}

const capacityMin = 64
const capacityGrowth = 1.5
/** Scored exactly: k candidates and a quarter as many again, at least this many more; then as many again while that helps. */
const rerankExtraMin = 6
/** Up to here a look at all nodes takes less than a millisecond; beyond, one is due when a share of 1/64 is new. */
const smallSize = 4096
const repairShare = 64
const storedChunkRows = 256

interface Scored {
  readonly id: number
  readonly distance: number
  /** Place by estimate. */
  readonly rank: number
}

const byDistance = (a: Scored, b: Scored): number => a.distance - b.distance || a.id - b.id

/**
 * An index in memory: vectors go in and get the next number, searches return exact distances.
 *
 * @example
 * ```ts
 * const index = new HnswIndex(pool, { dimensions: 3, metric: 'l2' })
 * index.add(Float32Array.of(0, 0, 1, 0, 1, 0))
 * index.search(Float32Array.of(0, 0, 2), 1) // { ids: [0], distances: [1] }
 * index.free()
 * ```
 */
export class HnswIndex {
  readonly #pool: MemoryPool
  readonly #options: HnswIndexOptions
  readonly #scorer: ExactScorer
  #builder: HnswBuilder | undefined
  #graph: ResidentGraph | undefined
  /** float32 vectors, tightly packed. */
  #vectors: Extent | undefined
  #size = 0
  #addedSinceRepair = 0

  constructor(pool: MemoryPool, options: HnswIndexOptions) {
    this.#pool = pool
    this.#options = options
    this.#scorer = new ExactScorer(pool)
  }

  get size(): number {
    return this.#size
  }

  /** Adds tightly packed vectors; they get the numbers from `size` on. @throws QuiverError INVALID_VECTOR, DIMENSION_MISMATCH, MEMORY_FULL */
  add(vectors: Float32Array): void {
    const { dimensions } = this.#options
    const count = Math.ceil(vectors.length / dimensions)
    for (let i = 0; i < count; i++) checkVector(vectors.subarray(i * dimensions, (i + 1) * dimensions), dimensions)
    if (!count) return
    this.#store(vectors)
    const builder = this.#roomFor(count)
    builder.append(vectors)
    this.#size += count
    if (builder.rebuildAdvised) this.#rebuild()
    else builder.insertNext(count)
    this.#addedSinceRepair += count
  }

  /** The k nearest, by exact distance. @throws QuiverError DIMENSION_MISMATCH */
  search(query: Float32Array, k: number, options: HnswSearchOptions = {}): { ids: Uint32Array; distances: Float64Array } {
    checkLength(query, this.#options.dimensions)
    if (!this.#graph || !this.#builder || !this.#vectors) return { ids: new Uint32Array(0), distances: new Float64Array(0) }
    this.#repairWhenDue(this.#builder)
    const ef = Math.max(options.ef ?? this.#options.efSearch ?? graphPresets.default.efSearch, k)
    const { nodes, count } = this.#graph.search(query, { ef, allowed: options.allowed })
    return this.#rerank(query, nodes, count, k)
  }

  /** Nodes that a walk cannot reach. */
  audit(): number {
    return this.#graph?.audit() ?? 0
  }

  free(): void {
    this.#builder?.free()
    this.#vectors?.free()
    this.#scorer.free()
    this.#builder = this.#graph = this.#vectors = undefined
    this.#size = 0
  }

  /** New nodes are reachable when they come; the odd older one that lost its last link to them is found by looking at all. */
  #repairWhenDue(builder: HnswBuilder): void {
    const size = this.#size
    if (!this.#addedSinceRepair || (size > smallSize && this.#addedSinceRepair * repairShare < size)) return
    builder.repair()
    this.#addedSinceRepair = 0
  }

  /** Scores candidates exactly, nearest estimate first, until the last few that were scored are all worse than the k nearest. */
  #rerank(query: Float32Array, nodes: Uint32Array, count: number, k: number): { ids: Uint32Array; distances: Float64Array } {
    const extra = Math.max(rerankExtraMin, k >> 2)
    let nearest: Scored[] = []
    let scored = 0
    let late = true
    while (late && scored < count) {
      const end = Math.min(count, scored ? scored + extra : k + extra)
      nearest = [...nearest, ...this.#score(query, nodes.subarray(scored, end), scored)].sort(byDistance).slice(0, k)
      late = nearest.some(({ rank }) => rank >= end - extra)
      scored = end
    }
    return { ids: Uint32Array.from(nearest, ({ id }) => id), distances: Float64Array.from(nearest, ({ distance }) => distance) }
  }

  #score(query: Float32Array, nodes: Uint32Array, firstRank: number): Scored[] {
    const { dimensions, metric } = this.#options
    const { arena, pointer } = this.#vectors!
    this.#scorer.begin(query, metric)
    nodes.forEach((node, i) => {
      const at = pointer / 4 + node * dimensions
      this.#scorer.setRow(i, arena.f32.subarray(at, at + dimensions))
    })
    const distances = this.#scorer.score(nodes.length)
    return Array.from(nodes, (id, i) => ({ id, distance: distances[i]!, rank: firstRank + i }))
  }

  #store(vectors: Float32Array): void {
    const { dimensions } = this.#options
    const used = 4 * this.#size * dimensions
    const wanted = used + vectors.byteLength
    const present = this.#vectors
    if (!present || present.bytes < wanted) {
      this.#vectors = this.#pool.allocate(alignUp(Math.max(wanted, capacityGrowth * used), extentAlignment))
      if (present) {
        this.#vectors.view().set(present.view().subarray(0, used))
        present.free()
      }
    }
    const { arena, pointer } = this.#vectors!
    arena.f32.set(vectors, (pointer + used) / 4)
  }

  #roomFor(count: number): HnswBuilder {
    const wanted = this.#size + count
    const present = this.#builder
    if (present && present.capacity >= wanted) return present
    const capacity = Math.max(wanted, capacityMin, Math.ceil(capacityGrowth * this.#size))
    if (!present) return this.#adopt(this.#create(capacity, wanted))
    return this.#adopt(present.grown(capacity))
  }

  /** An empty builder that is calibrated by the stored vectors. */
  #create(capacity: number, rows: number): HnswBuilder {
    const { dimensions, metric, efSearch: _, ...parameters } = this.#options
    const statistics = new GraphStatistics(this.#pool, dimensions, metric)
    this.#eachStored(rows, (chunk) => statistics.add(chunk))
    return HnswBuilder.create(this.#pool, { ...parameters, dimensions, metric, capacity, calibration: statistics.finish() })
  }

  /** Builds anew with a greater phi. */
  #rebuild(): void {
    const capacity = this.#builder!.capacity
    this.#builder!.free()
    const builder = this.#adopt(this.#create(capacity, this.#size))
    this.#eachStored(this.#size, (chunk) => builder.append(chunk))
    builder.insertNext(this.#size)
  }

  #adopt(builder: HnswBuilder): HnswBuilder {
    this.#builder = builder
    this.#graph = new ResidentGraph(builder.memory)
    return builder
  }

  /** Stored vectors in copies of moderate size, which stay good while memory grows. */
  #eachStored(rows: number, use: (chunk: Float32Array) => void): void {
    const { dimensions } = this.#options
    for (let first = 0; first < rows; first += storedChunkRows) {
      const { arena, pointer } = this.#vectors!
      const start = pointer / 4
      use(arena.f32.slice(start + first * dimensions, start + Math.min(rows, first + storedChunkRows) * dimensions))
    }
  }
}
