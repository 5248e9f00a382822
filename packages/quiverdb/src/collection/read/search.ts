import { wordsFor } from '../../segment/bitset.js'
import type { GraphPart } from '../../segment/graph-part.js'
import { graphPresets } from '../../vector/graph-image.js'
import { effortFor } from '../../vector/recall-curve.js'
import type { NodeRows, ResidentGraph } from '../../vector/resident-graph.js'
import { scanBlock } from '../../vector/scan.js'
import type { SearchPlan } from './plan.js'
import type { SetState } from '../version/directory.js'
import { livingWords } from '../version/index-state.js'
import type { RowFilter } from './matches.js'
import type { CollectionState } from '../version/state.js'
import type { Parts } from '../version/parts.js'
import type { VidLookup } from '../version/vid-lookup.js'
import { firstRanked, type Locations, rankAll, rankNearest } from './ranking.js'
import { TopHits } from './top-hits.js'

export interface SearchOutcome {
  readonly hits: TopHits
  readonly complete: boolean
}

/** Nodes that a walk ranks by their codes, for each row that is wanted, and as many more: the codes put the nearest among these. */
const keptFactor = 2
const keptExtra = 16
const keptFor = (plan: SearchPlan): number => keptFactor * plan.count + keptExtra
/** Sets that are looked through one by one for the row of a node. */
const piecesMax = 16

/**
 * Searches one version, part by part: graphs first, largest first, each handing its worst kept distance on, then the rows that no graph holds.
 * A filter, or `exact`, scans codes of all rows that may answer instead; then the answer is provably the exact one.
 *
 * It yields between parts, where nothing of it is in linear memory, so that a long search can let others run.
 */
export function* searchVersion(plan: SearchPlan, parts: Parts): Generator<() => void, SearchOutcome, void> {
  const hits = new TopHits(plan.count, plan.maxDistance)
  let complete = true
  let started = false
  /** True once the time is over; the first part is searched in any case. */
  const late = (): boolean => {
    const over = started && plan.budget.deadline !== undefined && performance.now() >= plan.budget.deadline
    started = true
    if (over) complete = false
    return over
  }
  const scanAll = plan.exact || plan.filter !== undefined
  if (!scanAll) {
    const { index, collection } = plan
    for (let i = 0; i < index.graphs.length && !late(); i++) {
      yield () => {
        const alive = index.alive(collection.sets)[i]!
        const whole = index.aliveCounts(collection.sets)[i] === index.graphs[i]!.nodes
        // Without deletions the kernel need not look at a bitset at all.
        complete = walkGraph(plan, parts, index.graphs[i]!, whole ? undefined : alive.words, hits) && complete
      }
    }
  }
  for (const state of plan.collection.sets) {
    if (late()) break
    yield () => {
      complete = scanSet(plan, parts, state, scanAll, hits) && complete
    }
  }
  return { hits, complete }
}

function walkGraph(plan: SearchPlan, parts: Parts, part: GraphPart, allowed: Uint32Array | undefined, hits: TopHits): boolean {
  const graph = part.graph()
  const ef = Math.max(effortOf(plan, graph), plan.count)
  const keep = keptFor(plan)
  const options = { ef, keep, least: plan.count, allowed, bound: hits.worst, budget: plan.budget }
  const { sets } = plan.collection
  const lookups = sets.map(({ set }) => plan.index.index.vids(set))
  const pieces = allowed === undefined ? piecesOf(plan, part, lookups) : undefined
  const rows = pieces && residentRows(plan, pieces, graph)
  if (pieces && rows) {
    const rank = { rows, k: plan.count, first: firstRanked(plan, hits), worst: hits.worst, error: hits.estimateError }
    const { nodes, ranked, complete } = graph.search(plan.query, { ...options, rank })
    const { distances, error } = ranked!
    hits.estimateError = error
    for (let i = 0; i < distances.length; i++) {
      if (distances[i]! > hits.worst) continue
      const { state, start } = pieces.find(({ end }) => nodes[i]! < end)!
      hits.push({ distance: distances[i]!, state, slot: nodes[i]! - start })
    }
    return complete
  }
  const found = graph.search(plan.query, options)
  const vids = part.vids()
  const locations: Locations = {
    sets,
    slotIn(place, candidate) {
      const node = found.nodes[candidate]!
      return lookups[place]?.slotOf(vids[node]!, sets[place]!, node) ?? -1
    },
  }
  rankNearest(plan, parts, found, locations, hits)
  return found.complete
}

