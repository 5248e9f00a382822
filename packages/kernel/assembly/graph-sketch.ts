// One-bit sketches of all rows of a graph: the groups of blocks.ts with the centre in the place of the node whose neighbours they are. Looking at each
// of them takes less time than a walk that has to make a great effort.
import { decoded, estimateGroup, estimatesOffset, groupNumbersBytes, rankUnexpanded } from './blocks'
import { keyOf } from './keys'
import { Graph, metaNorm2, metaScale, Walk } from './layout'
import { groupRows, placeOf, total } from './signs'
import { rowOf } from './walk'

/** Rows that are looked at together: as many as stay in the nearest cache. */
const rankedTogether: i32 = 32

// @ts-ignore: decorator
@inline
function groupBytesOf(graph: Graph): usize {
  return (<usize>graph.codeBytes << 2) + groupNumbersBytes
}

/** Sketches the rows from..to; `from` begins a group of 32. The groups were zeros. */
export function sketchNodes(graphPointer: usize, groups: usize, from: u32, to: u32): void {
  const graph = changetype<Graph>(graphPointer)
  for (let node = from; node < to; node++) {
    sketchNode(graph, rowOf(graph, node), groups + <usize>(node / groupRows) * groupBytesOf(graph), node % groupRows)
  }
}

/** As a block does of a neighbour, whose difference from the centre is the row itself. */
function sketchNode(graph: Graph, x: usize, group: usize, member: u32): void {
  const n = <usize>graph.codeBytes, zero = f32x4.splat(0), scale = f32x4.splat(load<f32>(x + n, metaScale)), high = (member & 16) >> 2
  let squares = zero, magnitudes = zero, at = group + placeOf(member)
  for (let i: usize = 0; i < n; i += 4) {
    const r = f32x4.mul(decoded(x + i), scale)
    squares = f32x4.add(squares, f32x4.mul(r, r))
    magnitudes = f32x4.add(magnitudes, f32x4.abs(r))
    store<u8>(at, <u8>(<u32>load<u8>(at) | (<u32>i32x4.bitmask(f32x4.ge(r, zero)) << high)))
    at += 16
  }
  const magnitude = total(magnitudes), numbers = group + (n << 2) + (<usize>member << 2)
  store<f32>(numbers, load<f32>(x + n, metaNorm2))
  store<f32>(numbers, magnitude > 0 ? -4 * total(squares) / magnitude : 0, 128)
}

/**
 * Writes estimates (float32) of the distances of the rows from..to, for whole groups: Infinity for rows that are not allowed, and for those behind
 * the last. `from` begins a group; `out` is that of the first row. The walk's query and table are set.
 */
export function sketchDistances(graphPointer: usize, walkPointer: usize, groups: usize, from: u32, to: u32, out: usize): void {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer), allowed = walk.allowed, nodes = <u32>graph.nodes
  const own = load<f32>(walk.query + <usize>graph.codeBytes, metaNorm2), estimates = walk.estimates + estimatesOffset
  const bits = i32x4(1, 2, 4, 8), closed = f32x4.splat(Infinity), groupBytes = groupBytesOf(graph)
  for (let row = from; row < to; row += groupRows) {
    let open = allowed ? load<u32>(allowed + (row >> 3)) : 0xffffffff
    if (nodes - row < groupRows) open &= ((<u32>1) << (nodes - row)) - 1
    estimateGroup(graph, walk, groups + <usize>(row / groupRows) * groupBytes, own, 0)
    const target = out + (<usize>row << 2)
    for (let i: usize = 0; i < groupRows; i += 4) {
      const isOpen = i32x4.eq(v128.and(i32x4.splat(open >> <u32>i), bits), bits)
      v128.store(target + (i << 2), v128.bitselect(v128.load(estimates + (i << 2)), closed, isOpen))
    }
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
