import { lowerBound } from './entries.js'

const capacityMin = 4
const growth = 1.5

/** The extremes of numbers that come and go. */
class Range {
  max = -Infinity
  min = Infinity

  include(value: number): void {
    if (value > this.max) this.max = value
    if (value < this.min) this.min = value
  }

  clear(): void {
    this.max = -Infinity
    this.min = Infinity
  }
}

/** The vectors that have a value at one position: their slots, ascending, with that value. */
export class PostingList {
  slots = new Uint32Array(capacityMin)
  values = new Float32Array(capacityMin)
  length = 0
  /** Of the values. */
  readonly range = new Range()
  /** Of each value over the length of its vector, which bounds cosines. */
  readonly cosineRange = new Range()

  /** O(1) behind the last slot, else O(length). The slot is not in the list. */
  add(slot: number, value: number, magnitudes: Float64Array): void {
    if (this.length === this.slots.length) this.#grow()
    let at = this.length
    if (at > 0 && this.slots[at - 1]! > slot) {
      at = lowerBound(this.slots, slot, 0, this.length)
      this.slots.copyWithin(at + 1, at, this.length)
      this.values.copyWithin(at + 1, at, this.length)
    }
    this.slots[at] = slot
    this.values[at] = value
    this.length++
    this.#include(value, value / magnitudes[slot]!)
  }

  /** O(length). The slot is in the list, and `magnitudes` still holds its length. */
  remove(slot: number, magnitudes: Float64Array): void {
    const at = lowerBound(this.slots, slot, 0, this.length)
    const value = this.values[at]!
    const cosine = value / magnitudes[slot]!
    this.slots.copyWithin(at, at + 1, this.length)
    this.values.copyWithin(at, at + 1, this.length)
    this.length--
    const { range, cosineRange } = this
    const bounded = value !== range.max && value !== range.min && cosine !== cosineRange.max && cosine !== cosineRange.min
    if (!bounded) this.#remeasure(magnitudes)
  }

  get bytes(): number {
    return 8 * this.slots.length
  }

  #include(value: number, cosine: number): void {
    this.range.include(value)
    this.cosineRange.include(cosine)
  }

  #remeasure(magnitudes: Float64Array): void {
    this.range.clear()
    this.cosineRange.clear()
    for (let at = 0; at < this.length; at++) {
      const value = this.values[at]!
      this.#include(value, value / magnitudes[this.slots[at]!]!)
    }
  }

  #grow(): void {
    const capacity = Math.ceil(this.slots.length * growth)
    const slots = new Uint32Array(capacity)
    const values = new Float32Array(capacity)
    slots.set(this.slots)
    values.set(this.values)
    this.slots = slots
    this.values = values
  }
}
