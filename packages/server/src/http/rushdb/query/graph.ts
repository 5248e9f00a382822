import type { Unit } from '../project.js'
import { badRequest } from '../problem.js'
import { edgesOf, opposite } from '../relations/edges.js'
import type { Budget } from './budget.js'
import type { Walk } from './where-tree.js'

/** Relationships that one query may walk along. */
const edgesMax = 1_000_000

/** A relationship, from the end where a walk is to the other. */
export interface Step {
  readonly edge: string
  readonly from: string
  readonly to: string
}

/** What one query reads of the relationships, one by one. */
export class Graph {
  readonly #unit: Unit
  readonly #budget: Budget
  #edges = 0

  constructor(unit: Unit, budget: Budget) {
    this.#unit = unit
    this.#budget = budget
  }

  /** The steps that a walk can make from some records. @throws RushProblem 400: there are too many */
  async steps(from: Iterable<string>, walk: Walk): Promise<Step[]> {
    const near = new Set(from)
    const seen = new Set<string>()
    const steps: Step[] = []
    for await (const edges of edgesOf(this.#unit, near, walk)) {
      for (const { id, source, target } of edges) {
        if (seen.has(id)) continue
        seen.add(id)
        if (walk.direction !== 'in' && near.has(source)) steps.push({ edge: id, from: source, to: target })
        if (walk.direction !== 'out' && near.has(target)) steps.push({ edge: id, from: target, to: source })
      }
      this.#count(edges.length)
      await this.#budget.turn()
    }
    return steps
  }

  #count(edges: number): void {
    this.#edges += edges
    if (this.#edges > edgesMax)
      throw badRequest(`The query walks along more than ${edgesMax} relationships. Name their type and direction, or fewer hops.`)
  }
}

/** The walk seen from its other end. */
export function reversed<W extends Walk>({ direction, ...walk }: W): Omit<W, 'direction'> & Pick<Walk, 'direction'> {
  return { ...walk, ...(direction && { direction: opposite(direction) }) }
}
