const capacityMin = 16

/** The best slots so far, at most k: highest score first, equal scores by slot, so that an answer never depends on the order of arrival. */
export class BestSlots {
  readonly #k: number
  #slots = new Uint32Array(capacityMin)
  #scores = new Float64Array(capacityMin)
  #size = 0

  constructor(k: number) {
    this.#k = k
  }

  get isFull(): boolean {
    return this.#size === this.#k
  }

  /** The score that a slot needs at least to be kept. */
  get threshold(): number {
    return this.isFull ? this.#scores[this.#size - 1]! : -Infinity
  }

  push(slot: number, score: number): void {
    if (this.isFull && !this.#precedes(slot, score, this.#size - 1)) return
    let low = 0
    let high = this.#size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#precedes(slot, score, middle)) high = middle
      else low = middle + 1
    }
    if (!this.isFull) this.#makeRoom()
    this.#slots.copyWithin(low + 1, low, this.#size - 1)
    this.#scores.copyWithin(low + 1, low, this.#size - 1)
    this.#slots[low] = slot
    this.#scores[low] = score
  }

  slots(): Uint32Array {
    return this.#slots.slice(0, this.#size)
  }

  scores(): Float64Array {
    return this.#scores.slice(0, this.#size)
  }

  #precedes(slot: number, score: number, place: number): boolean {
    const other = this.#scores[place]!
    return score === other ? slot < this.#slots[place]! : score > other
  }

  #makeRoom(): void {
    if (this.#size === this.#slots.length) {
      const capacity = Math.min(this.#k, 2 * this.#size)
      const slots = new Uint32Array(capacity)
      const scores = new Float64Array(capacity)
      slots.set(this.#slots)
      scores.set(this.#scores)
      this.#slots = slots
      this.#scores = scores
    }
    this.#size++
  }
}
