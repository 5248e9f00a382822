import { sketchGroupRows } from '@quiverdb/kernel'
import { blockLayout } from './block-layout.js'
import type { GraphParameters } from './graph-image.js'
import type { GraphMemory } from './graph-memory.js'
import { GraphUpdates } from './graph-updates.js'
import { measureRecall, recallSamples, trueNeighbours, type Truth } from './measure-recall.js'
import { effortFor, evaluationsAt, type RecallCurve, type KeptCurve } from './recall-curve.js'
import { graphRowKind, rowLayout } from './row-layout.js'

/**
 * Rows that are taken out of a graph, searched for as if they were queries that it has never seen, and put back: a row that is in the graph
 * would be found by its own links.
 */
export class RecallSamples {
  readonly #updates: GraphUpdates
  readonly #truth: Truth

  private constructor(updates: GraphUpdates, truth: Truth) {
    this.#updates = updates
    this.#truth = truth
  }

  /** Takes rows out; undefined where the graph is too small for it. */
  static takenOut(memory: GraphMemory): RecallSamples | undefined {
    const nodes = recallSamples(memory.nodes)
    if (nodes.length === 0) return undefined
    const updates = new GraphUpdates(memory)
    for (const node of nodes) updates.delete(node)
    updates.sweep()
    return new RecallSamples(updates, withoutCopies(trueNeighbours(memory, nodes)))
  }

  /** Searches the graph that they were taken out of, or blocks of it. `blocks`: whether both are measured. */
  measure(memory: GraphMemory, blocks: boolean): KeptCurve {
    const curve = measureRecall(memory, this.#truth, blocks)
    if (memory.parameters.m >= shortListsMin) return curve
    return { ...curve, efs: curve.efs.map((ef) => Math.ceil(ef * shortListsFactor)) }
  }

  putBack(): void {
    for (let node = this.#updates.take(); node !== undefined; node = this.#updates.take()) this.#updates.insert(node)
  }
}

/** Below this M, lists that were mended when a row was taken out lead better than those that building made, ... */
const shortListsMin = 12
/** ... and rows that were never in the graph need about so much more effort. */
const shortListsFactor = 1.6
/** Samples that are kept whatever they are. */
const samplesMin = 20

/** Leaves out rows among many copies, which are found by any search: of all that is near them one is as good as another. */
function withoutCopies(truth: Truth): Truth {
  const places = truth.nodes.map((_, i) => i).filter((i) => truth.distances[i]![0] !== truth.distances[i]![comparedK - 1])
  if (places.length < samplesMin) return truth
  return { nodes: places.map((i) => truth.nodes[i]!), distances: places.map((i) => truth.distances[i]!) }
}

/** The recall at which rows and blocks are compared. */
const comparedRecall = 0.95
const comparedK = 10
/** A byte of a block costs as much time as so many of a row: each is read once, but blocks ask for more work. */
const blockByteCost = 1.7

/** Whether blocks reach a recall with less work than rows. With few dimensions signs say little. */
export function blocksPay(parameters: GraphParameters, rows: RecallCurve, blocks: RecallCurve): boolean {
  const { dimensions, m0, codes } = parameters
  const evaluations = (curve: RecallCurve): number => evaluationsAt(curve, effortFor(curve, comparedK, comparedRecall))
  const perBlock = sketchGroupRows * Math.ceil(m0 / sketchGroupRows)
  const blockBytes = (evaluations(blocks) / perBlock) * blockLayout(dimensions, m0).stride
  return blockBytes * blockByteCost < evaluations(rows) * rowLayout(dimensions, graphRowKind(codes)).stride
}
