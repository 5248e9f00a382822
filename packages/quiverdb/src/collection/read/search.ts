import { wordsFor } from '../../format/bitset.js'
import { graphPresets } from '../../vector/graph-image.js'
import { effortFor } from '../../vector/recall-curve.js'
import type { ResidentGraph } from '../../vector/resident-graph.js'
import { scanBlock } from '../../vector/scan.js'
import type { SearchPlan } from './plan.js'
import type { SetState } from '../version/directory.js'
import { livingWords } from '../version/index-state.js'
import type { RowFilter } from './matches.js'
import type { Parts } from '../version/parts.js'
import { type Locations, nodeLocations } from './locations.js'
import { rankAll, rankNearest } from './ranking.js'
import { TopHits } from './top-hits.js'

export interface SearchOutcome {
  readonly hits: TopHits
  readonly complete: boolean
}

/** Nodes that a walk ranks by their codes, for each row that is wanted, and as many more: the codes put the nearest among these. */
const keptFactor = 2
const keptExtra = 16
const keptFor = (plan: SearchPlan): number => keptFactor * plan.count + keptExtra

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
    for (let i = 0; i < plan.index.graphs.length && !late(); i++) {
      yield () => {
        complete = walkGraph(plan, parts, i, hits) && complete
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

function walkGraph(plan: SearchPlan, parts: Parts, place: number, hits: TopHits): boolean {
  const { index, collection } = plan
  const part = index.graphs[place]!
  const graph = part.graph()
  const allowedCount = index.aliveCounts(collection.sets)[place]!
  // Without deletions the kernel need not look at a bitset at all.
  const allowed = allowedCount === part.nodes ? undefined : index.alive(collection.sets)[place]!.words
  const found = graph.search(plan.query, {
    ef: Math.max(effortOf(plan, graph), plan.count),
    keep: keptFor(plan),
    least: plan.count,
    bound: hits.worst,
    budget: plan.budget,
    ...(allowed && { allowed, allowedCount }),
  })
  rankNearest(plan, parts, found, nodeLocations(plan, part, found.nodes), hits)
  return found.complete
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
  const { words } = filter.matching(state)
  let any = 0
  for (let word = 0; word < allowed.length; word++) any |= allowed[word]! &= words[word]!
  return any !== 0
}
