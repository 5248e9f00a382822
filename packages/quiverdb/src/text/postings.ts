import { assert } from '../errors.js'

/**
 * The rows that have a term, and how often each: `pairs` holds a row and its frequency in turn, rows ascending. The first `length` numbers of it count:
 * a list that still grows may be longer than who asked may see.
 */
export interface TermRows {
  readonly pairs: ArrayLike<number>
  readonly length: number
}

const moreFollows = 0x80
const bitsPerByte = 7
const lowBits = 0x7f

/**
 * Lists one behind the other. Of each pair the gap to the row before, less one (to row -1 for the first), times two; one more where the frequency is 1,
 * otherwise the frequency follows. Numbers have seven bits a byte, the lowest first, the highest bit says that more follow (`docs/FORMAT.md`).
 */
export class PostingsWriter {
  #bytes = new Uint8Array(1024)
  #end = 0

  /** Where what was written so far ends. */
  get end(): number {
    return this.#end
  }

  write({ pairs, length }: TermRows): void {
    let before = -1
    for (let i = 0; i < length; i += 2) {
      const row = pairs[i]!
      const frequency = pairs[i + 1]!
      this.#number((row - before - 1) * 2 + (frequency === 1 ? 1 : 0))
      if (frequency !== 1) this.#number(frequency)
      before = row
    }
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#end)
  }

  /** Below 2^53: not all of it fits into 32 bits. */
  #number(value: number): void {
    if (this.#end + 8 > this.#bytes.length) this.#grow()
    while (value > lowBits) {
      this.#bytes[this.#end++] = (value & lowBits) | moreFollows
      value = Math.floor(value / moreFollows)
    }
    this.#bytes[this.#end++] = value
  }

  #grow(): void {
    const bytes = new Uint8Array(this.#bytes.length * 2)
    bytes.set(this.#bytes)
    this.#bytes = bytes
  }
}

/** The list in some bytes, with rows below `rows`. */
export function readPostings(bytes: Uint8Array, rows: number): TermRows {
  // A pair takes a byte at least.
  const pairs = new Uint32Array(bytes.length * 2)
  let length = 0
  let row = -1
  for (let at = 0; at < bytes.length;) {
    let value = bytes[at++]!
    if (value > lowBits) {
      value &= lowBits
      for (let scale = 2 ** bitsPerByte; ; scale *= 2 ** bitsPerByte) {
        const byte = bytes[at++]!
        value += (byte & lowBits) * scale
        if (byte <= lowBits) break
      }
    }
    const isOne = value % 2 === 1
    row += 1 + Math.floor(value / 2)
    let frequency = 1
    if (!isOne) {
      frequency = 0
      for (let scale = 1; ; scale *= 2 ** bitsPerByte) {
        const byte = bytes[at++]!
        frequency += (byte & lowBits) * scale
        if (byte <= lowBits) break
      }
    }
    pairs[length++] = row
    pairs[length++] = frequency
  }
  assert(row < rows, 'the rows of a term are rows of the part')
  return { pairs: pairs.slice(0, length), length }
}
