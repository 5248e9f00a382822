import type { TermRows } from './postings.js'
import type { TextTotals } from './text-index.js'

/** How quickly more of the same term adds less. */
const k1 = 1.2
/** How much of the length of a text counts: 0 nothing, 1 all of it. */
const b = 0.75

/**
 * Scores of BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, 3.4, with k1 1.2 and b 0.75):
 * for each term of a query, with frequency f in a text of `length` terms, idf · (k1 + 1) · f / (f + k1 · (1 - b + b · length / average)).
 * idf = ln(1 + (N - n + 0.5) / (n + 0.5)), as in Lucene: of N texts n have the term. It is never negative.
 *
 * Everything is made of whole numbers by +, -, *, / in one order, so that the same texts give the same score to the last bit, on every machine.
 */
export class Bm25 {
  readonly #documents: number
  /** What is added to f below the line: `base` + `slope` · length. */
  readonly #base = k1 * (1 - b)
  readonly #slope: number

  /** @param totals of all texts that could be found */
  constructor({ documents, terms }: TextTotals) {
    this.#documents = documents
    this.#slope = terms === 0 ? 0 : (k1 * b * documents) / terms
  }

  /** What a term adds at most, when so many texts have it. */
  weight(withTerm: number): number {
    return (k1 + 1) * naturalLogarithm(1 + (this.#documents - withTerm + 0.5) / (withTerm + 0.5))
  }

  /** What a term of this weight adds to a text. */
  score(weight: number, frequency: number, length: number): number {
    return (weight * frequency) / (frequency + (this.#base + this.#slope * length))
  }
}

/** Of x ≥ 1, to about the last bit. `Math.log` may differ between engines in it. */
export function naturalLogarithm(x: number): number {
  let halvings = 0
  // Halving is exact.
  for (; x > Math.SQRT2; halvings++) x /= 2
  // ln x = 2 artanh z, whose series has converged here: |z| < 0.1716.
  const z = (x - 1) / (x + 1)
  let sum = 0
  for (let n = seriesEnd; n >= 1; n -= 2) sum = sum * z * z + 1 / n
  return halvings * Math.LN2 + 2 * z * sum
}

const seriesEnd = 21

/** The scores of the rows of one set while term after term is added. It is used again for the next set: only rows with a score cost anything. */
export class ScoreSheet {
  #scores = new Float64Array(0)
  /** The rows with a score, in the order in which they got it. */
  #scored = new Uint32Array(0)
  #count = 0

  /** Begins with rows 0 to `rows` - 1, none with a score. */
  begin(rows: number): void {
    for (let i = 0; i < this.#count; i++) this.#scores[this.#scored[i]!] = 0
    this.#count = 0
    if (rows <= this.#scores.length) return
    this.#scores = new Float64Array(rows)
    this.#scored = new Uint32Array(rows)
  }

  /** Adds a term, for the rows of a bitset only where there is one. */
  add(pairs: TermRows, weight: number, bm25: Bm25, lengths: ArrayLike<number>, allowed?: Uint32Array): void {
    const scores = this.#scores
    for (let i = 0; i < pairs.length; i += 2) {
      const row = pairs[i]!
      if (allowed !== undefined && ((allowed[row >>> 5]! >>> (row & 31)) & 1) === 0) continue
      const before = scores[row]!
      if (before === 0) this.#scored[this.#count++] = row
      scores[row] = before + bm25.score(weight, pairs[i + 1]!, lengths[row]!)
    }
  }

  /** 0: it has none. */
  score(row: number): number {
    return this.#scores[row]!
  }

  /** Rows with a score. */
  get count(): number {
    return this.#count
  }

  forEach(visit: (row: number, score: number) => void): void {
    for (let i = 0; i < this.#count; i++) visit(this.#scored[i]!, this.#scores[this.#scored[i]!]!)
  }
}
