import type { BestSlots } from './best-slots.js'
import type { Entries } from './entries.js'
import { cosineOf, dot, jaccardOf, magnitude, measure, overlapOf } from './measures.js'
import type { PostingList } from './posting-list.js'
import type { SparseRows } from './sparse-rows.js'
import { SlotWindow, Term } from './slot-window.js'

/** What a search reads and where its answer goes. */
export interface SearchInput {
  readonly lists: ReadonlyMap<number, PostingList>
  readonly rows: SparseRows
  readonly query: Entries
  readonly allows: (slot: number) => boolean
  readonly best: BestSlots
}

/** Metrics that are zero for vectors without a common position. */
export type MatchingMetric = 'dot' | 'cosine' | 'jaccard' | 'overlap'

/** Looking a vector up costs as much as summing a hundred values: lists are left out only while half of the score must come from others. */
const leftOutShare = 0.5
/** Relative to the sum of absolute products: far above the rounding of float64, far below what would cost time. */
const roundingPerTerm = 2 ** -50

interface BoundedTerm {
  readonly term: Term
  /** What its list adds to any score, at most; at least 0, since a vector may lack the position. */
  readonly bound: number
}

/**
 * The best of the vectors that share positions with the query, then of those that share none.
 *
 * Sums run over the posting lists, a window of slots at a time. Once k vectors are found, lists whose bounds together cannot lift a
 * vector to their scores are left out, and vectors of the remaining lists are looked up only when the bounds allow them in (MaxScore:
 * Turtle and Flood, Query evaluation: strategies and optimizations, 1995). Bounds are widened by what rounding can do, and every score
 * is taken from the vector itself: the answer is that of a search through all vectors.
 */
export class MatchingSearch {
  readonly #input: SearchInput
  readonly #metric: MatchingMetric
  readonly #queryMagnitude: number
  readonly #terms: readonly BoundedTerm[]
  readonly #rounding: number
  readonly #window = new SlotWindow()
  /** The first of {@link #terms} that is summed, and what the ones before it can add. */
  #firstTerm = 0
  #leftOut = 0
  #filling = false
  #fillSlot = 0

  constructor(input: SearchInput, metric: MatchingMetric) {
    this.#input = input
    this.#metric = metric
    this.#queryMagnitude = magnitude(input.query)
    const { terms, rounding } = boundedTerms(input, metric, this.#queryMagnitude)
    this.#terms = terms
    this.#rounding = rounding
  }

  /** Goes on for about so many evaluations. Returns whether the search is over. */
  step(evaluationsMax: number): boolean {
    let evaluations = 0
    while (!this.#filling) {
      if (evaluations >= evaluationsMax) return false
      evaluations += this.#nextWindow()
    }
    return this.#fill(evaluationsMax - evaluations)
  }

  #nextWindow(): number {
    const { best } = this.#input
    this.#leaveTermsOut()
    let first = Infinity
    for (let i = this.#firstTerm; i < this.#terms.length; i++) first = Math.min(first, this.#terms[i]!.term.next)
    if (first === Infinity) {
      this.#filling = true
      return 0
    }
    const window = this.#window
    window.start = first
    const counting = this.#metric === 'jaccard' || this.#metric === 'overlap'
    let evaluations = 0
    for (let i = this.#firstTerm; i < this.#terms.length; i++) evaluations += this.#terms[i]!.term.addTo(window, counting)
    for (let i = 0; i < window.touchedCount; i++) {
      const slot = window.start + window.touched[i]!
      const possible = this.#scoreOfSum(slot, window.sums[window.touched[i]!]!) + this.#leftOut + this.#rounding
      if (possible < Math.max(0, best.threshold) || !this.#input.allows(slot)) continue
      const score = counting ? possible : this.#score(slot)
      if (score > 0) best.push(slot, score)
    }
    window.clear()
    return evaluations
  }

  /** Scores only rise: a list that is left out stays out. */
  #leaveTermsOut(): void {
    const { best } = this.#input
    if (!best.isFull) return
    for (; this.#firstTerm < this.#terms.length; this.#firstTerm++) {
      const leftOut = this.#leftOut + this.#terms[this.#firstTerm]!.bound
      if (leftOut + this.#rounding >= leftOutShare * best.threshold) return
      this.#leftOut = leftOut
    }
  }

  /** While there are fewer than k: vectors that share nothing score zero, others may score less. */
  #fill(evaluationsMax: number): boolean {
    const { best, rows, allows } = this.#input
    for (let left = evaluationsMax; !best.isFull || best.threshold < 0; this.#fillSlot++) {
      if (this.#fillSlot >= rows.slots) return true
      if (left <= 0) return false
      if (!rows.has(this.#fillSlot) || !allows(this.#fillSlot)) continue
      const score = this.#score(this.#fillSlot)
      left -= 1 + rows.lengthOf(this.#fillSlot)
      if (score <= 0) best.push(this.#fillSlot, score)
    }
    return true
  }

  #scoreOfSum(slot: number, sum: number): number {
    const { rows, query } = this.#input
    switch (this.#metric) {
      case 'dot':
        return sum
      case 'cosine':
        return sum / rows.magnitudes[slot]! / this.#queryMagnitude
      case 'jaccard':
        return jaccardOf(sum, query.end - query.start, rows.lengthOf(slot))
      case 'overlap':
        return overlapOf(sum, query.end - query.start, rows.lengthOf(slot))
    }
  }

  #score(slot: number): number {
    const { rows, query } = this.#input
    if (this.#metric !== 'cosine') return measure(this.#metric, query, rows.row(slot))
    return cosineOf(dot(query, rows.row(slot)), this.#queryMagnitude, rows.magnitudes[slot]!)
  }
}

/** The terms of the query, those first that add least to scores for their length; `rounding` bounds the error of a sum over all. */
function boundedTerms(
  { lists, query }: SearchInput,
  metric: MatchingMetric,
  queryMagnitude: number,
): { terms: readonly BoundedTerm[]; rounding: number } {
  const terms: BoundedTerm[] = []
  const counting = metric === 'jaccard' || metric === 'overlap'
  let largestSum = 0
  for (let i = query.start; i < query.end; i++) {
    const list = lists.get(query.positions[i]!)
    if (!list) continue
    const weight = query.values[i]!
    const range = metric === 'cosine' ? list.cosineRange : list.range
    const scale = metric === 'cosine' ? weight / queryMagnitude : weight
    const bound = counting ? Infinity : Math.max(0, scale * range.max, scale * range.min)
    terms.push({ term: new Term(list, weight), bound })
    largestSum += Math.max(Math.abs(scale * range.max), Math.abs(scale * range.min))
  }
  if (!counting) terms.sort((a, b) => a.bound / a.term.list.length - b.bound / b.term.list.length)
  return { terms, rounding: counting ? 0 : roundingPerTerm * (terms.length + 8) * largestSum }
}
