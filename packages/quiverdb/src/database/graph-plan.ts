import type { Tuning } from './tuning.js'

/** What may be done now. */
export interface Occasion {
  /** Nobody has written for a while, or the caller wants all work done: then also what is only worth doing at rest. */
  readonly idle: boolean
  readonly build: boolean
  readonly merge: boolean
}

interface Sized {
  readonly nodes: number
}

/** The graphs of an index, and the rows that they are for. */
export interface GraphSizes<G extends Sized> {
  /** Largest first. */
  readonly graphs: readonly G[]
  /** Living rows that belong to the index. */
  readonly records: number
  /** Those of them that no graph holds. */
  readonly unindexed: number
  /** Living nodes of each graph; asked for only where it matters. */
  living(): readonly number[]
  /** The most nodes of a graph. */
  readonly nodesMax: number
}

/**
 * A graph that is due. It takes in the living rows that no graph holds but those it replaces: into a copy of one of these, or from nothing. Where
 * that is more than the most nodes of a graph it takes what fits, and the next plan is for the rest.
 */
export interface GraphStep<G> {
  readonly kind: 'build' | 'merge'
  readonly into: G | undefined
  /** With `into`. */
  readonly replaces: readonly G[]
}

/** Below this many rows a tail is left as it is, at rest too. */
const tailRowsAtRest = 128
/** At rest, nor is one that is a smaller share of the large graph. */
const tailShareAtRest = 1 / 256
/** Dead nodes are taken out of a copy when more than this share is dead, or when other rows go into one anyway. */
const deadShareMax = 0.3
/** A graph is built anew when more than this share is dead: most lists would have to be mended, */
const rebuildShare = 0.6
/** or when so many times its rows have come: then its centre is that of other data. */
const regrowth = 4
/** A tail makes a small graph while it is smaller than this share of the large one; else it goes into the large one at once. */
const smallShareMax = 0.25
/** Above this share of the most nodes a graph is full, and takes in no more. */
const fullShare = 0.75

/**
 * The next graph that is due in an index, if any: see `docs/ARCHITECTURE.md`, "Upkeep". Whoever carries out one plan after another comes to an
 * end: each leaves fewer dead nodes, fewer rows outside of full graphs, fewer graphs that are not full, or fewer rows without a graph.
 */
export function planStep<G extends Sized>(sizes: GraphSizes<G>, tuning: Tuning, occasion: Occasion): GraphStep<G> | undefined {
  const { graphs, unindexed, nodesMax } = sizes
  const { idle, build, merge } = occasion
  const [largest, ...small] = graphs.filter((graph) => !isFull(graph, nodesMax))
  const worn = merge ? planMending(sizes, largest, small, idle ? 0 : tuning.graphRowsMin) : undefined
  if (worn) return worn
  const due = unindexed >= Math.max(1, tuning.tailRowsMax)
  const enough = unindexed >= Math.max(1, tuning.graphRowsMin)
  const built: GraphStep<G> = { kind: 'build', into: undefined, replaces: [] }
  if (!largest) return build && (due || (idle && enough)) ? built : undefined
  const isWorthIt = unindexed > Math.max(tailRowsAtRest, largest.nodes * tailShareAtRest)
  const restDue = idle && (small.length > 0 || isWorthIt)
  const asSmall = unindexed < largest.nodes * smallShareMax && small.length < tuning.smallGraphsMax
  if (build && (due || (idle && !merge && enough)) && asSmall && !(restDue && merge)) return built
  if (!merge || !(due || restDue)) return undefined
  const whole = fitting(small, nodesMax - largest.nodes)
  // Where none fits whole and no rows wait, the smallest is divided: the large graph is full then, and the rest makes another.
  const others = whole.length > 0 || due || isWorthIt ? whole : small.slice(-1)
  return { kind: 'merge', into: outgrown(sizes, largest, others) ? undefined : largest, replaces: [largest, ...others] }
}

const isFull = ({ nodes }: Sized, nodesMax: number): boolean => nodes > nodesMax * fullShare

/** Whether so much goes into a graph that it should be built anew. */
function outgrown<G extends Sized>({ unindexed, nodesMax }: GraphSizes<G>, into: G, others: readonly G[]): boolean {
  return Math.min(nodesMax - into.nodes, unindexed + nodesOf(others)) >= into.nodes * regrowth
}

/** For graphs with too many dead nodes: those that are not full together, as far as they fit into one, or else a full one. */
function planMending<G extends Sized>(
  sizes: GraphSizes<G>,
  largest: G | undefined,
  small: readonly G[],
  rowsMin: number,
): GraphStep<G> | undefined {
  const { graphs, nodesMax, unindexed } = sizes
  if (largest) {
    const others = fitting(small, nodesMax - largest.nodes)
    const replaces = [largest, ...others]
    const nodes = nodesOf(replaces)
    const dead = deadOf(sizes, replaces)
    if (dead > nodes * deadShareMax && nodes - dead + unindexed >= rowsMin) {
      const anew = dead > nodes * rebuildShare || outgrown(sizes, largest, others)
      return { kind: 'merge', into: anew ? undefined : largest, replaces }
    }
  }
  const full = graphs.find((graph) => isFull(graph, nodesMax) && deadOf(sizes, [graph]) > graph.nodes * deadShareMax)
  if (!full) return undefined
  const anew = full.nodes > nodesMax || deadOf(sizes, [full]) > full.nodes * rebuildShare
  return { kind: 'merge', into: anew ? undefined : full, replaces: [full] }
}

/** How many nodes of some graphs are dead, where the dead of all graphs are enough to matter to them. */
function deadOf<G extends Sized>({ graphs, records, unindexed, living }: GraphSizes<G>, some: readonly G[]): number {
  const nodes = nodesOf(some)
  const dead = nodesOf(graphs) - (records - unindexed)
  if (some.length === graphs.length || dead <= nodes * deadShareMax) return dead
  const counts = living()
  return nodes - graphs.reduce((sum, graph, i) => (some.includes(graph) ? sum + counts[i]! : sum), 0)
}

/** Graphs that have room together, from the smallest on. They come largest first. */
function fitting<G extends Sized>(graphs: readonly G[], room: number): G[] {
  const fits: G[] = []
  let nodes = 0
  for (const graph of [...graphs].reverse()) {
    nodes += graph.nodes
    if (nodes > room) break
    fits.push(graph)
  }
  return fits
}

const nodesOf = (graphs: readonly Sized[]): number => graphs.reduce((sum, { nodes }) => sum + nodes, 0)
