import { measureKinds } from '@quiverdb/kernel'
import type { DenseMeasure } from './measure.js'
import { countNonZeros } from './sums.js'

/**
 * The places that are not zero in both vectors, as a share of those of the vector that has fewer, 0 to 1; 0 where one is zero
 * (Szymkiewicz-Simpson coefficient). Both scores raw.
 */
export const overlap: DenseMeasure = Object.freeze<DenseMeasure>({
  name: 'overlap',
  higherIsBetter: true,
  kind: measureKinds.overlap,
  raw(a, b) {
    const { both, inA, inB } = countNonZeros(a, b)
    const fewer = Math.min(inA, inB)
    return fewer > 0 ? both / fewer : 0
  },
  toSimilarity: (raw) => raw,
  toEngineScore: (raw) => raw,
})
