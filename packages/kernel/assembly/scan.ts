// Scan with proof. Every row gets an estimate, and bounds that its true distance lies between. The k-th smallest upper bound T so far bounds
// the k-th smallest true distance, so a row whose lower bound is above T cannot be among the k nearest; all others are kept.
// With D the distance of the decoded vectors and r the sum of both residuals, the triangle inequality gives D - r <= ||q - x|| <= D + r.
// Cosine is half the squared distance of unit vectors. A dot product has |q.x - q'.x'| <= ||q|| ||x-x'|| + ||q-q'|| ||x'|| (Cauchy-Schwarz).
import { squaredL2F32x4 } from './dot'
import { keyDistance, keyId, keyOf, maxHeapPush, maxHeapReplace, maxHeapSort } from './keys'
import { codesInt7, codesInt8, metaExtra, metaNorm2, metaResidual, metaScale, Scan } from './layout'
import { codeDots, lanes } from './rows'

const modeDot: i32 = 1
const modeCosine: i32 = 2
const modeGraph: i32 = 3
const candidateBytes: usize = 16

/** Covers the rounding of the float32 operations below, relative to the numbers that enter them. */
const slack: f32 = 4e-6
/** Squares below this lose their relative precision: such rows, and with such a query all rows, are always kept. */
const tiny: f32 = 1e-30
const float32Epsilon: f32 = 1.2e-7
/** What float64 loses of 1 - cos by cancellation, and more: the bounds also hold for exact scores. */
const cosineSlack: f32 = 2e-12

// @ts-ignore: decorator
@inline
function keep(scan: Scan, row: u32, lower: f32, upper: f32, estimate: f32): void {
  // Not a number means that float32 overflowed: nothing is known of the row.
  if (isNaN(lower)) lower = -Infinity
  if (isNaN(upper)) upper = Infinity
  if (isNaN(estimate)) estimate = Infinity
  const at = scan.candidates + <usize>scan.candidateCount * candidateBytes
  store<f32>(at, lower)
  store<f32>(at, upper, 4)
  store<f32>(at, estimate, 8)
  store<u32>(at, row, 12)
  scan.candidateCount++
  const key = keyOf(upper, 0)
  if (scan.heapCount < scan.k) { maxHeapPush(scan.heap, scan.heapCount, key); scan.heapCount++ }
  else if (key < load<i64>(scan.heap)) maxHeapReplace(scan.heap, scan.heapCount, key)
  else return
  if (scan.heapCount == scan.k) scan.bound = min(scan.bound, keyDistance(load<i64>(scan.heap)))
}

