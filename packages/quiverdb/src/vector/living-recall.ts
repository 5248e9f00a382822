import { QuiverError } from '../errors.js'
import type { Budget } from './budget.js'
import type { GraphMemory } from './graph-memory.js'
import type { RecallCurve } from './recall-curve.js'
import { RecallGauge } from './recall-gauge.js'

/** What was measured holds until this share of the nodes has come, changed or gone. */
const remeasureShare = 1 / 4
/** Of the time that a search has, measuring takes this share at most; the next search goes on with it. */
const budgetShare = 1 / 2

/** What searches of a graph that changes find: measured when that is asked for first, and again when much has changed. */
export class LivingRecall {
  #curve: RecallCurve | undefined
  #gauge: RecallGauge | undefined
  #changed = Infinity
  #nodes = 0

  /** What was measured last. */
  get known(): RecallCurve | undefined {
    return this.#curve
  }

  /** So many vectors have come, changed or gone. */
  changed(count: number): void {
    this.#changed += count
  }

  /** What is known: measured first where that is due, while the budget and memory allow it. @throws QuiverError ABORTED */
  of(memory: GraphMemory, budget?: Budget): RecallCurve | undefined {
    if (this.#gauge || this.#changed >= this.#nodes * remeasureShare) this.#measure(memory, budget)
    return this.#curve
  }

  #measure(memory: GraphMemory, budget: Budget | undefined): void {
    if (!this.#gauge) {
      this.#gauge = new RecallGauge()
      this.#changed = 0
      this.#nodes = memory.nodes
    }
    const begun = performance.now()
    const end = budget?.deadline === undefined ? Infinity : begun + (budget.deadline - begun) * budgetShare
    try {
      const isDone = this.#gauge.advance(memory, () => performance.now() >= end || budget?.signal?.aborted === true)
      if (!isDone) return
      this.#curve = this.#gauge.curve()
    } catch (error) {
      if (!(error instanceof QuiverError && error.code === 'MEMORY_FULL')) throw error
    }
    this.#gauge = undefined
  }
}
