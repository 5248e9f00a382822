// Insertion into a hierarchical navigable small world (Malkov & Yashunin, arXiv:1603.09320, Algorithms 1 and 4).
import { distance1, distance4, isTwin } from './rows'
import { keyDistance, keyId, keyOf, sortedInsert } from './keys'
import { dropGone } from './gone'
import { codesFloat32, Graph, none, Walk } from './layout'
import { lockEntry, lockNode, publishEntry, publishLink, publishList, unlockEntry, unlockNode } from './locks'
import { degreeMax, descend, greedy, linksOf, narrowStep, rowOf, seed, topLevel } from './walk'

const levelMax: i32 = 15
/** How many exact copies of a node its own list may name: more would leave no room for links that lead away. */
const twinsMax: i32 = 2
/** Nodes of level 1 that the walk of an insertion starts from on level 0, of a node that is there alone. */
const startsMax: i32 = 8
const unbounded: i32 = i32.MAX_VALUE

/** Level of a node: geometric with ratio 1/M, drawn from a hash of seed and number, so that any order of building agrees. */
export function levelOf(node: u32, seedNumber: u32, m: i32): i32 {
  let h = (<u64>seedNumber << 32 | <u64>node) + 0x9e3779b97f4a7c15 // splitmix64
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9
  h = (h ^ (h >> 27)) * 0x94d049bb133111eb
  h ^= h >> 31
  const ratio = <u64>max(m, 2)
  let level: i32 = 0, threshold: u64 = u64.MAX_VALUE / ratio
  while (level < levelMax && h < threshold) { level++; threshold /= ratio }
  return level
}

/** Bytes of upper links that nodes from..to need. */
export function upperBytes(from: u32, to: u32, seedNumber: u32, m: i32): u32 {
  let levels: u32 = 0
  for (let node = from; node < to; node++) levels += levelOf(node, seedNumber, m)
  return levels * (<u32>m << 2)
}

/** Draws the levels of nodes from..to, places their upper lists from byte `offset` on, and empties all their lists. */
export function prepareNodes(graphPointer: usize, from: u32, to: u32, offset: u32): void {
  const graph = changetype<Graph>(graphPointer), listBytes = <u32>graph.m << 2
  memory.fill(linksOf(graph, from, 0), 0xff, <usize>(to - from) * <usize>graph.linkStride)
  for (let node = from; node < to; node++) {
    const level = levelOf(node, graph.seed, graph.m)
    store<u8>(graph.levels + node, <u8>level)
    store<u32>(graph.upperOffsets + (<usize>node << 2), offset)
    memory.fill(graph.upperLinks + offset, 0xff, <u32>level * listBytes)
    offset += <u32>level * listBytes
  }
}

/** Chosen and set-aside candidates of one selection. */
@unmanaged
export class Selection {
  /** 2 * M0 node numbers each. */
  chosen: usize
  spare: usize
  /** M0 + 2 keys. */
  sorted: usize
  /** For each level: how many neighbours a new node gets there, and room for M of them. */
  kept: usize
  /** For updates: node numbers that are offered to a list, and those of them that it does not have; offeredLists * M0 of each. */
  offered: usize
  candidates: usize
  /** M0 + 3 keys. */
  fresh: usize
}

/**
 * Algorithm 4: of n sorted candidates for the row at `owner`, keeps those that are nearer to it than to any kept before, at most
 * `wanted`; fills up with the nearest others when `fill`: a full list on level 0 finds more per hop. Copies of a kept candidate are left out, copies of the owner are few.
 */
