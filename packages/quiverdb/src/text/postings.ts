/** The rows that have a term, and how often each: a row and its frequency in turn, rows ascending. */
export type TermRows = Uint32Array

const moreFollows = 0x80
const bitsPerByte = 7
const lowBits = 0x7f
/** Two numbers below 2^53. */
const pairBytesMax = 16

/**
 * The rows of one term while they come one after the other, in the form in which a part has them. Of each row the gap to the row before, less one (to row -1
 * for the first), times two; one more where its frequency is 1, otherwise the frequency follows. Numbers have seven bits a byte, the lowest first, the
 * highest bit says that more follow (`docs/FORMAT.md`). A term that is in one row only, as most are, takes no bytes before it is sealed.
 */
export class GrowingPostings {
  /** The last row, which may get more, and how often it has the term. */
  #row: number
  #frequency = 1
  /** The row before it, which is the last of the bytes. */
  #before = -1
  #bytes = noBytes
  #end = 0

  /** @param row the first with the term, which it has once so far */
  constructor(row: number) {
    this.#row = row
  }

  /** Once more in a row: the last one, or a later one. */
  add(row: number): void {
    if (row === this.#row) {
      this.#frequency++
      return
    }
    this.#settle()
    this.#row = row
    this.#frequency = 1
  }

  /** The rows below a number. */
  rowsBelow(rows: number): TermRows {
    const settled = readPostings(this.#bytes.subarray(0, this.#end), rows)
    if (this.#row >= rows) return settled
    const pairs = new Uint32Array(settled.length + 2)
    pairs.set(settled)
    pairs[settled.length] = this.#row
    pairs[settled.length + 1] = this.#frequency
    return pairs
  }

  /** All of them as bytes, which hold until the next row. */
  bytes(): Uint8Array {
    const [end, before] = [this.#end, this.#before]
    this.#settle()
    const bytes = this.#bytes.subarray(0, this.#end)
    this.#end = end
    this.#before = before
    return bytes
  }

  #settle(): void {
    if (this.#end + pairBytesMax > this.#bytes.length) this.#grow()
    this.#write((this.#row - this.#before - 1) * 2 + (this.#frequency === 1 ? 1 : 0))
    if (this.#frequency !== 1) this.#write(this.#frequency)
    this.#before = this.#row
  }

  #write(value: number): void {
    while (value > lowBits) {
      this.#bytes[this.#end++] = (value & lowBits) | moreFollows
      // Not all of it fits into 32 bits.
      value = Math.floor(value / moreFollows)
    }
    this.#bytes[this.#end++] = value
  }

  #grow(): void {
    const bytes = new Uint8Array(Math.max(pairBytesMax, this.#bytes.length * 2))
    bytes.set(this.#bytes)
    this.#bytes = bytes
  }
}

const noBytes = new Uint8Array(0)

/** Of the list in some bytes the rows below a number. */
export function readPostings(bytes: Uint8Array, rows: number): TermRows {
  // A pair takes a byte at least.
  const pairs = new Uint32Array(bytes.length * 2)
  let length = 0
  let row = -1
  let at = 0
  const number = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 2 ** bitsPerByte) {
      const byte = bytes[at++]!
      value += (byte & lowBits) * scale
      if (byte <= lowBits) return value
    }
  }
  while (at < bytes.length) {
    const value = number()
    const isOnce = value % 2 === 1
    row += 1 + Math.floor(value / 2)
    if (row >= rows) break
    pairs[length++] = row
    pairs[length++] = isOnce ? 1 : number()
  }
  return pairs.slice(0, length)
}
