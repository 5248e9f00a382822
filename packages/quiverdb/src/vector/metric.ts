import { modes, transforms } from '@quiverdb/kernel'
import { QuiverError } from '../errors.js'

/** Distances that an index can order by. `l2` is the squared Euclidean distance. */
export type Metric = 'cosine' | 'dot' | 'l2'

export const metrics: readonly Metric[] = ['cosine', 'dot', 'l2']

/** 1 to this many numbers make a vector. */
export const dimensionsMax = 16_384

/** The kernel's number for a metric's own distance. */
export const modeOf = (metric: Metric): number => modes[metric]

/**
 * How stored vectors get into graph space, where a graph walks by squared L2 whatever its metric: cosine normalises, l2 keeps, dot adds
 * the coordinate sqrt(phi^2 - ||x||^2), after which all are equally long (Bachrach et al., RecSys 2014).
 */
export function storedTransform(metric: Metric): number {
  if (metric === 'cosine') return transforms.normalise
  return metric === 'dot' ? transforms.augment : transforms.none
}

/** The same for queries, whose added coordinate is zero under dot. */
export const queryTransform = (metric: Metric): number => (metric === 'cosine' ? transforms.normalise : transforms.none)

/** metric distance = scale * (squared graph distance) + shift. */
export interface AffineMap {
  readonly scale: number
  readonly shift: number
}

/** The map from graph space back, for a query of squared norm `queryNorm2`. */
export function metricMap(metric: Metric, queryNorm2: number, phi: number): AffineMap {
  if (metric === 'l2') return { scale: 1, shift: 0 }
  if (metric === 'dot') return { scale: 0.5, shift: -(queryNorm2 + phi * phi) / 2 }
  // The zero vector has no direction: its distance to everything is 1.
  return queryNorm2 > 0 ? { scale: 0.5, shift: 0 } : { scale: 0, shift: 1 }
}

/** @throws QuiverError DIMENSION_MISMATCH when the length differs, INVALID_VECTOR when a number is not finite as a float32. */
export function checkVector(vector: ArrayLike<number>, dimensions: number): void {
  if (vector.length !== dimensions) {
    throw new QuiverError(
      'DIMENSION_MISMATCH',
      `The vector has ${vector.length} numbers; the index has ${dimensions} dimensions.`,
      {
        details: { expected: dimensions, actual: vector.length },
      },
    )
  }
  for (let i = 0; i < dimensions; i++) {
    if (!Number.isFinite(Math.fround(vector[i]!))) {
      throw new QuiverError('INVALID_VECTOR', `Number ${i} of the vector is ${vector[i]}, not a finite float32.`, {
        details: { position: i },
      })
    }
  }
}

/** Whether all numbers are zero as float32. Such a vector has no direction, which matters to cosine. */
export function isZeroVector(vector: ArrayLike<number>): boolean {
  for (let i = 0; i < vector.length; i++) if (Math.fround(vector[i]!) !== 0) return false
  return true
}
