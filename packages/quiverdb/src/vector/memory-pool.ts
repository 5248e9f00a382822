import {
  canShareMemory,
  type KernelMemory,
  type KernelModule,
  type Instructions,
  loadKernel,
  reservedBytes,
} from '@quiverdb/kernel'
import { assert, QuiverError } from '../errors.js'
import { alignUp, Arena, arenaBytesMax, extentAlignment } from './arena.js'

/** A process holds at most this many linear memories: each reserves about 10 GiB of addresses, of which a browser tab has few. */
const arenasMax = 16
const memoryBytesMaxDefault = 2 * 1024 ** 3

/** A page-aligned piece of linear memory. Its bytes are whatever they were. */
export class Extent {
  readonly arena: Arena
  /** Address in the arena. */
  readonly pointer: number
  /** As asked for; the extent occupies whole pages of 4 KiB. */
  readonly bytes: number
  readonly #release: () => void
  #freed = false

  constructor(arena: Arena, pointer: number, bytes: number, release: () => void) {
    this.arena = arena
    this.pointer = pointer
    this.bytes = bytes
    this.#release = release
  }

  /** A piece that another thread's pool owns: nothing happens when it is freed here. */
  static borrowed(arena: Arena, pointer: number, bytes: number): Extent {
    return new Extent(arena, pointer, bytes, () => {})
  }