/** Scores four rows (the last may repeat) and keeps those of the first `n` that may be among the nearest. */
function score4<T>(scan: Scan, r0: u32, r1: u32, r2: u32, r3: u32, n: i32): void {
  const stride = <usize>scan.stride, bytes = <usize>scan.codeBytes, rows = scan.rows, q = scan.query, mode = scan.mode, meta = q + bytes
  const a = rows + <usize>r0 * stride, b = rows + <usize>r1 * stride, c = rows + <usize>r2 * stride, d = rows + <usize>r3 * stride
  const residual = lanes(bytes + metaResidual, a, b, c, d), third = lanes(bytes + metaExtra, a, b, c, d)
  const queryResidual = v128.load32_splat(meta + metaResidual), queryThird = v128.load32_splat(meta + metaExtra)
  const one = f32x4.splat(1), zero = f32x4.splat(0)
  let squared: v128, rounding: v128, residuals: v128, missed: v128, estimate: v128, lower: v128, upper: v128
  if (isFloat<T>()) {
    const difference = f32x4.sub(third, queryThird)
    squared = f32x4.add(squaredL2F32x4(q, a, b, c, d, bytes), f32x4.mul(difference, difference))
    // A sum of squares rounds relative to itself, once per addition of a chain; the extra coordinate was rounded before.
    rounding = f32x4.mul(squared, f32x4.splat((<f32>bytes / 16 + 16) * float32Epsilon))
    const extraRounding = f32x4.mul(third, f32x4.splat(4 * float32Epsilon))
    rounding = f32x4.add(rounding, f32x4.mul(extraRounding, f32x4.add(f32x4.abs(difference), extraRounding)))
    residuals = f32x4.add(residual, queryResidual)
    missed = zero
  } else {
    const scale = lanes(bytes + metaScale, a, b, c, d), norm2 = lanes(bytes + metaNorm2, a, b, c, d), queryNorm2 = v128.load32_splat(meta + metaNorm2)
    let product = f32x4.mul(f32x4.mul(scale, v128.load32_splat(meta + metaScale)), f32x4.convert_i32x4_s(codeDots<T>(q, a, b, c, d, bytes)))
    if (mode == modeDot) {
      scoreDot(scan, product, scale, residual, norm2, third, r0, r1, r2, r3, n)
      return
    }
    let inverse = one
    if (mode == modeCosine) inverse = f32x4.div(one, f32x4.sqrt(third))
    else if (mode == modeGraph) product = f32x4.add(product, f32x4.mul(third, queryThird))
    const scaledNorm2 = f32x4.mul(f32x4.mul(norm2, inverse), inverse), scaledResidual = f32x4.mul(residual, inverse)
    missed = f32x4.add(f32x4.mul(scaledResidual, scaledResidual), f32x4.mul(queryResidual, queryResidual))
    squared = f32x4.sub(f32x4.add(scaledNorm2, queryNorm2), f32x4.add(missed, f32x4.mul(f32x4.add(product, product), inverse)))
    rounding = f32x4.mul(f32x4.splat(slack), f32x4.add(scaledNorm2, queryNorm2))
    residuals = f32x4.add(scaledResidual, queryResidual)
  }
  rounding = f32x4.add(rounding, f32x4.splat(tiny))
  residuals = f32x4.add(f32x4.mul(residuals, f32x4.splat(1 + slack)), f32x4.splat(tiny))
  lower = f32x4.max(zero, f32x4.sub(f32x4.sqrt(f32x4.max(zero, f32x4.sub(squared, rounding))), residuals))
  upper = f32x4.add(f32x4.sqrt(f32x4.max(zero, f32x4.add(squared, rounding))), residuals)
  lower = f32x4.mul(f32x4.mul(lower, lower), f32x4.splat(1 - slack))
  upper = f32x4.mul(f32x4.mul(upper, upper), f32x4.splat(1 + slack))
  estimate = f32x4.add(squared, missed)
  if (mode == modeCosine) {
    const scale = lanes(bytes + metaScale, a, b, c, d), nothing = f32x4.eq(scale, zero), half = f32x4.splat(0.5)
    // Zero vectors are at distance 1. A squared norm that float32 cannot hold says nothing.
    const unclear = v128.andnot(v128.not(f32x4.ge(third, f32x4.splat(tiny))), nothing)
    lower = v128.bitselect(one, v128.bitselect(f32x4.splat(-Infinity), f32x4.sub(f32x4.mul(lower, half), f32x4.splat(cosineSlack)), unclear), nothing)
    upper = v128.bitselect(one, v128.bitselect(f32x4.splat(Infinity), f32x4.add(f32x4.mul(upper, half), f32x4.splat(cosineSlack)), unclear), nothing)
    estimate = v128.bitselect(one, f32x4.mul(estimate, half), nothing)
  }
  admit(scan, lower, upper, estimate, r0, r1, r2, r3, n)
}

function scoreDot(scan: Scan, product: v128, scale: v128, residual: v128, norm2: v128, own2: v128, r0: u32, r1: u32, r2: u32, r3: u32, n: i32): void {
  const meta = scan.query + <usize>scan.codeBytes, query2 = load<f32>(meta, metaExtra)
  // Squares that float32 cannot hold say nothing, but zero vectors do.
  const queryUnclear = !(query2 >= tiny) && load<f32>(meta, metaScale) != 0
  const queryNorm = f32x4.splat(sqrt(query2)), queryResidual = f32x4.splat(load<f32>(meta, metaResidual)), decodedNorm = f32x4.sqrt(norm2)
  let error = f32x4.add(f32x4.mul(queryNorm, residual), f32x4.mul(queryResidual, decodedNorm))
  error = f32x4.add(f32x4.mul(error, f32x4.splat(1 + slack)), f32x4.mul(f32x4.splat(slack), f32x4.mul(queryNorm, decodedNorm)))
  error = f32x4.add(error, f32x4.splat(tiny))
  error = v128.bitselect(f32x4.splat(Infinity), error, f32x4.lt(own2, f32x4.splat(queryUnclear ? Infinity : tiny)))
  error = v128.bitselect(f32x4.splat(0), error, f32x4.eq(scale, f32x4.splat(0)))
  const estimate = f32x4.neg(product)
  admit(scan, f32x4.sub(estimate, error), f32x4.add(estimate, error), estimate, r0, r1, r2, r3, n)
}

