// Blocks: a node's own row together with the signs of all its neighbours' differences from it, so that one expansion reads one stretch of memory
// and scores 32 neighbours at a time (the idea of SymphonyQG: Gou et al., SIGMOD 2025, over the codes of RaBitQ: Gao & Long, SIGMOD 2024).
//
// Of a neighbour x of y, r = x' - y' with both vectors as decoded. From |q - x|^2 = |q - y|^2 + N(x) - N(y) - 2 q'r, where N is the squared norm in
// the row, and the estimate (q' - y')r ~ f s(q' - y') with s the signs of r and f = |r|^2 / sum|r|, follows
//   |q - x|^2 ~ |q - y|^2 + first + second * step * (agreement - half)
// with first = N(x) - N(y) - 2 y'r + 2 f sy' and second = -4 f; the last factors are the query's (signs.ts). A block is made from its rows alone.
import { codeBias } from './dot'
import { keyDistance, keyId, keyOf, sortedInsert, sortedMerge } from './keys'
import { Graph, metaNorm2, metaScale, none, Walk } from './layout'
import { distance1, distance4 } from './rows'
import { agreements, groupRows, placeOf, total } from './signs'
import { touch, touchEnds } from './touch'
import { isAllowed, linksOf, rowOf } from './walk'

/** Two float32 for each of 32 neighbours. */
export const groupNumbersBytes: usize = 256
/** Where the estimates of a group begin behind its sums. */
export const estimatesOffset: usize = 64
/** Where keys that are on their way into a large pool are, behind the estimates. */
const freshOffset: usize = 192
/** Up to this ef neighbours enter the pool one by one, which moves little. */
const oneByOneMax: i32 = 128
/** So many nodes are expanded together, which wait for memory together: no more come faster. Their keys are in the room for a batch. */
const togetherMax: usize = 2

// @ts-ignore: decorator
@inline
function decoded(codes: usize): v128 {
  const wide = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(codes)))
  return f32x4.convert_i32x4_s(i32x4.sub(wide, i32x4.splat(codeBias)))
}

/** Writes the vector of a row of n codes as float32. Returns its squared norm. */
export function decodeRow(row: usize, n: usize, out: usize): f32 {
  const scale = f32x4.splat(load<f32>(row + n, metaScale))
  let squares = f32x4.splat(0)
  for (let i: usize = 0; i < n; i += 4) {
    const v = f32x4.mul(decoded(row + i), scale)
    squares = f32x4.add(squares, f32x4.mul(v, v))
    v128.store(out + (i << 2), v)
  }
  return total(squares)
}

/** Stores what the block of y says of one neighbour. */
function packNeighbour(graph: Graph, y: usize, x: usize, group: usize, member: u32): void {
  const n = <usize>graph.codeBytes, zero = f32x4.splat(0), sign = i32x4.splat(0x80000000)
  const scaleX = load<f32>(x + n, metaScale), scaleY = load<f32>(y + n, metaScale), sx = f32x4.splat(scaleX), sy = f32x4.splat(scaleY)
  const high = (member & 16) >> 2, mask = <u32>0xf0 >> high
  let squares = zero, magnitudes = zero, along = zero, signed = zero, at = group + placeOf(member)
  for (let i: usize = 0; i < n; i += 4) {
    const own = f32x4.mul(decoded(y + i), sy), r = f32x4.sub(f32x4.mul(decoded(x + i), sx), own), positive = f32x4.ge(r, zero)
    squares = f32x4.add(squares, f32x4.mul(r, r))
    magnitudes = f32x4.add(magnitudes, f32x4.abs(r))
    along = f32x4.add(along, f32x4.mul(own, r))
    signed = f32x4.add(signed, v128.xor(own, v128.andnot(sign, positive)))
    store<u8>(at, <u8>((<u32>load<u8>(at) & mask) | (<u32>i32x4.bitmask(positive) << high)))
    at += 16
  }
  const magnitude = total(magnitudes), factor: f32 = magnitude > 0 ? total(squares) / magnitude : 0
  const numbers = group + (n << 2) + (<usize>member << 2)
  store<f32>(numbers, load<f32>(x + n, metaNorm2) - load<f32>(y + n, metaNorm2) - 2 * total(along) + 2 * factor * total(signed))
  store<f32>(numbers, -4 * factor, 128)
}

