import { measureKinds } from '@quiverdb/kernel'
import { arcCosine } from './arc-cosine.js'
import { cosineBetween } from './cosine.js'
import type { DenseMeasure } from './measure.js'

/** The angle between two vectors in radians, 0 to pi; a right angle where one is zero. Both scores 1 - raw / pi. */
export const angular: DenseMeasure = Object.freeze<DenseMeasure>({
  name: 'angular',
  higherIsBetter: false,
  kind: measureKinds.angular,
  raw: (a, b) => arcCosine(cosineBetween(a, b)),
  toSimilarity: (raw) => 1 - raw / Math.PI,
  toEngineScore: (raw) => 1 - raw / Math.PI,
})
