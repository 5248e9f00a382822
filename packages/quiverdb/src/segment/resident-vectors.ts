import type { Extent, MemoryPool } from '../vector/memory-pool.js'
import type { PartFile } from './part-file.js'
import type { Resident } from './residency.js'
import type { ResidentRows } from './row-set.js'

/** Loaded with every single read until all is there: each costs a few microseconds more for a while, and none waits. */
const stepBytes = 32 * 1024
/** Vectors are made resident only while the pool stays below this share of its bound: codes and graphs go first. */
const poolShareMax = 0.5

/**
 * The full vectors of a column in linear memory. Re-ranking reads a dozen of them for each search, one read of the file each; where memory
 * allows, a column that is read again and again is loaded piece by piece along with those reads.
 */
export class ResidentVectors implements Resident {
  lastUsed = 0
  readonly #rowBytes: number
  readonly #file: PartFile
  readonly #section: string
  #extent: Extent | undefined
  #loadedBytes = 0
  #place: ResidentRows | undefined

  private constructor(extent: Extent, rowBytes: number, file: PartFile, section: string) {
    this.#extent = extent
    this.#rowBytes = rowBytes
    this.#file = file
    this.#section = section
  }

  /** Begins to load a section; undefined where the pool is to be left to others. */
  static load(pool: MemoryPool, file: PartFile, section: string, bytes: number, rowBytes: number): ResidentVectors | undefined {
    if (pool.bytesUsed + bytes > pool.memoryBytesMax * poolShareMax) return undefined
    let extent: Extent
    try {
      extent = pool.allocate(bytes)
    } catch {
      return undefined // Nobody is to be driven out for this.
    }
    return new ResidentVectors(extent, rowBytes, file, section)
  }

  get ready(): boolean {
    return this.#extent !== undefined && this.#loadedBytes === this.#extent.bytes
  }

  /** Loads the next piece. */
  advance(): void {
    const extent = this.#extent
    if (!extent) return
    const end = Math.min(extent.bytes, this.#loadedBytes + stepBytes)
    this.#file.readInto(this.#section, this.#loadedBytes, extent.view().subarray(this.#loadedBytes, end))
    this.#loadedBytes = end
  }

  /** Where they are, once they are ready. */
  rows(): ResidentRows {
    const { arena, pointer } = this.#extent!
    return (this.#place ??= { arena, pointer, rowBytes: this.#rowBytes })
  }

  readInto(slot: number, target: Uint8Array): void {
    const extent = this.#extent!
    const { u8 } = extent.arena
    const start = extent.pointer + slot * this.#rowBytes
    target.set(u8.subarray(start, start + target.byteLength))
  }

  free(): void {
    this.#extent?.free()
    this.#extent = undefined
    this.#place = undefined
  }
}