/** Makes the blocks of nodes from..to of rows and links that are in place. */
export function packBlocks(graphPointer: usize, from: u32, to: u32): void {
  const graph = changetype<Graph>(graphPointer), groupBytes = (<usize>graph.codeBytes << 2) + groupNumbersBytes
  for (let node = from; node < to; node++) {
    const row = rowOf(graph, node), links = linksOf(graph, node, 0)
    let group = row + <usize>graph.groupsOffset
    for (let first: i32 = 0; first < graph.m0; first += groupRows) {
      memory.fill(group, 0, groupBytes)
      const numbers = group + (<usize>graph.codeBytes << 2)
      for (let member: u32 = 0; member < groupRows; member++) {
        const place = first + <i32>member, id = place < graph.m0 ? load<u32>(links + (<usize>place << 2)) : none
        if (id == none) store<f32>(numbers + (<usize>member << 2), Infinity)
        else packNeighbour(graph, row, rowOf(graph, id), group, member)
      }
      group += groupBytes
    }
    const end = links + (<usize>graph.m0 << 2)
    memory.fill(end, 0, row + <usize>graph.stride - end)
  }
}

// @ts-ignore: decorator
@inline
function estimate4(walk: Walk, numbers: usize, own: f32, agreement: v128, out: usize): v128 {
  const factor = f32x4.mul(v128.load(numbers, 128), f32x4.splat(walk.step))
  const along = f32x4.mul(factor, f32x4.sub(f32x4.convert_i32x4_u(agreement), f32x4.splat(walk.half)))
  const estimate = f32x4.add(f32x4.add(f32x4.splat(own), v128.load(numbers)), along)
  v128.store(out, estimate)
  return estimate
}

/** Writes the estimates of a group of neighbours and returns which of them are below `worst`. */
// @ts-ignore: decorator
@inline
export function estimateGroup(graph: Graph, walk: Walk, group: usize, own: f32, worst: f32): u32 {
  const sums = walk.estimates, bytes = <usize>graph.codeBytes << 2
  agreements(group, walk.table, bytes, sums)
  const bar = f32x4.splat(worst)
  let numbers = group + bytes, out = sums + estimatesOffset, nearer: u32 = 0
  for (let i: u32 = 0; i < 4; i++) {
    const agreement = v128.load(sums + (<usize>i << 4))
    const low = estimate4(walk, numbers, own, i32x4.extend_low_i16x8_u(agreement), out)
    const high = estimate4(walk, numbers + 16, own, i32x4.extend_high_i16x8_u(agreement), out + 16)
    nearer |= <u32>(i32x4.bitmask(f32x4.lt(low, bar)) | (i32x4.bitmask(f32x4.lt(high, bar)) << 4)) << (i << 3)
    numbers += 32; out += 32
  }
  return nearer
}

/** Keeps an expanded node among the results when its codes are near enough. */
// @ts-ignore: decorator
@inline
export function keepResult(walk: Walk, key: i64): void {
  const results = walk.results, n = walk.resultCount, most = walk.resultsMax
  if (n < most) walk.resultCount = n + 1
  else if (key >= load<i64>(results + (<usize>(most - 1) << 3))) return
  sortedInsert(results, n < most ? n : most - 1, key)
}

/** Looks at the codes of what is left in the pool: a row is a fifth of a block, and estimates alone would put some of the nearest too far back. */
export function rankUnexpanded(graph: Graph, walk: Walk): void {
  const q = walk.query, pool = walk.pool, allowed = walk.allowed
  const bytes = <usize>graph.codeBytes, touched = bytes + 20, end = pool + (<usize>walk.count << 3)
  let to = pool, sink: i32 = 0
  for (let at = pool; at < end; at += 8) {
    const key = load<i64>(at), id = keyId(key)
    if (<i32>key & 1 || !isAllowed(allowed, id)) continue
    store<i64>(to, key)
    to += 8
    sink += touch(rowOf(graph, id), touched)
  }
  walk.sink = sink
  const last = to - 8
  for (let at = pool; at < to; at += 32) {
    const a = keyId(load<i64>(at)), b = keyId(load<i64>(min(at + 8, last))), c = keyId(load<i64>(min(at + 16, last))), d = keyId(load<i64>(min(at + 24, last)))
    const r = distance4<u8>(q, rowOf(graph, a), rowOf(graph, b), rowOf(graph, c), rowOf(graph, d), bytes)
    walk.evaluations += 4
    keepResult(walk, keyOf(f32x4.extract_lane(r, 0), a))
    if (at + 8 < to) keepResult(walk, keyOf(f32x4.extract_lane(r, 1), b))
    if (at + 16 < to) keepResult(walk, keyOf(f32x4.extract_lane(r, 2), c))
    if (at + 24 < to) keepResult(walk, keyOf(f32x4.extract_lane(r, 3), d))
  }
  walk.count = 0
}

