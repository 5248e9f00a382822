// Rows: how a vector is encoded, and the squared distance between encoded rows. The type parameter says what a row holds:
// i8 codes, or f32 numbers.
import { dotI8x4, squaredL2F32x4 } from './dot'
import { metaExtra, metaNorm2, metaResidual, metaScale, transformAugment, transformNormalise, transformPlain } from './layout'

const codeMax: f64 = 127
/** The smallest positive float32: a scale is zero for the zero vector alone. */
const scaleMin: f64 = 1.401298464324817e-45

/** The same meta number of four rows. */
// @ts-ignore: decorator
@inline
export function lanes(meta: usize, a: usize, b: usize, c: usize, d: usize): v128 {
  let v = v128.load32_splat(a + meta)
  v = v128.load_lane<f32>(b + meta, v, 1)
  v = v128.load_lane<f32>(c + meta, v, 2)
  return v128.load_lane<f32>(d + meta, v, 3)
}

/**
 * Squared graph-space distances of the row at q to four others: what the decoded vectors have, plus what both codings miss. Its error grows
 * with the distance, not with the norms, so that neighbours in a tight cluster far from the centre stay in order. The order of operations is symmetric, so that d(a, b) equals d(b, a).
 */
// @ts-ignore: decorator
@inline
export function distance4<T>(q: usize, a: usize, b: usize, c: usize, d: usize, codeBytes: usize): v128 {
  const extra = lanes(codeBytes + metaExtra, a, b, c, d)
  const queryExtra = v128.load32_splat(q + codeBytes + metaExtra)
  if (isFloat<T>()) {
    const difference = f32x4.sub(extra, queryExtra)
    return f32x4.add(squaredL2F32x4(q, a, b, c, d, codeBytes), f32x4.mul(difference, difference))
  }
  const dots = f32x4.convert_i32x4_s(dotI8x4(q, a, b, c, d, codeBytes))
  const scales = f32x4.mul(lanes(codeBytes + metaScale, a, b, c, d), v128.load32_splat(q + codeBytes + metaScale))
  const norms = f32x4.add(lanes(codeBytes + metaNorm2, a, b, c, d), v128.load32_splat(q + codeBytes + metaNorm2))
  const products = f32x4.add(f32x4.mul(scales, dots), f32x4.mul(extra, queryExtra))
  return f32x4.sub(norms, f32x4.add(products, products))
}

// @ts-ignore: decorator
@inline
export function distance1<T>(q: usize, a: usize, codeBytes: usize): f32 {
  return f32x4.extract_lane(distance4<T>(q, a, a, a, a, codeBytes), 0)
}

/** Equal meta numbers: for real data that means equal rows. A wrong yes only costs a link. */
// @ts-ignore: decorator
@inline
export function isTwin(a: usize, b: usize, codeBytes: usize): bool {
  return i32x4.all_true(f32x4.eq(v128.load(a + codeBytes), v128.load(b + codeBytes)))
}

/** Sum of squares of n float32, in float64 and in a fixed order. */
export function squaredNorm(source: usize, n: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0
  const end = source + (<usize>n << 2)
  while (source + 16 <= end) {
    const v = v128.load(source)
    const low = f64x2.promote_low_f32x4(v), high = f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1))
    s0 = f64x2.add(s0, f64x2.mul(low, low))
    s1 = f64x2.add(s1, f64x2.mul(high, high))
    source += 16
  }
  s0 = f64x2.add(s0, s1)
  let sum = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1)
  for (; source < end; source += 4) { const x = <f64>load<f32>(source); sum += x * x }
  return sum
}

// @ts-ignore: decorator
@inline
function factorOf(norm2: f64, transform: i32): f64 {
  return transform == transformNormalise && norm2 > 0 ? 1 / Math.sqrt(norm2) : 1
}
function extraOf(norm2: f64, transform: i32, phi: f64): f64 {
  if (transform == transformNormalise) return norm2 > 0 ? 0 : 1
  if (transform == transformAugment && phi * phi > norm2) return Math.sqrt(phi * phi - norm2)
  return 0
}

/** Adds the transformed coordinates of `count` vectors, tightly packed, to float64 sums. */
export function addToSums(source: usize, count: i32, n: i32, transform: i32, sums: usize): void {
  for (let row: i32 = 0; row < count; row++) {
    const f = transform == transformNormalise ? factorOf(squaredNorm(source, n), transform) : 1
    let sum = sums
    const end = source + (<usize>n << 2)
    for (; source < end; source += 4) { store<f64>(sum, load<f64>(sum) + <f64>load<f32>(source) * f); sum += 8 }
  }
}

/** The greatest squared norm of `count` vectors, tightly packed. */
export function greatestSquaredNorm(source: usize, count: i32, n: i32): f64 {
  let greatest: f64 = 0
  for (let row: i32 = 0; row < count; row++) {
    greatest = max(greatest, squaredNorm(source, n))
    source += <usize>n << 2
  }
  return greatest
}

