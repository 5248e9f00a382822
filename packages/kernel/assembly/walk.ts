// Beam search over one level of a graph.
//
// A narrow walk keeps one sorted pool of ef keys with an "expanded" bit: fastest up to a few hundred. A wide walk keeps a heap of what
// is left to expand apart from a heap of results, so that nodes which may not be returned lead on without taking the place of ones
// that may, and so that a large ef costs a logarithm instead of a shift. Both visit a node once, so both end, whatever ties there are.
import { bring } from './bring'
import { distance1, distance4 } from './rows'
import { keyDistance, keyId, keyOf, maxHeapPush, maxHeapReplace, maxHeapSort, minHeapPop, minHeapPush, sortedInsert } from './keys'
import { Graph, none, Walk } from './layout'
import { cacheLineBytes, touch } from './touch'

/** Nodes of level 1 that a walk on level 0 starts from: one alone can stand in the wrong one of two tight clusters. */
export const startLevel: i32 = 1
export const startsMax: i32 = 4
/** Blocks are for data where signs tell enough: there fewer starts, from a level higher, lose nothing. */
export const blockStartsMax: i32 = 2
export const blockStartLevel: i32 = 2
const epochMax: u32 = 65535

// @ts-ignore: decorator
@inline
export function rowOf(graph: Graph, id: u32): usize {
  return graph.codes + <usize>id * <usize>graph.stride
}
// @ts-ignore: decorator
@inline
export function degreeMax(graph: Graph, level: i32): i32 {
  return level ? graph.m : graph.m0
}
// @ts-ignore: decorator
@inline
export function linksOf(graph: Graph, id: u32, level: i32): usize {
  if (!level) return graph.links + <usize>id * <usize>graph.linkStride
  return graph.upperLinks + <usize>load<u32>(graph.upperOffsets + (<usize>id << 2)) + <usize>(level - 1) * (<usize>graph.m << 2)
}

/**
 * Level of the entry, at which every descent begins; -1 in an empty graph. Told by the entry itself, so that nobody pairs an old entry
 * with a new level.
 */
// @ts-ignore: decorator
@inline
export function topLevel(graph: Graph, entry: i32): i32 {
  return entry < 0 ? -1 : <i32>load<u8>(graph.levels + entry)
}

/** Bytes of a row that are worth touching ahead: of long rows the first lines, whose others the processor fetches by itself. */
// @ts-ignore: decorator
@inline
function touchedOf<T>(graph: Graph): usize {
  return isFloat<T>() ? 2 * cacheLineBytes : <usize>graph.codeBytes + 20
}

/** Follows ever nearer neighbours on one upper level. */
export function greedy<T>(graph: Graph, walk: Walk, start: u32, level: i32): u32 {
  const q = walk.query, codes = graph.codes, stride = <usize>graph.stride, bytes = <usize>graph.codeBytes, degree = graph.m, partial = graph.partial, touched = touchedOf<T>(graph)
  let current = start, best = distance1<T>(q, rowOf(graph, start), bytes), moved = true
  while (moved) {
    moved = false
    if (partial) bring(graph, current, level)
    const links = linksOf(graph, current, level)
    let sink: i32 = 0
    for (let j: i32 = 0; j < degree; j++) {
      const id = load<u32>(links + (<usize>j << 2))
      if (id == none) break
      sink += touch(codes + <usize>id * stride, touched)
    }
    walk.sink = sink
    for (let j: i32 = 0; j < degree; j += 4) {
      const at = links + (<usize>j << 2), a = load<u32>(at)
      if (a == none) break
      let b = j + 1 < degree ? load<u32>(at, 4) : a, c = j + 2 < degree ? load<u32>(at, 8) : a, d = j + 3 < degree ? load<u32>(at, 12) : a
      if (b == none) b = a
      if (c == none) c = a
      if (d == none) d = a
      const r = distance4<T>(q, codes + <usize>a * stride, codes + <usize>b * stride, codes + <usize>c * stride, codes + <usize>d * stride, bytes)
      walk.evaluations += 4
      let x = f32x4.extract_lane(r, 0)
      if (x < best) { best = x; current = a; moved = true }
      x = f32x4.extract_lane(r, 1)
      if (x < best) { best = x; current = b; moved = true }
      x = f32x4.extract_lane(r, 2)
      if (x < best) { best = x; current = c; moved = true }
      x = f32x4.extract_lane(r, 3)
      if (x < best) { best = x; current = d; moved = true }
    }
  }
  return current
}

