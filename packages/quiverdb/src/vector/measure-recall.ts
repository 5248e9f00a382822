import { keyBytes, walkLayout } from '@quiverdb/kernel'
import { stagingFor } from './encode.js'
import type { GraphMemory } from './graph-memory.js'
import type { KeptCurve } from './recall-curve.js'

export const efforts = [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640, 896, 1280, 1792, 2560]
export const ks = [1, 10, 100] as const
/** True neighbours of a row that are known at most. */
export const deepest = 100
/** Searches keep as many nodes beyond k as those of a collection do. */
const kept = (k: number): number => 2 * k + 16
/** Larger efforts are not measured once these are reached. */
const enough = { k10: 0.998, k100: 0.99 }
/** Rows that are measured with, and the share of all that they may be. */
const samplesMax = 150
const samplesShare = 1 / 20
const nodesMin = 400
const { index: walkField } = walkLayout

/** The true neighbours of rows, by their codes: float32 distances, ascending, `deepest` of them for each. */
export interface Truth {
  readonly nodes: readonly number[]
  readonly distances: readonly Float64Array[]
}

/** Rows to measure with, spread over the graph; none of a graph that is too small to need it. */
export function recallSamples(nodes: number): number[] {
  if (nodes < nodesMin) return []
  const count = Math.min(samplesMax, Math.floor(nodes * samplesShare))
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * nodes) / count))
}

/** The true neighbours of rows that are gone from the graph, whose codes are still there. */
export function trueNeighbours(memory: GraphMemory, nodes: readonly number[]): Truth {
  const { arena, pool } = memory
  const heap = pool.scratch(arena, 'heap', keyBytes * deepest)
  const { pointer, stride } = memory.rows
  const distances = nodes.map((node) => {
    const count = arena.kernel.nearestRows(memory.pointer, pointer + node * stride, deepest, heap)
    return Float64Array.from({ length: count }, (_, i) => distanceOf(arena.i32[heap / 4 + 2 * i + 1]!))
  })
  return { nodes, distances }
}

const bits = new Int32Array(1)
const number = new Float32Array(bits.buffer)

/** The high half of a key is a distance as order-preserving bits. */
export function distanceOf(high: number): number {
  bits[0] = high ^ ((high >> 31) & 0x7fffffff)
  return number[0]!
}

/** Searches for the true neighbours with growing effort, over the rows of a graph or its blocks. `blocks`: as in the curve. */
export function measureRecall(memory: GraphMemory, truth: Truth, blocks: boolean): KeptCurve {
  const curve = {
    nodes: memory.nodes,
    blocks,
    efs: [] as number[],
    k1: [] as number[],
    k10: [] as number[],
    k100: [] as number[],
    evaluations: [] as number[],
  }
  for (const ef of efforts) {
    if (ef > memory.nodes) break
    const found = { k1: 0, k10: 0, k100: 0 }
    let evaluations = 0
    truth.nodes.forEach((node, sample) => {
      const result = walkFrom(memory, node, ef)
      evaluations += result.evaluations
      for (const k of ks) found[`k${k}`] += shareFound(result.distances, truth.distances[sample]!, k)
    })
    const samples = truth.nodes.length
    curve.efs.push(ef)
    for (const k of ks) curve[`k${k}`].push(found[`k${k}`] / samples)
    curve.evaluations.push(Math.round(evaluations / samples))
    if (found.k10 >= enough.k10 * samples && found.k100 >= enough.k100 * samples) break
  }
  return curve
}

/** The share of the k nearest that was found. */
export function shareFound(found: Float64Array, truth: Float64Array, k: number): number {
  const wanted = Math.min(k, truth.length)
  const farthest = truth[wanted - 1]!
  let count = 0
  while (count < Math.min(wanted, found.length) && found[count]! <= farthest) count++
  return count / wanted
}

export interface WalkedRow {
  /** Of what was found, ascending. Good until the next allocation. */
  readonly distances: Float64Array
  readonly nodes: Uint32Array
  readonly evaluations: number
}

/** Searches for the neighbours of a row. `isHidden`: the walk comes by as if its node were not in the graph; it is to be on level 0 alone. */
export function walkFrom(memory: GraphMemory, node: number, ef: number, isHidden = false): WalkedRow {
  const { arena, pool, layout, parameters, pointer } = memory
  const keep = memory.mode === 'speed' ? kept(deepest) : Math.min(ef, kept(deepest))
  const walk = memory.placeWalk(ef, false, keep)
  const found = pool.scratch(arena, 'nodes', 4 * keep)
  const distances = pool.scratch(arena, 'distances', 8 * keep)
  const query = pool.scratch(arena, 'query', layout.stride)
  const staging = stagingFor(pool, arena, parameters.dimensions)
  const { kernel, u32 } = arena
  u32[walk / 4 + walkField.query] = query
  kernel.searchRow(pointer, walk, memory.rows.pointer + node * memory.rows.stride, staging)
  kernel.searchBegin(pointer, walk)
  if (isHidden) {
    // Who was seen is not walked to.
    const mark = u32[walk / 4 + walkField.visited]! + 2 * node
    const epoch = u32[walk / 4 + walkField.epoch]!
    arena.u8[mark] = epoch & 0xff
    arena.u8[mark + 1] = epoch >> 8
  }
  while (kernel.searchStep(pointer, walk, 2 ** 30) !== 1);
  const count = kernel.searchResults(walk, keep, found, distances, 1, 0)
  return {
    distances: arena.f64.subarray(distances / 8, distances / 8 + count),
    nodes: u32.subarray(found / 4, found / 4 + count),
    evaluations: u32[walk / 4 + walkField.evaluations]!,
  }
}
