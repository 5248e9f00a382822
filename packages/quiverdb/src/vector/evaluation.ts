import { QuiverError } from '../errors.js'
import { effortFor, evaluationsAt, type RecallCurve } from './recall-curve.js'

/** What searches with one effort found. */
export interface EvaluatedEffort {
  /** Candidates kept while walking. */
  readonly ef: number
  /** The share of the k nearest that was found, 0 to 1; what is as near as the k-th counts, whichever of equal vectors it is. */
  readonly recall: number
  /** Mean time of a search. */
  readonly milliseconds: number
  /** Distances that a search computes over codes, as far as it was measured when the graphs were. */
  readonly evaluations?: number
}

export interface Evaluation {
  readonly k: number
  /** How many vectors were searched for. */
  readonly queries: number
  /** By ascending effort. */
  readonly efforts: readonly EvaluatedEffort[]
  /** The effort in each graph that a search with `recall` would choose, the largest graph first. */
  readonly targets: readonly { readonly recall: number; readonly efs: readonly number[] }[]
  /** What was measured of each graph, with rows of its own that walks did not see; undefined where it was too small. */
  readonly graphs: readonly (RecallCurve | undefined)[]
  /** False when the time ran out: efforts that were not come to are missing. */
  readonly complete: boolean
}

export const sampleDefault = 100
export const kDefault = 10
/** Multiples of k that are tried. */
const effortFactors = [1, 2, 4, 8, 16, 32, 64]
const targetRecalls = [0.9, 0.95, 0.99]
/** Equal distances come out of different sums. */
const slack = 1e-9

/** The efforts to try, ascending: a search keeps at least k. @throws QuiverError INVALID_ARGUMENT */
export function effortsFor(k: number, efs: readonly number[] = effortFactors.map((factor) => factor * k)): number[] {
  const bad = efs.find((ef) => !(Number.isInteger(ef) && ef > 0))
  if (bad !== undefined || !efs.length)
    throw new QuiverError('INVALID_ARGUMENT', `efs must be positive integers, not ${bad ?? 'none'}.`)
  return [...new Set(efs.map((ef) => Math.max(ef, k)))].sort((a, b) => a - b)
}

/** What to look for and what was found, as ascending distances: the share that was found. */
export function shareOfNearest(found: readonly number[], nearest: readonly number[]): number {
  const worst = nearest.at(-1)
  if (worst === undefined) return 1
  const enough = worst + slack * Math.abs(worst)
  return found.filter((distance) => distance <= enough).length / nearest.length
}

/** The efforts that wanted recalls take. `unmeasured`: the effort where a graph was not measured. */
export function targetsOf(k: number, graphs: Evaluation['graphs'], unmeasured: number): Evaluation['targets'] {
  return targetRecalls.map((recall) => ({
    recall,
    efs: graphs.map((curve) => Math.max(k, curve ? effortFor(curve, k, recall) : unmeasured)),
  }))
}

/** Distances that a search of all these graphs computes; undefined unless all were measured. */
export function evaluationsOf(graphs: Evaluation['graphs'], ef: number): { evaluations?: number } {
  if (!graphs.length || graphs.includes(undefined)) return {}
  return { evaluations: Math.round(graphs.reduce((sum, curve) => sum + evaluationsAt(curve!, ef), 0)) }
}

/** So many places of a list of a length, or all, evenly from the whole of it. @throws QuiverError INVALID_ARGUMENT */
export function evenPlaces(length: number, count: number): number[] {
  if (!(Number.isInteger(count) && count > 0))
    throw new QuiverError('INVALID_ARGUMENT', `sample must be a positive integer, not ${count}.`)
  const taken = Math.min(count, length)
  return Array.from({ length: taken }, (_, i) => Math.floor(((i + 0.5) * length) / taken))
}

export const meanOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0) / numbers.length
