// Deletion and replacement in place. A deleted node's in-neighbours are looked for around it, because links are mostly between near nodes, and
// get replacements at once (IP-DiskANN: Xu et al., arXiv:2502.13826, Algorithm 5). The few that are not found keep a link to a node that is
// gone: it is walked through, until a sweep over all lists has cut what is left (FreshDiskANN: Singh et al., arXiv:2105.09613, Algorithm 4).
// What comes in the place of a lost link is chosen by the heuristic that made the list.
import { insert, linkBack, listLength, select, Selection, writeList } from './build'
import { dropGone, isGone, setGone } from './gone'
import { distance4, isTwin } from './rows'
import { keyDistance, keyId, keyOf, sortedInsert } from './keys'
import { codesFloat32, Graph, none, Walk } from './layout'
import { degreeMax, greedy, linksOf, narrowStep, rowOf, seed } from './walk'

/** Of the nodes around a deleted one, how many are offered to those who linked to it (k = 50 in IP-DiskANN). */
const offeredMax: i32 = 50
/** Of the offered, how many are tried for each place. */
const triedMax: i32 = 32
/** A node that lost an in-link gets others from its neighbours up to so many: outliers, which dot products look for, would lose theirs one by one. */
const backLinksMin: i32 = 16
/** How many links more than were lost a list may get (c = 3 replacements of a lost link in IP-DiskANN). */
const extraLinks: i32 = 2
/** Of the lists of gone neighbours, how many a sweep offers. */
const offeredListsMax: i32 = 8

function hasLink(links: usize, degree: i32, id: u32): bool {
  for (let i: i32 = 0; i < degree; i++) {
    const other = load<u32>(links + (<usize>i << 2))
    if (other == id) return true
    if (other == none) break
  }
  return false
}

/** Sorts the `most` nearest of n > 0 nodes into `keys`. Returns how many there are. */
function sortNearest<T>(graph: Graph, row: usize, ids: usize, n: i32, keys: usize, most: i32): i32 {
  const bytes = <usize>graph.codeBytes
  let count: i32 = 0
  for (let i: i32 = 0; i < n; i += 4) {
    const at = ids + (<usize>i << 2), a = load<u32>(at)
    const b = i + 1 < n ? load<u32>(at, 4) : a, c = i + 2 < n ? load<u32>(at, 8) : a, d = i + 3 < n ? load<u32>(at, 12) : a
    const r = distance4<T>(row, rowOf(graph, a), rowOf(graph, b), rowOf(graph, c), rowOf(graph, d), bytes)
    count = sortOne(keys, count, most, keyOf(f32x4.extract_lane(r, 0), a))
    if (i + 1 < n) count = sortOne(keys, count, most, keyOf(f32x4.extract_lane(r, 1), b))
    if (i + 2 < n) count = sortOne(keys, count, most, keyOf(f32x4.extract_lane(r, 2), c))
    if (i + 3 < n) count = sortOne(keys, count, most, keyOf(f32x4.extract_lane(r, 3), d))
  }
  return count
}

// @ts-ignore: decorator
@inline
function sortOne(keys: usize, count: i32, most: i32, key: i64): i32 {
  if (count == most) {
    if (load<i64>(keys + (<usize>(most - 1) << 3)) <= key) return count
    sortedInsert(keys, count - 1, key)
    return count
  }
  sortedInsert(keys, count, key)
  return count + 1
}

/** Takes the links to gone nodes out of a list. Returns how many there were. */
function closeGaps(graph: Graph, links: usize, degree: i32): i32 {
  let kept: i32 = 0, n: i32 = 0
  for (; n < degree; n++) {
    const id = load<u32>(links + (<usize>n << 2))
    if (id == none) break
    if (isGone(graph, id)) continue
    store<u32>(links + (<usize>kept << 2), id)
    kept++
  }
  for (let i = kept; i < n; i++) store<u32>(links + (<usize>i << 2), none)
  return n - kept
}

/**
 * Takes gone nodes out of a list and puts others of the n offered ones, which are not gone, in their places: the nearest that are nearer to the
 * owner than to any other of the list, as the heuristic has it. On level 0 a list that is left short is filled with the nearest; a full
 * one would have no room for newcomers. Returns the length of the list, or -1 when nothing was to be done.
 */
function mend<T>(graph: Graph, s: Selection, owner: u32, level: i32, offered: usize, n: i32): i32 {
  const degree = degreeMax(graph, level), links = linksOf(graph, owner, level), row = rowOf(graph, owner), bytes = <usize>graph.codeBytes
  const lost = closeGaps(graph, links, degree)
  if (!lost) return -1
  let length = listLength(links, degree), fresh: i32 = 0
  for (let i: i32 = 0; i < n; i++) {
    const id = load<u32>(offered + (<usize>i << 2))
    if (id == owner || hasLink(links, degree, id) || isTwin(row, rowOf(graph, id), bytes)) continue
    store<u32>(s.candidates + (<usize>fresh << 2), id)
    fresh++
  }
  if (!fresh) return length
  fresh = sortNearest<T>(graph, row, s.candidates, fresh, s.fresh, min(triedMax * lost, degree))
  const full = min(degree, length + lost + extraLinks)
  for (let i: i32 = 0; i < fresh && length < full; i++) {
    const key = load<i64>(s.fresh + (<usize>i << 3)), id = keyId(key)
    if (isCovered<T>(graph, rowOf(graph, id), keyDistance(key), links, length, bytes)) continue
    store<u32>(links + (<usize>length << 2), id)
    length++
  }
  if (level) return length
  for (let i: i32 = 0; i < fresh && length < min(full, graph.m); i++) {
    const id = keyId(load<i64>(s.fresh + (<usize>i << 3)))
    if (hasLink(links, degree, id)) continue
    store<u32>(links + (<usize>length << 2), id)
    length++
  }
  return length
}