  /** The bytes, as a view that is good until the next allocation anywhere in the pool. */
  view(): Uint8Array {
    assert(!this.#freed, 'a freed extent is not used')
    return this.arena.u8.subarray(this.pointer, this.pointer + this.bytes)
  }

  /** Gives the bytes back. Once. */
  free(): void {
    assert(!this.#freed, 'an extent is freed once')
    this.#freed = true
    this.#release()
  }
}

export interface MemoryPoolOptions {
  /** Bound over all extents and scratch. Default: 2 GiB. */
  memoryBytesMax?: number
  /**
   * Whether other threads can be given the memory, to build or to search in it. Its views are then over SharedArrayBuffers, which some
   * functions of a browser refuse. Default: false.
   */
  shared?: boolean
  /** What the kernel is compiled to; answers are the same bit for bit. Default: `relaxed` where the runtime has relaxed SIMD. */
  instructions?: Instructions
}

/**
 * The linear memory of a process: every code block, graph and search works in extents of one pool, under one bound.
 *
 * @example
 * ```ts
 * const pool = await MemoryPool.create({ memoryBytesMax: 512 * 1024 ** 2 })
 * const extent = pool.allocate(1000)
 * extent.view().fill(0)
 * extent.free()
 * pool.close()
 * ```
 */
export class MemoryPool {
  /** Whether other threads can be given the memory. */
  readonly shared: boolean
  readonly #module: KernelModule
  readonly #arenasMax: number
  #memoryBytesMax: number
  readonly #arenas: Arena[] = []
  readonly #scratch = new Map<Arena, Map<string, Extent>>()
  #bytesUsed = 0
  #closed = false

  private constructor(module: KernelModule, memoryBytesMax: number, shared: boolean, arenas: number) {
    this.#module = module
    this.#memoryBytesMax = memoryBytesMax
    this.shared = shared
    this.#arenasMax = arenas
  }

  /** @throws Error on a runtime without WebAssembly SIMD. @throws QuiverError INVALID_ARGUMENT when memory cannot be shared here. */
  static async create(options: MemoryPoolOptions = {}): Promise<MemoryPool> {
    const { memoryBytesMax = memoryBytesMaxDefault, shared = false, instructions } = options
    if (shared && !canShareMemory()) {
      throw new QuiverError(
        'INVALID_ARGUMENT',
        'Memory cannot be shared here: a browser tab needs cross-origin isolation for that.',
      )
    }
    return new MemoryPool(await loadKernel({ shared, instructions }), memoryBytesMax, shared, arenasMax)
  }

  /** A pool in the memory of another thread's pool: it has what it is given (`give`), and that pool keeps account of it. */
  static async within(memory: KernelMemory): Promise<MemoryPool> {
    const module = await loadKernel({ shared: true })
    const pool = new MemoryPool(module, 0, true, 1)
    pool.#include(Arena.over(module, memory))
    return pool
  }

  /** Bound over all extents and scratch, in bytes. */
  get memoryBytesMax(): number {
    return this.#memoryBytesMax
  }

  /** The arena of a pool within another's memory. */
  get onlyArena(): Arena {
    assert(this.#arenasMax === 1, 'only a pool within another has one arena')
    return this.#arenas[0]!
  }

  /** Adds a piece of the memory to a pool within another's. */
  give(pointer: number, bytes: number): void {
    assert(this.#arenasMax === 1 && bytes % extentAlignment === 0, 'whole pages are given to a pool within another')
    this.#arenas[0]!.release(pointer, bytes)
    this.#memoryBytesMax += bytes
  }

  /** Bytes of all extents that are not freed, in whole pages, with the scratch areas. */
  get bytesUsed(): number {
    return this.#bytesUsed
  }

  /** @throws QuiverError MEMORY_FULL, CLOSED */
  allocate(bytes: number): Extent {
    return this.allocateTogether([bytes])[0]!
  }

  /** Allocates several extents in one arena, so that one kernel call can use them all. @throws QuiverError MEMORY_FULL, CLOSED */
  allocateTogether(sizes: readonly number[]): Extent[] {
    const total = sizes.reduce((sum, bytes) => sum + wholePages(bytes), 0)
    this.#checkRoom(total)
    // Before all other arenas are made in vain.
    if (total > arenaBytesMax - reservedBytes) throw tooLarge(total)
    for (const arena of this.#candidates()) {
      const extents = this.#allocateIn(arena, sizes)
      if (extents) return extents
    }
    throw this.#full(total)
  }

  /** Allocates an extent in an arena, for what is worth having where there is room: undefined when there is none. @throws QuiverError CLOSED */
  allocateBeside(arena: Arena, bytes: number): Extent | undefined {
    if (!this.#closed && this.#bytesUsed + wholePages(bytes) > this.memoryBytesMax) return undefined
    this.#checkRoom(0)
    return this.#allocateIn(arena, [bytes])?.[0]
  }

  /**
   * A scratch area of an arena, by name. It keeps its address and contents until a call asks for more bytes: then it is moved, and its
   * contents are lost (`cleared` reports that the area is new and all zeros). Whoever uses a name uses it within one synchronous call.
   */
  scratch(arena: Arena, name: string, bytes: number, cleared?: () => void): number {
    const areas = this.#scratch.get(arena)
    assert(areas, 'an arena belongs to its pool')
    const present = areas.get(name)
    if (present && present.bytes >= bytes) return present.pointer
    areas.delete(name)
    present?.free()
    const room = this.memoryBytesMax - this.#bytesUsed
    const doubled = present ? 2 * present.bytes : 0
    const wanted = doubled > wholePages(bytes) && doubled <= room ? doubled : wholePages(bytes)
    this.#checkRoom(wanted)
    const extent = this.#allocateIn(arena, [wanted])?.[0]
    if (!extent) throw this.#full(wanted)
    areas.set(name, extent)
    if (cleared) {
      extent.view().fill(0)
      cleared()
    }
    return extent.pointer
  }

  /** Lets all memory go. Extents that are still held must not be used. */
  close(): void {
    this.#closed = true
    this.#arenas.length = 0
    this.#scratch.clear()
    this.#bytesUsed = 0
  }

  *#candidates(): Generator<Arena> {
    yield* this.#arenas
    while (this.#arenas.length < this.#arenasMax) yield this.#include(Arena.create(this.#module, { shared: this.shared }))
  }

  #include(arena: Arena): Arena {
    this.#arenas.push(arena)
    this.#scratch.set(arena, new Map())
    return arena
  }

  #allocateIn(arena: Arena, sizes: readonly number[]): Extent[] | undefined {
    const extents: Extent[] = []
    let ahead = sizes.reduce((sum, bytes) => sum + wholePages(bytes), 0)
    for (const bytes of sizes) {
      const pages = wholePages(bytes)
      ahead -= pages
      const pointer = arena.allocate(pages, ahead)
      if (pointer === undefined) {
        for (const extent of extents) extent.free()
        return undefined
      }
      this.#bytesUsed += pages
      extents.push(
        new Extent(arena, pointer, bytes, () => {
          if (this.#closed) return
          this.#bytesUsed -= pages
          arena.release(pointer, pages)
        }),
      )
    }
    return extents
  }

  #checkRoom(bytes: number): void {
    if (this.#closed) throw new QuiverError('CLOSED', 'The memory pool is closed.')
    if (this.#bytesUsed + bytes > this.memoryBytesMax) throw this.#full(bytes)
  }

  #full(bytes: number): QuiverError {
    const details = { bytesWanted: bytes, bytesUsed: this.#bytesUsed, memoryBytesMax: this.memoryBytesMax }
    return new QuiverError(
      'MEMORY_FULL',
      `No room for ${bytes} bytes: ${this.#bytesUsed} of ${this.memoryBytesMax} are in use. Raise memoryBytesMax, or close what is not needed.`,
      { details },
    )
  }
}

function wholePages(bytes: number): number {
  assert(Number.isSafeInteger(bytes) && bytes >= 0, 'a size is a whole number of bytes')
  return alignUp(Math.max(bytes, 1), extentAlignment)
}

function tooLarge(bytesWanted: number): QuiverError {
  return new QuiverError('MEMORY_FULL', `No room for ${bytesWanted} bytes together: one linear memory has ${arenaBytesMax}.`, {
    details: { bytesWanted, arenaBytesMax },
  })
}
