// One-bit sketches of 8-bit rows, in the manner of RaBitQ (Gao & Long, SIGMOD 2024): a row x becomes the signs of the rotated x - c, where c is
// the mean of the rows, and two numbers. A dot product with x - c is estimated as |x - c|^2 / sum|x - c| times the dot product with the signs.
import { metaExtra, metaScale, Sketch } from './layout'
import { fillTable, groupRows, storeSigns, total } from './signs'
import { rotate } from './rotation'

export const modeL2: i32 = 0
const modeCosine: i32 = 2
/** Rounds of the rotation. */
export const sketchRounds: i32 = 2

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
    rotate(s.work, s.n, s.signs, sketchRounds)
    const magnitude = storeSigns(s.work, s.n, groupOf(s, row), row & 31), square = total(norm2)
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
  rotate(s.work, s.n, s.signs, sketchRounds)
  const step = fillTable(s.work, s.n, s.table, sketchPointer + offsetof<Sketch>('half'))
  s.second = (s.mode == modeL2 ? -4 : -2) * step
}
