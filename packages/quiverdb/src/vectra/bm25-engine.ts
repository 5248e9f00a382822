/** What `bm25Factory` makes: the part of the interface of `wink-bm25-text-search` that is used. */
export interface Bm25Engine {
  defineConfig(config: { fldWeights: { body: number } }): void
  /** @param tasks one: from a text to its words */
  definePrepTasks(tasks: ((text: string) => string[])[]): void
  addDoc?(document: { body: string }, position: number): void
  /** Called once, when all documents were added. */
  consolidate?(): void
  /** The best first; positions as `addDoc` was given them, or items. */
  search(query: string): Iterable<Bm25Result>
}

export type Bm25Result = readonly [position: number | string, score: number] | { item?: unknown; score: number }

/** Parameters of Okapi BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, 3.5). */
const k1 = 1.2
const b = 0.75
/** Scores of a word are rounded to four decimals, as Vectra's are. */
const roundedTo = 1e4

interface Document {
  readonly position: number
  readonly counts: ReadonlyMap<string, number>
  readonly length: number
}

/** Ranks texts by the words that they share with a query. Any number of texts will do. */
export class KeywordRanking {
  readonly #documents: Document[] = []
  /** In how many documents a word is. */
  readonly #spread = new Map<string, number>()
  #length = 0

  add(position: number, terms: readonly string[]): void {
    const counts = new Map<string, number>()
    for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
    for (const term of counts.keys()) this.#spread.set(term, (this.#spread.get(term) ?? 0) + 1)
    this.#documents.push({ position, counts, length: terms.length })
    this.#length += terms.length
  }

  /** Positions and scores, the best first; equal ones in the order in which they were added. */
  search(terms: readonly string[], limit: number): [position: number, score: number][] {
    const known = terms.filter((term) => this.#spread.has(term))
    const scored: [number, number][] = []
    for (const document of this.#documents) {
      const score = known.reduce((sum, term) => sum + this.#weight(document, term), 0)
      if (score > 0) scored.push([document.position, score])
    }
    return scored.sort(([, x], [, y]) => y - x).slice(0, limit)
  }

  #weight({ counts, length }: Document, term: string): number {
    const count = counts.get(term)
    if (count === undefined) return 0
    const total = this.#documents.length
    const spread = this.#spread.get(term)!
    const rarity = Math.log((total - spread + 0.5) / (spread + 0.5) + 1)
    const relativeLength = length / (this.#length / total)
    const weight = (rarity * count * (k1 + 1)) / (k1 * (1 - b + b * relativeLength) + count)
    return Math.round(weight * roundedTo) / roundedTo
  }
}
