import { measureKinds } from '@quiverdb/kernel'
import { type DenseMeasure, nearness } from './measure.js'
import { sumOfDifferences } from './sums.js'

/** The sum of |a - b| over all places. Both scores 1 / (1 + raw). */
export const manhattan: DenseMeasure = Object.freeze<DenseMeasure>({
  name: 'manhattan',
  higherIsBetter: false,
  kind: measureKinds.manhattan,
  raw: sumOfDifferences,
  toSimilarity: nearness,
  toEngineScore: nearness,
})
