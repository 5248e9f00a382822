import { measureKinds } from '@quiverdb/kernel'
import { checkPair, type DenseMeasure, nearness } from './measure.js'

/** The greatest |a - b| of any place. Both scores 1 / (1 + raw). */
export const chebyshev: DenseMeasure = Object.freeze<DenseMeasure>({
  name: 'chebyshev',
  higherIsBetter: false,
  kind: measureKinds.chebyshev,
  raw(a, b) {
    checkPair(a, b)
    let greatest = 0
    for (let i = 0; i < a.length; i++) greatest = Math.max(greatest, Math.abs(a[i]! - b[i]!))
    return greatest
  },
  toSimilarity: nearness,
  toEngineScore: nearness,
})
