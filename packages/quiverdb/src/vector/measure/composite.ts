import { measureKinds } from '@quiverdb/kernel'
import { QuiverError } from '../../errors.js'
import { cosineBetween } from './cosine.js'
import { euclidean } from './euclidean.js'
import { jaccardIndex } from './jaccard.js'
import type { CompositeWeights, DenseMeasure } from './measure.js'

const weightMax = 1e100

const weighted = (cosineWeight: number, structuralWeight: number, magnitudeWeight: number): CompositeWeights =>
  Object.freeze({ cosineWeight, structuralWeight, magnitudeWeight })

/** Weights with names. */
export const compositePresets = Object.freeze({
  default: weighted(0.5, 0.3, 0.2),
  /** Direction above all. */
  angularHeavy: weighted(0.8, 0.1, 0.1),
  /** Which places are set above all. */
  structuralHeavy: weighted(0.2, 0.7, 0.1),
  /** Direction and places alike. */
  conflictDetection: weighted(0.4, 0.5, 0.1),
})

/**
 * The weighted mean of (cosine + 1) / 2, the Jaccard index of the places that are not zero, and 1 / (1 + Euclidean distance), 0 to 1. Both scores raw.
 *
 * @throws QuiverError INVALID_ARGUMENT when a weight is not from 0 to 1e100
 *
 * @example
 * ```ts
 * composite().raw(Float32Array.of(1, 0), Float32Array.of(1, 0)) // 1
 * composite(compositePresets.angularHeavy).raw(Float32Array.of(1, 0), Float32Array.of(0, 1)) // 0.4414...
 * ```
 */
export function composite(weights: CompositeWeights = compositePresets.default): DenseMeasure {
  const { cosineWeight, structuralWeight, magnitudeWeight } = weights
  for (const weight of [cosineWeight, structuralWeight, magnitudeWeight]) {
    if (weight >= 0 && weight <= weightMax) continue
    throw new QuiverError('INVALID_ARGUMENT', `A weight is a number from 0 to ${weightMax}, not ${weight}.`)
  }
  const sum = cosineWeight + structuralWeight + magnitudeWeight
  return Object.freeze<DenseMeasure>({
    name: 'composite',
    higherIsBetter: true,
    kind: measureKinds.composite,
    weights: weighted(cosineWeight, structuralWeight, magnitudeWeight),
    raw(a, b) {
      const angle = cosineWeight * ((cosineBetween(a, b) + 1) / 2)
      const structure = structuralWeight * jaccardIndex(a, b)
      const magnitude = magnitudeWeight / (1 + euclidean.raw(a, b))
      return sum > 0 ? (angle + structure + magnitude) / sum : 0
    },
    toSimilarity: (raw) => raw,
    toEngineScore: (raw) => raw,
  })
}
