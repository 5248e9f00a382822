// float32 estimates of measures: four rows against one query or two. Greater is better, so distances are negated.
import { measureChebyshev, measureEuclidean, measureManhattan, measureWeightedJaccard } from './measure'

/** How far ahead of a sum memory is asked for: measured, a few cache lines less or more are as good. */
const aheadBytes: usize = 1024

// What is summed, as type parameters.
type Products = i8
type Squares = i16
type Magnitudes = i32
type Greatest = i64
/** Differences of magnitudes. */
type Gaps = f64

// @ts-ignore: decorator
@inline
function add<T>(sum: v128, a: v128, b: v128): v128 {
  if (sizeof<T>() == sizeof<Products>()) return f32x4.add(sum, f32x4.mul(a, b))
  if (isFloat<T>()) return f32x4.add(sum, f32x4.abs(f32x4.sub(f32x4.abs(a), f32x4.abs(b))))
  const difference = f32x4.sub(a, b)
  if (sizeof<T>() == sizeof<Squares>()) return f32x4.add(sum, f32x4.mul(difference, difference))
  if (sizeof<T>() == sizeof<Magnitudes>()) return f32x4.add(sum, f32x4.abs(difference))
  return f32x4.pmax(sum, f32x4.abs(difference)) // never not a number
}

// @ts-ignore: decorator
@inline
function join<T>(a: v128, b: v128): v128 {
  return !isFloat<T>() && sizeof<T>() == sizeof<Greatest>() ? f32x4.pmax(a, b) : f32x4.add(a, b)
}

// @ts-ignore: decorator
@inline
function totals<T>(s0: v128, s1: v128, s2: v128, s3: v128): v128 {
  const u01 = join<T>(v128.shuffle<i32>(s0, s1, 0, 4, 1, 5), v128.shuffle<i32>(s0, s1, 2, 6, 3, 7))
  const u23 = join<T>(v128.shuffle<i32>(s2, s3, 0, 4, 1, 5), v128.shuffle<i32>(s2, s3, 2, 6, 3, 7))
  const all = join<T>(v128.shuffle<i64>(u01, u23, 0, 2), v128.shuffle<i64>(u01, u23, 1, 3))
  return sizeof<T>() == sizeof<Products>() ? all : f32x4.neg(all)
}

/** Lanes whose sum is the estimate of one row. Memory is asked for what comes `aheadBytes` later, which doubles the rate of one stream. */
// @ts-ignore: decorator
@inline
function one<T>(q: usize, a: usize, bytes: usize, sink: usize): v128 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, ahead = s0
  const end = q + bytes, wholeEnd = q + (bytes & ~63)
  while (q < wholeEnd) {
    ahead = v128.or(ahead, v128.load(a + aheadBytes))
    s0 = add<T>(s0, v128.load(q), v128.load(a)); s1 = add<T>(s1, v128.load(q, 16), v128.load(a, 16))
    s2 = add<T>(s2, v128.load(q, 32), v128.load(a, 32)); s3 = add<T>(s3, v128.load(q, 48), v128.load(a, 48))
    q += 64; a += 64
  }
  for (; q < end; q += 16) { s0 = add<T>(s0, v128.load(q), v128.load(a)); a += 16 }
  store<i32>(sink, i32x4.extract_lane(ahead, 0))
  return join<T>(join<T>(s0, s2), join<T>(s1, s3))
}

// @ts-ignore: decorator
@inline
function oneByOne<T>(q: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize, sink: usize): v128 {
  return totals<T>(one<T>(q, a, bytes, sink), one<T>(q, b, bytes, sink), one<T>(q, c, bytes, sink), one<T>(q, d, bytes, sink))
}

// @ts-ignore: decorator
@inline
function four<T>(q: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize): v128 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0
  const end = q + bytes, pairsEnd = q + (bytes & ~31)
  while (q < pairsEnd) {
    let v = v128.load(q)
    s0 = add<T>(s0, v, v128.load(a)); s1 = add<T>(s1, v, v128.load(b))
    s2 = add<T>(s2, v, v128.load(c)); s3 = add<T>(s3, v, v128.load(d))
    v = v128.load(q, 16)
    s0 = add<T>(s0, v, v128.load(a, 16)); s1 = add<T>(s1, v, v128.load(b, 16))
    s2 = add<T>(s2, v, v128.load(c, 16)); s3 = add<T>(s3, v, v128.load(d, 16))
    q += 32; a += 32; b += 32; c += 32; d += 32
  }
  if (q < end) {
    const v = v128.load(q)
    s0 = add<T>(s0, v, v128.load(a)); s1 = add<T>(s1, v, v128.load(b))
    s2 = add<T>(s2, v, v128.load(c)); s3 = add<T>(s3, v, v128.load(d))
  }
  return totals<T>(s0, s1, s2, s3)
}

// @ts-ignore: decorator
@inline
function eight<T>(p: usize, q: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize, out: usize): void {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0
  const end = p + bytes
  while (p < end) {
    const v = v128.load(p), w = v128.load(q)
    let x = v128.load(a)
    s0 = add<T>(s0, v, x); t0 = add<T>(t0, w, x)
    x = v128.load(b)
    s1 = add<T>(s1, v, x); t1 = add<T>(t1, w, x)
    x = v128.load(c)
    s2 = add<T>(s2, v, x); t2 = add<T>(t2, w, x)
    x = v128.load(d)
    s3 = add<T>(s3, v, x); t3 = add<T>(t3, w, x)
    p += 16; q += 16; a += 16; b += 16; c += 16; d += 16
  }
  v128.store(out, totals<T>(s0, s1, s2, s3))
  v128.store(out, totals<T>(t0, t1, t2, t3), 16)
}

/**
 * Estimates for one query. `bytes` is a multiple of 16. With a `sink` (room for 4 bytes, which keep early loads alive) the rows come from memory,
 * which is there up to aheadBytes behind them; else from a cache, where four rows at once are faster.
 */
export function estimate4(measure: i32, q: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize, sink: usize): v128 {
  if (measure == measureManhattan) return four<Magnitudes>(q, a, b, c, d, bytes)
  if (measure == measureChebyshev) return four<Greatest>(q, a, b, c, d, bytes)
  if (measure == measureWeightedJaccard) return four<Gaps>(q, a, b, c, d, bytes)
  if (measure == measureEuclidean) return sink ? oneByOne<Squares>(q, a, b, c, d, bytes, sink) : four<Squares>(q, a, b, c, d, bytes)
  return sink ? oneByOne<Products>(q, a, b, c, d, bytes, sink) : four<Products>(q, a, b, c, d, bytes)
}

/** Estimates for two queries, to `out`, 16 bytes each. */
export function estimate8(measure: i32, p: usize, q: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize, out: usize): void {
  if (measure == measureEuclidean) eight<Squares>(p, q, a, b, c, d, bytes, out)
  else if (measure == measureManhattan) eight<Magnitudes>(p, q, a, b, c, d, bytes, out)
  else if (measure == measureChebyshev) eight<Greatest>(p, q, a, b, c, d, bytes, out)
  else if (measure == measureWeightedJaccard) eight<Gaps>(p, q, a, b, c, d, bytes, out)
  else eight<Products>(p, q, a, b, c, d, bytes, out)
}