export function select<T>(graph: Graph, s: Selection, owner: usize, self: u32, candidates: usize, n: i32, wanted: i32, fill: bool): i32 {
  const chosen = s.chosen, spare = s.spare, bytes = <usize>graph.codeBytes
  let count: i32 = 0, spares: i32 = 0, twins: i32 = 0
  for (let i: i32 = 0; i < n && count < wanted; i++) {
    const key = load<i64>(candidates + (<usize>i << 3)), id = keyId(key), row = rowOf(graph, id)
    if (id == self) continue
    if (isTwin(owner, row, bytes)) {
      if (twins < twinsMax) { store<u32>(chosen + (<usize>count << 2), id); count++; twins++ }
      continue
    }
    const own = keyDistance(key)
    let nearer = false, twin = false
    for (let j: i32 = 0; j < count; j += 4) {
      const at = chosen + (<usize>j << 2), a = rowOf(graph, load<u32>(at))
      const b = j + 1 < count ? rowOf(graph, load<u32>(at, 4)) : a
      const c = j + 2 < count ? rowOf(graph, load<u32>(at, 8)) : a
      const d = j + 3 < count ? rowOf(graph, load<u32>(at, 12)) : a
      if (v128.any_true(f32x4.lt(distance4<T>(row, a, b, c, d, bytes), f32x4.splat(own)))) {
        nearer = true
        twin = isTwin(row, a, bytes) || isTwin(row, b, bytes) || isTwin(row, c, bytes) || isTwin(row, d, bytes)
        break
      }
    }
    if (!nearer) { store<u32>(chosen + (<usize>count << 2), id); count++ }
    else if (!twin && spares < wanted) { store<u32>(spare + (<usize>spares << 2), id); spares++ }
  }
  if (fill) for (let i: i32 = 0; i < spares && count < wanted; i++) { store<u32>(chosen + (<usize>count << 2), load<u32>(spare + (<usize>i << 2))); count++ }
  return count
}

/** Place by place, so that a thread that reads the list meanwhile finds only nodes. */
export function writeList(links: usize, chosen: usize, n: i32, degree: i32): void {
  for (let i: i32 = 0; i < n; i++) store<u32>(links + (<usize>i << 2), load<u32>(chosen + (<usize>i << 2)))
  for (let i = n; i < degree; i++) store<u32>(links + (<usize>i << 2), none)
}

export function listLength(links: usize, degree: i32): i32 {
  let n: i32 = 0
  while (n < degree && load<u32>(links + (<usize>n << 2)) != none) n++
  return n
}

/** Adds a link from owner to id, choosing anew when the list is full. Returns whether the list has it now. The owner is locked. */
export function linkBack<T>(graph: Graph, s: Selection, owner: u32, id: u32, level: i32): bool {
  const degree = degreeMax(graph, level), links = linksOf(graph, owner, level), n = listLength(links, degree)
  if (n < degree) { publishLink(links + (<usize>n << 2), id); return true }
  const row = rowOf(graph, owner), bytes = <usize>graph.codeBytes, sorted = s.sorted
  for (let i: i32 = 0; i < n; i += 4) {
    const at = links + (<usize>i << 2), a = load<u32>(at)
    const b = i + 1 < n ? load<u32>(at, 4) : a, c = i + 2 < n ? load<u32>(at, 8) : a, d = i + 3 < n ? load<u32>(at, 12) : a
    const r = distance4<T>(row, rowOf(graph, a), rowOf(graph, b), rowOf(graph, c), rowOf(graph, d), bytes)
    sortedInsert(sorted, i, keyOf(f32x4.extract_lane(r, 0), a))
    if (i + 1 < n) sortedInsert(sorted, i + 1, keyOf(f32x4.extract_lane(r, 1), b))
    if (i + 2 < n) sortedInsert(sorted, i + 2, keyOf(f32x4.extract_lane(r, 2), c))
    if (i + 3 < n) sortedInsert(sorted, i + 3, keyOf(f32x4.extract_lane(r, 3), d))
  }
  sortedInsert(sorted, n, keyOf(distance1<T>(row, rowOf(graph, id), bytes), id))
  const kept = select<T>(graph, s, row, owner, sorted, n + 1, degree, level == 0)
  if (graph.locks) publishList(links, s.chosen, kept, degree)
  else writeList(links, s.chosen, kept, degree)
  for (let i: i32 = 0; i < kept; i++) if (load<u32>(links + (<usize>i << 2)) == id) return true
  return false
}

// @ts-ignore: decorator
@inline
function keptOn(graph: Graph, s: Selection, level: i32): usize {
  return s.kept + <usize>level * (<usize>(graph.m + 1) << 2)
}

/** Chooses a node's neighbours on one level from what the walk found, and keeps them aside. */
function choose<T>(graph: Graph, walk: Walk, s: Selection, id: u32, level: i32): void {
  const n = select<T>(graph, s, rowOf(graph, id), id, walk.pool, walk.count, graph.m, level == 0), kept = keptOn(graph, s, level)
  store<i32>(kept, n)
  for (let i: i32 = 0; i < n; i++) store<u32>(kept + (<usize>i << 2), load<u32>(s.chosen + (<usize>i << 2)), 4)
}

