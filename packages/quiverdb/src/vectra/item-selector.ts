import { compileFilter } from './metadata-filter.js'
import type { MetadataFilter, MetadataTypes } from './types.js'

/**
 * How items are chosen and ranked. Sums run in float64, in the order of the numbers.
 *
 * @example
 * ```ts
 * ItemSelector.cosineSimilarity([1, 0], [1, 1]) // 0.7071067811865475
 * ItemSelector.select({ year: 1958 }, { year: { $gte: 1950 } }) // true
 * ```
 */
export class ItemSelector {
  /** The cosine of two vectors; not a number when one is zero. Of the longer one only the beginning counts. */
  static cosineSimilarity(vector1: ArrayLike<number>, vector2: ArrayLike<number>): number {
    const length = Math.min(vector1.length, vector2.length)
    return ItemSelector.normalizedCosineSimilarity(vector1, norm(vector1, length), vector2, norm(vector2, length))
  }

  /** Euclidean length; 0 for an empty vector. */
  static normalize(vector: ArrayLike<number>): number {
    return norm(vector, vector.length)
  }

  /** The cosine of vectors whose lengths are known; not a number when one is 0. */
  static normalizedCosineSimilarity(
    vector1: ArrayLike<number>,
    norm1: number,
    vector2: ArrayLike<number>,
    norm2: number,
  ): number {
    return norm1 === 0 || norm2 === 0 ? NaN : dot(vector1, vector2) / (norm1 * norm2)
  }

  /** Whether metadata passes a filter: `docs/VECTRA.md` states what every operator means. */
  static select(metadata: Record<string, MetadataTypes>, filter: MetadataFilter | undefined): boolean {
    return compileFilter(filter)(metadata)
  }
}

function norm(vector: ArrayLike<number>, length: number): number {
  let sum = 0
  for (let i = 0; i < length; i++) sum += vector[i]! * vector[i]!
  return Math.sqrt(sum)
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const length = Math.min(a.length, b.length)
  let sum = 0
  for (let i = 0; i < length; i++) sum += a[i]! * b[i]!
  return sum
}
