// Exact distances in float64. Every sum runs in one fixed order of plain IEEE operations, so all machines give the same bits.
import { squaredNorm } from './rows'

const modeL2: i32 = 0
const modeDot: i32 = 1

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

/**
 * Distances of the query to `count` rows of n float32, `stride` bytes apart. mode 0: squared L2, 1: negative dot product, 2: cosine
 * distance (1 where either vector is zero), within [0, 2].
 */
export function exactDistances(query: usize, rows: usize, stride: i32, count: i32, n: i32, mode: i32, out: usize): void {
  const queryNorm = Math.sqrt(squaredNorm(query, n))
  for (let row: i32 = 0; row < count; row++) {
    let distance: f64
    if (mode == modeL2) distance = squaredL2F64(query, rows, n)
    else if (mode == modeDot) distance = -dotF64(query, rows, n)
    else {
      const norms = queryNorm * Math.sqrt(squaredNorm(rows, n))
      distance = norms > 0 ? min<f64>(2, max<f64>(0, 1 - dotF64(query, rows, n) / norms)) : 1
    }
    store<f64>(out, distance)
    rows += <usize>stride; out += 8
  }
}
