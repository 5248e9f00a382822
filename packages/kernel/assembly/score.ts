// Exact distances in float64. Every sum runs in one fixed order of plain IEEE operations, so all machines give the same bits.
import { keyDistance, keyOf, maxHeapPush, maxHeapReplace } from './keys'
import { squaredNorm } from './rows'

const modeL2: i32 = 0
const modeDot: i32 = 1
const cacheLineBytes: usize = 64
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
  const norms = queryNorm * Math.sqrt(squaredNorm(row, n))
  return norms > 0 ? min<f64>(2, max<f64>(0, 1 - dotF64(query, row, n) / norms)) : 1
}

/**
 * Distances of the query to `count` rows of n float32, `stride` bytes apart. mode 0: squared L2, 1: negative dot product, 2: cosine
 * distance (1 where either vector is zero), within [0, 2].
 */
export function exactDistances(query: usize, rows: usize, stride: i32, count: i32, n: i32, mode: i32, out: usize): void {
  const queryNorm = Math.sqrt(squaredNorm(query, n))
  for (let row: i32 = 0; row < count; row++) {
    store<f64>(out, exactDistance(query, rows, n, mode, queryNorm))
    rows += <usize>stride; out += 8
  }
}

/** Touches the lines of rows, so that all loads are on their way before the first distance waits for one. */
function touch(addresses: usize, count: i32, bytes: usize): i32 {
  let sink: i32 = 0
  for (let i: i32 = 0; i < count; i++) {
    const row = <usize>load<u32>(addresses + (<usize>i << 2))
    for (let line: usize = 0; line < bytes; line += cacheLineBytes) sink += load<u8>(row + line)
  }
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
  const queryNorm = Math.sqrt(squaredNorm(query, n)), bytes = <usize>n << 2
  let error = load<f64>(outcome, 8), worst = load<f64>(outcome), kept: i32 = 0, done: i32 = 0, last = min(count, first), sink: i32 = 0
  while (done < last && load<f64>(estimates + (<usize>done << 3)) - error <= worst) {
    sink += touch(addresses + (<usize>done << 2), last - done, bytes)
    for (; done < last; done++) {
      const distance = exactDistance(query, <usize>load<u32>(addresses + (<usize>done << 2)), n, mode, queryNorm)
      store<f64>(out + (<usize>done << 3), distance)
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
