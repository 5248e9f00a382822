const terms = 26

/**
 * The angle whose cosine is x. Engines differ in the last bit of `Math.acos`; this uses the four operations and square roots alone, as the kernel
 * does: the Taylor series of the arc sine at |y| <= 1/2 (Abramowitz & Stegun 4.4.40 and 4.4.2).
 */
export function arcCosine(x: number): number {
  const magnitude = Math.abs(x)
  const small = magnitude <= 0.5
  const y2 = small ? x * x : (1 - magnitude) / 2
  let series = 1
  for (let n = terms; n > 0; n--) {
    const odd = 2 * n - 1
    series = 1 + (series * y2 * odd * odd) / (2 * n * (2 * n + 1))
  }
  if (small) return Math.PI / 2 - x * series
  const angle = 2 * Math.sqrt(y2) * series
  return x > 0 ? angle : Math.PI - angle
}
