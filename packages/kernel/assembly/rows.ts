// Rows: how a vector is encoded, and the squared distance between encoded rows. The type parameter says what a row holds:
// u8: 7-bit codes with their bias; i8: signed 8-bit codes; f32: the numbers themselves.
import { codeBias, dotI8x4, dotU7, dotU7x4, squaredL2F32x4 } from './dot'
import {
  codesFloat32, codesInt7, metaExtra, metaNorm2, metaResidual, metaScale, metaSum, transformAugment, transformNormalise, transformPlain,
} from './layout'
import { rotate } from './rotation'
import { total } from './signs'

const codeMax: f64 = 127
/** Two of these times 127 still fit 16 bits, which is what makes relaxed and plain products equal. */
const codeMax7: f64 = 63
/** Rounds of the rotation of a graph. */
const rotationRounds: i32 = 2
/** Covers what float32 loses of a vector's length in a rotation: 2^-24 in each of its 30 additions at most. */
const rotationSlack: f64 = 2e-6
/** A vector that is shorter than the inverse of this is made a unit vector in float64: float32 has no such factor. */
const factorMax: f64 = 1e30
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

/** Dot products of the codes of the row at q with those of four others. */
// @ts-ignore: decorator
@inline
export function codeDots<T>(q: usize, a: usize, b: usize, c: usize, d: usize, codeBytes: usize): v128 {
  if (isSigned<T>()) return dotI8x4(q, a, b, c, d, codeBytes)
  return i32x4.sub(dotU7x4(q, a, b, c, d, codeBytes), i32x4.splat(codeBias * load<i32>(q + codeBytes, metaSum)))
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
  const dots = f32x4.convert_i32x4_s(codeDots<T>(q, a, b, c, d, codeBytes))
  const scales = f32x4.mul(lanes(codeBytes + metaScale, a, b, c, d), v128.load32_splat(q + codeBytes + metaScale))
  const norms = f32x4.add(lanes(codeBytes + metaNorm2, a, b, c, d), v128.load32_splat(q + codeBytes + metaNorm2))
  const products = f32x4.add(f32x4.mul(scales, dots), f32x4.mul(extra, queryExtra))
  return f32x4.sub(norms, f32x4.add(products, products))
}

// @ts-ignore: decorator
@inline
export function distance1<T>(q: usize, a: usize, codeBytes: usize): f32 {
  if (isFloat<T>()) return f32x4.extract_lane(distance4<T>(q, a, a, a, a, codeBytes), 0)
  const row = a + codeBytes, query = q + codeBytes
  const dot = <f32>(dotU7(q, a, codeBytes) - codeBias * load<i32>(query, metaSum))
  const product = load<f32>(row, metaScale) * load<f32>(query, metaScale) * dot + load<f32>(row, metaExtra) * load<f32>(query, metaExtra)
  return load<f32>(row, metaNorm2) + load<f32>(query, metaNorm2) - (product + product)
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
export function factorOf(norm2: f64, transform: i32): f64 {
  return transform == transformNormalise && norm2 > 0 ? 1 / Math.sqrt(norm2) : 1
}
export function extraOf(norm2: f64, transform: i32, phi: f64): f64 {
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
export function centred(source: usize, n: i32, factor: f64, centre: usize, staging: usize, padded: i32): f64 {
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

/** Stores float32 numbers for float64 ones. Returns the sums of their squares and of what rounding took. */
function storeNumbers(from: usize, target: usize, codeBytes: i32, sums: usize): void {
  let squares = f64x2.splat(0), errors = squares
  for (let to = target; to < target + <usize>codeBytes; to += 8) {
    const t = v128.load(from), rounded = f32x4.demote_f64x2_zero(t), e = f64x2.sub(t, f64x2.promote_low_f32x4(rounded))
    v128.store64_lane(to, rounded, 0)
    squares = f64x2.add(squares, f64x2.mul(t, t))
    errors = f64x2.add(errors, f64x2.mul(e, e))
    from += 16
  }
  storeSums(sums, squares, errors)
}

// @ts-ignore: decorator
@inline
function storeSums(sums: usize, squares: v128, errors: v128): void {
  store<f64>(sums, f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1))
  store<f64>(sums, f64x2.extract_lane(errors, 0) + f64x2.extract_lane(errors, 1), 8)
}

/** Stores codes, in steps of scale, for float64 numbers. Writes the squared norms of what they stand for and of what they miss to `sums`. */
function storeCodes(from: usize, target: usize, codeBytes: i32, scale: f32, bias: i32, sums: usize): void {
  const inverse = f64x2.splat(scale > 0 ? 1 / <f64>scale : 0), s = f64x2.splat(<f64>scale), offset = i8x16.splat(<i8>bias)
  let squares = f64x2.splat(0), errors = squares
  for (let to = target; to < target + <usize>codeBytes; to += 4) {
    const t0 = v128.load(from), t1 = v128.load(from, 16)
    const c0 = f64x2.nearest(f64x2.mul(t0, inverse)), c1 = f64x2.nearest(f64x2.mul(t1, inverse))
    const i = v128.shuffle<i32>(i32x4.trunc_sat_f64x2_s_zero(c0), i32x4.trunc_sat_f64x2_s_zero(c1), 0, 1, 4, 5)
    const h = i16x8.narrow_i32x4_s(i, i)
    // Saturates at -128..127; the residual below is that of what was stored, because |code| is below unless the scale is denormal.
    const codes = bounded(i8x16.narrow_i16x8_s(h, h), bias)
    v128.store32_lane(to, i8x16.add(codes, offset), 0)
    const back = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(codes))
    const d0 = f64x2.mul(f64x2.convert_low_i32x4_s(back), s), e0 = f64x2.sub(t0, d0)
    const d1 = f64x2.mul(f64x2.convert_low_i32x4_s(v128.shuffle<i64>(back, back, 1, 1)), s), e1 = f64x2.sub(t1, d1)
    squares = f64x2.add(squares, f64x2.add(f64x2.mul(d0, d0), f64x2.mul(d1, d1)))
    errors = f64x2.add(errors, f64x2.add(f64x2.mul(e0, e0), f64x2.mul(e1, e1)))
    from += 32
  }
  storeSums(sums, squares, errors)
}

// @ts-ignore: decorator
@inline
function bounded(codes: v128, bias: i32): v128 {
  return bias ? i8x16.max_s(i8x16.min_s(codes, i8x16.splat(<i8>codeMax7)), i8x16.splat(-<i8>codeMax7)) : codes
}

/** The sum of codes that are stored with their bias. */
function sumOfCodes(codes: usize, codeBytes: i32): i32 {
  let sum = i32x4.splat(0)
  const end = codes + <usize>codeBytes
  for (let at = codes; at < end; at += 16) sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(v128.load(at))))
  return i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3) - codeBias * codeBytes
}