/** Takes bounds to the metric's scale, and keeps the rows that they do not exclude. */
function admit(scan: Scan, lower: v128, upper: v128, estimate: v128, r0: u32, r1: u32, r2: u32, r3: u32, n: i32): void {
  const factor = f32x4.splat(scan.scale)
  lower = f32x4.add(f32x4.mul(factor, lower), f32x4.splat(scan.lowerShift))
  // What is not a number is not excluded.
  const mask = ~i32x4.bitmask(f32x4.gt(lower, f32x4.splat(scan.bound))) & ((1 << n) - 1)
  if (!mask) return
  upper = f32x4.add(f32x4.mul(factor, upper), f32x4.splat(scan.upperShift))
  estimate = f32x4.add(f32x4.mul(factor, estimate), f32x4.splat((scan.lowerShift + scan.upperShift) * 0.5))
  if (mask & 1) keep(scan, r0, f32x4.extract_lane(lower, 0), f32x4.extract_lane(upper, 0), f32x4.extract_lane(estimate, 0))
  if (mask & 2) keep(scan, r1, f32x4.extract_lane(lower, 1), f32x4.extract_lane(upper, 1), f32x4.extract_lane(estimate, 1))
  if (mask & 4) keep(scan, r2, f32x4.extract_lane(lower, 2), f32x4.extract_lane(upper, 2), f32x4.extract_lane(estimate, 2))
  if (mask & 8) keep(scan, r3, f32x4.extract_lane(lower, 3), f32x4.extract_lane(upper, 3), f32x4.extract_lane(estimate, 3))
}

/** Drops the candidates that the bound has meanwhile excluded. */
function prune(scan: Scan): void {
  const bound = scan.bound, end = scan.candidates + <usize>scan.candidateCount * candidateBytes
  let to = scan.candidates
  for (let from = to; from < end; from += candidateBytes) {
    if (load<f32>(from) > bound) continue
    v128.store(to, v128.load(from))
    to += candidateBytes
  }
  scan.candidateCount = <i32>((to - scan.candidates) / candidateBytes)
}

/** First allowed row at or after `row`, or `count`. */
// @ts-ignore: decorator
@inline
export function nextAllowed(allowed: usize, row: i32, count: i32): i32 {
  if (!allowed) return row
  while (row < count) {
    const word = load<u32>(allowed + (<usize>(row >> 5) << 2)) >> (row & 31)
    if (word) return min(row + <i32>ctz(word), count)
    row = (row | 31) + 1
  }
  return count
}

function step<T>(scan: Scan, evaluationsMax: i32): i32 {
  const count = scan.count, allowed = scan.allowed
  let position = scan.position, scored: i32 = 0, state: i32 = 0
  while (scored < evaluationsMax) {
    if (scan.candidateCount + 4 > scan.capacity) {
      prune(scan)
      if (scan.candidateCount > scan.capacity >> 1) { state = 2; break }
    }
    const r0 = nextAllowed(allowed, position, count)
    if (r0 >= count) { position = count; state = 1; break }
    const r1 = nextAllowed(allowed, r0 + 1, count), r2 = nextAllowed(allowed, r1 + 1, count), r3 = nextAllowed(allowed, r2 + 1, count)
    const n = r3 < count ? 4 : r2 < count ? 3 : r1 < count ? 2 : 1
    score4<T>(scan, r0, n > 1 ? r1 : r0, n > 2 ? r2 : r0, n > 3 ? r3 : r0, n)
    position = (n > 3 ? r3 : count - 1) + 1
    scored += n
  }
  scan.position = position
  scan.evaluations += scored
  return state
}

/** 1: all rows are scanned. 0: more to do. 2: more to do, and the candidates need more room first (copy them and raise the capacity). */
export function scanStep(scanPointer: usize, evaluationsMax: i32): i32 {
  const scan = changetype<Scan>(scanPointer)
  if (scan.codesKind == codesInt8) return step<i8>(scan, evaluationsMax)
  return scan.codesKind == codesInt7 ? step<u8>(scan, evaluationsMax) : step<f32>(scan, evaluationsMax)
}

/** Drops what is excluded; returns how many candidates remain. */
export function scanPrune(scanPointer: usize): i32 {
  const scan = changetype<Scan>(scanPointer)
  prune(scan)
  return scan.candidateCount
}

/** Writes the candidates by ascending estimate: u32 rows, f64 estimates, f64 lower bounds. `keys` has room for a key each. */
export function scanResults(scanPointer: usize, keys: usize, rows: usize, estimates: usize, lowers: usize): void {
  const scan = changetype<Scan>(scanPointer), n = scan.candidateCount
  for (let i: i32 = 0; i < n; i++) maxHeapPush(keys, i, keyOf(load<f32>(scan.candidates + <usize>i * candidateBytes, 8), i))
  maxHeapSort(keys, n)
  for (let i: i32 = 0; i < n; i++) {
    const at = scan.candidates + <usize>keyId(load<i64>(keys + (<usize>i << 3))) * candidateBytes
    store<u32>(rows + (<usize>i << 2), load<u32>(at, 12))
    store<f64>(estimates + (<usize>i << 3), <f64>load<f32>(at, 8))
    store<f64>(lowers + (<usize>i << 3), <f64>load<f32>(at))
  }
}