/** Consecutive nodes of a graph that are the rows of a set, all of them and in their order. */
interface Piece {
  readonly start: number
  readonly end: number
  readonly state: SetState
}

const piecesByVersion = new WeakMap<CollectionState, Map<GraphPart, readonly Piece[] | undefined>>()

/**
 * The sets that a graph's nodes are the rows of, one after the other: a graph that was built of whole parts, which have not changed since. Then
 * rows need not be looked up one by one.
 */
function piecesOf(
  { collection }: SearchPlan,
  part: GraphPart,
  lookups: readonly (VidLookup | undefined)[],
): readonly Piece[] | undefined {
  let known = piecesByVersion.get(collection)
  if (!known) piecesByVersion.set(collection, (known = new Map()))
  if (known.has(part)) return known.get(part)
  const vids = part.vids()
  const pieces: Piece[] = []
  let start = 0
  for (const [place, state] of collection.sets.entries()) {
    if (start === vids.length || state.dead.count() > 0 || !lookups[place]?.isOrderOf(vids, start)) break
    pieces.push({ start, end: start + state.rows, state })
    start += state.rows
  }
  const whole = start === vids.length && pieces.length <= piecesMax ? pieces : undefined
  known.set(part, whole)
  return whole
}

/** The vectors of a graph's nodes, where they are in its memory. */
function residentRows(plan: SearchPlan, pieces: readonly Piece[], graph: ResidentGraph): NodeRows[] | undefined {
  const rows: NodeRows[] = []
  for (const { start, end, state } of pieces) {
    const resident = plan.index.index.column(state.set)?.resident?.()
    if (resident?.arena !== graph.arena) return undefined
    rows.push({ start, end, pointer: resident.pointer, rowBytes: resident.rowBytes })
  }
  return rows
}

/** As asked for; else what the graph was seen to need for the recall that is asked for, or that the preset promises. */
function effortOf(plan: SearchPlan, { recall }: ResidentGraph): number {
  if (plan.ef !== undefined) return plan.ef
  const preset = graphPresets[plan.index.index.definition.preset]
  if (!recall) return preset.efSearch
  // What was measured is what walks miss: that codes confuse near vectors is made up for by keeping more.
  if (plan.recall !== undefined) return Math.max(keptFor(plan), effortFor(recall, plan.count, plan.recall))
  return Math.max(preset.efSearch, effortFor(recall, plan.count, preset.recall))
}

function scanSet(plan: SearchPlan, parts: Parts, state: SetState, all: boolean, hits: TopHits): boolean {
  const { index } = plan.index
  const { held, open, openRows } = plan.index.coverage.of(state.set, state.rows)
  if (!all && openRows === 0) return true
  const column = index.column(state.set)
  if (!column) return true
  const allowed = new Uint32Array(wordsFor(state.rows))
  if (livingWords(all ? held : open, state.dead, state.rows, allowed) === 0) return true
  if (plan.filter && !keepMatching(plan.filter, state, allowed)) return true
  // Beside a graph, whose answer is approximate anyway, a first pass over one-bit codes saves most of the work. Not in memory: there rows that
  // are younger than this version share the codes, and its answers are not to depend on them.
  const approximate = !all && plan.index.graphs.length > 0 && state.set.key !== null
  const found = scanBlock(column.codes(), plan.query, index.definition.metric, {
    k: plan.count,
    allowed,
    bound: hits.worst,
    budget: plan.budget,
    approximate,
  })
  const locations: Locations = { sets: [state], slotIn: (_, candidate) => found.nodes[candidate]! }
  if (approximate) rankNearest(plan, parts, found, locations, hits)
  else rankAll(plan, parts, found.count, locations, hits)
  return found.complete
}

function keepMatching(filter: RowFilter, state: SetState, allowed: Uint32Array): boolean {
  let any = false
  for (let word = 0; word < allowed.length; word++) {
    for (let rest = allowed[word]!; rest !== 0; rest &= rest - 1) {
      const bit = 31 - Math.clz32(rest & -rest)
      if (filter.matches(state, word * 32 + bit)) any = true
      else allowed[word]! &= ~(1 << bit)
    }
  }
  return any
}
