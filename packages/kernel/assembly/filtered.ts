// Walks among the nodes that a filter allows. The pool holds allowed nodes alone, so that no effort goes to where the query is and the matches are not.
// Where a node has few of them for neighbours, the walk looks over the nearest of its other neighbours at theirs: two hops instead of one (ACORN:
// Patel, Kraft, Guestrin & Zaharia, SIGMOD 2024), through those only that are nearest to the query (NaviX: Sehgal & Salihoglu, PVLDB 2025).
import { estimateGroup, estimatesOffset, groupNumbersBytes, keepResult, rankUnexpanded } from './blocks'
import { keyDistance, keyId, keyOf, sortedInsert } from './keys'
import { codesFloat32, Graph, none, Walk } from './layout'
import { distance1, distance4 } from './rows'
import { groupRows } from './signs'
import { touch, touchEnds } from './touch'
import { findBlockStarts, findStarts, isAllowed, linksOf, renewEpoch, rowOf, startLevel, startsMax } from './walk'

/** With fewer allowed nodes than this to start from, the seeds are taken too. */
const enoughStarts: i32 = 8
/** A block of neighbours is read at once in the time that so many rows take here and there. */
const rowsPerBlock: f32 = 6
/** Around the query are matches where this part of those are allowed that would be if matches were everywhere alike. */
const nearPart: f32 = 0.25

// @ts-ignore: decorator
@inline
function isSeen(walk: Walk, id: u32): bool {
  return load<u16>(walk.visited + (<usize>id << 1)) == <u16>walk.epoch
}
// @ts-ignore: decorator
@inline
function see(walk: Walk, id: u32): void {
  store<u16>(walk.visited + (<usize>id << 1), <u16>walk.epoch)
}

function join(walk: Walk, key: i64): void {
  const pool = walk.pool, ef = walk.ef, n = walk.count
  const position = sortedInsert(pool, n < ef ? n : ef - 1, key)
  if (n < ef) walk.count = n + 1
  if (walk.count == ef) walk.worst = keyDistance(load<i64>(pool + (<usize>(ef - 1) << 3)))
  if (position < walk.cursor) walk.cursor = position
}

/** Notes a neighbour that is not allowed, in case the walk looks over it. */
// @ts-ignore: decorator
@inline
function noteBridge(walk: Walk, key: i64): void {
  const n = walk.bridgeCount, most = walk.bridgesMax
  if (n == most && key >= load<i64>(walk.bridges + (<usize>(n - 1) << 3))) return
  sortedInsert(walk.bridges, n < most ? n : n - 1, key)
  if (n < most) walk.bridgeCount = n + 1
}

/** The allowed neighbours of a node join the pool by what its block says of them, the others are noted where it is no bridge itself. Returns how many joined. */
function lookInBlock(graph: Graph, walk: Walk, id: u32, isBridge: bool): i32 {
  const row = rowOf(graph, id), bytes = <usize>graph.codeBytes, estimates = walk.estimates + estimatesOffset, end = <usize>graph.stride
  let joined: i32 = 0
  walk.sink = touchEnds(row, end) + touch(row, end)
  const own = distance1<u8>(walk.query, row, bytes), links = linksOf(graph, id, 0), allowed = walk.allowed
  if (!isBridge) keepResult(walk, keyOf(own, id))
  let group = row + <usize>graph.groupsOffset
  for (let first: i32 = 0; first < graph.m0; first += groupRows) {
    let nearer = estimateGroup(graph, walk, group, own, walk.worst)
    const ids = links + (<usize>first << 2)
    while (nearer) {
      const offset = <usize>ctz(nearer) << 2, estimate = load<f32>(estimates + offset)
      nearer &= nearer - 1
      if (!(estimate < walk.worst)) continue
      const neighbour = load<u32>(ids + offset)
      if (isSeen(walk, neighbour)) continue
      if (isAllowed(allowed, neighbour)) { see(walk, neighbour); join(walk, keyOf(estimate, neighbour)); joined++ }
      else if (!isBridge) noteBridge(walk, keyOf(estimate, neighbour))
    }
    group += (bytes << 2) + groupNumbersBytes
  }
  walk.evaluations += graph.m0
  return joined
}

