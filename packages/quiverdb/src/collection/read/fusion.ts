import type { Metric } from '../../vector/metric.js'
import type { Fusion } from '../text-types.js'

/** One record that a search by words or by a vector found, or both. */
export interface FusedCandidate {
  /** Its BM25 score; absent: it has none of the words. */
  readonly textScore?: number
  /** Its place among those that words found, from 1 on. */
  readonly textRank?: number
  /** Absent: it has no vector. */
  readonly distance?: number
  readonly vectorRank?: number
}

/** How much a rank counts: the difference between the first places is damped by it (Cormack, Clarke and Buettcher, SIGIR 2009). */
const rankDamping = 60
const equalWeights = { vector: 0.5, text: 0.5 }

/**
 * One score for each candidate. `rrf`, reciprocal rank fusion: the sum of 1 / (60 + rank) over the lists that it is in. Weights: the weighted sum of both scores, each
 * relative to the best one of its kind, so that neither scale matters. Both have a natural zero where nothing is in common: no word, vectors at right angles.
 */
export function fusedScores(
  candidates: readonly FusedCandidate[],
  fusion: Fusion = { weights: equalWeights },
  metric: Metric,
): number[] {
  if (fusion === 'rrf') return candidates.map(({ textRank, vectorRank }) => reciprocal(textRank) + reciprocal(vectorRank))
  const { vector, text } = fusion.weights
  const texts = relative(candidates.map(({ textScore = 0 }) => textScore))
  const vectors = relative(candidates.map(({ distance }) => (distance === undefined ? 0 : similarity(distance, metric))))
  return candidates.map((_, i) => vector * vectors[i]! + text * texts[i]!)
}

function reciprocal(rank: number | undefined): number {
  return rank === undefined ? 0 : 1 / (rankDamping + rank)
}

/** From 0, nothing in common, upwards. */
function similarity(distance: number, metric: Metric): number {
  switch (metric) {
    case 'cosine':
      return Math.max(0, 1 - distance)
    case 'dot':
      return Math.max(0, -distance)
    case 'l2':
      return 1 / (1 + distance)
  }
}

function relative(scores: readonly number[]): number[] {
  const best = scores.reduce((most, score) => Math.max(most, score), 0)
  return best === 0 ? scores.map(() => 0) : scores.map((score) => score / best)
}