/** Makes a node's neighbours on one level link to it. */
function linkNeighbours<T>(graph: Graph, s: Selection, id: u32, level: i32): void {
  const kept = keptOn(graph, s, level), n = load<i32>(kept)
  let linked = false
  for (let i: i32 = 0; i < n; i++) {
    const owner = load<u32>(kept + (<usize>i << 2), 4)
    lockNode(graph, owner)
    if (linkBack<T>(graph, s, owner, id, level)) linked = true
    unlockNode(graph, owner)
  }
  if (linked || !n) return
  // Nobody links to the node: without this, a new cluster could not be found by its own next member.
  const owner = load<u32>(kept, 4), degree = degreeMax(graph, level), nearest = linksOf(graph, owner, level)
  lockNode(graph, owner)
  publishLink(nearest + (<usize>(listLength(nearest, degree) - 1) << 2), id)
  unlockNode(graph, owner)
}

/** A node that rises above all others: no other may become the entry at the same time. */
function insertHighest<T>(graph: Graph, walk: Walk, s: Selection, id: u32, level: i32): void {
  lockEntry(graph)
  if (graph.entry >= 0) link<T>(graph, walk, s, id, level)
  if (level > topLevel(graph, graph.entry)) {
    graph.maxLevel = level
    publishEntry(graph, id)
  }
  unlockEntry(graph)
}

/** Puts a walk at several nodes of level 0: from one alone, nodes of a cluster that comes after others would be linked to islands apart. */
function seedFromAbove<T>(graph: Graph, walk: Walk, start: u32): void {
  const ef = walk.ef
  walk.ef = min(ef, startsMax)
  seed<T>(graph, walk, start)
  narrowStep<T>(graph, walk, 1, unbounded)
  walk.ef = ef
  descend(walk)
}

/** Finds and links the neighbours of a node. Its lists are complete on all levels before the first link leads to it, from the bottom up. */
function link<T>(graph: Graph, walk: Walk, s: Selection, id: u32, level: i32): void {
  walk.query = rowOf(graph, id)
  const entry = graph.entry, top = topLevel(graph, entry), highest = min(level, top)
  let at = <u32>entry
  for (let l = top; l > max(level, 1); l--) at = greedy<T>(graph, walk, at, l)
  for (let l = highest; l >= 0; l--) {
    // All that was found above leads on (Algorithm 1): one node alone could stand where a cluster that has just begun is out of sight.
    if (l < highest && walk.count) descend(walk)
    else if (!level && top > 0) seedFromAbove<T>(graph, walk, at)
    else seed<T>(graph, walk, at)
    narrowStep<T>(graph, walk, l, unbounded)
    at = keyId(load<i64>(walk.pool))
    if (graph.gone) dropGone<T>(graph, walk, id)
    choose<T>(graph, walk, s, id, l)
  }
  for (let l: i32 = 0; l <= highest; l++) {
    const kept = keptOn(graph, s, l)
    writeList(linksOf(graph, id, l), kept + 4, load<i32>(kept), degreeMax(graph, l))
  }
  for (let l: i32 = 0; l <= highest; l++) linkNeighbours<T>(graph, s, id, l)
}

// @ts-ignore: decorator
@inline
export function insert<T>(graph: Graph, walk: Walk, s: Selection, id: u32): void {
  const level = <i32>load<u8>(graph.levels + id)
  if (level > topLevel(graph, graph.entry)) insertHighest<T>(graph, walk, s, id, level)
  else link<T>(graph, walk, s, id, level)
}

/**
 * Inserts the prepared and encoded nodes from..to. The walk is narrow and has ef = efConstruction. In a graph with locks several threads
 * may do so at once, and leave the count of nodes to who knows them all.
 */
export function insertNodes(graphPointer: usize, walkPointer: usize, selectionPointer: usize, from: u32, to: u32): void {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer), s = changetype<Selection>(selectionPointer)
  for (let id = from; id < to; id++) {
    if (graph.codesKind == codesFloat32) insert<f32>(graph, walk, s, id)
    else insert<u8>(graph, walk, s, id)
    if (!graph.locks) graph.nodes = id + 1
  }
}
