import { checkPair } from './measure.js'

/**
 * Adds up a term of each place of two vectors in the kernel's order: place i goes to sum i mod 4; sums 0 and 2 join, 1 and 3, then both. The
 * last places of a vector that is no multiple of 4 follow one by one.
 */
function sumOver(a: Float32Array, b: Float32Array, term: (x: number, y: number) => number): number {
  checkPair(a, b)
  const whole = a.length & ~3
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  for (let i = 0; i < whole; i += 4) {
    s0 += term(a[i]!, b[i]!)
    s1 += term(a[i + 1]!, b[i + 1]!)
    s2 += term(a[i + 2]!, b[i + 2]!)
    s3 += term(a[i + 3]!, b[i + 3]!)
  }
  let sum = s0 + s2 + (s1 + s3)
  for (let i = whole; i < a.length; i++) sum += term(a[i]!, b[i]!)
  return sum
}

export const sumOfProducts = (a: Float32Array, b: Float32Array): number => sumOver(a, b, (x, y) => x * y)
export const sumOfSquares = (a: Float32Array, b: Float32Array): number => sumOver(a, b, (x, y) => (x - y) * (x - y))
export const sumOfDifferences = (a: Float32Array, b: Float32Array): number => sumOver(a, b, (x, y) => Math.abs(x - y))
export const sumOfLeast = (a: Float32Array, b: Float32Array): number =>
  sumOver(a, b, (x, y) => Math.min(Math.abs(x), Math.abs(y)))
export const sumOfMost = (a: Float32Array, b: Float32Array): number => sumOver(a, b, (x, y) => Math.max(Math.abs(x), Math.abs(y)))

/** How many places are not zero in both, and in each. */
export function countNonZeros(a: Float32Array, b: Float32Array): { both: number; inA: number; inB: number } {
  checkPair(a, b)
  const count = { both: 0, inA: 0, inB: 0 }
  for (let i = 0; i < a.length; i++) {
    const x = a[i] !== 0
    const y = b[i] !== 0
    if (x) count.inA++
    if (y) count.inB++
    if (x && y) count.both++
  }
  return count
}
