import { keyBytes, walkLayout } from '@quiverdb/kernel'
import { stagingFor } from './encode.js'
import type { GraphMemory } from './graph-memory.js'
import { placeSketchWalk, rankSketched, sketchDistances } from './graph-sketch.js'
import { sketchesPerDistance } from './search-cost.js'
import { placeWalk } from './walk-room.js'

const { index: walkField } = walkLayout
/** Nodes that are looked at for one that can be hidden: all but one in m can. */
const triesMax = 64

/** What a walk for the neighbours of a hidden row came to. */
export interface HiddenWalk {
  /** Of what was found, ascending. Good until the next allocation. */
  readonly distances: Float64Array
  /** Distances that were computed, or could have been in the time. */
  readonly evaluations: number
}

/** The first node from here that can be hidden: no walk comes by it above level 0. */
export function hideableFrom(memory: GraphMemory, first: number): number | undefined {
  const { nodes, entry, arena } = memory
  const gone = memory.tracksGone ? memory.gone() : undefined
  const levels = memory.section('levels').pointer
  for (let node = first; node < Math.min(nodes, first + triesMax); node++)
    if (arena.u8[levels + node] === 0 && node !== entry && !(gone && hasBit(gone, node))) return node
  return undefined
}

/** The distances from a hidden row to the rows nearest to it, by their codes, ascending. */
export function nearestToHidden(memory: GraphMemory, node: number, count: number): Float64Array {
  const { arena, pool, pointer, layout } = memory
  const heap = pool.scratch(arena, 'heap', keyBytes * (count + 1))
  const query = pool.scratch(arena, 'query', layout.stride)
  arena.kernel.rowAsQuery(pointer, rowOf(memory, node), query)
  const found = arena.kernel.nearestRows(pointer, query, count + 1, heap)
  const others: number[] = []
  for (let i = 0; i < found; i++) {
    const key = heap / 4 + 2 * i
    if (arena.u32[key]! >>> 1 !== node) others.push(distanceOf(arena.i32[key + 1]!))
  }
  return Float64Array.from(others.slice(0, count))
}

/**
 * Searches for a row as if it were a query and its node were not in the graph, which is not changed: the node counts as seen before the walk
 * on level 0 begins. `keep`: nodes that are wanted; a walk over rows has `ef` at most.
 */
export function walkToHidden(memory: GraphMemory, node: number, ef: number, keep: number): HiddenWalk {
  const { arena, pointer } = memory
  const most = memory.mode === 'speed' ? keep : Math.min(ef, keep)
  const walk = placeWalk(memory, ef, false, most)
  makeQuery(memory, node, walk)
  const { kernel, u32, u8 } = arena
  kernel.searchBegin(pointer, walk)
  const mark = u32[walk / 4 + walkField.visited]! + 2 * node
  const epoch = u32[walk / 4 + walkField.epoch]!
  u8[mark] = epoch & 0xff
  u8[mark + 1] = epoch >> 8
  while (kernel.searchStep(pointer, walk, 2 ** 30) !== 1);
  return { distances: foundBy(memory, walk, most), evaluations: u32[walk / 4 + walkField.evaluations]! }
}

/** The same among all nodes by their sketches, of which `rows` are ranked by their codes. @param groups address of the sketches */
export function sketchedToHidden(memory: GraphMemory, groups: number, node: number, rows: number, keep: number): HiddenWalk {
  const walk = placeSketchWalk(memory, keep + 1)
  makeQuery(memory, node, walk)
  const { estimates } = sketchDistances(memory, walk, groups)
  rankSketched(memory, walk, estimates, rows + 1)
  return { distances: foundBy(memory, walk, keep + 1, node), evaluations: Math.ceil(memory.nodes / sketchesPerDistance) + rows }
}

function makeQuery({ arena, pool, layout, parameters, pointer, rows }: GraphMemory, node: number, walk: number): void {
  const query = pool.scratch(arena, 'query', layout.stride)
  const staging = stagingFor(pool, arena, parameters.dimensions)
  arena.u32[walk / 4 + walkField.query] = query
  arena.kernel.searchRow(pointer, walk, rows.pointer + node * rows.stride, staging)
}

/** The distances of what a walk has found, but for gone nodes and the hidden one. */
function foundBy(memory: GraphMemory, walk: number, most: number, hidden?: number): Float64Array {
  const { arena, pool } = memory
  const nodes = pool.scratch(arena, 'nodes', 4 * most)
  const distances = pool.scratch(arena, 'distances', 8 * most)
  const count = arena.kernel.searchResults(walk, most, nodes, distances, 1, 0)
  const all = arena.f64.subarray(distances / 8, distances / 8 + count)
  if (hidden === undefined && !memory.tracksGone) return all
  const gone = memory.tracksGone ? memory.gone() : undefined
  const isThere = (found: number): boolean => found !== hidden && !(gone && hasBit(gone, found))
  return all.filter((_, i) => isThere(arena.u32[nodes / 4 + i]!))
}

const rowOf = ({ rows }: GraphMemory, node: number): number => rows.pointer + node * rows.stride
const hasBit = (bits: Uint32Array, at: number): boolean => ((bits[at >>> 5]! >>> (at & 31)) & 1) === 1

const bits = new Int32Array(1)
const number = new Float32Array(bits.buffer)

/** The high half of a key is a distance as order-preserving bits. */
function distanceOf(high: number): number {
  bits[0] = high ^ ((high >> 31) & 0x7fffffff)
  return number[0]!
}
