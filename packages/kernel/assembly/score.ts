// Exact distances in float64. Every sum runs in one fixed order of plain IEEE operations, so all machines give the same bits.
import { keyDistance, keyOf, maxHeapPush, maxHeapReplace } from './keys'
import { squaredNorm } from './rows'
import { touch, touchEnds } from './touch'

const modeL2: i32 = 0
const modeDot: i32 = 1
/** Of a piece of rows: first node, address, bytes from row to row. */
const pieceBytes: usize = 12
/** Candidates that are scored together after the first. */
const scoredAtOnce: i32 = 4
/** How much larger than seen so far the error of an estimate may be. */
const errorMargin: f64 = 1.5
/** More than half a unit in the last place of a float32. */
const roundingUp: f64 = 1.2e-7
/** The smallest positive float32: what is smaller rounds to nothing. */
const float32Min: f64 = 1.401298464324817e-45

export function dotF64(a: usize, b: usize, n: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0
  const end = a + (<usize>n << 2)
  while (a + 16 <= end) {
    const x = v128.load(a), y = v128.load(b)
    s0 = f64x2.add(s0, f64x2.mul(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y)))
    s1 = f64x2.add(s1, f64x2.mul(f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 1)), f64x2.promote_low_f32x4(v128.shuffle<i64>(y, y, 1, 1))))
    a += 16; b += 16
  }
  s0 = f64x2.add(s0, s1)
  let sum = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1)
  for (; a < end; a += 4) { sum += <f64>load<f32>(a) * <f64>load<f32>(b); b += 4 }
  return sum
}

export function squaredL2F64(a: usize, b: usize, n: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0
  const end = a + (<usize>n << 2)
  while (a + 16 <= end) {
    const x = v128.load(a), y = v128.load(b)
    const low = f64x2.sub(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y))
    const high = f64x2.sub(f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 1)), f64x2.promote_low_f32x4(v128.shuffle<i64>(y, y, 1, 1)))
    s0 = f64x2.add(s0, f64x2.mul(low, low))
    s1 = f64x2.add(s1, f64x2.mul(high, high))
    a += 16; b += 16
  }
  s0 = f64x2.add(s0, s1)
  let sum = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1)
  for (; a < end; a += 4) { const t = <f64>load<f32>(a) - <f64>load<f32>(b); sum += t * t; b += 4 }
  return sum
}

// @ts-ignore: decorator
@inline
function exactDistance(query: usize, row: usize, n: i32, mode: i32, queryNorm: f64): f64 {
  if (mode == modeL2) return squaredL2F64(query, row, n)
  if (mode == modeDot) return -dotF64(query, row, n)
  return cosineDistance(dotF64(query, row, n), queryNorm * Math.sqrt(squaredNorm(row, n)))
}

// @ts-ignore: decorator
@inline
function cosineDistance(dot: f64, norms: f64): f64 {
  return norms > 0 ? min<f64>(2, max<f64>(0, 1 - dot / norms)) : 1
}

/**
 * Distances of the query to `count` rows of n float32, `stride` bytes apart. mode 0: squared L2, 1: negative dot product, 2: cosine
 * distance (1 where either vector is zero), within [0, 2].
 */
export function exactDistances(query: usize, rows: usize, stride: i32, count: i32, n: i32, mode: i32, out: usize): void {
  const queryNorm = Math.sqrt(squaredNorm(query, n))
  let row: i32 = 0
  for (; row + 2 <= count; row += 2) {
    exactPair(query, rows, rows + <usize>stride, n, mode, queryNorm, out)
    rows += <usize>stride << 1; out += 16
  }
  if (row < count) store<f64>(out, exactDistance(query, rows, n, mode, queryNorm))
}

/** The first two numbers of four float32, or the others with `offset` 8, as float64. */
// @ts-ignore: decorator
@inline
function two(at: usize, offset: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at + offset))
}

// @ts-ignore: decorator
@inline
function sumsOf(a0: v128, a1: v128, b0: v128, b1: v128): v128 {
  const a = f64x2.add(a0, a1), b = f64x2.add(b0, b1)
  return f64x2.add(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3))
}

