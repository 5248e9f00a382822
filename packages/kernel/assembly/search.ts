// Search as the other side sees it: query, begin, step until done, results.
import { blockStep } from './blocks'
import { keyDistance, keyId } from './keys'
import { codesFloat32, Graph, Walk } from './layout'
import { encodeQueryRow, encodeRow } from './rows'
import { fillTable } from './signs'
import { descend, descendToBlocks, findBlockStarts, findStarts, narrowStep, settle, startLevel, startsMax, topLevel, wideStep } from './walk'

// @ts-ignore: decorator
@inline
function overBlocks(graph: Graph, walk: Walk): bool {
  return graph.groupsOffset != 0 && walk.frontier == 0
}

/**
 * Encodes a query into walk.query, as encodeRow does, and makes its table where the walk has one. Returns the query's squared norm.
 */
export function searchQuery(
  graphPointer: usize, walkPointer: usize, source: usize, transform: i32, centre: usize, staging: usize,
): f64 {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer), bytes = graph.codeBytes
  if (graph.codesKind == codesFloat32) {
    return encodeRow(source, graph.dimensions, transform, 0, centre, graph.signs, walk.query, graph.codesKind, bytes, staging)
  }
  const norm2 = encodeQueryRow(source, graph.dimensions, transform, centre, graph.signs, walk.query, bytes, staging)
  walk.numbers = staging
  if (walk.table) walk.step = fillTable(staging, bytes, walk.table, walkPointer + offsetof<Walk>('half'))
  return norm2
}

function begin<T>(graph: Graph, walk: Walk): void {
  const blocks = overBlocks(graph, walk)
  if (blocks) {
    findBlockStarts(graph, walk)
    descendToBlocks(walk)
    return
  }
  findStarts<T>(graph, walk, startLevel, startsMax)
  if (topLevel(graph, graph.entry) >= startLevel) descend(walk)
}

/** Descends the upper levels and stands at the first nodes of level 0. The walk's addresses, ef and epoch are set. */
export function searchBegin(graphPointer: usize, walkPointer: usize): void {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer)
  walk.evaluations = 0
  walk.resultCount = 0
  walk.ranked = overBlocks(graph, walk) ? 1 : 0
  if (graph.entry < 0) {
    walk.count = 0
    walk.frontierCount = 0
    walk.done = 1
    return
  }
  if (graph.codesKind == codesFloat32) begin<f32>(graph, walk)
  else begin<u8>(graph, walk)
}

/** 1: done. 0: more to do. */
export function searchStep(graphPointer: usize, walkPointer: usize, evaluationsMax: i32): i32 {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer)
  if (walk.done) return 1
  if (overBlocks(graph, walk)) return blockStep(graph, walk, evaluationsMax)
  if (graph.codesKind == codesFloat32) return walk.frontier ? wideStep<f32>(graph, walk, evaluationsMax) : narrowStep<f32>(graph, walk, 0, evaluationsMax)
  return walk.frontier ? wideStep<u8>(graph, walk, evaluationsMax) : narrowStep<u8>(graph, walk, 0, evaluationsMax)
}

/** Writes the nearest of what was found: u32 nodes, and f64 distances as scale * d + shift. Ends the walk. Returns how many. */
export function searchResults(walkPointer: usize, limit: i32, nodes: usize, distances: usize, scale: f64, shift: f64): i32 {
  const walk = changetype<Walk>(walkPointer), ranked = walk.ranked != 0
  if (!ranked) settle(walk)
  const keys = ranked ? walk.results : walk.pool, n = min(limit, ranked ? walk.resultCount : walk.count)
  for (let i: i32 = 0; i < n; i++) {
    const key = load<i64>(keys + (<usize>i << 3))
    store<u32>(nodes + (<usize>i << 2), keyId(key))
    store<f64>(distances + (<usize>i << 3), <f64>keyDistance(key) * scale + shift)
  }
  return n
}
