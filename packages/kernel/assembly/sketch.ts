// One-bit sketches of 8-bit rows, in the manner of RaBitQ (Gao & Long, SIGMOD 2024): a row x becomes the signs of the rotated x - c, where c is
// the mean of the rows, and two numbers. A dot product with x - c is estimated as |x - c|^2 / sum|x - c| times the dot product with the signs.
// The rotation, random signs and a Walsh-Hadamard transform, twice, makes sums like these insensitive to single large coordinates.
import { metaExtra, metaScale, Sketch } from './layout'

export const modeL2: i32 = 0
const modeCosine: i32 = 2
/** Rows whose signs lie together, four dimensions of a row in half a byte: a lookup of sixteen bytes then serves them all. */
export const groupRows: u32 = 32
/** Levels of a query's magnitudes: four lookups in a row add up within a byte. */
const levelsMax: i32 = 15
const sumMax: i32 = 65_535

/** Draws the signs of the rotation, with the scale of the transforms in them: n float32 for each of its two rounds. */
export function sketchSigns(signs: usize, n: i32): void {
  const window = windowOf(n), factor = <f32>(1 / Math.sqrt(<f64>window))
  let state: u64 = 0x2545f4914f6cdd1d
  for (let round: i32 = 0; round < 2; round++) {
    const first = round ? n - window : 0
    for (let j: i32 = 0; j < n; j++) {
      state = state * 0x5851f42d4c957f2d + 0x14057b7ef767814f // Knuth's MMIX generator; its high bits are good
      const scale = j >= first && j < first + window ? factor : <f32>1
      store<f32>(signs, <i64>state < 0 ? -scale : scale)
      signs += 4
    }
  }
}

/** The greatest power of two that is at most n: the transform covers n numbers as two windows, one at each end. */
// @ts-ignore: decorator
@inline
function windowOf(n: i32): i32 {
  return <i32>0x80000000 >>> <i32>clz(n)
}

/** The mean of the first rows, unit vectors of them under cosine, as float32. */
export function sketchCentre(sketchPointer: usize, count: i32): void {
  const s = changetype<Sketch>(sketchPointer), end = s.centre + (<usize>s.n << 2)
  memory.fill(s.centre, 0, <usize>s.n << 2)
  for (let i: i32 = 0; i < count; i++) {
    let codes = s.rows + <usize>i * <usize>s.stride
    const factor = f32x4.splat(factorOf(s, codes) / <f32>count)
    for (let to = s.centre; to < end; to += 16) {
      v128.store(to, f32x4.add(v128.load(to), f32x4.mul(decoded(codes), factor)))
      codes += 4
    }
  }
}

/** What takes the codes of a row to its vector, or to its unit vector under cosine. */
// @ts-ignore: decorator
@inline
function factorOf(s: Sketch, row: usize): f32 {
  const meta = row + <usize>s.n, scale = load<f32>(meta, metaScale)
  if (s.mode != modeCosine) return scale
  const norm2 = load<f32>(meta, metaExtra)
  return norm2 > 0 ? scale / sqrt(norm2) : 0
}

// @ts-ignore: decorator
@inline
function decoded(codes: usize): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(codes))))
}

// @ts-ignore: decorator
@inline
function total(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3)
}

/** Sketches the rows from..to. Room for whole groups of 32 is there. */
export function sketchRows(sketchPointer: usize, from: u32, to: u32): void {
  const s = changetype<Sketch>(sketchPointer), n = <usize>s.n << 2
  for (let row = from; row < to; row++) {
    const codes = s.rows + <usize>row * <usize>s.stride, factor = f32x4.splat(factorOf(s, codes))
    let norm2 = f32x4.splat(0), along = norm2
    for (let j: usize = 0; j < n; j += 16) {
      const c = v128.load(s.centre + j), v = f32x4.sub(f32x4.mul(decoded(codes + (j >> 2)), factor), c)
      norm2 = f32x4.add(norm2, f32x4.mul(v, v))
      along = f32x4.add(along, f32x4.mul(v, c))
      v128.store(s.work + j, v)
    }
    rotate(s.work, s.n, s.signs)
    const magnitude = storeSigns(s, row), square = total(norm2)
    const meta = groupOf(s, row) + n + ((row & 31) << 2)
    store<f32>(meta, s.mode == modeL2 ? square : total(along))
    store<f32>(meta, magnitude > 0 ? square / magnitude : 0, 128)
  }
}

// @ts-ignore: decorator
@inline
function groupOf(s: Sketch, row: u32): usize {
  return s.groups + <usize>(row / groupRows) * <usize>s.groupBytes
}

/** Stores the signs of the work numbers: rows 0..7 of a group in even low half bytes, 8..15 in odd ones, 16..31 in the high halves. Returns the sum of magnitudes. */
function storeSigns(s: Sketch, row: u32): f32 {
  const place = row & 15, high = (row & 16) >> 2, zero = f32x4.splat(0), end = s.work + (<usize>s.n << 2)
  let at = groupOf(s, row) + (place < 8 ? place << 1 : ((place - 8) << 1) + 1), sum = zero
  const mask = <u32>0xf0 >> high
  for (let from = s.work; from < end; from += 16) {
    const v = v128.load(from)
    sum = f32x4.add(sum, f32x4.abs(v))
    store<u8>(at, <u8>((<u32>load<u8>(at) & mask) | (<u32>i32x4.bitmask(f32x4.ge(v, zero)) << high)))
    at += 16
  }
  return total(sum)
}

