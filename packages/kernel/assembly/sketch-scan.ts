// The first pass of an approximate scan: estimates of all rows from their one-bit sketches, and the choice of the rows that are worth a look at their 8-bit codes.
import { Sketch } from './layout'
import { agreements, groupRows } from './signs'

const halvingsMax: i32 = 24
const float32Max = f32.MAX_VALUE

/**
 * Writes estimates (float32) of the metric's distance of all rows, for whole groups: Infinity for rows that are not allowed. The query is
 * prepared. `allowed` is a bitset of whole words, or 0.
 */
export function sketchEstimates(sketchPointer: usize, count: u32, allowed: usize, out: usize): void {
  const s = changetype<Sketch>(sketchPointer)
  let group = s.groups
  for (let row: u32 = 0; row < count; row += groupRows) {
    let open = allowed ? load<u32>(allowed + (row >> 3)) : 0xffffffff
    if (count - row < groupRows) open &= ((<u32>1) << (count - row)) - 1
    if (open) estimateGroup(s, group, open, out)
    else for (let j: usize = 0; j < 128; j += 16) v128.store(out + j, f32x4.splat(Infinity))
    group += <usize>s.groupBytes
    out += 128
  }
}

function estimateGroup(s: Sketch, group: usize, open: u32, out: usize): void {
  const meta = group + (<usize>s.n << 2)
  // The sums are half as long as the estimates that take their place, so the last are read first.
  agreements(group, s.table, <usize>s.n << 2, out)
  for (let i: i32 = 3; i >= 0; i--) {
    const at = <usize>i << 5, sums = v128.load(out + (<usize>i << 4))
    estimate4(s, meta + at + 16, i32x4.extend_high_i16x8_u(sums), open >> ((i << 3) + 4), out + at + 16)
    estimate4(s, meta + at, i32x4.extend_low_i16x8_u(sums), open >> (i << 3), out + at)
  }
}

// @ts-ignore: decorator
@inline
function estimate4(s: Sketch, meta: usize, sums: v128, open: u32, out: usize): void {
  const agreement = f32x4.sub(f32x4.convert_i32x4_u(sums), f32x4.splat(s.half))
  let estimate = f32x4.add(f32x4.splat(s.base), f32x4.mul(v128.load(meta), f32x4.splat(s.first)))
  estimate = f32x4.add(estimate, f32x4.mul(f32x4.mul(v128.load(meta, 128), f32x4.splat(s.second)), agreement))
  storeOpen(estimate, open, out)
}

/** Stores four estimates, Infinity for rows that the lowest bits of `open` do not allow, and for no others. What is not a number stays so. */
// @ts-ignore: decorator
@inline
export function storeOpen(estimates: v128, open: u32, out: usize): void {
  const bits = i32x4(1, 2, 4, 8), closed = i32x4.ne(v128.and(i32x4.splat(open), bits), bits)
  v128.store(out, v128.bitselect(f32x4.splat(Infinity), f32x4.pmin(estimates, f32x4.splat(float32Max)), closed))
}

/** How many of the estimates (whole groups) are at most `limit`. */
export function sketchRank(estimates: usize, count: u32, limit: f32): i32 {
  const end = estimates + <usize>groups(count) * 128, bar = f32x4.splat(limit)
  let sum = i32x4.splat(0), other = sum
  for (; estimates < end; estimates += 128) {
    const a = i32x4.add(f32x4.le(v128.load(estimates), bar), f32x4.le(v128.load(estimates, 16), bar))
    const b = i32x4.add(f32x4.le(v128.load(estimates, 32), bar), f32x4.le(v128.load(estimates, 48), bar))
    const c = i32x4.add(f32x4.le(v128.load(estimates, 64), bar), f32x4.le(v128.load(estimates, 80), bar))
    const d = i32x4.add(f32x4.le(v128.load(estimates, 96), bar), f32x4.le(v128.load(estimates, 112), bar))
    sum = i32x4.sub(sum, i32x4.add(a, b))
    other = i32x4.sub(other, i32x4.add(c, d))
  }
  sum = i32x4.add(sum, other)
  return i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3)
}

// @ts-ignore: decorator
@inline
function groups(count: u32): u32 {
  return (count + groupRows - 1) / groupRows
}

/**
 * Writes a bitset of the rows with the smallest estimates, none above `limit`: at least `wanted` of them where there are as many, with
 * all rows that tie, and otherwise at most `most`, as near as halving gets. Returns how many, or -1 when an estimate is not a number.
 */
export function sketchKeep(estimates: usize, count: u32, wanted: i32, most: i32, limit: f32, kept: usize): i32 {
  const end = estimates + <usize>groups(count) * 128
  let least = f32x4.splat(Infinity), greatest = f32x4.splat(-Infinity), none = i32x4.splat(0)
  const closed = least, open = greatest
  for (let at = estimates; at < end; at += 32) {
    const v = v128.load(at), w = v128.load(at, 16)
    // Not a number is neither less nor greater, so that it is looked for.
    none = v128.or(none, v128.or(f32x4.ne(v, v), f32x4.ne(w, w)))
    least = f32x4.pmin(least, f32x4.pmin(v, w))
    greatest = f32x4.pmax(greatest, f32x4.pmax(v128.bitselect(open, v, f32x4.eq(v, closed)), v128.bitselect(open, w, f32x4.eq(w, closed))))
  }
  if (v128.any_true(none)) return -1
  let low = min(min(f32x4.extract_lane(least, 0), f32x4.extract_lane(least, 1)), min(f32x4.extract_lane(least, 2), f32x4.extract_lane(least, 3)))
  let high = max(max(f32x4.extract_lane(greatest, 0), f32x4.extract_lane(greatest, 1)), max(f32x4.extract_lane(greatest, 2), f32x4.extract_lane(greatest, 3)))
  high = min(high, limit)
  let found = sketchRank(estimates, count, high)
  for (let i: i32 = 0; i < halvingsMax && found > most; i++) {
    const middle = low * 0.5 + high * 0.5, n = sketchRank(estimates, count, middle)
    if (n >= wanted) { high = middle; found = n } else low = middle
  }
  mark(estimates, end, high, kept)
  return found
}

/** Writes the bitset of the estimates that are not above a limit. */
function mark(estimates: usize, end: usize, limit: f32, kept: usize): void {
  const bar = f32x4.splat(limit)
  for (; estimates < end; estimates += 128) {
    const a = i16x8.narrow_i32x4_s(f32x4.le(v128.load(estimates), bar), f32x4.le(v128.load(estimates, 16), bar))
    const b = i16x8.narrow_i32x4_s(f32x4.le(v128.load(estimates, 32), bar), f32x4.le(v128.load(estimates, 48), bar))
    const c = i16x8.narrow_i32x4_s(f32x4.le(v128.load(estimates, 64), bar), f32x4.le(v128.load(estimates, 80), bar))
    const d = i16x8.narrow_i32x4_s(f32x4.le(v128.load(estimates, 96), bar), f32x4.le(v128.load(estimates, 112), bar))
    store<u32>(kept, i8x16.bitmask(i8x16.narrow_i16x8_s(a, b)) | (i8x16.bitmask(i8x16.narrow_i16x8_s(c, d)) << 16))
    kept += 4
  }
}
