// 16-bit codes of the rotated vectors: half the bytes of float32, and an error far below that of the 7-bit codes that a walk goes by.
import { keyId, keyOf, sortedInsert } from './keys'
import { codesInt7, Graph, Walk } from './layout'
import { centred, extraOf, factorOf, rotateStaged, squaredNorm } from './rows'
import { touch } from './touch'
import { settle } from './walk'

const codeMax16: f64 = 32_767
const scaleMin: f64 = 1.401298464324817e-45

/** Encodes tightly packed vectors as rows of 16-bit codes, `stride` bytes apart; a row ends with its scale and its extra coordinate. `staging` as for encodeRow. */
export function encodeRerankRows(
  source: usize, count: i32, n: i32, transform: i32, phi: f64, centre: usize, signs: usize, target: usize, stride: i32, padded: i32, staging: usize,
): void {
  const used = (<usize>padded << 1) + 8, numbers = staging + (<usize>padded << 3)
  for (let row: i32 = 0; row < count; row++) {
    const own = squaredNorm(source, n)
    centred(source, n, factorOf(own, transform), centre, staging, padded)
    const top = rotateStaged(staging, padded, numbers, signs), scale = top > 0 ? <f32>max(top / codeMax16, scaleMin) : 0
    const inverse = f64x2.splat(scale > 0 ? 1 / <f64>scale : 0)
    for (let i: usize = 0; i < <usize>padded; i += 4) {
      const a = i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(f64x2.mul(v128.load(staging + (i << 3)), inverse)))
      const b = i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(f64x2.mul(v128.load(staging + (i << 3), 16), inverse)))
      const codes = v128.shuffle<i32>(a, b, 0, 1, 4, 5)
      v128.store64_lane(target + (i << 1), i16x8.narrow_i32x4_s(codes, codes), 0)
    }
    memory.fill(target + used, 0, <usize>stride - used)
    store<f32>(target + (<usize>padded << 1), scale)
    store<f32>(target + (<usize>padded << 1), <f32>extraOf(own, transform, phi), 4)
    source += <usize>n << 2; target += <usize>stride
  }
}

/** The squared distance of a query's rotated numbers to a row of 16-bit codes, summed in one order. */
function distance16(numbers: usize, row: usize, padded: usize): f32 {
  const scale = f32x4.splat(load<f32>(row + (padded << 1))), extra = load<f32>(row + (padded << 1), 4), end = row + (padded << 1)
  let s0 = f32x4.splat(0), s1 = s0
  while (row < end) {
    const codes = v128.load(row)
    const t0 = f32x4.sub(v128.load(numbers), f32x4.mul(scale, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(codes))))
    const t1 = f32x4.sub(v128.load(numbers, 16), f32x4.mul(scale, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(codes))))
    s0 = f32x4.add(s0, f32x4.mul(t0, t0))
    s1 = f32x4.add(s1, f32x4.mul(t1, t1))
    row += 16; numbers += 32
  }
  s0 = f32x4.add(s0, s1)
  return f32x4.extract_lane(s0, 0) + f32x4.extract_lane(s0, 1) + f32x4.extract_lane(s0, 2) + f32x4.extract_lane(s0, 3) + extra * extra
}

/** Orders the nearest `count` of what a walk found by their 16-bit codes; what else it found is left out. */
export function searchRerank(graphPointer: usize, walkPointer: usize, rows: usize, stride: i32, count: i32): void {
  const graph = changetype<Graph>(graphPointer), walk = changetype<Walk>(walkPointer)
  if (graph.codesKind != codesInt7 || walk.ranked) return
  settle(walk)
  const n = min(min(count, walk.resultsMax), walk.count), padded = <usize>graph.codeBytes, touched = (padded << 1) + 8
  let sink: i32 = 0
  for (let i: i32 = 0; i < n; i++) {
    sink += touch(rows + <usize>keyId(load<i64>(walk.pool + (<usize>i << 3))) * <usize>stride, touched)
  }
  walk.sink = sink
  for (let i: i32 = 0; i < n; i++) {
    const id = keyId(load<i64>(walk.pool + (<usize>i << 3)))
    sortedInsert(walk.results, i, keyOf(distance16(walk.numbers, rows + <usize>id * <usize>stride, padded), id))
  }
  walk.resultCount = n
  walk.ranked = 1
}
