import { measureKinds } from '@quiverdb/kernel'
import type { DenseMeasure } from './measure.js'
import { countNonZeros } from './sums.js'

/** Of the places that are not zero in either vector, the share that is not zero in both; 1 for two zero vectors. Values do not count. */
export function jaccardIndex(a: Float32Array, b: Float32Array): number {
  const { both, inA, inB } = countNonZeros(a, b)
  const either = inA + inB - both
  return either > 0 ? both / either : 1
}

/** The Jaccard index of the sets of places that are not zero, 0 to 1. Both scores raw. */
export const jaccard: DenseMeasure = Object.freeze<DenseMeasure>({
  name: 'jaccard',
  higherIsBetter: true,
  kind: measureKinds.jaccard,
  raw: jaccardIndex,
  toSimilarity: (raw) => raw,
  toEngineScore: (raw) => raw,
})
