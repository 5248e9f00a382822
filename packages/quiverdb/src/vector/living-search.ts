import { countAllowed } from './approximate-pass.js'
import type { Budget } from './budget.js'
import type { NodeNumbers } from './node-numbers.js'
import type { GraphSearchResult, ResidentGraph } from './resident-graph.js'

export interface LivingSearchOptions {
  /** How many are wanted. */
  readonly k: number
  /** Candidates kept while walking; at least k. */
  readonly ef: number
  /** Bit i of word i >> 5 allows number i. Absent: all. */
  readonly allowed?: Uint32Array
  readonly budget?: Budget
}

/** Numbers by ascending estimate of their distance. */
export interface LivingSearchResult {
  readonly numbers: readonly number[]
  readonly estimates: readonly number[]
  readonly complete: boolean
}

/** Up to this many vectors are looked at one by one. */
const exactMax = 512
/** When more of what a walk found than this is gone, it is repeated as one that keeps the living apart. */
const goneShareMax = 0.25
/** So many equal distances are no chance. */
const copiesMin = 8
/** A distance between a query and a vector that are the same. */
const nothing = 1e-9

/** Walks a graph some of whose nodes may be gone. Returns undefined where looking at all that are allowed is cheaper, or surer. */
export function searchLiving(
  graph: ResidentGraph,
  numbers: NodeNumbers,
  query: Float32Array,
  { k, ef, allowed, budget }: LivingSearchOptions,
): LivingSearchResult | undefined {
  if (numbers.size <= Math.max(exactMax, 2 * k)) return undefined
  const nodes = allowed && numbers.toNodes(graph.nodes, allowed)
  if (nodes && countAllowed(nodes, graph.nodes) <= Math.max(exactMax, 2 * k)) return undefined
  let found = graph.search(query, { ef, allowed: nodes, budget })
  let living = livingOf(found, numbers)
  if (living.numbers.length < found.count * (1 - goneShareMax)) {
    found = graph.search(query, { ef, allowed: numbers.toNodes(graph.nodes), budget })
    living = livingOf(found, numbers)
  }
  return isSaturated(found, ef) ? undefined : { ...living, complete: found.complete }
}

function livingOf({ nodes, estimates }: GraphSearchResult, numbers: NodeNumbers): Omit<LivingSearchResult, 'complete'> {
  const found = nodes.map((node) => numbers.numberOf(node))
  const isLiving = (_: number, i: number): boolean => numbers.has(found[i]!)
  return { numbers: found.filter(isLiving), estimates: estimates.filter(isLiving) }
}

/** Whether a walk saw nothing but copies of one vector, which is not the query's own: what is nearer may lie behind them. */
function isSaturated({ estimates, count }: GraphSearchResult, ef: number): boolean {
  const [nearest = 0] = estimates
  return count >= Math.min(ef, copiesMin) && nearest === estimates[count - 1] && Math.abs(nearest) > nothing
}
