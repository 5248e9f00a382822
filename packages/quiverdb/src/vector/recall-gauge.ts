import { keyBytes } from '@quiverdb/kernel'
import type { GraphMemory } from './graph-memory.js'
import { deepest, distanceOf, efforts, ks, shareFound, type WalkedRow, walkFrom } from './measure-recall.js'
import type { RecallCurve } from './recall-curve.js'

const samplesMax = 100
const samplesMin = 20
/** Rows that are tried at most, for some say nothing. */
const triedMax = 400
/** A row with so many nearest neighbours at one distance says nothing. */
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
/** Nodes that are looked at for one that can be hidden: all but one in m can. */
const triesMax = 64
/** How many times as much may be spent on the fewest samples. */
const overdraftMax = 3

/**
 * Measures what searches of a graph find while it is in use: rows of it are searched for by walks that do not see them. Nothing is taken out, so
 * that ids, links and answers stay as they are; for want of the links that would have come in a row's place, walks find slightly less than others do.
 */
export class RecallGauge {
  readonly #sums = efforts.map(() => ({ k1: 0, k10: 0, k100: 0, evaluations: 0, walks: 0 }))
  #tried = 0
  #measured = 0
  #evaluations = 0

  /** Goes on until enough is measured or `isLate`. Returns whether it is. @throws QuiverError MEMORY_FULL */
  advance(memory: GraphMemory, isLate: () => boolean): boolean {
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
    const truth = neighboursOf(memory, node)
    this.#evaluations += memory.nodes / scanGain
    // Among copies of one vector, any are right.
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
      const walked = walkFrom(memory, node, ef, true)
      const distances = memory.tracksGone ? living(memory, walked) : walked.distances
      isFound = true
      sum.walks++
      sum.evaluations += walked.evaluations
      this.#evaluations += walked.evaluations
      for (const k of ks) {
        const share = shareFound(distances, truth, k)
        sum[`k${k}`] += share
        if (share < 1) isFound = false
      }
    }
  }
}

/** The first node from here that no walk comes by above level 0. */
function hideableFrom(memory: GraphMemory, first: number): number | undefined {
  const { nodes, entry, arena } = memory
  const levels = memory.section('levels').pointer
  for (let node = first; node < Math.min(nodes, first + triesMax); node++)
    if (arena.u8[levels + node] === 0 && node !== entry && !isGone(memory, node)) return node
  return undefined
}

const isGone = (memory: GraphMemory, node: number): boolean => memory.tracksGone && hasBit(memory.gone(), node)
const hasBit = (bits: Uint32Array, at: number): boolean => ((bits[at >>> 5]! >>> (at & 31)) & 1) === 1

/** The distances to the nearest rows but the row itself, by the codes. */
function neighboursOf(memory: GraphMemory, node: number): Float64Array {
  const { arena, pool, pointer, rows } = memory
  const heap = pool.scratch(arena, 'heap', keyBytes * (deepest + 1))
  const count = arena.kernel.nearestRows(pointer, rows.pointer + node * rows.stride, deepest + 1, heap)
  const others: number[] = []
  for (let i = 0; i < count; i++) {
    const key = heap / 4 + 2 * i
    if (arena.u32[key]! >>> 1 !== node) others.push(distanceOf(arena.i32[key + 1]!))
  }
  return Float64Array.from(others.slice(0, deepest))
}

function living(memory: GraphMemory, { nodes, distances }: WalkedRow): Float64Array {
  const gone = memory.gone()
  return distances.filter((_, i) => !hasBit(gone, nodes[i]!))
}