/** Forgets which nodes were seen. */
export function renewEpoch(walk: Walk): void {
  walk.epoch++
  if (walk.epoch <= epochMax) return
  memory.fill(walk.visited, 0, <usize>walk.visitedNodes << 1)
  walk.epoch = 1
}

/**
 * Leaves at most `most` of the nearest nodes of an upper level in the pool, by a narrow walk. A graph without that level: its entry, seen, at which
 * the walk, wide or narrow, stands on level 0.
 */
export function findStarts<T>(graph: Graph, walk: Walk, level: i32, most: i32): void {
  const top = topLevel(graph, graph.entry), ef = walk.ef, frontier = walk.frontier
  let at = <u32>graph.entry
  for (let above = top; above > level; above--) at = greedy<T>(graph, walk, at, above)
  if (top < level) { seed<T>(graph, walk, at); return }
  walk.ef = most
  walk.frontier = 0
  seed<T>(graph, walk, at)
  narrowStep<T>(graph, walk, level, i32.MAX_VALUE)
  walk.ef = ef
  walk.frontier = frontier
}

/** The starts of a walk over blocks, which go by the copy of the upper levels where there is one. */
export function findBlockStarts(graph: Graph, walk: Walk): void {
  if (!graph.upper) { findStarts<u8>(graph, walk, blockStartLevel, blockStartsMax); return }
  const upper = changetype<Graph>(graph.upper), names = upper.names
  findStarts<u8>(upper, walk, 0, blockStartsMax)
  const end = walk.pool + (<usize>walk.count << 3)
  for (let at = walk.pool; at < end; at += 8) {
    const key = load<i64>(at)
    store<i64>(at, keyOf(keyDistance(key), load<u32>(names + (<usize>keyId(key) << 2))))
  }
}

/** Goes on from the results of a narrow walk on an upper level with a walk over blocks. */
export function descendToBlocks(walk: Walk): void {
  renewEpoch(walk)
  walk.done = 0
  walk.cursor = 0
  walk.resultCount = 0
  walk.count = min(walk.count, walk.ef)
  for (let i: i32 = 0; i < walk.count; i++) {
    const at = walk.pool + (<usize>i << 3), key = load<i64>(at) & ~1
    store<i64>(at, key)
    store<u16>(walk.visited + (<usize>keyId(key) << 1), <u16>walk.epoch)
  }
  walk.worst = walk.count == walk.ef ? keyDistance(load<i64>(walk.pool + (<usize>(walk.ef - 1) << 3))) : f32.MAX_VALUE
}

/** Goes on from the results of a narrow walk on level 1, as the starts of a walk on level 0. */
export function descend(walk: Walk): void {
  renewEpoch(walk)
  const pool = walk.pool, ef = walk.ef, starts = min(walk.count, ef)
  walk.done = 0
  walk.cursor = 0
  walk.frontierCount = 0
  walk.count = walk.frontier ? 0 : starts
  for (let i: i32 = 0; i < starts; i++) {
    const at = pool + (<usize>i << 3), key = load<i64>(at) & ~1, id = keyId(key)
    store<u16>(walk.visited + (<usize>id << 1), <u16>walk.epoch)
    store<i64>(at, key)
    if (!walk.frontier) continue
    minHeapPush(walk.frontier, walk.frontierCount, key)
    walk.frontierCount++
    // At most i results are in the pool, so nothing unread is overwritten.
    if (isAllowed(walk.allowed, id)) { maxHeapPush(pool, walk.count, key); walk.count++ }
  }
  walk.worst = f32.MAX_VALUE
  if (walk.count == ef) walk.worst = keyDistance(load<i64>(walk.frontier ? pool : pool + (<usize>(ef - 1) << 3)))
}

