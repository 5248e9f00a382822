import type { SetState } from '../version/directory.js'

/** A row with its exact distance. */
export interface RankedRow {
  readonly distance: number
  readonly state: SetState
  readonly slot: number
}

/** The nearest rows so far, at most `limit` of them, nearest first; equal distances by id, so that an answer never depends on where rows lie. */
export class TopHits {
  readonly #limit: number
  readonly #maxDistance: number
  #rows: RankedRow[] = []

  /** The largest error that estimates were seen to have, in the metric's distance: each part of a search learns from those before it. */
  estimateError = 0

  constructor(limit: number, maxDistance = Infinity) {
    this.#limit = limit
    this.#maxDistance = maxDistance
  }

  get limit(): number {
    return this.#limit
  }

  get isFull(): boolean {
    return this.#rows.length >= this.#limit
  }

  /** What a row must not exceed to be kept. */
  get worst(): number {
    return this.isFull ? this.bound : this.#maxDistance
  }

  /**
   * The worst distance that was kept, where all places are taken. Of it the error of estimates is known; of a distance that the caller sets it is not, and a
   * row whose estimate exceeds that may be near enough.
   */
  get bound(): number {
    return this.isFull ? this.#rows[this.#rows.length - 1]!.distance : Infinity
  }

  /** All or, where an id has to be waited for that equal distances are told apart by, none: then whoever ranks them begins again. */
  pushAll(rows: readonly RankedRow[]): void {
    const before = this.#rows.slice()
    try {
      for (let i = 0; i < rows.length; i++) this.push(rows[i]!)
    } catch (error) {
      this.#rows = before
      throw error
    }
  }

  push(row: RankedRow): void {
    if (row.distance > this.worst) return
    let low = 0
    let high = this.#rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (precedes(this.#rows[middle]!, row)) low = middle + 1
      else high = middle
    }
    if (low >= this.#limit) return
    const rows = this.#rows
    if (rows.length < this.#limit) rows.push(row)
    for (let i = rows.length - 1; i > low; i--) rows[i] = rows[i - 1]!
    rows[low] = row
  }

  rows(): readonly RankedRow[] {
    return this.#rows
  }
}

function precedes(a: RankedRow, b: RankedRow): boolean {
  if (a.distance !== b.distance) return a.distance < b.distance
  return a.state.set.id(a.slot) < b.state.set.id(b.slot)
}
