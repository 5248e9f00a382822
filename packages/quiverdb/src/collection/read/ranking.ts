import type { ResidentRows } from '../../segment/row-set.js'
import type { Arena } from '../../vector/arena.js'
import { ExactScorer } from '../../vector/exact-scorer.js'
import type { MemoryPool } from '../../vector/memory-pool.js'
import type { PlacedResult } from '../../vector/resident-graph.js'
import type { RowLocation, SetState } from '../version/directory.js'
import type { Parts } from '../version/parts.js'
import { locationOf, type Locations } from './locations.js'
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

/** Candidates of a walk or scan, by ascending estimate of their distance. */
export interface Found {
  readonly count: number
  readonly estimates: ArrayLike<number>
}

/**
 * Scores candidates in the order of their estimates: the first few in any case, unless better ones are known from other parts, then on while
 * an estimate, less the error that estimates were seen to have, could still be among the nearest.
 */
export function rankNearest(
  plan: SearchPlan,
  parts: Parts,
  found: Found,
  locations: Locations,
  hits: TopHits,
  placed?: PlacedResult,
): void {
  const first = hits.isFull ? scoredAtOnce : Math.max(plan.count, scoredAtOnce)
  if (placed && rankRows(plan, parts, found.count, placed, locations, hits, first)) return
  if (rankResident(plan, parts, found, locations, hits, first)) return
  const ranked: RankedRow[] = []
  const nearest = new TopHits(plan.count, hits.bound)
  let error = hits.estimateError
  let last = Math.min(found.count, first)
  for (let start = 0; start < last && found.estimates[start]! - error <= nearest.worst;) {
    for (const row of score(plan, parts, start, last, locations)) {
      error = Math.max(error, errorMargin * Math.abs(row.distance - found.estimates[row.candidate]!))
      nearest.push(row)
      ranked.push(row)
    }
    start = last
    last = Math.min(found.count, start + scoredAtOnce)
  }
  hits.pushAll(ranked)
  hits.estimateError = error
}

/** The same in calls of the kernel, where the candidates' vectors are in one linear memory. Returns false, and has done nothing, where they are not. */
function rankResident(plan: SearchPlan, parts: Parts, found: Found, locations: Locations, hits: TopHits, first: number): boolean {
  const scorer = scorerOf(parts.pool)
  scorer.begin(plan.query, plan.index.index.definition.metric)
  const ranked: RankedRow[] = []
  const located: LocatedRows = { arena: undefined, sets: [], slots: [], addresses: [], estimates: [] }
  let wanted = first
  let worst = hits.bound
  let error = hits.estimateError
  // Most are not looked at: rows are found for a few more than are surely scored, and for others when those did not end it.
  for (let start = 0, end = first + locatedAhead; start < found.count; start = end, end += locatedAhead) {
    if (!locateResident(plan, found, locations, start, Math.min(end, found.count), located)) return false
    const { arena, sets, slots, addresses, estimates } = located
    if (!arena) continue
    const scored = scorer.rank({ arena, addresses, estimates, count: slots.length, first: wanted, k: plan.count, worst, error })
    const { distances } = scored
    for (let i = 0; i < distances.length; i++) ranked.push({ distance: distances[i]!, state: sets[i]!, slot: slots[i]! })
    error = scored.error
    if (distances.length < slots.length) break
    wanted = Math.max(scoredAtOnce, first - ranked.length)
    if (end < found.count) worst = worstOf(ranked, plan.count, hits.bound)
  }
  hits.pushAll(ranked)
  hits.estimateError = error
  return true
}

/** The same at once, where the graph's nodes are the rows of some sets, all of whose vectors are in the graph's own memory. */
function rankRows(
  plan: SearchPlan,
  parts: Parts,
  count: number,
  placed: PlacedResult,
  { sets, starts }: Locations,
  hits: TopHits,
  first: number,
): boolean {
  if (!starts) return false
  const residents: ResidentRows[] = []
  for (let i = 0; i < sets.length; i++) {
    const resident = plan.index.index.column(sets[i]!.set)?.resident?.()
    if (!resident || resident.arena !== placed.arena) return false
    residents.push(resident)
  }
  const scorer = scorerOf(parts.pool)
  scorer.begin(plan.query, plan.index.index.definition.metric)
  const { arena, nodes, estimates } = placed
  const [k, worst, seen] = [plan.count, hits.bound, hits.estimateError]
  const { distances, error } = scorer.rankRows({
    arena,
    nodes,
    estimates,
    count,
    starts,
    residents,
    first,
    k,
    worst,
    error: seen,
  })
  const ranked: RankedRow[] = []
  for (let i = 0; i < distances.length; i++) {
    const node = arena.u32[nodes / 4 + i]!
    let place = starts.length - 1
    while (starts[place]! > node) place--
    ranked.push({ distance: distances[i]!, state: sets[place]!, slot: node - starts[place]! })
  }
  hits.pushAll(ranked)
  hits.estimateError = error
  return true
}

function worstOf(rows: readonly RankedRow[], count: number, worst: number): number {
  const nearest = new TopHits(count, worst)
  for (const row of rows) nearest.push(row)
  return nearest.worst
}

interface LocatedRows {
  /** Undefined when no candidate is alive. */
  arena: Arena | undefined
  readonly sets: SetState[]
  readonly slots: number[]
  readonly addresses: number[]
  readonly estimates: number[]
}

/** Finds the living rows of some candidates. Returns false when their vectors are not all in one linear memory. */
function locateResident(
  plan: SearchPlan,
  found: Found,
  locations: Locations,
  start: number,
  end: number,
  into: LocatedRows,
): boolean {
  const { index } = plan.index
  const { sets } = locations
  let present: SetState | undefined
  let pointer = 0
  let rowBytes = 0
  let count = 0
  for (let candidate = start; candidate < end; candidate++) {
    for (let i = 0; i < sets.length; i++) {
      const slot = locations.slotIn(i, candidate)
      if (slot < 0) continue
      const state = sets[i]!
      if (state !== present) {
        const resident = index.column(state.set)!.resident?.()
        if (!resident || (into.arena && into.arena !== resident.arena)) return false
        present = state
        into.arena = resident.arena
        pointer = resident.pointer
        rowBytes = resident.rowBytes
      }
      into.sets[count] = state
      into.slots[count] = slot
      into.addresses[count] = pointer + slot * rowBytes
      into.estimates[count++] = found.estimates[candidate]!
      break
    }
  }
  for (const list of [into.sets, into.slots, into.addresses, into.estimates]) list.length = count
  return true
}

/** Scores all candidates of a scan, which are proven to hold the nearest. */
export function rankAll(plan: SearchPlan, parts: Parts, count: number, locations: Locations, hits: TopHits): void {
  const ranked: RankedRow[] = []
  for (let first = 0; first < count; first += scoredTogetherMax) {
    ranked.push(...score(plan, parts, first, Math.min(count, first + scoredTogetherMax), locations))
  }
  hits.pushAll(ranked)
}

/** Exact distances of candidates, from their full vectors. Nothing is kept before all is read, so that a read that must wait can start over. */
function score(
  plan: SearchPlan,
  parts: Parts,
  first: number,
  last: number,
  locations: Locations,
): (RankedRow & { readonly candidate: number })[] {
  const { index } = plan.index
  const { metric, mode } = index.definition
  const scorer = scorerOf(parts.pool)
  scorer.begin(plan.query, metric)
  const once = mode === 'memory' || mode === 'balanced'
  const located: { candidate: number; location: RowLocation }[] = []
  for (let candidate = first; candidate < last; candidate++) {
    const location = locationOf(locations, candidate)
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