/** Dot products with two rows, each the sum that dotF64 computes: neither waits for the other, and the query is widened once. */
function dotsF64(q: usize, a: usize, b: usize, n: i32): v128 {
  let a0 = f64x2.splat(0), a1 = a0, b0 = a0, b1 = a0
  const end = q + (<usize>n << 2)
  for (; q + 16 <= end; q += 16) {
    const low = two(q, 0), high = two(q, 8)
    a0 = f64x2.add(a0, f64x2.mul(low, two(a, 0))); a1 = f64x2.add(a1, f64x2.mul(high, two(a, 8)))
    b0 = f64x2.add(b0, f64x2.mul(low, two(b, 0))); b1 = f64x2.add(b1, f64x2.mul(high, two(b, 8)))
    a += 16; b += 16
  }
  let sums = sumsOf(a0, a1, b0, b1)
  for (; q < end; q += 4) {
    sums = f64x2.add(sums, f64x2.mul(f64x2.splat(<f64>load<f32>(q)), f64x2.replace_lane(f64x2.splat(<f64>load<f32>(a)), 1, <f64>load<f32>(b))))
    a += 4; b += 4
  }
  return sums
}

/** The same of squaredNorm. */
function squaredNormsF64(a: usize, b: usize, n: i32): v128 {
  let a0 = f64x2.splat(0), a1 = a0, b0 = a0, b1 = a0
  const end = a + (<usize>n << 2)
  for (; a + 16 <= end; a += 16) {
    let t = two(a, 0)
    a0 = f64x2.add(a0, f64x2.mul(t, t))
    t = two(a, 8)
    a1 = f64x2.add(a1, f64x2.mul(t, t))
    t = two(b, 0)
    b0 = f64x2.add(b0, f64x2.mul(t, t))
    t = two(b, 8)
    b1 = f64x2.add(b1, f64x2.mul(t, t))
    b += 16
  }
  let sums = sumsOf(a0, a1, b0, b1)
  for (; a < end; a += 4) {
    const t = f64x2.replace_lane(f64x2.splat(<f64>load<f32>(a)), 1, <f64>load<f32>(b))
    sums = f64x2.add(sums, f64x2.mul(t, t))
    b += 4
  }
  return sums
}

/** The same of squaredL2F64. */
function squaredL2sF64(q: usize, a: usize, b: usize, n: i32): v128 {
  let a0 = f64x2.splat(0), a1 = a0, b0 = a0, b1 = a0
  const end = q + (<usize>n << 2)
  for (; q + 16 <= end; q += 16) {
    const low = two(q, 0), high = two(q, 8)
    let t = f64x2.sub(low, two(a, 0))
    a0 = f64x2.add(a0, f64x2.mul(t, t))
    t = f64x2.sub(high, two(a, 8))
    a1 = f64x2.add(a1, f64x2.mul(t, t))
    t = f64x2.sub(low, two(b, 0))
    b0 = f64x2.add(b0, f64x2.mul(t, t))
    t = f64x2.sub(high, two(b, 8))
    b1 = f64x2.add(b1, f64x2.mul(t, t))
    a += 16; b += 16
  }
  let sums = sumsOf(a0, a1, b0, b1)
  for (; q < end; q += 4) {
    const t = f64x2.sub(f64x2.splat(<f64>load<f32>(q)), f64x2.replace_lane(f64x2.splat(<f64>load<f32>(a)), 1, <f64>load<f32>(b)))
    sums = f64x2.add(sums, f64x2.mul(t, t))
    a += 4; b += 4
  }
  return sums
}

