/** A fixed or growing set of slots; bit i is bit `i & 31` of word `i >> 5`, as the kernel reads it. */
export class Bitset {
  words: Uint32Array

  constructor(bits = 0) {
    this.words = new Uint32Array(wordsFor(bits))
  }

  static over(words: Uint32Array): Bitset {
    const bitset = new Bitset()
    bitset.words = words
    return bitset
  }

  has(bit: number): boolean {
    return ((this.words[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0
  }

  add(bit: number): void {
    const word = bit >>> 5
    if (word >= this.words.length) this.reserve(Math.max(bit + 1, this.words.length * 64))
    this.words[word]! |= 1 << (bit & 31)
  }

  remove(bit: number): void {
    const word = bit >>> 5
    if (word < this.words.length) this.words[word]! &= ~(1 << (bit & 31))
  }

  reserve(bits: number): void {
    if (this.words.length >= wordsFor(bits)) return
    const words = new Uint32Array(wordsFor(bits))
    words.set(this.words)
    this.words = words
  }

  clone(): Bitset {
    return Bitset.over(this.words.slice())
  }

  count(): number {
    return countBits(this.words)
  }
}

export function wordsFor(bits: number): number {
  return (bits + 31) >>> 5
}

export function countBits(words: Uint32Array): number {
  let count = 0
  for (let word of words) {
    word -= (word >>> 1) & 0x55555555
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return count
}

/** Calls back for every set bit below `bits`, in ascending order. */
export function forEachBit(words: Uint32Array, bits: number, visit: (bit: number) => void): void {
  for (let index = 0; index < words.length; index++) {
    let word = words[index]!
    while (word !== 0) {
      const bit = index * 32 + (31 - Math.clz32(word & -word))
      if (bit >= bits) return
      visit(bit)
      word &= word - 1
    }
  }
}