/** transformed - centre, as float64 at staging, with zeros up to a multiple of 16 numbers; returns its greatest magnitude. */
function centred(source: usize, n: i32, factor: f64, centre: usize, staging: usize, padded: i32): f64 {
  const f = f64x2.splat(factor)
  let greatest = f64x2.splat(0), to = staging
  const end = source + (<usize>n << 2), pairsEnd = source + (<usize>(n & ~1) << 2)
  while (source < pairsEnd) {
    const x = f64x2.promote_low_f32x4(v128.load64_zero(source)), c = f64x2.promote_low_f32x4(v128.load64_zero(centre))
    const t = f64x2.sub(f64x2.mul(x, f), c)
    v128.store(to, t)
    greatest = f64x2.pmax(greatest, f64x2.abs(t))
    source += 8; centre += 8; to += 16
  }
  let top = max(f64x2.extract_lane(greatest, 0), f64x2.extract_lane(greatest, 1))
  if (source < end) {
    const t = <f64>load<f32>(source) * factor - <f64>load<f32>(centre)
    store<f64>(to, t)
    top = max(top, abs(t))
    to += 8
  }
  memory.fill(to, 0, staging + (<usize>padded << 3) - to)
  return top
}

/**
 * Encodes one vector of n float32 as a row: codes of (transformed - centre), then the meta numbers. `staging` has room for n
 * rounded up to 16 float64. Returns the vector's own squared norm.
 */
export function encodeRow(
  source: usize, n: i32, transform: i32, phi: f64, centre: usize, target: usize, codesKind: i32, codeBytes: i32, staging: usize,
): f64 {
  const own = squaredNorm(source, n), extra = extraOf(own, transform, phi)
  const padded = codesKind ? codeBytes >> 2 : codeBytes
  const top = centred(source, n, factorOf(own, transform), centre, staging, padded)
  let decoded2: f64, residual2: f64, scale: f32 = 1
  if (codesKind) {
    let squares = f64x2.splat(0), errors = squares, from = staging
    for (let to = target; to < target + <usize>codeBytes; to += 8) {
      const t = v128.load(from), rounded = f32x4.demote_f64x2_zero(t), e = f64x2.sub(t, f64x2.promote_low_f32x4(rounded))
      v128.store64_lane(to, rounded, 0)
      squares = f64x2.add(squares, f64x2.mul(t, t))
      errors = f64x2.add(errors, f64x2.mul(e, e))
      from += 16
    }
    decoded2 = f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1)
    residual2 = f64x2.extract_lane(errors, 0) + f64x2.extract_lane(errors, 1)
  } else {
    scale = top > 0 ? <f32>max(top / codeMax, scaleMin) : 0
    const inverse = f64x2.splat(top > 0 ? 1 / <f64>scale : 0), s = f64x2.splat(<f64>scale)
    let squares = f64x2.splat(0), errors = squares, from = staging
    for (let to = target; to < target + <usize>codeBytes; to += 4) {
      const t0 = v128.load(from), t1 = v128.load(from, 16)
      const c0 = f64x2.nearest(f64x2.mul(t0, inverse)), c1 = f64x2.nearest(f64x2.mul(t1, inverse))
      const i = v128.shuffle<i32>(i32x4.trunc_sat_f64x2_s_zero(c0), i32x4.trunc_sat_f64x2_s_zero(c1), 0, 1, 4, 5)
      const h = i16x8.narrow_i32x4_s(i, i)
      // Saturates at -128..127; the residual below is that of what was stored, because |code| <= 127 unless the scale is denormal.
      const codes = i8x16.narrow_i16x8_s(h, h)
      v128.store32_lane(to, codes, 0)
      const back = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(codes))
      const d0 = f64x2.mul(f64x2.convert_low_i32x4_s(back), s), e0 = f64x2.sub(t0, d0)
      const d1 = f64x2.mul(f64x2.convert_low_i32x4_s(v128.shuffle<i64>(back, back, 1, 1)), s), e1 = f64x2.sub(t1, d1)
      squares = f64x2.add(squares, f64x2.add(f64x2.mul(d0, d0), f64x2.mul(d1, d1)))
      errors = f64x2.add(errors, f64x2.add(f64x2.mul(e0, e0), f64x2.mul(e1, e1)))
      from += 32
    }
    decoded2 = f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1)
    residual2 = f64x2.extract_lane(errors, 0) + f64x2.extract_lane(errors, 1)
  }
  const meta = target + <usize>codeBytes
  store<f32>(meta, scale, metaScale)
  store<f32>(meta, <f32>(decoded2 + residual2 + extra * extra), metaNorm2)
  store<f32>(meta, <f32>(transform == transformPlain ? own : extra), metaExtra)
  store<f32>(meta, <f32>Math.sqrt(residual2), metaResidual)
  return own
}

/** Encodes `count` tightly packed vectors into rows of `stride` bytes. Returns the greatest squared norm. */
export function encodeRows(
  source: usize, count: i32, n: i32, transform: i32, phi: f64, centre: usize, target: usize, stride: i32, codesKind: i32, codeBytes: i32, staging: usize,
): f64 {
  let greatest: f64 = 0
  const used = <usize>codeBytes + 16
  for (let row: i32 = 0; row < count; row++) {
    greatest = max(greatest, encodeRow(source, n, transform, phi, centre, target, codesKind, codeBytes, staging))
    memory.fill(target + used, 0, <usize>stride - used)
    source += <usize>n << 2; target += <usize>stride
  }
  return greatest
}
