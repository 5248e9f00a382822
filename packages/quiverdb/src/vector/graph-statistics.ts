import { assert } from '../errors.js'
import { eachChunk } from './chunks.js'
import type { Extent, MemoryPool } from './memory-pool.js'
import { type Metric, storedTransform } from './metric.js'

/** What a graph must know of its vectors before the first is encoded. */
export interface GraphCalibration {
  /** Subtracted in graph space before encoding; codes of centred vectors are finer. */
  readonly centre: Float32Array
  /** The greatest norm, for the dot metric; else 0. */
  readonly phi: number
}

/** First pass over the vectors of a graph: their mean in graph space, and their greatest norm. */
export class GraphStatistics {
  readonly #pool: MemoryPool
  readonly #dimensions: number
  readonly #metric: Metric
  readonly #sums: Extent
  #rows = 0
  #norm2Max = 0

  constructor(pool: MemoryPool, dimensions: number, metric: Metric) {
    this.#pool = pool
    this.#dimensions = dimensions
    this.#metric = metric
    this.#sums = pool.allocate(8 * dimensions)
    this.#sums.view().fill(0)
  }

  /** Counts tightly packed vectors in. */
  add(vectors: Float32Array): void {
    const { arena, pointer } = this.#sums
    const dimensions = this.#dimensions
    assert(vectors.length % dimensions === 0, 'vectors come whole')
    eachChunk(vectors, dimensions, (chunk) => {
      const count = chunk.length / dimensions
      const source = this.#pool.scratch(arena, 'source', chunk.byteLength)
      arena.f32.set(chunk, source / 4)
      arena.kernel.addToSums(source, count, dimensions, storedTransform(this.#metric), pointer)
      if (this.#metric === 'dot')
        this.#norm2Max = Math.max(this.#norm2Max, arena.kernel.greatestSquaredNorm(source, count, dimensions))
      this.#rows += count
    })
  }

  /** The result; gives the memory back. */
  finish(): GraphCalibration {
    const { arena, pointer } = this.#sums
    const rows = Math.max(1, this.#rows)
    const centre = Float32Array.from(arena.f64.subarray(pointer / 8, pointer / 8 + this.#dimensions), (sum) => sum / rows)
    this.#sums.free()
    return { centre: centre.every(Number.isFinite) ? centre : new Float32Array(this.#dimensions), phi: Math.sqrt(this.#norm2Max) }
  }
}
