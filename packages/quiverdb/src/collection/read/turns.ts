import { QuiverError } from '../../errors.js'
import { isResident, whenResident } from '../../segment/part-file.js'
import type { Residency } from '../../segment/residency.js'

/** How long a search may hold the thread before it lets others run. */
const turnMs = 12

/**
 * Pieces of work, one after the other: synchronous, or what another thread does, which resolves. Between them nothing of it is in linear memory. A
 * synchronous piece that could not be done is done again.
 */
export type Steps = Generator<() => void | Promise<void>, void, void>

/** Runs steps to their end: at once where that is a matter of a moment, else letting other work in between. @throws QuiverError ABORTED */
export function runSteps(steps: Steps, residency: Residency, signal: AbortSignal | undefined): void | Promise<void> {
  const turnEnd = performance.now() + turnMs
  for (let step = steps.next(); !step.done; step = steps.next()) {
    checkAborted(signal)
    const work = step.value
    let elsewhere: unknown
    const isThere = isResident(() => {
      elsewhere = residency.run(work)
    })
    if (!isThere) return runInTurns(steps, residency, signal, work)
    if (elsewhere instanceof Promise) return runInTurns(steps, residency, signal, () => elsewhere as Promise<void>)
    if (performance.now() >= turnEnd) return runInTurns(steps, residency, signal)
  }
}

async function runInTurns(
  steps: Steps,
  residency: Residency,
  signal: AbortSignal | undefined,
  begun?: () => void | Promise<void>,
): Promise<void> {
  let turnEnd = 0
  if (begun) {
    await whenResident(() => residency.run(begun))
    turnEnd = performance.now() + turnMs // others have run while it waited
  }
  for (;;) {
    if (performance.now() >= turnEnd) {
      await new Promise((resolve) => setTimeout(resolve, 0))
      turnEnd = performance.now() + turnMs
    }
    const step = steps.next()
    if (step.done) return
    checkAborted(signal)
    const work = step.value
    await whenResident(() => residency.run(work))
  }
}

export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new QuiverError('ABORTED', 'The search was aborted.', { cause: signal.reason })
}

/** Lets other work run now and then during work that takes long. */
export class Turns {
  #end = performance.now() + turnMs

  /** Resolves at once, or, when the turn has taken long enough, after others have run. */
  async pause(): Promise<void> {
    if (performance.now() < this.#end) return
    await new Promise((resolve) => setTimeout(resolve, 0))
    this.#end = performance.now() + turnMs
  }
}
