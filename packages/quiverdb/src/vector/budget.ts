import { QuiverError } from '../errors.js'

/** How long a search may go on. Looked at between steps, so a search always takes at least one. */
export interface Budget {
  /** On the clock of `performance.now()`, in milliseconds. A search that reaches it returns what it has, with `complete: false`. */
  readonly deadline?: number
  readonly signal?: AbortSignal
  /** Distances between two looks at the clock. Default: 20,000, a few milliseconds; most searches need fewer. */
  readonly evaluationsPerStep?: number
  /** Distances after which a search returns what it has, with `complete: false`. Default: no bound. */
  readonly evaluationsMax?: number
}

const evaluationsPerStepDefault = 20_000

/** Calls `step` until it returns true. Returns whether it did within the budget. @throws QuiverError ABORTED */
export function runWithin(budget: Budget | undefined, step: (evaluationsMax: number) => boolean): boolean {
  const perStep = budget?.evaluationsPerStep ?? evaluationsPerStepDefault
  let left = budget?.evaluationsMax ?? Infinity
  for (;;) {
    if (budget?.signal?.aborted) throw new QuiverError('ABORTED', 'The search was aborted.', { cause: budget.signal.reason })
    const evaluationsMax = Math.min(perStep, left)
    if (step(evaluationsMax)) return true
    left -= evaluationsMax
    if (left <= 0 || (budget?.deadline !== undefined && performance.now() >= budget.deadline)) return false
  }
}