/** Stores n float64 numbers as float32, which may be where they are. */
function demote(from: usize, n: i32, to: usize): void {
  for (let i: usize = 0; i < <usize>n << 2; i += 8) v128.store64_lane(to + i, f32x4.demote_f64x2_zero(v128.load(from + (i << 1))), 0)
}

/** Rotates the float64 numbers at staging: float32 at `rotated`, and back. Returns their greatest magnitude. */
export function rotateStaged(staging: usize, n: i32, rotated: usize, signs: usize): f64 {
  demote(staging, n, rotated)
  rotate(rotated, n, signs, rotationRounds)
  let greatest = f64x2.splat(0)
  for (let i: usize = 0; i < <usize>n << 2; i += 8) {
    const v = f64x2.promote_low_f32x4(v128.load64_zero(rotated + i))
    greatest = f64x2.pmax(greatest, f64x2.abs(v))
    v128.store(staging + (i << 1), v)
  }
  return max(f64x2.extract_lane(greatest, 0), f64x2.extract_lane(greatest, 1))
}

/**
 * Encodes one vector of n float32 as a row: codes of (transformed - centre), rotated when 7-bit, then the meta numbers. `staging` has room for
 * n rounded up to 16 float64 and as many float32, where the rotated numbers are left, and two float64 more. Returns the vector's own squared norm.
 */
export function encodeRow(
  source: usize, n: i32, transform: i32, phi: f64, centre: usize, signs: usize, target: usize, codesKind: i32, codeBytes: i32, staging: usize,
): f64 {
  const own = squaredNorm(source, n), extra = extraOf(own, transform, phi)
  const padded = codesKind == codesFloat32 ? codeBytes >> 2 : codeBytes, sums = staging + <usize>padded * 12
  let top = centred(source, n, factorOf(own, transform), centre, staging, padded), scale: f32 = 1
  if (codesKind == codesFloat32) storeNumbers(staging, target, codeBytes, sums)
  else {
    const rotated = codesKind == codesInt7
    if (rotated) top = rotateStaged(staging, padded, staging + (<usize>padded << 3), signs)
    scale = top > 0 ? <f32>max(top / (rotated ? codeMax7 : codeMax), scaleMin) : 0
    storeCodes(staging, target, codeBytes, scale, rotated ? codeBias : 0, sums)
  }
  const decoded2 = load<f64>(sums)
  let residual2 = load<f64>(sums, 8)
  const meta = target + <usize>codeBytes
  if (codesKind == codesInt7) {
    const residual = Math.sqrt(residual2) + rotationSlack * Math.sqrt(decoded2)
    residual2 = residual * residual
    store<i32>(meta, sumOfCodes(target, codeBytes), metaSum)
  }
  store<f32>(meta, scale, metaScale)
  store<f32>(meta, <f32>(decoded2 + residual2 + extra * extra), metaNorm2)
  store<f32>(meta, <f32>(transform == transformPlain ? own : extra), metaExtra)
  store<f32>(meta, <f32>Math.sqrt(residual2), metaResidual)
  return own
}