/** The distances of two rows, bit for bit those of exactDistance. */
// @ts-ignore: decorator
@inline
function exactPair(query: usize, a: usize, b: usize, n: i32, mode: i32, queryNorm: f64, out: usize): void {
  if (mode == modeL2) v128.store(out, squaredL2sF64(query, a, b, n))
  else if (mode == modeDot) v128.store(out, f64x2.neg(dotsF64(query, a, b, n)))
  else {
    v128.store(out, dotsF64(query, a, b, n))
    const norms = f64x2.mul(f64x2.splat(queryNorm), f64x2.sqrt(squaredNormsF64(a, b, n)))
    store<f64>(out, cosineDistance(load<f64>(out), f64x2.extract_lane(norms, 0)))
    store<f64>(out, cosineDistance(load<f64>(out, 8), f64x2.extract_lane(norms, 1)), 8)
  }
}

/** Distances of the rows at `count` addresses, which come from memory together. Returns what keeps their loads. */
function exactRows(query: usize, addresses: usize, count: i32, n: i32, mode: i32, queryNorm: f64, out: usize): i32 {
  const bytes = <usize>n << 2, end = addresses + (<usize>count << 2)
  let sink: i32 = 0, at = addresses
  for (; at < end; at += 4) sink += touchEnds(<usize>load<u32>(at), bytes)
  for (at = addresses; at < end; at += 4) sink += touch(<usize>load<u32>(at), bytes)
  for (at = addresses; at + 8 <= end; at += 8) {
    exactPair(query, <usize>load<u32>(at), <usize>load<u32>(at, 4), n, mode, queryNorm, out)
    out += 16
  }
  if (at < end) store<f64>(out, exactDistance(query, <usize>load<u32>(at), n, mode, queryNorm))
  return sink
}

/**
 * Scores candidates exactly in the order of their estimates: the first few in any case, then on while an estimate, less the error that estimates
 * were seen to have, could still be among the nearest. `addresses`: u32 of float32 rows; `heap`: room for `k` keys; `outcome`: f64, in: the
 * distance that a row must not exceed, and the error seen before; out: the error seen. Returns how many were scored.
 */
export function rankExact(
  query: usize, addresses: usize, estimates: usize, count: i32, first: i32, k: i32, n: i32, mode: i32, heap: usize, outcome: usize, out: usize,
): i32 {
  const queryNorm = Math.sqrt(squaredNorm(query, n))
  let error = load<f64>(outcome, 8), worst = load<f64>(outcome), kept: i32 = 0, done: i32 = 0, last = min(count, first), sink: i32 = 0
  while (done < last && load<f64>(estimates + (<usize>done << 3)) - error <= worst) {
    sink += exactRows(query, addresses + (<usize>done << 2), last - done, n, mode, queryNorm, out + (<usize>done << 3))
    for (; done < last; done++) {
      const distance = load<f64>(out + (<usize>done << 3))
      error = max(error, errorMargin * abs(distance - load<f64>(estimates + (<usize>done << 3))))
      // A key holds a float32, which must not be below the distance.
      const key = keyOf(<f32>(distance + abs(distance) * roundingUp + float32Min), 0)
      if (kept < k) { maxHeapPush(heap, kept, key); kept++ }
      else if (key < load<i64>(heap)) maxHeapReplace(heap, kept, key)
      if (kept == k) worst = min(worst, <f64>keyDistance(load<i64>(heap)))
    }
    last = min(count, done + scoredAtOnce)
  }
  store<f64>(outcome, error)
  store<i32>(outcome, sink, 8)
  return done
}

/**
 * Addresses (u32) of nodes (u32) that are the rows of some pieces of memory, one piece after the other. Of each piece 12 bytes: its first node, the address
 * of that row and the bytes from row to row.
 */
export function rowAddresses(nodes: usize, count: i32, pieces: usize, pieceCount: i32, addresses: usize): void {
  const last = pieces + <usize>(pieceCount - 1) * pieceBytes
  for (let i: usize = 0; i < <usize>count << 2; i += 4) {
    const node = load<u32>(nodes + i)
    let piece = last
    while (load<u32>(piece) > node) piece -= pieceBytes
    store<u32>(addresses + i, load<u32>(piece, 4) + (node - load<u32>(piece)) * load<u32>(piece, 8))
  }
}
