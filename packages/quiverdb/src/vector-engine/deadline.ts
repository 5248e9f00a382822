import type { Budget } from '../vector/budget.js'
import { VectorError } from './errors.js'

/** Nothing is searched in less time; clocks of browsers are too coarse to tell. In milliseconds. */
const searchMsMin = 1e-3
/** Rows whose metadata is looked at between two looks at the clock. */
const rowsPerLook = 1024

/** When a search has to be over. It ends in SearchTimeout, never in a part of the answer. */
export class Deadline {
  /** For the scans and walks below; absent where there is no timeout. */
  readonly budget: Budget | undefined
  readonly #operation: string
  readonly #timeoutMs: number
  #rows = 0

  /** `operation` names the method in the notation of the reference. */
  constructor(operation: string, timeoutMs: number | undefined) {
    this.#operation = operation
    this.#timeoutMs = timeoutMs ?? Infinity
    this.budget = timeoutMs === undefined ? undefined : { deadline: performance.now() + timeoutMs }
  }

  /** @throws VectorError SearchTimeout */
  check(): void {
    if (!this.budget) return
    if (this.#timeoutMs < searchMsMin || performance.now() >= this.budget.deadline!) throw this.exceeded()
  }

  /** The same for a loop over rows, now and then. @throws VectorError SearchTimeout */
  checkRow(): void {
    if (++this.#rows % rowsPerLook === 0) this.check()
  }

  exceeded(): VectorError {
    return VectorError.searchTimeout(this.#operation, this.#timeoutMs)
  }
}
