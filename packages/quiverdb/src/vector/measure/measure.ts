import { QuiverError } from '../../errors.js'

/** The measures that vectors can be compared by. */
export type MeasureName =
  | 'cosine'
  | 'dot'
  | 'euclidean'
  | 'angular'
  | 'geodesic'
  | 'manhattan'
  | 'chebyshev'
  | 'jaccard'
  | 'weightedJaccard'
  | 'overlap'
  | 'composite'

/**
 * A way to compare two dense vectors, by its definition, in float64. Sums run in one fixed order of plain IEEE operations, the same in the
 * kernel, so `raw` and a search give the same bits on every machine. Numbers that float32 holds neither overflow nor vanish.
 */
export interface DenseMeasure {
  readonly name: MeasureName
  /** Whether a greater raw value means nearer. */
  readonly higherIsBetter: boolean
  /** The kernel's number for it. Measures that rank by the same raw value share one. */
  readonly kind: number
  /** Weights of a composite. */
  readonly weights?: CompositeWeights
  /** The measure's own value for two vectors of equal length. @throws QuiverError DIMENSION_MISMATCH, INVALID_VECTOR when they are empty */
  raw(a: Float32Array, b: Float32Array): number
  /** A score in which greater is nearer: 0 to 1 for all but the dot product, which has no bounds. */
  toSimilarity(raw: number): number
  /** The plain score of search engines: the cosine itself, the dot product itself, 1 / (1 + distance); else as `toSimilarity`. */
  toEngineScore(raw: number): number
}

/** What each part of a composite counts. Only their proportions matter; with all zero every raw value is 0. */
export interface CompositeWeights {
  /** Of (cosine + 1) / 2. */
  readonly cosineWeight: number
  /** Of the Jaccard index of the places that are not zero. */
  readonly structuralWeight: number
  /** Of 1 / (1 + Euclidean distance). */
  readonly magnitudeWeight: number
}

/** The score of a distance: 1 at 0, towards 0 for what is far. */
export const nearness = (distance: number): number => 1 / (1 + distance)

/** @throws QuiverError DIMENSION_MISMATCH, INVALID_VECTOR when they are empty */
export function checkPair(a: Float32Array, b: Float32Array): void {
  if (!a.length) throw new QuiverError('INVALID_VECTOR', 'A vector has at least one number.')
  if (a.length === b.length) return
  throw new QuiverError('DIMENSION_MISMATCH', `The vectors have ${a.length} and ${b.length} numbers.`, {
    details: { expected: a.length, actual: b.length },
  })
}
