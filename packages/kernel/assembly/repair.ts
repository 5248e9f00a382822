// Reachability. Every node must be reachable from the entry along level-0 links. Insertion order, duplicates and tight clusters can break
// that, because lists are short and pruned; the repair restores it by links from a breadth-first tree, whose own links it never removes.
import { listLength, select, Selection, writeList } from './build'
import { dropGone, goneCount, isGone } from './gone'
import { keyId } from './keys'
import { codesFloat32, Graph, none, Walk } from './layout'
import { linksOf, narrowStep, rowOf, seed } from './walk'

/** Marks what `start` reaches in `parents` (u32 per node, `none` = unreached), using `queue` (u32 per node). Returns how many. */
function spread(graph: Graph, start: u32, parents: usize, queue: usize): i32 {
  let head: i32 = 0, tail: i32 = 1
  store<u32>(queue, start)
  while (head < tail) {
    const node = load<u32>(queue + (<usize>head << 2)), links = linksOf(graph, node, 0)
    head++
    for (let i: i32 = 0; i < graph.m0; i++) {
      const next = load<u32>(links + (<usize>i << 2))
      if (next == none) break
      const parent = parents + (<usize>next << 2)
      if (load<u32>(parent) != none || isGone(graph, next)) continue
      store<u32>(parent, node)
      store<u32>(queue + (<usize>tail << 2), next)
      tail++
    }
  }
  return tail
}

function spreadFromEntry(graph: Graph, parents: usize, queue: usize): i32 {
  memory.fill(parents, 0xff, <usize>graph.nodes << 2)
  if (graph.entry < 0) return 0
  store<u32>(parents + (<usize>graph.entry << 2), graph.entry)
  return spread(graph, graph.entry, parents, queue)
}

/** Nodes that hold a vector and cannot be reached from the entry on level 0. `parents` and `queue`: u32 per node. */
export function audit(graphPointer: usize, parents: usize, queue: usize): i32 {
  const graph = changetype<Graph>(graphPointer)
  return graph.nodes - goneCount(graph) - spreadFromEntry(graph, parents, queue)
}

/** Makes `owner` link to id, in a free place or that of the last link which is not of the tree. */
function adopt(graph: Graph, owner: u32, id: u32, parents: usize): bool {
  const links = linksOf(graph, owner, 0), n = listLength(links, graph.m0)
  let place = n
  if (n == graph.m0) {
    place--
    while (place >= 0 && load<u32>(parents + (<usize>load<u32>(links + (<usize>place << 2)) << 2)) == owner) place--
    if (place < 0) return false
  }
  store<u32>(links + (<usize>place << 2), id)
  store<u32>(parents + (<usize>id << 2), owner)
  return true
}

function attach<T>(graph: Graph, walk: Walk, s: Selection, id: u32, parents: usize): void {
  walk.query = rowOf(graph, id)
  seed<T>(graph, walk, graph.entry)
  narrowStep<T>(graph, walk, 0, i32.MAX_VALUE)
  if (graph.gone) dropGone<T>(graph, walk, id)
  // The node was linked when its true neighbours could not be found; now some can.
  const n = select<T>(graph, s, walk.query, id, walk.pool, walk.count, graph.m, true)
  writeList(linksOf(graph, id, 0), s.chosen, n, graph.m0)
  for (let i: i32 = 0; i < n; i++) {
    const other = linksOf(graph, load<u32>(s.chosen + (<usize>i << 2)), 0), length = listLength(other, graph.m0)
    if (length < graph.m0 - 1) store<u32>(other + (<usize>length << 2), id)
  }
  for (let i: i32 = 0; i < walk.count; i++) {
    const owner = keyId(load<i64>(walk.pool + (<usize>i << 3)))
    // A walk can come to nodes through gone ones alone.
    if (load<u32>(parents + (<usize>owner << 2)) != none && adopt(graph, owner, id, parents)) return
  }
  for (let owner: u32 = 0; owner < <u32>graph.nodes; owner++) {
    if (load<u32>(parents + (<usize>owner << 2)) != none && adopt(graph, owner, id, parents)) return
  }
}

/** Links every unreachable node to a reachable one near it. Returns how many there were. */
export function repair(graphPointer: usize, walkPointer: usize, selectionPointer: usize, parents: usize, queue: usize): i32 {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer), s = changetype<Selection>(selectionPointer)
  let missing = graph.nodes - goneCount(graph) - spreadFromEntry(graph, parents, queue), attached: i32 = 0
  for (let id: u32 = 0; missing > 0 && id < <u32>graph.nodes; id++) {
    if (load<u32>(parents + (<usize>id << 2)) != none || isGone(graph, id)) continue
    if (graph.codesKind == codesFloat32) attach<f32>(graph, walk, s, id, parents)
    else attach<u8>(graph, walk, s, id, parents)
    missing -= spread(graph, id, parents, queue)
    attached++
  }
  return attached
}