/** Collects the unseen neighbours of a node, of a bridge only the allowed ones, and touches their rows. Pads the batch with its last entry. */
function gatherOpen(graph: Graph, walk: Walk, id: u32, isBridge: bool): i32 {
  const batch = walk.batch, allowed = walk.allowed, touched = <usize>graph.codeBytes
  let sink: i32 = 0, n: i32 = 0, at = linksOf(graph, id, 0)
  const end = at + (<usize>graph.m0 << 2)
  for (; at < end; at += 4) {
    const neighbour = load<u32>(at)
    if (neighbour == none) break
    const open = isAllowed(allowed, neighbour)
    if (isSeen(walk, neighbour) || (isBridge && !open)) continue
    if (open) see(walk, neighbour)
    store<u32>(batch + (<usize>n << 2), neighbour)
    n++
    sink += touch(rowOf(graph, neighbour), touched)
  }
  walk.sink = sink
  if (n == 0) return 0
  const last = load<u32>(batch + (<usize>(n - 1) << 2)), padding = batch + (<usize>n << 2)
  store<u32>(padding, last)
  store<u32>(padding, last, 4)
  store<u32>(padding, last, 8)
  return n
}

/** The same by the neighbours' own rows. An allowed node is seen when it is met, another one when the walk looks over it. */
function lookAtRows<T>(graph: Graph, walk: Walk, id: u32, isBridge: bool): i32 {
  const n = gatherOpen(graph, walk, id, isBridge), q = walk.query, bytes = <usize>graph.codeBytes, allowed = walk.allowed
  let joined: i32 = 0
  for (let i: i32 = 0; i < n; i += 4) {
    const from = walk.batch + (<usize>i << 2), a = load<u32>(from), b = load<u32>(from, 4), c = load<u32>(from, 8), d = load<u32>(from, 12)
    let r = distance4<T>(q, rowOf(graph, a), rowOf(graph, b), rowOf(graph, c), rowOf(graph, d), bytes)
    for (let lane: i32 = 0; lane < 4 && i + lane < n; lane++) {
      const distance = f32x4.extract_lane(r, 0), neighbour = load<u32>(from + (<usize>lane << 2))
      r = v128.shuffle<i32>(r, r, 1, 2, 3, 0)
      if (!(distance < walk.worst)) continue
      if (isAllowed(allowed, neighbour)) { join(walk, keyOf(distance, neighbour)); joined++ }
      else noteBridge(walk, keyOf(distance, neighbour))
    }
  }
  walk.evaluations += n
  return joined
}

// @ts-ignore: decorator
@inline
function look(graph: Graph, walk: Walk, id: u32, isBridge: bool): i32 {
  if (graph.groupsOffset) return lookInBlock(graph, walk, id, isBridge)
  return graph.codesKind == codesFloat32 ? lookAtRows<f32>(graph, walk, id, isBridge) : lookAtRows<u8>(graph, walk, id, isBridge)
}

/** An allowed node joins by its own codes. */
function start(graph: Graph, walk: Walk, id: u32): void {
  const bytes = <usize>graph.codeBytes, row = rowOf(graph, id)
  if (isSeen(walk, id)) return
  see(walk, id)
  join(walk, keyOf(graph.codesKind == codesFloat32 ? distance1<f32>(walk.query, row, bytes) : distance1<u8>(walk.query, row, bytes), id))
}

/** Whether as many of the neighbours of nodes near the query are allowed as could be expected. */
function isNear(graph: Graph, walk: Walk, starts: i32, share: f32): bool {
  let open: i32 = 0, all: i32 = 0
  for (let i: i32 = 0; i < starts; i++) {
    const links = linksOf(graph, load<u32>(walk.batch + (<usize>i << 2)), 0)
    for (let place: i32 = 0; place < graph.m0; place++) {
      const id = load<u32>(links + (<usize>place << 2))
      if (id == none) break
      all++
      if (isAllowed(walk.allowed, id)) open++
    }
  }
  return <f32>open >= nearPart * share * <f32>all
}