/** Whether a row is nearer to one of n listed nodes than `own`. */
function isCovered<T>(graph: Graph, row: usize, own: f32, links: usize, n: i32, bytes: usize): bool {
  for (let j: i32 = 0; j < n; j += 4) {
    const at = links + (<usize>j << 2), a = rowOf(graph, load<u32>(at))
    const b = j + 1 < n ? rowOf(graph, load<u32>(at, 4)) : a
    const c = j + 2 < n ? rowOf(graph, load<u32>(at, 8)) : a
    const d = j + 3 < n ? rowOf(graph, load<u32>(at, 12)) : a
    if (v128.any_true(f32x4.lt(distance4<T>(row, a, b, c, d, bytes), f32x4.splat(own)))) return true
  }
  return false
}

/** Gives a node that lost an in-link others from its neighbours, while few of them link to it, and one at any rate. */
function keepLinked<T>(graph: Graph, s: Selection, id: u32, level: i32): void {
  const degree = degreeMax(graph, level), links = linksOf(graph, id, level), length = listLength(links, degree)
  let linked: i32 = 0
  for (let i: i32 = 0; i < length && linked < backLinksMin; i++) {
    const other = load<u32>(links + (<usize>i << 2))
    if (!isGone(graph, other) && hasLink(linksOf(graph, other, level), degree, id)) linked++
  }
  let nearest: u32 = none
  for (let i: i32 = 0; i < length && linked < backLinksMin; i++) {
    const other = load<u32>(links + (<usize>i << 2))
    if (isGone(graph, other)) continue
    if (nearest == none) nearest = other
    if (!hasLink(linksOf(graph, other, level), degree, id) && linkBack<T>(graph, s, other, id, level)) linked++
  }
  if (linked || nearest == none) return
  const list = linksOf(graph, nearest, level), last = listLength(list, degree) - 1
  store<u32>(list + (<usize>last << 2), id)
}

function unlink<T>(graph: Graph, walk: Walk, s: Selection, id: u32, level: i32): void {
  walk.query = rowOf(graph, id)
  seed<T>(graph, walk, id)
  narrowStep<T>(graph, walk, level, i32.MAX_VALUE)
  const degree = degreeMax(graph, level), pool = walk.pool, found = walk.count
  const links = linksOf(graph, id, level)
  let offered: i32 = 0
  for (let i: i32 = 0; i < degree && offered < offeredMax; i++) {
    const other = load<u32>(links + (<usize>i << 2))
    if (other == none) break
    if (isGone(graph, other)) continue
    store<u32>(s.offered + (<usize>offered << 2), other)
    offered++
  }
  for (let i: i32 = 0; i < found && offered < offeredMax; i++) {
    const other = keyId(load<i64>(pool + (<usize>i << 3)))
    if (isGone(graph, other)) continue
    store<u32>(s.offered + (<usize>offered << 2), other)
    offered++
  }
  for (let i: i32 = 0; i < found; i++) {
    const other = keyId(load<i64>(pool + (<usize>i << 3)))
    if (other != id && hasLink(linksOf(graph, other, level), degree, id)) mend<T>(graph, s, other, level, s.offered, offered)
  }
  for (let i: i32 = 0; i < degree; i++) {
    const other = load<u32>(links + (<usize>i << 2))
    if (other == none) break
    if (!isGone(graph, other)) keepLinked<T>(graph, s, other, level)
  }
}

/** Makes a node that holds a vector, on the highest level there is, the entry. */
export function chooseEntry(graphPointer: usize): void {
  const graph = changetype<Graph>(graphPointer)
  graph.entry = -1
  graph.maxLevel = -1
  for (let id: u32 = 0; id < <u32>graph.nodes; id++) {
    const level = <i32>load<u8>(graph.levels + id)
    if (level <= graph.maxLevel || isGone(graph, id)) continue
    graph.entry = id
    graph.maxLevel = level
  }
  graph.maxLevel = max(graph.maxLevel, 0)
}

/** Takes the vector out of a node: nothing that is found around it links to it any more. Its own lists stay, for what still leads there. */
export function deleteNode(graphPointer: usize, walkPointer: usize, selectionPointer: usize, id: u32): void {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer), s = changetype<Selection>(selectionPointer)
  setGone(graph, id, true)
  if (graph.entry == id) chooseEntry(graphPointer)
  for (let level = <i32>load<u8>(graph.levels + id); level >= 0; level--) {
    if (graph.codesKind == codesFloat32) unlink<f32>(graph, walk, s, id, level)
    else unlink<u8>(graph, walk, s, id, level)
  }
}

