import { measureKinds } from '@quiverdb/kernel'
import type { DenseMeasure } from './measure.js'
import { sumOfProducts } from './sums.js'

/** a.b. Both scores are the product itself. */
export const dot: DenseMeasure = Object.freeze<DenseMeasure>({
  name: 'dot',
  higherIsBetter: true,
  kind: measureKinds.dot,
  raw: sumOfProducts,
  toSimilarity: (raw) => raw,
  toEngineScore: (raw) => raw,
})
