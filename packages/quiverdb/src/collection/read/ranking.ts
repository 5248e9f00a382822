import type { VectorColumn } from '../../segment/row-set.js'
import type { Arena } from '../../vector/arena.js'
import { ExactScorer } from '../../vector/exact-scorer.js'
import type { MemoryPool } from '../../vector/memory-pool.js'
import type { RowLocation } from '../version/directory.js'
import type { Parts } from '../version/parts.js'
import type { SearchPlan } from './search.js'
import { TopHits, type RankedRow } from './top-hits.js'

/** Candidates of a walk that are scored together after the first. */
const scoredAtOnce = 4
/** How much larger than seen so far the error of an estimate may be. */
const errorMargin = 1.5
/** Full vectors that are in linear memory at one time. */
const scoredTogetherMax = 256

/** The living row behind the k-th candidate of a walk or scan. */
export type Locate = (candidate: number) => RowLocation | undefined

/** Candidates of a walk or scan, by ascending estimate of their distance. */
export interface Found {
  readonly count: number
  readonly estimates: Float64Array
}

/**
 * Scores candidates in the order of their estimates: the first few in any case, unless better ones are known from other parts, then on while
 * an estimate, less the error that estimates were seen to have, could still be among the nearest.
 */
export function rankNearest(plan: SearchPlan, parts: Parts, found: Found, locate: Locate, hits: TopHits): void {
  const first = hits.isFull ? scoredAtOnce : Math.max(plan.count, scoredAtOnce)
  if (rankResident(plan, parts, found, locate, hits, first)) return
  const ranked: RankedRow[] = []
  const nearest = new TopHits(plan.count, hits.worst)
  let error = hits.estimateError
  let last = Math.min(found.count, first)
  for (let start = 0; start < last && found.estimates[start]! - error <= nearest.worst;) {
    for (const row of score(plan, parts, start, last, locate)) {
      error = Math.max(error, errorMargin * Math.abs(row.distance - found.estimates[row.candidate]!))
      nearest.push(row)
      ranked.push(row)
    }
    start = last
    last = Math.min(found.count, start + scoredAtOnce)
  }
  hits.estimateError = error
  for (const row of ranked) hits.push(row)
}

/** The same in one call of the kernel, where all candidates' vectors are in one linear memory. Returns false where they are not. */
function rankResident(plan: SearchPlan, parts: Parts, found: Found, locate: Locate, hits: TopHits, first: number): boolean {
  const { index } = plan.index
  const locations: RowLocation[] = []
  const addresses: number[] = []
  const estimates: number[] = []
  let column: VectorColumn | undefined
  let rows: ReturnType<NonNullable<VectorColumn['resident']>>
  let arena: Arena | undefined
  for (let candidate = 0; candidate < found.count; candidate++) {
    const location = locate(candidate)
    if (!location) continue
    const own = index.column(location.state.set)!
    if (own !== column) {
      column = own
      rows = own.resident?.()
      if (!rows || (arena && arena !== rows.arena)) return false
      arena = rows.arena
    }
    locations.push(location)
    addresses.push(rows!.pointer + location.slot * rows!.rowBytes)
    estimates.push(found.estimates[candidate]!)
  }
  if (!arena) return locations.length === 0
  const scorer = scorerOf(parts.pool)
  scorer.begin(plan.query, index.definition.metric)
  const { worst, estimateError: error } = hits
  const ranked = scorer.rank({ arena, addresses, estimates, count: locations.length, first, k: plan.count, worst, error })
  hits.estimateError = ranked.error
  for (let i = 0; i < ranked.distances.length; i++) {
    const { state, slot } = locations[i]!
    hits.push({ distance: ranked.distances[i]!, state, slot })
  }
  return true
}

/** Scores all candidates of a scan, which are proven to hold the nearest. */
export function rankAll(plan: SearchPlan, parts: Parts, count: number, locate: Locate, hits: TopHits): void {
  const ranked: RankedRow[] = []
  for (let first = 0; first < count; first += scoredTogetherMax) {
    ranked.push(...score(plan, parts, first, Math.min(count, first + scoredTogetherMax), locate))
  }
  for (const row of ranked) hits.push(row)
}

/** Exact distances of candidates, from their full vectors. Nothing is kept before all is read, so that a read that must wait can start over. */
function score(
  plan: SearchPlan,
  parts: Parts,
  first: number,
  last: number,
  locate: Locate,
): (RankedRow & { readonly candidate: number })[] {
  const { index } = plan.index
  const { metric, mode } = index.definition
  const scorer = scorerOf(parts.pool)
  scorer.begin(plan.query, metric)
  const once = mode === 'memory' || mode === 'balanced'
  const located: { candidate: number; location: RowLocation }[] = []
  for (let candidate = first; candidate < last; candidate++) {
    const location = locate(candidate)
    if (!location) continue
    index.column(location.state.set)!.readInto(location.slot, scorer.row(located.length), once)
    located.push({ candidate, location })
  }
  const distances = scorer.score(located.length)
  return located.map(({ candidate, location }, i) => ({
    distance: distances[i]!,
    state: location.state,
    slot: location.slot,
    candidate,
  }))
}

const scorers = new WeakMap<MemoryPool, ExactScorer>()

function scorerOf(pool: MemoryPool): ExactScorer {
  let scorer = scorers.get(pool)
  if (!scorer) scorers.set(pool, (scorer = new ExactScorer(pool)))
  return scorer
}
