// A random rotation: rounds of random signs and a Walsh-Hadamard transform over the largest power of two that fits, at one end and at the other
// (the fast Johnson-Lindenstrauss transform of Ailon & Chazelle, STOC 2006, without its projection). It spreads the weight of single large
// coordinates over all, which makes codes of few bits finer and estimates from signs unbiased. Squared distances stay as they are.

/** Draws the signs of a rotation, with the scale of the transforms in them: n float32 for each of its rounds. */
export function rotationSigns(signs: usize, n: i32, rounds: i32): void {
  const window = windowOf(n), factor = <f32>(1 / Math.sqrt(<f64>window))
  let state: u64 = 0x2545f4914f6cdd1d
  for (let round: i32 = 0; round < rounds; round++) {
    const first = round & 1 ? n - window : 0
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

/** Rotates n numbers (a multiple of 16) in place. */
export function rotate(numbers: usize, n: i32, signs: usize, rounds: i32): void {
  const bytes = <usize>n << 2, window = windowOf(n)
  for (let round: i32 = 0; round < rounds; round++) {
    for (let j: usize = 0; j < bytes; j += 16) v128.store(numbers + j, f32x4.mul(v128.load(numbers + j), v128.load(signs + j)))
    hadamard(round & 1 ? numbers + (<usize>(n - window) << 2) : numbers, <usize>window << 2)
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