/** Puts a walk at its first node. */
export function seed<T>(graph: Graph, walk: Walk, start: u32): void {
  renewEpoch(walk)
  const distance = distance1<T>(walk.query, rowOf(graph, start), <usize>graph.codeBytes)
  store<u16>(walk.visited + (<usize>start << 1), <u16>walk.epoch)
  walk.evaluations++
  walk.done = 0
  walk.cursor = 0
  walk.worst = f32.MAX_VALUE
  walk.count = 0
  walk.frontierCount = 0
  if (!walk.frontier) {
    store<i64>(walk.pool, keyOf(distance, start))
    walk.count = 1
    if (walk.ef == 1) walk.worst = distance
    return
  }
  minHeapPush(walk.frontier, 0, keyOf(distance, start))
  walk.frontierCount = 1
  if (isAllowed(walk.allowed, start)) {
    store<i64>(walk.pool, keyOf(distance, start))
    walk.count = 1
    if (walk.ef == 1) walk.worst = distance
  }
}

// @ts-ignore: decorator
@inline
export function isAllowed(allowed: usize, id: u32): bool {
  return allowed == 0 || ((load<u32>(allowed + (<usize>(id >> 5) << 2)) >> (id & 31)) & 1) != 0
}

/**
 * Collects the unseen neighbours of a node into the batch, marks them seen and touches their rows, so that the loads of all rows are on
 * their way before the first distance waits for one. Pads the batch with its last entry. Returns how many there are.
 */
// @ts-ignore: decorator
@inline
function gather<T>(graph: Graph, walk: Walk, links: usize, degree: i32, epoch: u16): i32 {
  const visited = walk.visited, batch = walk.batch, codes = graph.codes, stride = <usize>graph.stride
  const touched = touchedOf<T>(graph)
  let sink: i32 = 0, to = batch
  const end = links + (<usize>degree << 2)
  for (; links < end; links += 4) {
    const id = load<u32>(links)
    if (id == none) break
    const mark = visited + (<usize>id << 1)
    if (load<u16>(mark) == epoch) continue
    store<u16>(mark, epoch)
    store<u32>(to, id)
    to += 4
    sink += touch(codes + <usize>id * stride, touched)
  }
  if (to == batch) return 0
  const last = load<u32>(to - 4)
  store<u32>(to, last)
  store<u32>(to, last, 4)
  store<u32>(to, last, 8)
  walk.sink = sink
  return <i32>((to - batch) >> 2)
}

/** Expands until nothing nearer is left, or about `evaluationsMax` distances were computed. Returns 1 when done. */
export function narrowStep<T>(graph: Graph, walk: Walk, level: i32, evaluationsMax: i32): i32 {
  const q = walk.query, pool = walk.pool, batch = walk.batch, ef = walk.ef, epoch = <u16>walk.epoch
  const codes = graph.codes, stride = <usize>graph.stride, bytes = <usize>graph.codeBytes, degree = degreeMax(graph, level)
  const bound = walk.bound, patience = walk.patience, partial = graph.partial
  let n = walk.count, cursor = walk.cursor, worst = walk.worst, evaluations: i32 = 0
  while (cursor < n && evaluations < evaluationsMax) {
    const at = pool + (<usize>cursor << 3), key = load<i64>(at)
    cursor++
    if (<i32>key & 1) continue
    if (cursor > patience && keyDistance(key) > bound) { cursor = n; break }
    store<i64>(at, key | 1)
    if (partial) bring(graph, keyId(key), level)
    const fresh = gather<T>(graph, walk, linksOf(graph, keyId(key), level), degree, epoch)
    evaluations += fresh
    for (let i: i32 = 0; i < fresh; i += 4) {
      const from = batch + (<usize>i << 2)
      const r = distance4<T>(
        q, codes + <usize>load<u32>(from) * stride, codes + <usize>load<u32>(from, 4) * stride,
        codes + <usize>load<u32>(from, 8) * stride, codes + <usize>load<u32>(from, 12) * stride, bytes,
      )
      let nearer = i32x4.bitmask(f32x4.lt(r, f32x4.splat(worst)))
      if (fresh - i < 4) nearer &= (1 << (fresh - i)) - 1
      while (nearer) {
        const lane = ctz(nearer)
        nearer &= nearer - 1
        const distance = laneOf(r, lane)
        if (distance >= worst) continue
        const position = sortedInsert(pool, n < ef ? n : ef - 1, keyOf(distance, load<u32>(from + (<usize>lane << 2))))
        if (n < ef) n++
        if (n == ef) worst = keyDistance(load<i64>(pool + (<usize>(ef - 1) << 3)))
        if (position < cursor) cursor = position
      }
    }
  }
  walk.count = n
  walk.cursor = cursor
  walk.worst = worst
  walk.evaluations += evaluations
  walk.done = cursor >= n ? 1 : 0
  return walk.done
}

