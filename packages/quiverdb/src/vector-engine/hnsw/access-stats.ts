export interface HNSWAccessStats {
  readonly totalSearches: number
  /** Since the index was made. */
  readonly uptimeMs: number
  readonly searchesPerSecond: number
}

export class AccessCounter {
  readonly #start = performance.now()
  #searches = 0

  searched(): void {
    this.#searches++
  }

  stats(): HNSWAccessStats {
    const uptimeMs = performance.now() - this.#start
    return { totalSearches: this.#searches, uptimeMs, searchesPerSecond: uptimeMs > 0 ? (1000 * this.#searches) / uptimeMs : 0 }
  }
}
