import type { RowLocation, SetState } from '../version/directory.js'

/** A row with its score; the greater is the better. */
export interface ScoredRow extends RowLocation {
  readonly score: number
}

/** The rows with the best scores so far, at most `limit`; of equal scores those with the smaller ids, so that an answer never depends on where rows lie. */
export class BestRows {
  readonly #limit: number
  /** A heap: no row comes before those below it, and so the last of all is on top. */
  readonly #heap: { readonly score: number; readonly state: SetState; readonly slot: number; readonly id: string }[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  push(score: number, state: SetState, slot: number): void {
    const heap = this.#heap
    const last = heap[0]
    if (heap.length === this.#limit && (last === undefined || score < last.score)) return
    const row = { score, state, slot, id: state.set.id(slot) }
    if (heap.length < this.#limit) {
      heap.push(row)
      this.#rise(heap.length - 1)
    } else if (precedes(row, last!)) {
      heap[0] = row
      this.#sink()
    }
  }

  /** Best first. */
  rows(): ScoredRow[] {
    return [...this.#heap].sort((a, b) => (precedes(a, b) ? -1 : 1))
  }

  #rise(at: number): void {
    const heap = this.#heap
    const row = heap[at]!
    while (at > 0) {
      const above = (at - 1) >>> 1
      if (!precedes(heap[above]!, row)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = row
  }

  #sink(): void {
    const heap = this.#heap
    const row = heap[0]!
    let at = 0
    for (;;) {
      let below = at * 2 + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && precedes(heap[below]!, heap[below + 1]!)) below++
      if (!precedes(row, heap[below]!)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = row
  }
}

function precedes(
  a: { readonly score: number; readonly id: string },
  b: { readonly score: number; readonly id: string },
): boolean {
  return a.score === b.score ? a.id < b.id : a.score > b.score
}
