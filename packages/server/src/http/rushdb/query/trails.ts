import { badRequest } from '../problem.js'
import type { Budget } from './budget.js'
import { type Graph, reversed, type Step } from './graph.js'
import type { Hops, Walk } from './where-tree.js'

/** Steps that one query tries, beyond those that are known to lead somewhere. */
const triesMax = 2_000_000

type LongWalk = Walk & { readonly hops: Hops }

/**
 * Paths of several relationships. As in Cypher they are trails: a path goes along no relationship twice, but it may come to a record again.
 * Whether there is one of a certain length is a hard question in general, so the tries are bounded.
 */
export class Trails {
  readonly #graph: Graph
  readonly #budget: Budget
  #tries = 0

  constructor(graph: Graph, budget: Budget) {
    this.#graph = graph
    this.#budget = budget
  }

  /** The records from which a trail leads to one of the targets. */
  async startsTo(targets: ReadonlySet<string>, walk: LongWalk): Promise<Set<string>> {
    const { min, max } = walk.hops
    const levels = [new Set(targets)]
    const out = new Map<string, Step[]>()
    const expanded = new Set<string>()
    const into = new Map<string, Set<string>>()
    for (let length = 1; length <= max; length++) {
      const last = levels[length - 1]!
      const fresh = [...last].filter((id) => !expanded.has(id))
      for (const id of fresh) expanded.add(id)
      for (const { edge, from, to } of await this.#graph.steps(fresh, reversed(walk))) {
        add(out, to, { edge, from: to, to: from })
        let sources = into.get(from)
        if (!sources) into.set(from, (sources = new Set()))
        sources.add(to)
      }
      const next = new Set<string>()
      for (const id of last) for (const source of into.get(id) ?? []) next.add(source)
      levels.push(next)
      if (next.size === 0) break
    }
    return this.#starts(levels, out, { min, max })
  }

  /** `levels[n]`: records from which a walk of n steps leads to a target. */
  #starts(levels: readonly ReadonlySet<string>[], out: ReadonlyMap<string, readonly Step[]>, { min, max }: Hops): Set<string> {
    const starts = new Set<string>()
    const seen = new Set<string>()
    for (const [length, level] of levels.entries()) {
      // The shortest walk to a record repeats nothing, so it is a trail.
      for (const id of level) if (length >= min && !seen.has(id)) starts.add(id)
      for (const id of level) seen.add(id)
    }
    const within = (id: string, used: number): boolean => {
      for (let length = Math.max(min, used); length <= max; length++) if (levels[length - used]?.has(id)) return true
      return false
    }
    const ends = levels[0]!
    for (const id of seen)
      if (!starts.has(id) && within(id, 0) && this.#leads(id, out, { min, max }, (end) => ends.has(end), within)) starts.add(id)
    return starts
  }

  /** Those of the records from which a trail leads back to them. */
  async onCycles(records: readonly string[], walk: LongWalk): Promise<Set<string>> {
    const { hops } = walk
    const { steps, into } = await this.#around(records, walk, hops.max)
    return new Set(records.filter((id) => steps.has(id) && this.#leadsTo(id, id, steps, into, hops)))
  }

  /** By start, the records where a trail from there ends. */
  async endsFrom(starts: Iterable<string>, walk: LongWalk): Promise<Map<string, Set<string>>> {
    const { hops } = walk
    const from = [...starts]
    const { steps, into } = await this.#around(from, walk, hops.max)
    return new Map(from.map((start) => [start, this.#ends(start, steps, into, hops)]))
  }

  #ends(start: string, steps: Surroundings['steps'], into: Surroundings['into'], hops: Hops): Set<string> {
    const ends = new Set<string>()
    for (const [id, distance] of distancesFrom(start, (at) => (steps.get(at) ?? []).map(({ to }) => to), hops.max)) {
      this.#countTry()
      if (distance >= hops.min || this.#leadsTo(start, id, steps, into, hops)) ends.add(id)
    }
    return ends
  }

  #leadsTo(start: string, end: string, steps: Surroundings['steps'], into: Surroundings['into'], hops: Hops): boolean {
    const back = distancesFrom(end, (at) => into.get(at) ?? [], hops.max)
    const within = (at: string, used: number): boolean => (back.get(at) ?? Infinity) + used <= hops.max
    return within(start, 0) && this.#leads(start, steps, hops, (id) => id === end, within)
  }

  /** Loads what walks of so many steps from some records can go along. */
  async #around(records: readonly string[], walk: Walk, length: number): Promise<Surroundings> {
    const steps = new Map<string, Step[]>()
    const into = new Map<string, string[]>()
    const known = new Set(records)
    for (let near = [...known], done = 0; done < length && near.length > 0; done++) {
      const next: string[] = []
      for (const step of await this.#graph.steps(near, walk)) {
        add(steps, step.from, step)
        add(into, step.to, step.from)
        if (!known.has(step.to)) next.push(step.to)
        known.add(step.to)
      }
      near = next
    }
    return { steps, into }
  }

  /** Whether some trail of an allowed length ends where `isEnd` says so; depth first, and only to where the rest can still be reached. */
  #leads(
    start: string,
    out: ReadonlyMap<string, readonly Step[]>,
    { min, max }: Hops,
    isEnd: (id: string) => boolean,
    within: (id: string, used: number) => boolean,
  ): boolean {
    const used = new Set<string>()
    const from = (id: string): boolean => {
      if (used.size >= min && isEnd(id)) return true
      if (used.size === max) return false
      for (const { edge, to } of out.get(id) ?? []) {
        if (used.has(edge)) continue
        this.#countTry()
        if (!within(to, used.size + 1)) continue
        used.add(edge)
        if (from(to)) return true
        used.delete(edge)
      }
      return false
    }
    return from(start)
  }

  #countTry(): void {
    this.#budget.step()
    if (++this.#tries > triesMax)
      throw badRequest(`The query tries more than ${triesMax} paths. Name a type and a direction, or fewer hops.`)
  }
}

interface Surroundings {
  readonly steps: ReadonlyMap<string, readonly Step[]>
  /** From where steps lead to a record. */
  readonly into: ReadonlyMap<string, readonly string[]>
}

/** How many steps it takes at least from a record to those that are at most so many away. */
function distancesFrom(id: string, next: (at: string) => readonly string[], max: number): ReadonlyMap<string, number> {
  const distances = new Map([[id, 0]])
  for (let near = [id], distance = 1; distance <= max && near.length > 0; distance++) {
    const reached: string[] = []
    for (const to of near.flatMap(next)) {
      if (distances.has(to)) continue
      distances.set(to, distance)
      reached.push(to)
    }
    near = reached
  }
  return distances
}

function add<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}