/** Cuts a node's links to gone nodes and offers theirs instead. Returns the length of the list, or -1 when nothing was to be done. */
function sweepList<T>(graph: Graph, s: Selection, id: u32, level: i32): i32 {
  const degree = degreeMax(graph, level), links = linksOf(graph, id, level)
  let lists: i32 = 0, offered: i32 = 0
  for (let i: i32 = 0; i < degree; i++) {
    const other = load<u32>(links + (<usize>i << 2))
    if (other == none) break
    if (!isGone(graph, other)) continue
    lists++
    if (lists > offeredListsMax) continue
    const far = linksOf(graph, other, level)
    for (let j: i32 = 0; j < degree; j++) {
      const next = load<u32>(far + (<usize>j << 2))
      if (next == none) break
      if (isGone(graph, next)) continue
      store<u32>(s.offered + (<usize>offered << 2), next)
      offered++
    }
  }
  return lists ? mend<T>(graph, s, id, level, s.offered, offered) : -1
}

/**
 * Cuts all links of the nodes from..to to nodes that are gone. Writes the nodes (u32) that hold vectors and are left with few links, which are to be
 * connected anew when the sweep is over. Returns how many.
 */
export function sweepNodes(graphPointer: usize, selectionPointer: usize, from: u32, to: u32, poor: usize): i32 {
  const graph = changetype<Graph>(graphPointer), s = changetype<Selection>(selectionPointer)
  let count: i32 = 0
  for (let id = from; id < to; id++) {
    let few = false
    for (let level = <i32>load<u8>(graph.levels + id); level >= 0; level--) {
      const length = graph.codesKind == codesFloat32 ? sweepList<f32>(graph, s, id, level) : sweepList<u8>(graph, s, id, level)
      if (length >= 0 && length < graph.m >> 1) few = true
    }
    if (!few || isGone(graph, id)) continue
    store<u32>(poor + (<usize>count << 2), id)
    count++
  }
  return count
}

/** Empties the lists of a gone node that nothing links to. */
export function clearNode(graphPointer: usize, id: u32): void {
  const graph = changetype<Graph>(graphPointer)
  for (let level = <i32>load<u8>(graph.levels + id); level >= 0; level--)
    memory.fill(linksOf(graph, id, level), 0xff, <usize>degreeMax(graph, level) << 2)
}

/** Inserts the encoded vector of a cleared node. Returns the length of its list on level 0. */
export function insertNode(graphPointer: usize, walkPointer: usize, selectionPointer: usize, id: u32): i32 {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer), s = changetype<Selection>(selectionPointer)
  setGone(graph, id, false)
  if (graph.codesKind == codesFloat32) insert<f32>(graph, walk, s, id)
  else insert<u8>(graph, walk, s, id)
  return listLength(linksOf(graph, id, 0), graph.m0)
}

function reconnect<T>(graph: Graph, walk: Walk, s: Selection, id: u32, start: u32, startLevel: i32): void {
  const level = <i32>load<u8>(graph.levels + id)
  walk.query = rowOf(graph, id)
  let at = start
  for (let l = startLevel; l > level; l--) at = greedy<T>(graph, walk, at, l)
  for (let l = min(level, startLevel); l >= 0; l--) {
    const degree = degreeMax(graph, l), links = linksOf(graph, id, l)
    seed<T>(graph, walk, at)
    narrowStep<T>(graph, walk, l, i32.MAX_VALUE)
    at = keyId(load<i64>(walk.pool))
    dropGone<T>(graph, walk, id)
    const n = select<T>(graph, s, walk.query, id, walk.pool, walk.count, graph.m, l == 0)
    writeList(links, s.chosen, n, degree)
    for (let i: i32 = 0; i < n; i++) {
      const other = load<u32>(links + (<usize>i << 2))
      if (!hasLink(linksOf(graph, other, l), degree, id)) linkBack<T>(graph, s, other, id, l)
    }
    keepLinked<T>(graph, s, id, l)
  }
}

/** Chooses the lists of a node anew from what a walk finds, and links back. */
export function reconnectNode(graphPointer: usize, walkPointer: usize, selectionPointer: usize, id: u32): void {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer), s = changetype<Selection>(selectionPointer)
  let start = graph.entry, level = graph.maxLevel
  if (start == id) {
    // A walk from the node itself could not leave it: begin elsewhere.
    setGone(graph, id, true)
    chooseEntry(graphPointer)
    setGone(graph, id, false)
    const other = graph.entry, otherLevel = graph.maxLevel
    graph.entry = start
    graph.maxLevel = level
    start = other
    level = otherLevel
  }
  if (start < 0) return
  if (graph.codesKind == codesFloat32) reconnect<f32>(graph, walk, s, id, start, level)
  else reconnect<u8>(graph, walk, s, id, start, level)
}