/** Encodes `count` tightly packed vectors into rows of `stride` bytes. Returns the greatest squared norm. */
export function encodeRows(
  source: usize, count: i32, n: i32, transform: i32, phi: f64, centre: usize, signs: usize, target: usize, stride: i32, codesKind: i32, codeBytes: i32, staging: usize,
): f64 {
  let greatest: f64 = 0
  const used = <usize>codeBytes + (codesKind == codesInt7 ? metaSum + 4 : metaSum)
  for (let row: i32 = 0; row < count; row++) {
    greatest = max(greatest, encodeRow(source, n, transform, phi, centre, signs, target, codesKind, codeBytes, staging))
    memory.fill(target + used, 0, <usize>stride - used)
    source += <usize>n << 2; target += <usize>stride
  }
  return greatest
}

/** Four times four numbers as signed bytes. */
// @ts-ignore: decorator
@inline
function narrowed(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d))
}

// @ts-ignore: decorator
@inline
function codesOf(numbers: usize, inverse: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(numbers), inverse)))
}

// @ts-ignore: decorator
@inline
function errorOf(numbers: usize, codes: v128, scale: v128): v128 {
  return f32x4.sub(v128.load(numbers), f32x4.mul(f32x4.convert_i32x4_s(codes), scale))
}

/** factor * query - centre in float32, with zeros up to `padded` numbers. */
// @ts-ignore: decorator
@inline
function centreQuery(source: usize, n: i32, factor: f32, centre: usize, numbers: usize, padded: i32): void {
  const f = f32x4.splat(factor), wholeEnd = <usize>(n & ~3) << 2, end = <usize>n << 2
  let i: usize = 0
  for (; i < wholeEnd; i += 16) v128.store(numbers + i, f32x4.sub(f32x4.mul(v128.load(source + i), f), v128.load(centre + i)))
  for (; i < end; i += 4) store<f32>(numbers + i, load<f32>(source + i) * factor - load<f32>(centre + i))
  memory.fill(numbers + end, 0, (<usize>padded << 2) - end)
}

/**
 * Encodes a query as a row of 7-bit codes like encodeRow, in float32: several times faster, and good enough for estimates, though not for proofs.
 * The rotated numbers (n rounded up to 16 float32) are left at `numbers`, which has room for as many float64. Returns the query's own squared norm.
 */
export function encodeQueryRow(
  source: usize, n: i32, transform: i32, centre: usize, signs: usize, target: usize, codeBytes: i32, numbers: usize,
): f64 {
  const own = squaredNorm(source, n), extra = extraOf(own, transform, 0), factor = factorOf(own, transform)
  const allEnd = <usize>codeBytes << 2
  let i: usize = 0
  if (factor < factorMax) centreQuery(source, n, <f32>factor, centre, numbers, codeBytes)
  else {
    centred(source, n, factor, centre, numbers, codeBytes)
    demote(numbers, codeBytes, numbers)
  }
  rotate(numbers, codeBytes, signs, rotationRounds)
  let top = f32x4.splat(0)
  for (i = 0; i < allEnd; i += 16) top = f32x4.pmax(top, f32x4.abs(v128.load(numbers + i)))
  const greatest = max(max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1)), max(f32x4.extract_lane(top, 2), f32x4.extract_lane(top, 3)))
  const scale: f32 = greatest > 0 ? max(greatest / <f32>codeMax7, <f32>scaleMin) : 0, s = f32x4.splat(scale)
  const inverse = f32x4.splat(scale > 0 ? 1 / scale : 0), bias = i8x16.splat(<i8>codeBias)
  let squares = f32x4.splat(0), errors = squares, to = target
  for (i = 0; i < allEnd; i += 64) {
    const from = numbers + i
    const a = codesOf(from, inverse), b = codesOf(from + 16, inverse), c = codesOf(from + 32, inverse), d = codesOf(from + 48, inverse)
    v128.store(to, i8x16.add(bounded(narrowed(a, b, c, d), codeBias), bias))
    const e0 = errorOf(from, a, s), e1 = errorOf(from + 16, b, s), e2 = errorOf(from + 32, c, s), e3 = errorOf(from + 48, d, s)
    errors = f32x4.add(errors, f32x4.add(f32x4.add(f32x4.mul(e0, e0), f32x4.mul(e1, e1)), f32x4.add(f32x4.mul(e2, e2), f32x4.mul(e3, e3))))
    const w0 = f32x4.convert_i32x4_s(a), w1 = f32x4.convert_i32x4_s(b), w2 = f32x4.convert_i32x4_s(c), w3 = f32x4.convert_i32x4_s(d)
    squares = f32x4.add(squares, f32x4.add(f32x4.add(f32x4.mul(w0, w0), f32x4.mul(w1, w1)), f32x4.add(f32x4.mul(w2, w2), f32x4.mul(w3, w3))))
    to += 16
  }
  const meta = target + <usize>codeBytes, residual2 = total(errors)
  store<f32>(meta, scale, metaScale)
  store<f32>(meta, total(squares) * scale * scale + residual2 + <f32>(extra * extra), metaNorm2)
  store<f32>(meta, <f32>extra, metaExtra)
  store<f32>(meta, sqrt(residual2), metaResidual)
  store<i32>(meta, sumOfCodes(target, codeBytes), metaSum)
  return own
}
