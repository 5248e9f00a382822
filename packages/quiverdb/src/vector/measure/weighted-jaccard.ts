import { measureKinds } from '@quiverdb/kernel'
import type { DenseMeasure } from './measure.js'
import { sumOfLeast, sumOfMost } from './sums.js'

/** The sum of min(|a|, |b|) over the sum of max(|a|, |b|), 0 to 1; 1 for two zero vectors (Ruzicka similarity). Both scores raw. */
export const weightedJaccard: DenseMeasure = Object.freeze<DenseMeasure>({
  name: 'weightedJaccard',
  higherIsBetter: true,
  kind: measureKinds.weightedJaccard,
  raw(a, b) {
    const most = sumOfMost(a, b)
    return most > 0 ? sumOfLeast(a, b) / most : 1
  },
  toSimilarity: (raw) => raw,
  toEngineScore: (raw) => raw,
})
