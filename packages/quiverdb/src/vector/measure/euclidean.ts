import { measureKinds } from '@quiverdb/kernel'
import { type DenseMeasure, nearness } from './measure.js'
import { sumOfSquares } from './sums.js'

/** |a - b|, not its square. Both scores 1 / (1 + raw). */
export const euclidean: DenseMeasure = Object.freeze<DenseMeasure>({
  name: 'euclidean',
  higherIsBetter: false,
  kind: measureKinds.euclidean,
  raw: (a, b) => Math.sqrt(sumOfSquares(a, b)),
  toSimilarity: nearness,
  toEngineScore: nearness,
})
