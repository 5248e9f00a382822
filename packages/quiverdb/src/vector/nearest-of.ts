import type { ExactScorer } from './exact-scorer.js'
import type { Metric } from './metric.js'
import { NearestList, type NearestVectors } from './nearest-list.js'
import type { StoredVectors } from './stored-vectors.js'

/** Scored exactly: k candidates and a quarter as many again, at least this many more; then as many again while that helps. */
const extraMin = 6

/** The k nearest of candidates that come nearest estimate first: scores them until the last few that were scored are all worse than the k nearest. */
export function nearestOf(
  scorer: ExactScorer,
  vectors: StoredVectors,
  metric: Metric,
  query: Float32Array,
  candidates: Uint32Array,
  k: number,
): NearestVectors {
  const extra = Math.max(extraMin, k >> 2)
  const nearest = new NearestList(k)
  let late = true
  for (let from = 0; late && from < candidates.length;) {
    const to = Math.min(candidates.length, from ? from + extra : k + extra)
    scorer.begin(query, metric)
    for (let i = from; i < to; i++) scorer.setRow(i - from, vectors.view(candidates[i]!))
    const distances = scorer.score(to - from)
    distances.forEach((distance, i) => nearest.add(candidates[from + i]!, distance))
    const { ids } = nearest.result()
    late = candidates.subarray(Math.max(from, to - extra), to).some((id) => ids.includes(id))
    from = to
  }
  return nearest.result()
}
