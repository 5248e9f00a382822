// Search as the other side sees it: begin, step until done, results.
import { descend, greedy, narrowStep, seed, settle, topLevel, wideStep } from './walk'
import { keyDistance, keyId } from './keys'
import { Graph, Walk } from './layout'

/** Nodes of level 1 that the walk on level 0 starts from: one alone can stand in the wrong one of two tight clusters. */
const startsMax: i32 = 4

function begin<T>(graph: Graph, walk: Walk): void {
  const entry = graph.entry, top = topLevel(graph, entry)
  let at = <u32>entry
  for (let level = top; level > 1; level--) at = greedy<T>(graph, walk, at, level)
  if (top < 1) {
    seed<T>(graph, walk, at)
    return
  }
  const ef = walk.ef, frontier = walk.frontier
  walk.ef = startsMax
  walk.frontier = 0
  seed<T>(graph, walk, at)
  narrowStep<T>(graph, walk, 1, i32.MAX_VALUE)
  walk.ef = ef
  walk.frontier = frontier
  descend(walk)
}

/** Descends the upper levels and stands at the first node of level 0. The walk's addresses, ef and epoch are set. */
export function searchBegin(graphPointer: usize, walkPointer: usize): void {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer)
  walk.evaluations = 0
  if (graph.entry < 0) {
    walk.count = 0
    walk.frontierCount = 0
    walk.done = 1
    return
  }
  if (graph.codesKind) begin<f32>(graph, walk)
  else begin<i8>(graph, walk)
}

/** 1: done. 0: more to do. */
export function searchStep(graphPointer: usize, walkPointer: usize, evaluationsMax: i32): i32 {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer)
  if (walk.done) return 1
  if (walk.frontier) return graph.codesKind ? wideStep<f32>(graph, walk, evaluationsMax) : wideStep<i8>(graph, walk, evaluationsMax)
  return graph.codesKind ? narrowStep<f32>(graph, walk, 0, evaluationsMax) : narrowStep<i8>(graph, walk, 0, evaluationsMax)
}

/** Writes the nearest of what was found: u32 nodes, and f64 distances as scale * d + shift. Ends the walk. Returns how many. */
export function searchResults(walkPointer: usize, limit: i32, nodes: usize, distances: usize, scale: f64, shift: f64): i32 {
  const walk = changetype<Walk>(walkPointer)
  settle(walk)
  const n = min(limit, walk.count)
  for (let i: i32 = 0; i < n; i++) {
    const key = load<i64>(walk.pool + (<usize>i << 3))
    store<u32>(nodes + (<usize>i << 2), keyId(key))
    store<f64>(distances + (<usize>i << 3), <f64>keyDistance(key) * scale + shift)
  }
  return n
}
