// Sums over one vector against four others at once: four independent chains hide the latency of memory and of addition.

// @ts-ignore: decorator
@inline
function sumsF32(s0: v128, s1: v128, s2: v128, s3: v128): v128 {
  const u01 = f32x4.add(v128.shuffle<i32>(s0, s1, 0, 4, 1, 5), v128.shuffle<i32>(s0, s1, 2, 6, 3, 7))
  const u23 = f32x4.add(v128.shuffle<i32>(s2, s3, 0, 4, 1, 5), v128.shuffle<i32>(s2, s3, 2, 6, 3, 7))
  return f32x4.add(v128.shuffle<i64>(u01, u23, 0, 2), v128.shuffle<i64>(u01, u23, 1, 3))
}

// @ts-ignore: decorator
@inline
function sumsI32(s0: v128, s1: v128, s2: v128, s3: v128): v128 {
  const u01 = i32x4.add(v128.shuffle<i32>(s0, s1, 0, 4, 1, 5), v128.shuffle<i32>(s0, s1, 2, 6, 3, 7))
  const u23 = i32x4.add(v128.shuffle<i32>(s2, s3, 0, 4, 1, 5), v128.shuffle<i32>(s2, s3, 2, 6, 3, 7))
  return i32x4.add(v128.shuffle<i64>(u01, u23, 0, 2), v128.shuffle<i64>(u01, u23, 1, 3))
}

// @ts-ignore: decorator
@inline
function addSquare(sum: v128, a: v128, b: v128): v128 {
  const difference = f32x4.sub(a, b)
  return f32x4.add(sum, f32x4.mul(difference, difference))
}

/** Four integer dot products of signed bytes; `bytes` is a multiple of 16. Exact for up to 130,000 dimensions. */
export function dotI8x4(q: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize): v128 {
  let s0 = i32x4.splat(0), s1 = s0, s2 = s0, s3 = s0
  const end = q + bytes
  while (q < end) {
    let v = v128.load_ext<i8>(q)
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v, v128.load_ext<i8>(a)))
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v, v128.load_ext<i8>(b)))
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v, v128.load_ext<i8>(c)))
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v, v128.load_ext<i8>(d)))
    v = v128.load_ext<i8>(q, 8)
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v, v128.load_ext<i8>(a, 8)))
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v, v128.load_ext<i8>(b, 8)))
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v, v128.load_ext<i8>(c, 8)))
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v, v128.load_ext<i8>(d, 8)))
    q += 16; a += 16; b += 16; c += 16; d += 16
  }
  return sumsI32(s0, s1, s2, s3)
}

/** Four squared Euclidean distances of float32 vectors; `bytes` is a multiple of 64. */
export function squaredL2F32x4(q: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize): v128 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0
  const end = q + bytes
  while (q < end) {
    let v = v128.load(q)
    s0 = addSquare(s0, v, v128.load(a)); s1 = addSquare(s1, v, v128.load(b))
    s2 = addSquare(s2, v, v128.load(c)); s3 = addSquare(s3, v, v128.load(d))
    v = v128.load(q, 16)
    s0 = addSquare(s0, v, v128.load(a, 16)); s1 = addSquare(s1, v, v128.load(b, 16))
    s2 = addSquare(s2, v, v128.load(c, 16)); s3 = addSquare(s3, v, v128.load(d, 16))
    v = v128.load(q, 32)
    s0 = addSquare(s0, v, v128.load(a, 32)); s1 = addSquare(s1, v, v128.load(b, 32))
    s2 = addSquare(s2, v, v128.load(c, 32)); s3 = addSquare(s3, v, v128.load(d, 32))
    v = v128.load(q, 48)
    s0 = addSquare(s0, v, v128.load(a, 48)); s1 = addSquare(s1, v, v128.load(b, 48))
    s2 = addSquare(s2, v, v128.load(c, 48)); s3 = addSquare(s3, v, v128.load(d, 48))
    q += 64; a += 64; b += 64; c += 64; d += 64
  }
  return sumsF32(s0, s1, s2, s3)
}

/** The bias that makes 7-bit codes unsigned. */
export const codeBias: i32 = 64

/** Sixteen products of signed codes (at most 64 in magnitude) with codes of 0..127, added to four sums. No sum of two leaves 16 bits, so relaxed and plain agree. */
// @ts-ignore: decorator
@inline
function addProducts(sum: v128, signed: v128, q0: v128, q1: v128, row: usize): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(signed, v128.load(row), sum)
  return i32x4.add(i32x4.add(sum, i32x4.dot_i16x8_s(q0, v128.load_ext<u8>(row))), i32x4.dot_i16x8_s(q1, v128.load_ext<u8>(row, 8)))
}

/** Four integer dot products of the signed codes at q, stored with their bias, with four rows of codes with theirs; `bytes` is a multiple of 16. */
export function dotU7x4(q: usize, a: usize, b: usize, c: usize, d: usize, bytes: usize): v128 {
  let s0 = i32x4.splat(0), s1 = s0, s2 = s0, s3 = s0
  const end = q + bytes, bias = i8x16.splat(<i8>codeBias)
  while (q < end) {
    const v = i8x16.sub(v128.load(q), bias)
    const q0 = i16x8.extend_low_i8x16_s(v), q1 = i16x8.extend_high_i8x16_s(v)
    s0 = addProducts(s0, v, q0, q1, a); s1 = addProducts(s1, v, q0, q1, b)
    s2 = addProducts(s2, v, q0, q1, c); s3 = addProducts(s3, v, q0, q1, d)
    q += 16; a += 16; b += 16; c += 16; d += 16
  }
  return sumsI32(s0, s1, s2, s3)
}

/** The same for one row. */
export function dotU7(q: usize, a: usize, bytes: usize): i32 {
  let s0 = i32x4.splat(0), s1 = s0
  const end = q + bytes, bias = i8x16.splat(<i8>codeBias)
  while (q + 32 <= end) {
    const v = i8x16.sub(v128.load(q), bias), w = i8x16.sub(v128.load(q, 16), bias)
    s0 = addProducts(s0, v, i16x8.extend_low_i8x16_s(v), i16x8.extend_high_i8x16_s(v), a)
    s1 = addProducts(s1, w, i16x8.extend_low_i8x16_s(w), i16x8.extend_high_i8x16_s(w), a + 16)
    q += 32; a += 32
  }
  if (q < end) {
    const v = i8x16.sub(v128.load(q), bias)
    s0 = addProducts(s0, v, i16x8.extend_low_i8x16_s(v), i16x8.extend_high_i8x16_s(v), a)
  }
  s0 = i32x4.add(s0, s1)
  return i32x4.extract_lane(s0, 0) + i32x4.extract_lane(s0, 1) + i32x4.extract_lane(s0, 2) + i32x4.extract_lane(s0, 3)
}
