import { orderDistance } from './truth.mjs'

/** Rounding of float64 sums: two ways to the same distance differ by no more than this share. */
const relativeTolerance = 1e-12

/**
 * Recall by distance: an answer counts when it is no farther than the k-th nearest, so that of several at one distance any may be given.
 */
export class RecallJudge {
  #base
  #queries
  #metric
  #truth

  /**
   * @param {{ base: import('./vectors.mjs').Vectors, queries: import('./vectors.mjs').Vectors, metric: 'l2' | 'cosine',
   *   truth: import('./truth.mjs').Truth }} set
   */
  constructor({ base, queries, metric, truth }) {
    this.#base = base
    this.#queries = queries
    this.#metric = metric
    this.#truth = truth
  }

  /**
   * @param {readonly ArrayLike<number>[]} answers row numbers, a list per query @param {number} k at most the truth's
   * @returns {number} the mean share of the k nearest that was found
   */
  recall(answers, k) {
    let hits = 0
    for (const [query, rows] of answers.entries()) hits += this.#hits(query, rows, k)
    return hits / (answers.length * k)
  }

  #hits(query, rows, k) {
    const start = query * this.#truth.k
    const known = new Set(this.#truth.rows.subarray(start, start + k))
    const worst = this.#truth.distances[start + k - 1]
    const bound = worst + relativeTolerance * Math.abs(worst)
    const given = new Set(Array.prototype.slice.call(rows, 0, k))
    let hits = 0
    for (const row of given) if (known.has(row) || this.#distance(query, row) <= bound) hits++
    return hits
  }

  #distance(query, row) {
    if (row < 0 || row >= this.#base.rows) return Number.POSITIVE_INFINITY
    return orderDistance(this.#base.row(row), this.#queries.row(query), this.#metric)
  }
}
