// One-bit sketches of all rows of a graph: the groups of blocks.ts with the centre in the place of the node whose neighbours they are. Looking at each
// of them takes less time than a walk that has to make a great effort.
import { decodeRow, estimateGroup, estimatesOffset, groupNumbersBytes, rankUnexpanded } from './blocks'
import { keyOf } from './keys'
import { Graph, metaNorm2, Walk } from './layout'
import { groupRows, storeSigns } from './signs'
import { storeOpen } from './sketch-scan'
import { rowOf } from './walk'

/** Rows that are looked at together: as many as stay in the nearest cache. */
const rankedTogether: i32 = 32

// @ts-ignore: decorator
@inline
function groupBytesOf(graph: Graph): usize {
  return (<usize>graph.codeBytes << 2) + groupNumbersBytes
}

/** Sketches the rows from..to, as a block does its neighbours: their difference from the centre is the row itself. `staging` has room for a row's numbers. */
export function sketchNodes(graphPointer: usize, groups: usize, from: u32, to: u32, staging: usize): void {
  const graph = changetype<Graph>(graphPointer), n = <usize>graph.codeBytes, groupBytes = groupBytesOf(graph)
  for (let node = from; node < to; node++) {
    const row = rowOf(graph, node), group = groups + <usize>(node / groupRows) * groupBytes, member = node % groupRows
    const square = decodeRow(row, n, staging), magnitude = storeSigns(staging, graph.codeBytes, group, member)
    const numbers = group + (n << 2) + (<usize>member << 2)
    store<f32>(numbers, load<f32>(row + n, metaNorm2))
    store<f32>(numbers, magnitude > 0 ? -4 * square / magnitude : 0, 128)
  }
}

/**
 * Writes estimates (float32) of the distances of the rows from..to, for whole groups: Infinity for rows that are not allowed, and for those behind
 * the last. `from` begins a group; `out` is that of the first row. The walk's query and table are set.
 */
export function sketchDistances(graphPointer: usize, walkPointer: usize, groups: usize, from: u32, to: u32, out: usize): void {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer), allowed = walk.allowed, nodes = <u32>graph.nodes
  const own = load<f32>(walk.query + <usize>graph.codeBytes, metaNorm2), estimates = walk.estimates + estimatesOffset
  const groupBytes = groupBytesOf(graph)
  for (let row = from; row < to; row += groupRows) {
    let open = allowed ? load<u32>(allowed + (row >> 3)) : 0xffffffff
    if (nodes - row < groupRows) open &= ((<u32>1) << (nodes - row)) - 1
    estimateGroup(graph, walk, groups + <usize>(row / groupRows) * groupBytes, own, 0)
    const target = out + (<usize>row << 2)
    for (let i: usize = 0; i < groupRows; i += 4) storeOpen(v128.load(estimates + (i << 2)), open >> <u32>i, target + (i << 2))
  }
  walk.evaluations += <i32>(to - from)
}

/**
 * Makes the rows of a bitset over whole groups what a walk has found, the nearest `resultsMax` of them by their codes. Its pool has room for as many, and
 * for `rankedTogether`.
 */
export function rankSketched(graphPointer: usize, walkPointer: usize, kept: usize): void {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer), nodes = <u32>graph.nodes, pool = walk.pool
  walk.resultCount = 0
  let count: i32 = 0
  for (let row: u32 = 0; row < nodes; row += groupRows) {
    for (let word = load<u32>(kept + (row >> 3)); word; word &= word - 1) {
      store<i64>(pool + (<usize>count << 3), keyOf(0, row + ctz(word)))
      if (++count < rankedTogether) continue
      walk.count = count
      rankUnexpanded(graph, walk)
      count = 0
    }
  }
  walk.count = count
  if (count) rankUnexpanded(graph, walk)
  memory.copy(pool, walk.results, <usize>walk.resultCount << 3)
  walk.count = walk.resultCount
  walk.ranked = 0
  walk.done = 1
}
