/**
 * A seeded source of random numbers, so that a synthetic set is the same on every machine.
 * sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, passes PractRand and BigCrush.
 */
export class Random {
  #a
  #b
  #c
  #counter = 1
  #spare = Number.NaN

  /** @param {number} seed a 32-bit integer @param {number} stream another one: streams of one seed are independent */
  constructor(seed, stream = 0) {
    this.#a = seed | 0
    this.#b = stream | 0
    this.#c = 0x9e3779b9 | 0
    for (let round = 0; round < 20; round++) this.next()
  }

  /** @returns {number} in [0, 1) */
  next() {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return (sum >>> 0) / 4294967296
  }

  /** @returns {number} normally distributed, mean 0, deviation 1 (Box and Muller, 1958) */
  normal() {
    const spare = this.#spare
    if (!Number.isNaN(spare)) {
      this.#spare = Number.NaN
      return spare
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    const angle = 2 * Math.PI * this.next()
    this.#spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}
