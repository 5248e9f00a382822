import {
  createMemory,
  instantiateKernel,
  type KernelExports,
  type KernelMemory,
  type KernelModule,
  type MemorySharing,
  pageBytes,
  reservedBytes,
} from '@quiverdb/kernel'
import { assert } from '../errors.js'

/** A contiguous range of an arena's memory, in bytes. */
interface Range {
  pointer: number
  bytes: number
}

/** Extents start and end on multiples of this. */
export const extentAlignment = 4096

/** A page below 4 GiB, so that no end of an extent wraps around to address 0. */
export const arenaBytesMax = 4 * 1024 ** 3 - pageBytes
/** What a memory grows by beyond what is asked for, so that it rarely grows: each time the runtime counts all of it anew, and collects garbage. */
const growthBytesAhead = 2 * 1024 ** 2

export const alignUp = (bytes: number, alignment: number): number => Math.ceil(bytes / alignment) * alignment

/**
 * One linear memory with its kernel. Hands out page-aligned ranges, lowest address first, and joins free neighbours. Views are made fresh
 * after the memory has grown, because growing detaches them: fetch them after the last allocation, never before.
 *
 * A thread that shares the memory of another has an arena that hands out only what it was given (`release`): one thread decides.
 */
export class Arena {
  readonly kernel: KernelExports
  readonly memory: KernelMemory
  /** By their addresses, graphs of this memory that are loaded while they are walked: what puts a node's list, and the rows of all that it names, in place. */
  readonly bringing = new Map<number, (node: number, level: number) => void>()
  readonly #grows: boolean
  /** By address; no two touch. */
  readonly #free: Range[] = []
  #end = reservedBytes
  #u8!: Uint8Array
  #u32!: Uint32Array
  #i32!: Int32Array
  #f32!: Float32Array
  #f64!: Float64Array

  private constructor(module: KernelModule, memory: KernelMemory, grows: boolean) {
    this.memory = memory
    this.#grows = grows
    this.kernel = instantiateKernel(module, memory, (graph, node, level) => this.bringing.get(graph)!(node, level))
    this.#look()
  }

  /** An arena with a memory of its own. The module is of the same flavour, shared or not. */
  static create(module: KernelModule, sharing: MemorySharing): Arena {
    return new Arena(module, createMemory(reservedBytes, arenaBytesMax, sharing), true)
  }

  /** A second arena over a memory whose owner is on another thread. */
  static over(module: KernelModule, memory: KernelMemory): Arena {
    return new Arena(module, memory, false)
  }

  // Not looked up each time: asking a memory for its buffer is a call into the runtime, and a slow one where it is shared.

  get u8(): Uint8Array {
    return this.#u8
  }

  get u32(): Uint32Array {
    return this.#u32
  }

  get i32(): Int32Array {
    return this.#i32
  }

  get f32(): Float32Array {
    return this.#f32
  }

  get f64(): Float64Array {
    return this.#f64
  }

  /**
   * Address of a free range, or undefined when neither the memory's limit nor the machine's allows it. The bytes are not cleared. `ahead`: how much
   * more will be asked for at once.
   */
  allocate(bytes: number, ahead = 0): number | undefined {
    assert(bytes > 0 && bytes % extentAlignment === 0, 'an extent has whole pages')
    const place = this.#free.findIndex((range) => range.bytes >= bytes)
    const range = place < 0 ? this.#grow(bytes, ahead) : this.#free[place]
    if (!range) return undefined
    const { pointer } = range
    range.pointer += bytes
    range.bytes -= bytes
    if (!range.bytes) this.#free.splice(this.#free.indexOf(range), 1)
    return pointer
  }

  /**
   * Lets this thread know all of a memory that its owner has grown to `bytes`. The runtime tells threads by itself; but V8 misses one that is just
   * receiving the memory, whose views and bulk instructions would then end too early.
   */
  catchUp(bytes: number): void {
    if (this.#u8.byteLength >= bytes) return
    if (this.memory.buffer.byteLength < bytes) this.memory.grow(0)
    this.#look()
    assert(this.#u8.byteLength >= bytes, 'a thread sees all of the memory that it is called into')
  }

  release(pointer: number, bytes: number): void {
    let low = 0
    let high = this.#free.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#free[middle]!.pointer < pointer) low = middle + 1
      else high = middle
    }
    const before = this.#free[low - 1]
    const after = this.#free[low]
    assert(!before || before.pointer + before.bytes <= pointer, 'an extent is freed once')
    assert(!after || pointer + bytes <= after.pointer, 'an extent is freed once')
    const joinsBefore = before !== undefined && before.pointer + before.bytes === pointer
    const joinsAfter = after !== undefined && pointer + bytes === after.pointer
    if (joinsBefore) before.bytes += bytes + (joinsAfter ? after.bytes : 0)
    else if (joinsAfter) Object.assign(after, { pointer, bytes: bytes + after.bytes })
    else this.#free.splice(low, 0, { pointer, bytes })
    if (joinsBefore && joinsAfter) this.#free.splice(low, 1)
  }

  /** Grows until the last free range has `bytes`, and returns it. */
  #grow(bytes: number, ahead: number): Range | undefined {
    if (!this.#grows) return undefined
    const last = this.#free.at(-1)
    const atEnd = last !== undefined && last.pointer + last.bytes === this.#end
    const missing = bytes - (atEnd ? last.bytes : 0)
    for (const wanted of [missing + ahead + growthBytesAhead, missing]) {
      const grown = alignUp(wanted, pageBytes)
      if (this.#end + grown > arenaBytesMax || !this.#growMemory(grown)) continue
      const start = this.#end
      this.#end += grown
      this.release(start, grown)
      return this.#free.at(-1)
    }
    return undefined
  }

  #growMemory(bytes: number): boolean {
    try {
      this.memory.grow(bytes / pageBytes)
    } catch {
      return false // the runtime refuses; another arena may have room
    }
    this.#look()
    return true
  }

  /** At the memory as long as it is now. */
  #look(): void {
    const { buffer } = this.memory
    this.#u8 = new Uint8Array(buffer)
    this.#u32 = new Uint32Array(buffer)
    this.#i32 = new Int32Array(buffer)
    this.#f32 = new Float32Array(buffer)
    this.#f64 = new Float64Array(buffer)
  }
}