/**
 * The walk on level 0 of a graph with blocks. The pool holds each node once, by the first estimate that a neighbour told of it; its place among the
 * results is by its own codes, once it is expanded. Returns 1 when done.
 */
export function blockStep(graph: Graph, walk: Walk, evaluationsMax: i32): i32 {
  const q = walk.query, pool = walk.pool, ef = walk.ef, epoch = <u16>walk.epoch, visited = walk.visited, allowed = walk.allowed
  const bytes = <usize>graph.codeBytes, groupBytes = (bytes << 2) + groupNumbersBytes, estimates = walk.estimates + estimatesOffset
  const degree = graph.m0, bound = walk.bound, patience = walk.patience, blockEnd = <usize>graph.stride
  const fresh = walk.estimates + freshOffset
  let n = walk.count, cursor = walk.cursor, worst = walk.worst, evaluations: i32 = 0, sink: i32 = 0, freshCount: i32 = 0
  const expand = walk.expand
  const together = walk.batch
  let at: usize = together, togetherEnd: usize = together
  while (at < togetherEnd || (cursor < min(n, expand) && evaluations < evaluationsMax)) {
    if (at == togetherEnd) {
      const last = min(n, expand)
      at = togetherEnd = together
      while (cursor < last && togetherEnd < together + (togetherMax << 3)) {
        const place = pool + (<usize>cursor << 3), key = load<i64>(place)
        cursor++
        if (<i32>key & 1) continue
        if (cursor > patience && keyDistance(key) > bound) { cursor = expand; break }
        store<i64>(place, key | 1)
        store<i64>(togetherEnd, key)
        togetherEnd += 8
        sink += touchEnds(rowOf(graph, keyId(key)), blockEnd)
      }
      for (let i = together; i < togetherEnd; i += 8) sink += touch(rowOf(graph, keyId(load<i64>(i))), blockEnd)
      if (at == togetherEnd) break
    }
    const key = load<i64>(at)
    at += 8
    const id = keyId(key), row = rowOf(graph, id)
    const own = distance1<u8>(q, row, bytes), links = linksOf(graph, id, 0)
    if (isAllowed(allowed, id)) keepResult(walk, keyOf(own, id))
    // Its companion may have put so many nearer ones before it that alone it would not have been expanded.
    if (n >= expand && key > load<i64>(pool + (<usize>(expand - 1) << 3))) continue
    let group = row + <usize>graph.groupsOffset
    for (let first: i32 = 0; first < degree; first += groupRows) {
      evaluations += groupRows
      let nearer = estimateGroup(graph, walk, group, own, worst)
      const ids = links + (<usize>first << 2)
      while (nearer) {
        const offset = <usize>ctz(nearer) << 2
        nearer &= nearer - 1
        const estimate = load<f32>(estimates + offset)
        if (!(estimate < worst)) continue
        const neighbour = load<u32>(ids + offset), mark = visited + (<usize>neighbour << 1)
        if (load<u16>(mark) == epoch) continue
        store<u16>(mark, epoch)
        if (ef > oneByOneMax) {
          sortedInsert(fresh, freshCount, keyOf(estimate, neighbour))
          freshCount++
          continue
        }
        const position = sortedInsert(pool, n < ef ? n : ef - 1, keyOf(estimate, neighbour))
        if (n < ef) n++
        if (n == ef) worst = keyDistance(load<i64>(pool + (<usize>(ef - 1) << 3)))
        if (position < cursor) cursor = position
      }
      if (freshCount) {
        cursor = min(cursor, sortedMerge(pool, n, fresh, freshCount, ef))
        n = min(ef, n + freshCount)
        if (n == ef) worst = keyDistance(load<i64>(pool + (<usize>(ef - 1) << 3)))
        freshCount = 0
      }
      group += groupBytes
    }
  }
  walk.sink = sink
  walk.count = n
  walk.cursor = cursor
  walk.worst = worst
  walk.evaluations += evaluations
  walk.done = cursor >= min(n, expand) ? 1 : 0
  if (walk.done) rankUnexpanded(graph, walk)
  return walk.done
}
