import type { Entries } from './entries.js'
import { magnitude } from './measures.js'

const slotsMin = 64
const entriesMin = 1024
const growth = 1.5

/** The vectors of an index by slot, one behind the other in two arrays. */
export class SparseRows {
  #positions = new Uint32Array(entriesMin)
  #values = new Float32Array(entriesMin)
  /** Behind the last entry that was written. */
  #end = 0
  #live = 0
  /** First entry of a slot's row, and how many it has; -1 marks a free slot. */
  #starts = new Float64Array(slotsMin)
  #lengths = new Int32Array(slotsMin)
  /** Length of a slot's vector, in the sense of geometry. */
  magnitudes = new Float64Array(slotsMin)
  readonly #free: number[] = []
  /** Slots that were ever used: those in use are below. */
  slots = 0

  /** Vectors in it. */
  get size(): number {
    return this.slots - this.#free.length
  }

  /** Values in it. */
  get entries(): number {
    return this.#live
  }

  get bytes(): number {
    return 8 * this.#positions.length
  }

  get slotBytes(): number {
    return 20 * this.#starts.length + 8 * this.#free.length
  }

  has(slot: number): boolean {
    return Number.isInteger(slot) && slot >= 0 && slot < this.slots && this.#lengths[slot]! >= 0
  }

  lengthOf(slot: number): number {
    return this.#lengths[slot]!
  }

  /** A slot that was given back last, or the next. */
  allocate(): number {
    const slot = this.#free.pop() ?? this.slots++
    if (slot >= this.#starts.length) this.#growSlots()
    this.#lengths[slot] = 0
    return slot
  }

  write(slot: number, row: Entries): void {
    const length = row.end - row.start
    this.#live += length - this.#lengths[slot]!
    this.#lengths[slot] = 0
    this.#makeRoom(length)
    this.#positions.set(row.positions.subarray(row.start, row.end), this.#end)
    this.#values.set(row.values.subarray(row.start, row.end), this.#end)
    this.#starts[slot] = this.#end
    this.#lengths[slot] = length
    this.#end += length
    this.magnitudes[slot] = magnitude(row)
  }

  release(slot: number): void {
    this.#live -= this.#lengths[slot]!
    this.#lengths[slot] = -1
    this.#free.push(slot)
  }

  row(slot: number): Entries {
    const start = this.#starts[slot]!
    return { positions: this.#positions, values: this.#values, start, end: start + this.#lengths[slot]! }
  }

  /** Moves rows together or into larger arrays, when the next one does not fit. */
  #makeRoom(entries: number): void {
    if (this.#end + entries <= this.#positions.length) return
    const capacity = Math.max(entriesMin, Math.ceil(growth * (this.#live + entries)))
    const positions = new Uint32Array(capacity)
    const values = new Float32Array(capacity)
    let at = 0
    for (let slot = 0; slot < this.slots; slot++) {
      const length = this.#lengths[slot]!
      if (length <= 0) continue
      const start = this.#starts[slot]!
      positions.set(this.#positions.subarray(start, start + length), at)
      values.set(this.#values.subarray(start, start + length), at)
      this.#starts[slot] = at
      at += length
    }
    this.#positions = positions
    this.#values = values
    this.#end = at
  }

  #growSlots(): void {
    const capacity = Math.ceil(growth * this.#starts.length)
    const starts = new Float64Array(capacity)
    const lengths = new Int32Array(capacity)
    const magnitudes = new Float64Array(capacity)
    starts.set(this.#starts)
    lengths.set(this.#lengths)
    magnitudes.set(this.magnitudes)
    this.#starts = starts
    this.#lengths = lengths
    this.magnitudes = magnitudes
  }
}
