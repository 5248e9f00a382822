import type { GraphMemory } from './graph-memory.js'
import { type HiddenWalk, hideableFrom, nearestToHidden, walkToHidden } from './hidden-row.js'
import type { RecallCurve } from './recall-curve.js'

/** A graph of fewer nodes is not worth measuring: with its least effort a search sees most of it. */
export const measuredMin = 400

const efforts = [10, 20, 40, 80, 160, 320, 640, 1280, 2560]
const ks = [1, 10, 100] as const
/** True neighbours of a row that are known at most. */
const deepest = 100
/** Walks keep as many nodes beyond those as searches of a collection do. */
const kept = 2 * deepest + 16
/** Larger efforts find all, as far as anyone asks, where this share of the 100 nearest is found, and all of fewer. */
const enough = { k1: 1, k10: 1, k100: 0.99 }

const samplesMax = 150
const samplesMin = 20
/** Rows that are tried at most, for some say nothing. */
const triedMax = 600
/** A row with so many nearest neighbours at one distance says nothing: any of its copies are right. */
const copiesMax = 10
/**
 * Distances that measuring computes, as a share of those that building did: about ten for each candidate of each node. In a small graph it is
 * a few milliseconds.
 */
const buildShare = 0.01
const evaluationsPerCandidate = 10
const evaluationsMin = 100_000
/** How much cheaper a distance is where rows are looked at in their order. */
const scanGain = 3
/** Steps of this share of the graph, over and over, never come close to where they were: any number of samples is spread evenly. */
const goldenShare = (Math.sqrt(5) - 1) / 2
/** How many times as much may be spent on the fewest samples. */
const overdraftMax = 3

/** The distances to the nearest rows, by node. */
export type Truths = Map<number, Float64Array>

/** Looks for the neighbours of a hidden row with some effort. */
export type Probe = (memory: GraphMemory, node: number, effort: number, keep: number) => HiddenWalk

/**
 * Measures what searches of a graph find, over its rows or over blocks: rows of it are searched for by walks that do not see them. Nothing of it is
 * changed, so it may be in use; for want of the links that would have come in a row's place, walks find slightly less than others do.
 */
export class RecallGauge {
  readonly #sums = efforts.map(() => ({ k1: 0, k10: 0, k100: 0, evaluations: 0, walks: 0 }))
  readonly #truths: Truths
  readonly #probe: Probe
  #tried = 0
  #measured = 0
  #evaluations = 0

  /** `truths`: of the same rows, which another gauge has looked for or will use. `probe`: what is measured; default: walks. */
  constructor(truths: Truths = new Map(), probe: Probe = walkToHidden) {
    this.#truths = truths
    this.#probe = probe
  }

  /** Goes on until enough is measured or `isLate`. Returns whether it is. @throws QuiverError MEMORY_FULL */
  advance(memory: GraphMemory, isLate: () => boolean = () => false): boolean {
    for (; this.#tried < triedMax && !this.#isEnough(memory); this.#tried++) {
      if (isLate()) return false
      const node = hideableFrom(memory, Math.floor(((this.#tried * goldenShare) % 1) * memory.nodes))
      if (node !== undefined) this.#measure(memory, node)
    }
    return true
  }

  /** What was found; undefined where nothing could be measured. */
  curve(): RecallCurve | undefined {
    const known = this.#sums.filter(({ walks }) => walks > 0)
    if (!known.length) return undefined
    const mean = (sum: number) => sum / this.#measured
    return {
      efs: efforts.slice(0, known.length),
      k1: known.map(({ k1 }) => mean(k1)),
      k10: known.map(({ k10 }) => mean(k10)),
      k100: known.map(({ k100 }) => mean(k100)),
      evaluations: known.map(({ evaluations, walks }) => Math.round(evaluations / walks)),
    }
  }

  #isEnough({ nodes, parameters }: GraphMemory): boolean {
    if (this.#measured === samplesMax) return true
    const affordable = Math.max(evaluationsMin, buildShare * nodes * parameters.efConstruction * evaluationsPerCandidate)
    return this.#evaluations > affordable * (this.#measured < samplesMin ? overdraftMax : 1)
  }

  #measure(memory: GraphMemory, node: number): void {
    const truth = this.#truthOf(memory, node)
    if (truth[0] === truth[Math.min(truth.length, copiesMax) - 1]) return
    this.#measured++
    let isFound = false
    for (const [i, ef] of efforts.entries()) {
      if (ef > memory.nodes) break
      const sum = this.#sums[i]!
      if (isFound) {
        for (const k of ks) sum[`k${k}`]++
        continue
      }
      const { distances, evaluations } = this.#probe(memory, node, ef, kept)
      isFound = true
      sum.walks++
      sum.evaluations += evaluations
      this.#evaluations += evaluations
      for (const k of ks) {
        const share = shareFound(distances, truth, k)
        sum[`k${k}`] += share
        if (share < enough[`k${k}`]) isFound = false
      }
    }
  }

  #truthOf(memory: GraphMemory, node: number): Float64Array {
    const known = this.#truths.get(node)
    if (known) return known
    const truth = nearestToHidden(memory, node, deepest)
    this.#evaluations += memory.nodes / scanGain
    this.#truths.set(node, truth)
    return truth
  }
}

/** The share of the k nearest that was found. */
function shareFound(found: Float64Array, truth: Float64Array, k: number): number {
  const wanted = Math.min(k, truth.length)
  const farthest = truth[wanted - 1]!
  let count = 0
  while (count < Math.min(wanted, found.length) && found[count]! <= farthest) count++
  return count / wanted
}
