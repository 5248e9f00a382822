/** A number of a vector and its distance. */
interface Found {
  readonly id: number
  readonly distance: number
}

/** The nearest vectors of a search, by ascending distance. */
export interface NearestVectors {
  readonly ids: Uint32Array<ArrayBuffer>
  readonly distances: Float64Array<ArrayBuffer>
}

const byDistance = (a: Found, b: Found): number => a.distance - b.distance || a.id - b.id
const slack = 64

/** Keeps the k nearest of what it is given; equal distances are ordered by number. */
export class NearestList {
  readonly #k: number
  #found: Found[] = []
  #worst = Infinity

  constructor(k: number) {
    this.#k = k
  }

  /** What is farther than this is not kept. */
  get worst(): number {
    return this.#worst
  }

  add(id: number, distance: number): void {
    if (distance > this.#worst) return
    this.#found.push({ id, distance })
    if (this.#found.length >= 2 * this.#k + slack) this.#trim()
  }

  result(): NearestVectors {
    this.#trim()
    return {
      ids: Uint32Array.from(this.#found, ({ id }) => id),
      distances: Float64Array.from(this.#found, ({ distance }) => distance),
    }
  }

  #trim(): void {
    this.#found.sort(byDistance)
    if (this.#found.length < this.#k) return
    this.#found.length = this.#k
    this.#worst = this.#found[this.#k - 1]!.distance
  }
}
