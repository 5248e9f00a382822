import { higherIsBetter, magnitude, measure, type SparseMetric } from './measures.js'
import type { SearchInput } from './matching-search.js'
import { SlotWindow, Term, windowSlots } from './slot-window.js'

/** Relative to the squared lengths, for each value that is summed: far above the rounding of float64. */
const roundingPerValue = 2 ** -49

/** The best of all vectors by any metric: each is measured. Distances are pushed with their sign turned. */
export class ScanSearch {
  readonly #input: SearchInput
  readonly #metric: SparseMetric
  readonly #sign: 1 | -1
  #slot = 0

  constructor(input: SearchInput, metric: SparseMetric) {
    this.#input = input
    this.#metric = metric
    this.#sign = higherIsBetter(metric) ? 1 : -1
  }

  /** Goes on for about so many evaluations. Returns whether the search is over. */
  step(evaluationsMax: number): boolean {
    const { rows, query, allows, best } = this.#input
    for (let left = evaluationsMax; this.#slot < rows.slots; this.#slot++) {
      if (left <= 0) return false
      if (!rows.has(this.#slot) || !allows(this.#slot)) continue
      best.push(this.#slot, this.#sign * measure(this.#metric, query, rows.row(this.#slot)))
      left -= 1 + rows.lengthOf(this.#slot)
    }
    return true
  }
}

/**
 * The nearest of all vectors. A squared distance is the squared lengths less twice the product, which the posting lists sum up; where that,
 * with what rounding can do to it, may be near enough, the distance is taken from the vector itself.
 */
export class EuclideanSearch {
  readonly #input: SearchInput
  readonly #terms: readonly Term[]
  readonly #window = new SlotWindow()
  readonly #queryMagnitude: number

  constructor(input: SearchInput) {
    this.#input = input
    this.#queryMagnitude = magnitude(input.query)
    this.#terms = termsOf(input)
  }

  /** Goes on for about so many evaluations. Returns whether the search is over. */
  step(evaluationsMax: number): boolean {
    for (let left = evaluationsMax; this.#window.start < this.#input.rows.slots; this.#window.start += windowSlots) {
      if (left <= 0) return false
      left -= windowSlots
      for (const term of this.#terms) left -= term.addTo(this.#window, false)
      this.#pushNearest()
      this.#window.clear()
    }
    return true
  }

  #pushNearest(): void {
    const { rows, query, allows, best } = this.#input
    const { sums, start } = this.#window
    const end = Math.min(start + windowSlots, rows.slots)
    for (let slot = start; slot < end; slot++) {
      if (!rows.has(slot)) continue
      const lengths2 = this.#queryMagnitude ** 2 + rows.magnitudes[slot]! ** 2
      const rounding = roundingPerValue * (query.end - query.start + rows.lengthOf(slot) + 8) * lengths2
      if (lengths2 - 2 * sums[slot - start]! - rounding > best.threshold ** 2) continue
      if (allows(slot)) best.push(slot, -measure('euclidean', query, rows.row(slot)))
    }
  }
}

function termsOf({ lists, query }: SearchInput): Term[] {
  const terms: Term[] = []
  for (let i = query.start; i < query.end; i++) {
    const list = lists.get(query.positions[i]!)
    if (list) terms.push(new Term(list, query.values[i]!))
  }
  return terms
}
