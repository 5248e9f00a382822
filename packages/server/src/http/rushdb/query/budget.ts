import { setImmediate } from 'node:timers/promises'
import type { Context } from '../../context.js'
import { RushProblem } from '../problem.js'

/** Steps between two looks at the clock. */
const stepsPerLook = 4_096

/** Ends a query that takes too long, and lets other requests have their turns meanwhile. */
export class Budget {
  readonly #deadline: number
  readonly #timeoutMs: number
  readonly #stopping: AbortSignal | undefined
  #steps = 0

  constructor(timeoutMs = Infinity, stopping?: AbortSignal) {
    this.#timeoutMs = timeoutMs
    this.#deadline = performance.now() + timeoutMs
    this.#stopping = stopping
  }

  /** What the server gives one request. */
  static of({ settings, stopping }: Context): Budget {
    return new Budget(settings.searchTimeoutMs, stopping)
  }

  /** Between larger pieces of work. @throws RushProblem 408, or 503 where the server stops */
  async turn(): Promise<void> {
    await setImmediate()
    this.#look()
  }

  /** Between small ones. @throws as `turn` */
  step(): void {
    if (++this.#steps % stepsPerLook === 0) this.#look()
  }

  #look(): void {
    if (this.#stopping?.aborted) throw new RushProblem(503, 'The server is shutting down.')
    if (performance.now() > this.#deadline)
      throw new RushProblem(408, `The query took longer than ${this.#timeoutMs} ms. Narrow it.`)
  }
}
