import { measureKinds } from '@quiverdb/kernel'
import type { DenseMeasure } from './measure.js'
import { sumOfProducts } from './sums.js'

/** The cosine of the angle between two vectors, -1 to 1; 0 where one is zero. The root of the product makes it exactly 1 for equal vectors. */
export function cosineBetween(a: Float32Array, b: Float32Array): number {
  const norms = Math.sqrt(sumOfProducts(a, a) * sumOfProducts(b, b))
  return norms > 0 ? Math.min(1, Math.max(-1, sumOfProducts(a, b) / norms)) : 0
}

/** a.b / (|a||b|). Similarity (1 + raw) / 2; engine score raw. */
export const cosine: DenseMeasure = Object.freeze<DenseMeasure>({
  name: 'cosine',
  higherIsBetter: true,
  kind: measureKinds.cosine,
  raw: cosineBetween,
  toSimilarity: (raw) => (raw + 1) / 2,
  toEngineScore: (raw) => raw,
})