/**
 * Begins a walk: at the nodes that a descent leads to and, where there are few matches, also at `seeds`, allowed nodes from everywhere. `share`: of all
 * nodes that are allowed. `near`, `far`: nodes to expand with matches around the query and without; the pool has room for `ahead` more. Returns
 * whether there are matches around the query.
 */
export function filteredBegin(
  graphPointer: usize, walkPointer: usize, seeds: usize, seedCount: i32, share: f32, near: i32, far: i32, ahead: i32,
): bool {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer)
  walk.evaluations = walk.resultCount = walk.bridgeCount = 0
  if (graph.entry < 0) {
    walk.count = 0
    walk.done = 1
    return false
  }
  if (graph.codesKind == codesFloat32) findStarts<f32>(graph, walk, startLevel, startsMax)
  else if (graph.groupsOffset) findBlockStarts(graph, walk)
  else findStarts<u8>(graph, walk, startLevel, startsMax)
  const starts = min(walk.count, startsMax), batch = walk.batch
  for (let i: i32 = 0; i < starts; i++) store<u32>(batch + (<usize>i << 2), keyId(load<i64>(walk.pool + (<usize>i << 3))))
  const isAround = isNear(graph, walk, starts, share)
  renewEpoch(walk)
  walk.expand = isAround ? near : far
  walk.ef = walk.expand + ahead
  walk.ranked = graph.groupsOffset ? 1 : 0
  walk.bridgesByRows = graph.groupsOffset && share * <f32>graph.m0 < rowsPerBlock ? 1 : 0
  walk.done = walk.cursor = walk.count = 0
  walk.worst = f32.MAX_VALUE
  // Looking over a start uses the batch.
  const first = load<u32>(batch), second = load<u32>(batch, 4), third = load<u32>(batch, 8), fourth = load<u32>(batch, 12)
  for (let i: i32 = 0; i < starts; i++) {
    const id = i == 0 ? first : i == 1 ? second : i == 2 ? third : fourth
    if (isAllowed(walk.allowed, id)) start(graph, walk, id)
    else { see(walk, id); look(graph, walk, id, true) }
  }
  if (isAround && walk.count >= enoughStarts) return true
  for (let i: i32 = 0; i < seedCount; i++) start(graph, walk, load<u32>(seeds + (<usize>i << 2)))
  return isAround
}

/** Expands until nothing nearer is left, or about `evaluationsMax` distances were computed. Returns 1 when done. */
export function filteredStep(graphPointer: usize, walkPointer: usize, evaluationsMax: i32): i32 {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer), blocks = graph.groupsOffset != 0
  if (walk.done) return 1
  const last = walk.evaluations + evaluationsMax
  while (walk.cursor < min(walk.count, walk.expand) && walk.evaluations < last) {
    const at = walk.pool + (<usize>walk.cursor << 3), key = load<i64>(at), id = keyId(key)
    walk.cursor++
    if (<i32>key & 1) continue
    store<i64>(at, key | 1)
    walk.bridgeCount = 0
    const joined = look(graph, walk, id, false), over = min(walk.bridgeCount, walk.bridgesMax - joined)
    for (let i: i32 = 0; i < over; i++) {
      const bridge = keyId(load<i64>(walk.bridges + (<usize>i << 3)))
      if (isSeen(walk, bridge)) continue
      see(walk, bridge)
      if (walk.bridgesByRows) lookAtRows<u8>(graph, walk, bridge, true)
      else look(graph, walk, bridge, true)
    }
  }
  walk.done = walk.cursor >= min(walk.count, walk.expand) ? 1 : 0
  if (walk.done && blocks) rankUnexpanded(graph, walk)
  return walk.done
}
