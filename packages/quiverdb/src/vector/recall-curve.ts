import { QuiverError } from '../errors.js'

/** What share of the true nearest neighbours searches of a graph found, by effort: measured with rows of its own that walks did not see. */
export interface RecallCurve {
  /** Efforts, ascending. */
  readonly efs: readonly number[]
  /** Recall at k 1, 10 and 100 for each. */
  readonly k1: readonly number[]
  readonly k10: readonly number[]
  readonly k100: readonly number[]
  /** Distances that a search computed. */
  readonly evaluations: readonly number[]
}

/** A curve as it is kept with a finished graph. */
export interface KeptCurve extends RecallCurve {
  /** Nodes that the graph had. */
  readonly nodes: number
  /** Whether blocks were measured too: the graph has what was faster. */
  readonly blocks: boolean
  /** Where walks may have to make great efforts: what is found among so many rows (`efs`) that are chosen by their sketches. */
  readonly sketch?: RecallCurve
}

/** A sample is small: of the misses that a target allows, this share is kept in reserve. What more and less would do: `docs/decisions/0014-recall-is-measured.md`. */
const reserve = 0.35
/** Beyond the last effort that was measured: the target was not reached there. */
const beyond = 2
const largestK = 100

/** A graph that has not grown by this factor finds what it found when it was measured. */
const remeasureGrowth = 1.25

/** Whether a curve is still that of a graph of so many nodes, which is to have blocks if they pay or is not to have them. */
export function isCurrent(curve: KeptCurve, nodes: number, blocks: boolean): boolean {
  return curve.blocks === blocks && nodes < curve.nodes * remeasureGrowth && curve.nodes < nodes * remeasureGrowth
}

/** The effort at which a search for k is expected to reach a recall, which is above 0 and below 1. @throws QuiverError INVALID_ARGUMENT */
export function effortFor(curve: RecallCurve, k: number, recall: number): number {
  checkRecall(recall)
  const least = leastEffort(curve, k, recall + (1 - recall) * reserve)
  return least ?? Math.ceil(curve.efs[curve.efs.length - 1]! * beyond * factorOf(k))
}

/** The least effort that found this share of the k nearest when it was measured; undefined where none did. */
export function leastEffort(curve: RecallCurve, k: number, wanted: number): number | undefined {
  const { efs } = curve
  const recalls = recallsOf(curve, k)
  const at = recalls.findIndex((found) => found >= wanted)
  if (at < 0) return undefined
  if (at === 0) return Math.ceil(efs[0]! * factorOf(k))
  const [low, high] = [recalls[at - 1]!, recalls[at]!]
  const share = (wanted - low) / (high - low)
  return Math.ceil(efs[at - 1]! * (efs[at]! / efs[at - 1]!) ** share * factorOf(k))
}

const factorOf = (k: number): number => Math.max(1, k / largestK)

function recallsOf({ k1, k10, k100 }: RecallCurve, k: number): readonly number[] {
  return k <= 1 ? k1 : k <= 10 ? k10 : k100
}

/** @throws QuiverError INVALID_ARGUMENT */
export function checkRecall(recall: number): void {
  if (!(recall > 0 && recall < 1)) throw new QuiverError('INVALID_ARGUMENT', `recall must be above 0 and below 1, not ${recall}.`)
}

/** The share of the k nearest that was found at an effort, interpolated. */
export function recallAt(curve: RecallCurve, ef: number, k = 10): number {
  const { efs } = curve
  const recalls = recallsOf(curve, k)
  return ef >= efs[efs.length - 1]! ? recalls[efs.length - 1]! : interpolated(efs, recalls, ef)
}

/** Distances that a search computes at an effort, interpolated. */
export function evaluationsAt({ efs, evaluations }: RecallCurve, ef: number): number {
  const last = efs.length - 1
  return ef > efs[last]! ? (evaluations[last]! * ef) / efs[last]! : interpolated(efs, evaluations, ef)
}

/** The value at an effort up to the last that is known; below the first in proportion. */
function interpolated(efs: readonly number[], values: readonly number[], ef: number): number {
  const at = efs.findIndex((known) => known >= ef)
  if (at === 0) return (values[0]! * ef) / efs[0]!
  const share = (ef - efs[at - 1]!) / (efs[at]! - efs[at - 1]!)
  return values[at - 1]! + share * (values[at]! - values[at - 1]!)
}
