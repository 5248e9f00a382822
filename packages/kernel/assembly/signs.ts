// Dot products with vectors of signs, 32 at a time (FastScan: Andre, Kermarrec & Le Scouarnec, VLDB 2015). The signs of four dimensions of a
// vector are half a byte; a table says what the query contributes for each of its 16 patterns, so that one shuffle looks up sixteen vectors.

/** Vectors whose signs lie together: n/4 times 16 bytes, the low halves for the first 16 vectors and the high halves for the others. */
export const groupRows: u32 = 32
/** Levels of a query's magnitudes: four lookups in a row add up within a byte, and all of them within 16 bits. */
const levelsMax: i32 = 15
const sumMax: i32 = 65_535
const nibbleMask = memory.data<u8>([15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15])
/** Added to a float32 of at most 2^22, this rounds it to an integer, ties to even, which is then in its lowest bits. */
const roundingBias: f32 = 12_582_912
/** Bits 0 to 3 of the numbers 0 to 15, as masks, and these numbers. In memory, since V8 makes constants anew in every turn of a loop. */
const patternBits = memory.data<u8>([
  0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255, 0, 255,
  0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255,
  0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
])

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
  for (let at = numbers; at < end; at += 16) top = f32x4.pmax(top, f32x4.abs(v128.load(at)))
  const greatest = max(max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1)), max(f32x4.extract_lane(top, 2), f32x4.extract_lane(top, 3)))
  const levels = <f32>min(levelsMax, sumMax / n), step: f32 = greatest > 0 ? greatest / levels : 1, inverse = f32x4.splat(1 / step)
  const bit0 = v128.load(patternBits), bit1 = v128.load(patternBits, 16), bit2 = v128.load(patternBits, 32), bit3 = v128.load(patternBits, 48)
  const patterns = v128.load(patternBits, 64), bias = f32x4.splat(roundingBias)
  let sum = i32x4.splat(0)
  for (let at = numbers; at < end; at += 16) {
    // The level is what the bias leaves in the lowest byte.
    const v = v128.load(at), level = f32x4.add(f32x4.mul(f32x4.abs(v), inverse), bias)
    sum = i32x4.add(sum, level)
    // What each pattern of positive numbers would contribute; a negative number turns its bit around.
    const low = i8x16.add(v128.and(lowByte(level, 0), bit0), v128.and(lowByte(level, 1), bit1))
    const high = i8x16.add(v128.and(lowByte(level, 2), bit2), v128.and(lowByte(level, 3), bit3))
    v128.store(table, lookUp(i8x16.add(low, high), v128.xor(patterns, i8x16.splat(<i8>i32x4.bitmask(v)))))
    table += 16
  }
  const biased = i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3)
  store<f32>(half, <f32>(biased - n * reinterpret<i32>(roundingBias)) * 0.5)
  return step
}

/** The lowest byte of one of four numbers, sixteen times. */
// @ts-ignore: decorator
@inline
function lowByte(v: v128, lane: i32): v128 {
  if (lane == 0) return v128.shuffle<i8>(v, v, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  if (lane == 1) return v128.shuffle<i8>(v, v, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4)
  if (lane == 2) return v128.shuffle<i8>(v, v, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8)
  return v128.shuffle<i8>(v, v, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12)
}

/** The relaxed swizzle is fully defined here: indices are below 16. */
// @ts-ignore: decorator
@inline
function lookUp(table: v128, indices: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(table, indices)
  return v128.swizzle(table, indices)
}

/** What the tables say of sixteen vectors' four half bytes: the low halves of the codes, or the high ones. */
// @ts-ignore: decorator
@inline
function four(t0: v128, t1: v128, t2: v128, t3: v128, c0: v128, c1: v128, c2: v128, c3: v128, nibble: v128, shift: i32): v128 {
  const a = i8x16.add(lookUp(t0, half(c0, nibble, shift)), lookUp(t1, half(c1, nibble, shift)))
  return i8x16.add(a, i8x16.add(lookUp(t2, half(c2, nibble, shift)), lookUp(t3, half(c3, nibble, shift))))
}

// @ts-ignore: decorator
@inline
function half(codes: v128, nibble: v128, shift: i32): v128 {
  return v128.and(shift ? i16x8.shr_u(codes, shift) : codes, nibble)
}

/** Writes the agreements (u16) of a group's 32 vectors with a query, in order. `bytes`: of the table, a multiple of 64. */
// @ts-ignore: decorator
@inline
export function agreements(codes: usize, table: usize, bytes: usize, out: usize): void {
  const nibble = v128.load(nibbleMask), end = table + bytes
  // Of pairs of bytes as numbers of 16 bits, and of their high bytes alone: what is left of the first without the second are the low bytes.
  let all0 = i16x8.splat(0), odd0 = all0, all1 = all0, odd1 = all0
  while (table < end) {
    const t0 = v128.load(table), t1 = v128.load(table, 16), t2 = v128.load(table, 32), t3 = v128.load(table, 48)
    const c0 = v128.load(codes), c1 = v128.load(codes, 16), c2 = v128.load(codes, 32), c3 = v128.load(codes, 48)
    const a = four(t0, t1, t2, t3, c0, c1, c2, c3, nibble, 0), b = four(t0, t1, t2, t3, c0, c1, c2, c3, nibble, 4)
    all0 = i16x8.add(all0, a); odd0 = i16x8.add(odd0, i16x8.shr_u(a, 8))
    all1 = i16x8.add(all1, b); odd1 = i16x8.add(odd1, i16x8.shr_u(b, 8))
    codes += 64; table += 64
  }
  v128.store(out, i16x8.sub(all0, i16x8.shl(odd0, 8)))
  v128.store(out, odd0, 16)
  v128.store(out, i16x8.sub(all1, i16x8.shl(odd1, 8)), 32)
  v128.store(out, odd1, 48)
}
