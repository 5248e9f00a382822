// Exact measures of two float32 vectors, in float64. Every sum runs in the order of score.ts (number i is added to sum i mod 4, sums 0 and 2
// join, then 1 and 3, then both; what is left of a vector that is no multiple of 4 follows one by one), so that all machines, and
// vector/measure in plain JavaScript, give the same bits.

/** What can be measured. */
export const measureCosine: i32 = 0
export const measureDot: i32 = 1
export const measureEuclidean: i32 = 2
export const measureAngular: i32 = 3
export const measureManhattan: i32 = 4
export const measureChebyshev: i32 = 5
export const measureJaccard: i32 = 6
export const measureWeightedJaccard: i32 = 7
export const measureOverlap: i32 = 8
export const measureComposite: i32 = 9

const halfPi: f64 = 1.5707963267948966
const arcTerms: i32 = 26

// @ts-ignore: decorator
@inline
function low(v: v128): v128 {
  return f64x2.promote_low_f32x4(v)
}
// @ts-ignore: decorator
@inline
function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1))
}
// @ts-ignore: decorator
@inline
function joined(s0: v128, s1: v128): f64 {
  const s = f64x2.add(s0, s1)
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1)
}

/** The cosine from a dot product and both squared norms: 0 where a vector is zero. sqrt(n * n) is n, so equal vectors have exactly 1. */
// @ts-ignore: decorator
@inline
export function cosineOf(dot: f64, norm2A: f64, norm2B: f64): f64 {
  const norms = Math.sqrt(norm2A * norm2B)
  return norms > 0 ? min<f64>(1, max<f64>(-1, dot / norms)) : 0
}

/**
 * The angle whose cosine is x, by the Taylor series of the arc sine at |y| <= 1/2 (Abramowitz & Stegun 4.4.40 and 4.4.2), from the four
 * operations and square roots alone.
 */
export function arcCosine(x: f64): f64 {
  const magnitude = abs(x), small = magnitude <= 0.5, y2 = small ? x * x : (1 - magnitude) / 2
  let series: f64 = 1
  for (let n = arcTerms; n > 0; n--) {
    const odd = <f64>(2 * n - 1)
    series = 1 + (series * y2 * odd * odd) / <f64>(2 * n * (2 * n + 1))
  }
  if (small) return halfPi - x * series
  const angle = 2 * Math.sqrt(y2) * series
  return x > 0 ? angle : 2 * halfPi - angle
}

/** Sum of |a|. */
export function sumOfMagnitudes(a: usize, n: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0
  const end = a + (<usize>n << 2)
  for (; a + 16 <= end; a += 16) {
    const x = f32x4.abs(v128.load(a))
    s0 = f64x2.add(s0, low(x))
    s1 = f64x2.add(s1, high(x))
  }
  let sum = joined(s0, s1)
  for (; a < end; a += 4) sum += abs(<f64>load<f32>(a))
  return sum
}

/** Sum of |a - b|. */
export function manhattanF64(a: usize, b: usize, n: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0
  const end = a + (<usize>n << 2)
  for (; a + 16 <= end; a += 16) {
    const x = v128.load(a), y = v128.load(b)
    s0 = f64x2.add(s0, f64x2.abs(f64x2.sub(low(x), low(y))))
    s1 = f64x2.add(s1, f64x2.abs(f64x2.sub(high(x), high(y))))
    b += 16
  }
  let sum = joined(s0, s1)
  for (; a < end; a += 4) { sum += abs(<f64>load<f32>(a) - <f64>load<f32>(b)); b += 4 }
  return sum
}

/** Greatest |a - b|. */
export function chebyshevF64(a: usize, b: usize, n: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0
  const end = a + (<usize>n << 2)
  for (; a + 16 <= end; a += 16) {
    const x = v128.load(a), y = v128.load(b)
    s0 = f64x2.pmax(s0, f64x2.abs(f64x2.sub(low(x), low(y))))
    s1 = f64x2.pmax(s1, f64x2.abs(f64x2.sub(high(x), high(y))))
    b += 16
  }
  s0 = f64x2.pmax(s0, s1)
  let greatest = max(f64x2.extract_lane(s0, 0), f64x2.extract_lane(s0, 1))
  for (; a < end; a += 4) { greatest = max(greatest, abs(<f64>load<f32>(a) - <f64>load<f32>(b))); b += 4 }
  return greatest
}

/** Sum of min(|a|, |b|) over sum of max(|a|, |b|); 1 for two zero vectors. */
export function weightedJaccardF64(a: usize, b: usize, n: i32): f64 {
  let least0 = f64x2.splat(0), least1 = least0, most0 = least0, most1 = least0
  const end = a + (<usize>n << 2)
  for (; a + 16 <= end; a += 16) {
    const x = f32x4.abs(v128.load(a)), y = f32x4.abs(v128.load(b)), least = f32x4.pmin(x, y), most = f32x4.pmax(x, y)
    least0 = f64x2.add(least0, low(least)); least1 = f64x2.add(least1, high(least))
    most0 = f64x2.add(most0, low(most)); most1 = f64x2.add(most1, high(most))
    b += 16
  }
  let least = joined(least0, least1), most = joined(most0, most1)
  for (; a < end; a += 4) {
    const x = abs(<f64>load<f32>(a)), y = abs(<f64>load<f32>(b))
    least += min(x, y); most += max(x, y)
    b += 4
  }
  return most > 0 ? least / most : 1
}

/** How many numbers are not zero: of a alone in the low half, of both at one place in the high half. */
export function nonZeros(a: usize, b: usize, n: i32): u64 {
  const zero = f32x4.splat(0)
  let own = i32x4.splat(0), both = own
  const end = a + (<usize>n << 2)
  for (; a + 16 <= end; a += 16) {
    const x = f32x4.ne(v128.load(a), zero), y = f32x4.ne(v128.load(b), zero)
    own = i32x4.sub(own, x)
    both = i32x4.sub(both, v128.and(x, y))
    b += 16
  }
  let ownCount = i32x4.extract_lane(own, 0) + i32x4.extract_lane(own, 1) + i32x4.extract_lane(own, 2) + i32x4.extract_lane(own, 3)
  let bothCount = i32x4.extract_lane(both, 0) + i32x4.extract_lane(both, 1) + i32x4.extract_lane(both, 2) + i32x4.extract_lane(both, 3)
  for (; a < end; a += 4) {
    const x = load<f32>(a) != 0
    ownCount += i32(x); bothCount += i32(x && load<f32>(b) != 0)
    b += 4
  }
  return (<u64>bothCount << 32) | <u64>ownCount
}

/** |A and B| / |A or B| of the places that are not zero, from their counts; 1 when both are empty. */
// @ts-ignore: decorator
@inline
export function jaccardOf(counts: u64, countB: i32): f64 {
  const both = <f64>(counts >> 32), either = <f64>(<i32>counts) + <f64>countB - both
  return either > 0 ? both / either : 1
}

/** |A and B| / min(|A|, |B|); 0 when one is empty. */
// @ts-ignore: decorator
@inline
export function overlapOf(counts: u64, countB: i32): f64 {
  const fewer = min(<i32>counts, countB)
  return fewer > 0 ? <f64>(counts >> 32) / <f64>fewer : 0
}
