import type { ResidentRows, RowSet } from '../../segment/row-set.js'
import type { Arena } from '../../vector/arena.js'
import { ExactScorer } from '../../vector/exact-scorer.js'
import type { MemoryPool } from '../../vector/memory-pool.js'
import type { RowLocation } from '../version/directory.js'
import type { Parts } from '../version/parts.js'
import type { SearchPlan } from './plan.js'
import { TopHits, type RankedRow } from './top-hits.js'

/** Candidates of a walk that are scored together after the first. */
const scoredAtOnce = 4
/** Rows that are looked up beyond those that are scored in any case. */
const locatedAhead = 8
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

/** The same in calls of the kernel, where the candidates' vectors are in one linear memory. Returns false, and has done nothing, where they are not. */
function rankResident(plan: SearchPlan, parts: Parts, found: Found, locate: Locate, hits: TopHits, first: number): boolean {
  const scorer = scorerOf(parts.pool)
  scorer.begin(plan.query, plan.index.index.definition.metric)
  const ranked: RankedRow[] = []
  const candidates = { k: plan.count, first, worst: hits.worst, error: hits.estimateError }
  // Most are not looked at: rows are found for a few more than are surely scored, and for others when those did not end it.
  for (let start = 0, end = first + locatedAhead; start < found.count; start = end, end += locatedAhead) {
    const located = locateResident(plan, found, locate, start, Math.min(end, found.count))
    if (!located) return false
    const { arena, rows, addresses, estimates } = located
    if (!arena) continue
    const { distances, error } = scorer.rank({ ...candidates, arena, addresses, estimates, count: rows.length })
    for (let i = 0; i < distances.length; i++)
      ranked.push({ distance: distances[i]!, state: rows[i]!.state, slot: rows[i]!.slot })
    candidates.error = error
    if (distances.length < rows.length) break
    candidates.first = Math.max(scoredAtOnce, first - ranked.length)
    if (end < found.count) candidates.worst = worstOf(ranked, plan.count, hits.worst)
  }
  hits.estimateError = candidates.error
  for (const row of ranked) hits.push(row)
  return true
}

function worstOf(rows: readonly RankedRow[], count: number, worst: number): number {
  const nearest = new TopHits(count, worst)
  for (const row of rows) nearest.push(row)
  return nearest.worst
}

interface LocatedRows {
  /** Undefined when no candidate is alive. */
  readonly arena: Arena | undefined
  readonly rows: RowLocation[]
  readonly addresses: number[]
  readonly estimates: number[]
}

/** The living rows of some candidates; undefined when their vectors are not all in one linear memory. */
function locateResident(plan: SearchPlan, found: Found, locate: Locate, start: number, end: number): LocatedRows | undefined {
  const { index } = plan.index
  const located = {
    arena: undefined as Arena | undefined,
    rows: [] as RowLocation[],
    addresses: [] as number[],
    estimates: [] as number[],
  }
  let set: RowSet | undefined
  let resident: ResidentRows | undefined
  for (let candidate = start; candidate < end; candidate++) {
    const row = locate(candidate)
    if (!row) continue
    if (row.state.set !== set) {
      set = row.state.set
      resident = index.column(set)!.resident?.()
      if (!resident || (located.arena && located.arena !== resident.arena)) return undefined
      located.arena = resident.arena
    }
    located.rows.push(row)
    located.addresses.push(resident!.pointer + row.slot * resident!.rowBytes)
    located.estimates.push(found.estimates[candidate]!)
  }
  return located
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
