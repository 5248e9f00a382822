// Dot products with vectors of signs, 32 at a time (FastScan: Andre, Kermarrec & Le Scouarnec, VLDB 2015). The signs of four dimensions of a
// vector are half a byte; a table says what the query contributes for each of its 16 patterns, so that one shuffle looks up sixteen vectors.

/** Vectors whose signs lie together: n/4 times 16 bytes, the low halves for the first 16 vectors and the high halves for the others. */
export const groupRows: u32 = 32
/** Levels of a query's magnitudes: four lookups in a row add up within a byte, and all of them within 16 bits. */
const levelsMax: i32 = 15
const sumMax: i32 = 65_535

// @ts-ignore: decorator
@inline
export function total(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3)
}

/** Offset of a vector's byte within sixteen: 0..7 in even bytes, 8..15 in odd ones, so that sums of byte pairs come out in order. */
// @ts-ignore: decorator
@inline
export function placeOf(member: u32): usize {
  const place = member & 15
  return place < 8 ? place << 1 : ((place - 8) << 1) + 1
}

/** Stores the signs of n numbers as a member of the group of signs at `codes`. Returns the sum of their magnitudes. */
export function storeSigns(numbers: usize, n: i32, codes: usize, member: u32): f32 {
  const high = (member & 16) >> 2, zero = f32x4.splat(0), end = numbers + (<usize>n << 2), mask = <u32>0xf0 >> high
  let at = codes + placeOf(member), sum = zero
  for (let from = numbers; from < end; from += 16) {
    const v = v128.load(from)
    sum = f32x4.add(sum, f32x4.abs(v))
    store<u8>(at, <u8>((<u32>load<u8>(at) & mask) | (<u32>i32x4.bitmask(f32x4.ge(v, zero)) << high)))
    at += 16
  }
  return total(sum)
}

/**
 * Makes the table (4 n bytes) of n numbers of a query: for each four dimensions and each of their 16 patterns, the sum of the magnitudes whose
 * signs agree. A dot product with signs is then step * (2 * agreement - whole). Returns the step, and writes half the whole (float32) to `half`.
 */
export function fillTable(numbers: usize, n: i32, table: usize, half: usize): f32 {
  const end = numbers + (<usize>n << 2)
  let top = f32x4.splat(0)
  for (let at = numbers; at < end; at += 16) top = f32x4.max(top, f32x4.abs(v128.load(at)))
  const greatest = max(max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1)), max(f32x4.extract_lane(top, 2), f32x4.extract_lane(top, 3)))
  const levels = <f32>min(levelsMax, sumMax / n), step: f32 = greatest > 0 ? greatest / levels : 1, inverse = f32x4.splat(1 / step)
  const bit0 = i8x16(0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1), bit1 = i8x16(0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1)
  const bit2 = i8x16(0, 0, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1), bit3 = i8x16(0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1)
  let sum = i32x4.splat(0)
  for (let at = numbers; at < end; at += 16) {
    const v = v128.load(at), negative = i32x4.shr_s(v, 31)
    const level = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(f32x4.abs(v), inverse)))
    sum = i32x4.add(sum, level)
    const low = i8x16.add(agreeing(level, negative, bit0, 0), agreeing(level, negative, bit1, 4))
    const high = i8x16.add(agreeing(level, negative, bit2, 8), agreeing(level, negative, bit3, 12))
    v128.store(table, i8x16.add(low, high))
    table += 16
  }
  const whole = i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3)
  store<f32>(half, <f32>whole * 0.5)
  return step
}

// @ts-ignore: decorator
@inline
function agreeing(level: v128, negative: v128, bit: v128, lane: i8): v128 {
  const select = i8x16.splat(lane)
  return v128.and(v128.swizzle(level, select), v128.xor(bit, v128.swizzle(negative, select)))
}

/** The relaxed swizzle is fully defined here: indices are below 16. */
// @ts-ignore: decorator
@inline
function lookUp(table: v128, indices: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, indices)
  return v128.swizzle(table, indices)
}

/** Writes the agreements (u16) of a group's 32 vectors with a query, in order. `bytes`: of the table, a multiple of 64. */
// @ts-ignore: decorator
@inline
export function agreements(codes: usize, table: usize, bytes: usize, out: usize): void {
  const nibble = i8x16.splat(15), end = table + bytes
  // Of pairs of bytes as numbers of 16 bits, and of their high bytes alone: what is left of the first without the second are the low bytes.
  let all0 = i16x8.splat(0), odd0 = all0, all1 = all0, odd1 = all0
  while (table < end) {
    let c = v128.load(codes), t = v128.load(table)
    let a = lookUp(t, v128.and(c, nibble)), b = lookUp(t, v128.and(i16x8.shr_u(c, 4), nibble))
    c = v128.load(codes, 16); t = v128.load(table, 16)
    a = i8x16.add(a, lookUp(t, v128.and(c, nibble))); b = i8x16.add(b, lookUp(t, v128.and(i16x8.shr_u(c, 4), nibble)))
    c = v128.load(codes, 32); t = v128.load(table, 32)
    a = i8x16.add(a, lookUp(t, v128.and(c, nibble))); b = i8x16.add(b, lookUp(t, v128.and(i16x8.shr_u(c, 4), nibble)))
    c = v128.load(codes, 48); t = v128.load(table, 48)
    a = i8x16.add(a, lookUp(t, v128.and(c, nibble))); b = i8x16.add(b, lookUp(t, v128.and(i16x8.shr_u(c, 4), nibble)))
    all0 = i16x8.add(all0, a); odd0 = i16x8.add(odd0, i16x8.shr_u(a, 8))
    all1 = i16x8.add(all1, b); odd1 = i16x8.add(odd1, i16x8.shr_u(b, 8))
    codes += 64; table += 64
  }
  v128.store(out, i16x8.sub(all0, i16x8.shl(odd0, 8)))
  v128.store(out, odd0, 16)
  v128.store(out, i16x8.sub(all1, i16x8.shl(odd1, 8)), 32)
  v128.store(out, odd1, 48)
}
