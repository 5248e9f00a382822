import { keyBytes, walkLayout } from '@quiverdb/kernel'
import type { GraphMemory } from './graph-memory.js'
import { rankedAhead } from './walk-room.js'

/** A walk among the nodes that a filter allows. */
export interface AmongAllowed {
  /** Allowed nodes from everywhere. */
  readonly seeds: Uint32Array
  /** Of all nodes that are allowed. */
  readonly share: number
  /** Nodes to expand where there are matches around the query, */
  readonly near: number
  /** from each of which, when it has fewer allowed neighbours than this, the walk looks over so many in all; */
  readonly bridges: number
  /** and where there are none: it is harder to tell apart what is far away on one side. */
  readonly far: number
}

// Measured by `npm run bench -- filter`.
const farFactor = 10
/** ... and where nearly all is allowed. */
const farFactorOfMost = 4
const bridgesNear = 4
const bridgesFar = 8
/** Where a smaller share than this is allowed, matches are too far apart for two hops: more nodes are expanded, each with more bridges. */
const sparseShare = 0.1
/** Where a smaller share than this is allowed, two hops do not lead from match to match at all. */
const scatteredShare = 0.02
/** Rows that are scanned, with proof, in the time that one node takes to expand with its bridges. */
const rowsPerExpansion = 60
/** As many as find an island of a twentieth of the matches, nearly always. */
const seedsMax = 64
const { index: walkField } = walkLayout

export function amongOf(ef: number, share: number, seeds: Uint32Array): AmongAllowed {
  const near = Math.ceil(ef * Math.max(1, sparseShare / share))
  return {
    seeds,
    share,
    near,
    bridges: share < sparseShare ? bridgesFar : bridgesNear,
    far: Math.max(near, Math.ceil(ef * (farFactor - Math.max(0, 2 * share - 1) * (farFactor - farFactorOfMost)))),
  }
}

/** Whether all that is allowed had better be scanned than so many nodes expanded. */
export function isScanned(share: number, nodes: number, expanded: number): boolean {
  return share < scatteredShare || share * nodes <= rowsPerExpansion * expanded
}

/** Evenly spaced ones of `count` allowed nodes. */
export function seedsOf(allowed: Uint32Array, count: number): Uint32Array {
  const seeds = new Uint32Array(Math.min(count, seedsMax))
  const step = count / seeds.length
  let seen = 0
  let made = 0
  for (let word = 0; word < allowed.length && made < seeds.length; word++) {
    let bits = allowed[word]!
    for (; bits !== 0 && made < seeds.length; bits &= bits - 1) {
      if (seen++ >= Math.floor((made + 0.5) * step)) seeds[made++] = word * 32 + (31 - Math.clz32(bits & -bits))
    }
  }
  return seeds.subarray(0, made)
}

/** Stands a placed walk at its first nodes. Returns false, and is not to go on, where a scan takes less. */
export function beginAmong(memory: GraphMemory, walk: number, { seeds, share, near, bridges, far }: AmongAllowed): boolean {
  const { arena, pool, pointer, mode, nodes } = memory
  const keys = pool.scratch(arena, 'bridges', keyBytes * (bridgesFar + 1))
  const places = pool.scratch(arena, 'seeds', 4 * Math.max(1, seeds.length))
  const { u32, kernel } = arena
  u32.set(seeds, places / 4)
  u32[walk / 4 + walkField.frontier] = 0
  u32[walk / 4 + walkField.bridges] = keys
  u32[walk / 4 + walkField.bridgesMax] = bridgesFar
  const ahead = mode === 'speed' ? rankedAhead : 0
  const isNear = kernel.filteredBegin(pointer, walk, places, seeds.length, share, near, far, ahead)
  if (isNear) u32[walk / 4 + walkField.bridgesMax] = bridges
  return isNear === 1 || !isScanned(share, nodes, far)
}
