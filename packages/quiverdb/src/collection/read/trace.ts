import type { FilterReport } from './matches.js'
import type { ExplainedPart, SearchExplanation, SearchWay } from '../types.js'

/** Takes down what a search does, for `explain`. */
export class SearchTrace {
  readonly #begun = performance.now()
  readonly #parts: ExplainedPart[] = []
  #way: SearchWay = 'graph'
  #matches: number | undefined
  #sampled: number | undefined
  #filterMs = 0
  #searchMs = 0

  chose(way: SearchWay): void {
    this.#way = way
  }

  /** Records with a vector that match, counted. */
  counted(matches: number): void {
    this.#matches = matches
  }

  /** The share of a sample that matched. */
  sampled(share: number): void {
    this.#sampled = share
  }

  /** What was done with a part since a time. */
  part(begun: number, part: ExplainedPart): void {
    this.#searchMs += performance.now() - begun
    this.#parts.push(part)
  }

  filtering(milliseconds: number): void {
    this.#filterMs += milliseconds
  }

  explanation(records: number, report: FilterReport | undefined, complete: boolean, isLate: boolean): SearchExplanation {
    const totalMs = performance.now() - this.#begun
    return {
      strategy: this.#way,
      records,
      ...(this.#matches !== undefined && { matches: this.#matches }),
      ...(this.#sampled !== undefined && { sampledShare: this.#sampled }),
      ...(report && { filter: { indexed: report.indexed, evaluated: report.evaluated } }),
      parts: this.#parts,
      candidates: this.#parts.reduce((sum, { candidates }) => sum + candidates, 0),
      times: {
        filterMs: this.#filterMs,
        searchMs: this.#searchMs,
        recordsMs: totalMs - this.#filterMs - this.#searchMs,
        totalMs,
      },
      ...(!complete && { cutBy: isLate ? ('time' as const) : ('candidates' as const) }),
    }
  }
}