// @ts-ignore: decorator
@inline
function laneOf(v: v128, lane: i32): f32 {
  const low = lane & 1 ? f32x4.extract_lane(v, 1) : f32x4.extract_lane(v, 0)
  const high = lane & 1 ? f32x4.extract_lane(v, 3) : f32x4.extract_lane(v, 2)
  return lane & 2 ? high : low
}

/** As narrowStep, on level 0, with an `allowed` set or a large ef. The results end up sorted in the pool. */
export function wideStep<T>(graph: Graph, walk: Walk, evaluationsMax: i32): i32 {
  const q = walk.query, pool = walk.pool, frontier = walk.frontier, batch = walk.batch, ef = walk.ef, epoch = <u16>walk.epoch
  const codes = graph.codes, stride = <usize>graph.stride, bytes = <usize>graph.codeBytes, allowed = walk.allowed, partial = graph.partial
  let n = walk.count, left = walk.frontierCount, worst = walk.worst, evaluations: i32 = 0
  while (left > 0 && evaluations < evaluationsMax) {
    const key = minHeapPop(frontier, left)
    left--
    if (n == ef && keyDistance(key) > worst) { left = 0; break }
    if (partial) bring(graph, keyId(key), 0)
    const fresh = gather<T>(graph, walk, linksOf(graph, keyId(key), 0), graph.m0, epoch)
    evaluations += fresh
    for (let i: i32 = 0; i < fresh; i += 4) {
      const from = batch + (<usize>i << 2)
      const r = distance4<T>(
        q, codes + <usize>load<u32>(from) * stride, codes + <usize>load<u32>(from, 4) * stride,
        codes + <usize>load<u32>(from, 8) * stride, codes + <usize>load<u32>(from, 12) * stride, bytes,
      )
      let nearer = i32x4.bitmask(f32x4.lt(r, f32x4.splat(worst)))
      if (fresh - i < 4) nearer &= (1 << (fresh - i)) - 1
      while (nearer) {
        const lane = ctz(nearer)
        nearer &= nearer - 1
        const distance = laneOf(r, lane)
        if (distance >= worst) continue
        const id = load<u32>(from + (<usize>lane << 2)), found = keyOf(distance, id)
        minHeapPush(frontier, left, found)
        left++
        if (!isAllowed(allowed, id)) continue
        if (n < ef) { maxHeapPush(pool, n, found); n++ } else maxHeapReplace(pool, n, found)
        if (n == ef) worst = keyDistance(load<i64>(pool))
      }
    }
  }
  walk.count = n
  walk.frontierCount = left
  walk.worst = worst
  walk.evaluations += evaluations
  walk.done = left ? 0 : 1
  return walk.done
}

/** Brings the results of a wide walk, complete or not, into ascending order. A narrow walk's are always. */
export function settle(walk: Walk): void {
  if (walk.frontier) maxHeapSort(walk.pool, walk.count)
}