/** Rotates n numbers (a multiple of 16) in place: twice random signs and a transform of one window. */
function rotate(numbers: usize, n: i32, signs: usize): void {
  const bytes = <usize>n << 2, window = windowOf(n)
  for (let round: i32 = 0; round < 2; round++) {
    for (let j: usize = 0; j < bytes; j += 16) v128.store(numbers + j, f32x4.mul(v128.load(numbers + j), v128.load(signs + j)))
    hadamard(round ? numbers + (<usize>(n - window) << 2) : numbers, <usize>window << 2)
    signs += bytes
  }
}

/** The Walsh-Hadamard transform, not normalised, of a power of two of at least 16 numbers. */
function hadamard(numbers: usize, bytes: usize): void {
  const end = numbers + bytes, odd = f32x4(1, -1, 1, -1), upper = f32x4(1, 1, -1, -1)
  for (let at = numbers; at < end; at += 16) {
    let v = v128.load(at)
    v = f32x4.add(f32x4.mul(v, odd), v128.shuffle<i32>(v, v, 1, 0, 3, 2))
    v128.store(at, f32x4.add(f32x4.mul(v, upper), v128.shuffle<i64>(v, v, 1, 0)))
  }
  let half: usize = 16
  for (; half << 1 < bytes; half <<= 2) { // two stages at once
    for (let block = numbers; block < end; block += half << 2) {
      for (let at = block; at < block + half; at += 16) {
        const a = v128.load(at), b = v128.load(at + half), c = v128.load(at + 2 * half), d = v128.load(at + 3 * half)
        const ab = f32x4.add(a, b), ba = f32x4.sub(a, b), cd = f32x4.add(c, d), dc = f32x4.sub(c, d)
        v128.store(at, f32x4.add(ab, cd)); v128.store(at + half, f32x4.add(ba, dc))
        v128.store(at + 2 * half, f32x4.sub(ab, cd)); v128.store(at + 3 * half, f32x4.sub(ba, dc))
      }
    }
  }
  if (half >= bytes) return
  for (let at = numbers; at < numbers + half; at += 16) {
    const a = v128.load(at), b = v128.load(at + half)
    v128.store(at, f32x4.add(a, b))
    v128.store(at + half, f32x4.sub(a, b))
  }
}

/**
 * Prepares the estimates for an encoded query q. Only the part of q that is no multiple of c needs estimating: with q' = q - beta c,
 * l2 (beta 1): |q - x|^2 = |q'|^2 + |x - c|^2 - 2 q'(x - c); else -qx = -qc - beta c(x - c) - q'(x - c) with the beta that makes q' shortest.
 */
export function sketchQuery(sketchPointer: usize, query: usize): void {
  const s = changetype<Sketch>(sketchPointer), bytes = <usize>s.n << 2, factor = f32x4.splat(load<f32>(query + <usize>s.n, metaScale))
  let product = f32x4.splat(0), centre2 = product, norm2 = product
  for (let j: usize = 0; j < bytes; j += 16) {
    const c = v128.load(s.centre + j), v = f32x4.mul(decoded(query + (j >> 2)), factor)
    product = f32x4.add(product, f32x4.mul(v, c))
    centre2 = f32x4.add(centre2, f32x4.mul(c, c))
    v128.store(s.work + j, v)
  }
  const inCentre = total(centre2), along = total(product)
  const beta: f32 = s.mode == modeL2 ? 1 : inCentre > 0 ? along / inCentre : 0, share = f32x4.splat(beta)
  for (let j: usize = 0; j < bytes; j += 16) {
    const v = f32x4.sub(v128.load(s.work + j), f32x4.mul(share, v128.load(s.centre + j)))
    norm2 = f32x4.add(norm2, f32x4.mul(v, v))
    v128.store(s.work + j, v)
  }
  s.queryNorm = sqrt(total(norm2))
  s.base = s.mode == modeL2 ? total(norm2) : s.mode == modeCosine ? 1 - along : -along
  s.first = s.mode == modeL2 ? 1 : -beta
  rotate(s.work, s.n, s.signs)
  fillTable(s)
}

/** For each four dimensions and each of their 16 patterns of signs: the sum of the query's magnitudes where the signs agree. */
function fillTable(s: Sketch): void {
  const end = s.work + (<usize>s.n << 2)
  let top = f32x4.splat(0)
  for (let at = s.work; at < end; at += 16) top = f32x4.max(top, f32x4.abs(v128.load(at)))
  const greatest = max(max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1)), max(f32x4.extract_lane(top, 2), f32x4.extract_lane(top, 3)))
  const levels = <f32>min(levelsMax, sumMax / s.n), step: f32 = greatest > 0 ? greatest / levels : 1, inverse = f32x4.splat(1 / step)
  const bit0 = i8x16(0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1), bit1 = i8x16(0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1)
  const bit2 = i8x16(0, 0, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1), bit3 = i8x16(0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1)
  let sum = i32x4.splat(0), to = s.table
  for (let at = s.work; at < end; at += 16) {
    const v = v128.load(at), negative = i32x4.shr_s(v, 31)
    const level = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(f32x4.abs(v), inverse)))
    sum = i32x4.add(sum, level)
    const low = i8x16.add(agreeing(level, negative, bit0, 0), agreeing(level, negative, bit1, 4))
    const high = i8x16.add(agreeing(level, negative, bit2, 8), agreeing(level, negative, bit3, 12))
    v128.store(to, i8x16.add(low, high))
    to += 16
  }
  const whole = i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3)
  // The dot product with the signs is step * (2 * agreeing - whole).
  s.second = (s.mode == modeL2 ? -4 : -2) * step
  s.half = <f32>whole * 0.5
}

// @ts-ignore: decorator
@inline
function agreeing(level: v128, negative: v128, bit: v128, lane: i8): v128 {
  const select = i8x16.splat(lane)
  return v128.and(v128.swizzle(level, select), v128.xor(bit, v128.swizzle(negative, select)))
}
