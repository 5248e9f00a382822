import type { ExactScorer } from './exact-scorer.js'
import type { LivingSearchResult } from './living-search.js'
import type { Metric } from './metric.js'
import { NearestList, type NearestVectors } from './nearest-list.js'
import type { StoredVectors } from './stored-vectors.js'

/** Scored in any case beyond k: a quarter as many, and at least these. */
const extraMin = 6
/** Candidates that may be scored for each that is wanted, and as many more: codes order the nearest of a tight cluster badly. */
const rankedFactor = 4
const rankedExtra = 64

/** The k nearest of candidates that come nearest estimate first: scores them while an estimate, with the error it may have, is among the k nearest. */
export function nearestOf(
  scorer: ExactScorer,
  vectors: StoredVectors,
  metric: Metric,
  query: Float32Array,
  { numbers, estimates }: LivingSearchResult,
  k: number,
): NearestVectors {
  const count = Math.min(numbers.length, rankedFactor * k + rankedExtra)
  const { arena, addresses } = vectors.place(numbers.slice(0, count))
  scorer.begin(query, metric)
  const first = k + Math.max(extraMin, k >> 2)
  const { distances } = scorer.rank({ arena, addresses, estimates, count, first, k, worst: Infinity, error: 0 })
  const nearest = new NearestList(k)
  distances.forEach((distance, i) => nearest.add(numbers[i]!, distance))
  return nearest.result()
}
