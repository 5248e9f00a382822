import { alignUp, type Arena, extentAlignment } from './arena.js'
import type { Extent, MemoryPool } from './memory-pool.js'
import { type Metric, modeOf } from './metric.js'

const growth = 1.5

/** float32 vectors in linear memory by number, tightly packed. */
export class StoredVectors {
  readonly dimensions: number
  readonly #pool: MemoryPool
  #extent: Extent | undefined

  constructor(pool: MemoryPool, dimensions: number) {
    this.#pool = pool
    this.dimensions = dimensions
  }

  get bytes(): number {
    return this.#extent?.bytes ?? 0
  }

  /** Makes room for `count` vectors; those that are there stay. @throws QuiverError MEMORY_FULL */
  reserve(count: number): void {
    const wanted = 4 * count * this.dimensions
    const present = this.#extent
    if (present && present.bytes >= wanted) return
    const extent = this.#pool.allocate(alignUp(Math.max(wanted, present ? growth * present.bytes : 0), extentAlignment))
    if (present) {
      extent.view().set(present.view())
      present.free()
    }
    this.#extent = extent
  }

  set(number: number, vector: Float32Array): void {
    const { arena, pointer } = this.#extent!
    arena.f32.set(vector, pointer / 4 + number * this.dimensions)
  }

  /** A view that is good until the pool next allocates. */
  view(number: number, count = 1): Float32Array {
    const { arena, pointer } = this.#extent!
    const start = pointer / 4 + number * this.dimensions
    return arena.f32.subarray(start, start + count * this.dimensions)
  }

  /** Where vectors are. Good until vectors are added. */
  place(numbers: Uint32Array): { readonly arena: Arena; readonly addresses: Float64Array } {
    const { arena, pointer } = this.#extent!
    return { arena, addresses: Float64Array.from(numbers, (number) => pointer + 4 * number * this.dimensions) }
  }

  /** Exact distances of a query to the vectors from..to, in the metric's own scale. @throws QuiverError MEMORY_FULL */
  distances(query: Float32Array, metric: Metric, from: number, to: number): Float64Array<ArrayBuffer> {
    const { arena, pointer } = this.#extent!
    const source = this.#pool.scratch(arena, 'source', query.byteLength)
    const out = this.#pool.scratch(arena, 'distances', 8 * (to - from))
    const stride = 4 * this.dimensions
    arena.f32.set(query, source / 4)
    arena.kernel.exactDistances(source, pointer + from * stride, stride, to - from, this.dimensions, modeOf(metric), out)
    return arena.f64.slice(out / 8, out / 8 + to - from)
  }

  free(): void {
    this.#extent?.free()
    this.#extent = undefined
  }
}
