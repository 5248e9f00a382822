// Nodes without a vector. A deleted node is walked through until nothing links to it any more, but no new link leads to it.
import { distance1 } from './rows'
import { keyId, keyOf } from './keys'
import { Graph, Walk } from './layout'
import { rowOf } from './walk'

// @ts-ignore: decorator
@inline
export function isGone(graph: Graph, id: u32): bool {
  return graph.gone != 0 && ((load<u32>(graph.gone + (<usize>(id >> 5) << 2)) >> (id & 31)) & 1) != 0
}

export function setGone(graph: Graph, id: u32, isSet: bool): void {
  const word = graph.gone + (<usize>(id >> 5) << 2), bit: u32 = 1 << (id & 31)
  store<u32>(word, isSet ? load<u32>(word) | bit : load<u32>(word) & ~bit)
}

/** How many of the graph's nodes are gone. */
export function goneCount(graph: Graph): i32 {
  if (!graph.gone) return 0
  let count: i32 = 0
  for (let id: u32 = 0; id < <u32>graph.nodes; id += 32) {
    let word = load<u32>(graph.gone + (<usize>(id >> 5) << 2))
    if (<u32>graph.nodes - id < 32) word &= (1 << (<u32>graph.nodes - id)) - 1
    count += popcnt(word)
  }
  return count
}

/** Leaves of a narrow walk's results those that hold vectors and are not `self`; of none the entry, which always holds one. */
export function dropGone<T>(graph: Graph, walk: Walk, self: u32): void {
  const pool = walk.pool, n = walk.count
  let kept: i32 = 0
  for (let i: i32 = 0; i < n; i++) {
    const key = load<i64>(pool + (<usize>i << 3)), id = keyId(key)
    if (id == self || isGone(graph, id)) continue
    store<i64>(pool + (<usize>kept << 3), key)
    kept++
  }
  if (!kept && graph.entry >= 0 && graph.entry != self) {
    store<i64>(pool, keyOf(distance1<T>(walk.query, rowOf(graph, graph.entry), <usize>graph.codeBytes), graph.entry))
    kept = 1
  }
  walk.count = kept
}
