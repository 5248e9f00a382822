import { countBits, forEachBit, wordsFor } from '../../format/bitset.js'
import type { GraphPart } from '../../segment/graph-part.js'
import { whenResident } from '../../segment/part-file.js'
import type { Budget } from '../../vector/budget.js'
import { isScanned } from '../../vector/among-allowed.js'
import { graphPresets } from '../../vector/graph-image.js'
import { effortFor } from '../../vector/recall-curve.js'
import { isLongScan, isLongSearch } from '../../vector/long-work.js'
import type { GraphSearchOptions, GraphSearchResult, PlacedResult, ResidentGraph } from '../../vector/resident-graph.js'
import { scanBlock, type ScanResult } from '../../vector/scan.js'
import type { SetState } from '../version/directory.js'
import { livingWords } from '../version/index-state.js'
import type { Parts } from '../version/parts.js'
import type { CollectionState } from '../version/state.js'
import { type Locations, nodeLocations } from './locations.js'
import { knownMatched, type Matched, matchedBy, type MatchedNodes } from './matched.js'
import type { RowFilter } from './matches.js'
import type { SearchPlan } from './plan.js'
import { walkThenFilter } from './post-filter.js'
import { rankAll, rankNearest } from './ranking.js'
import { TopHits } from './top-hits.js'
import type { SearchTrace } from './trace.js'
import type { Steps } from './turns.js'

/** Nodes that a walk ranks by their codes, for each row that is wanted, and as many more: the codes put the nearest among these. */
const keptFactor = 2
const keptExtra = 16
const keptFor = (plan: SearchPlan): number => keptFactor * plan.count + keptExtra

/** Reading more records than this, only to know what matches, is put off while a sample of this size says that many match. */
const readMost = 20_000
const sampleSize = 256
const sampleShareMin = 0.1
/** What the graphs of a filtered search are asked for where its options do not say: candidates for each row. */
const oversample = 3

/** What is known of a walk besides what it found. */
interface WalkFacts {
  readonly begun: number
  readonly ef: number
  readonly matches: number | undefined
}

/** The same of a scan. */
interface ScanFacts {
  readonly begun: number
  readonly allowed: Uint32Array
  readonly approximate: boolean
}

/**
 * Searches one version, part by part: graphs first, largest first, each handing its worst kept distance on, then the rows that no graph holds. With
 * `exact` or `preFilter` all rows that may answer are scanned instead; then the answer is provably the exact one.
 */
export class VersionSearch {
  readonly hits: TopHits
  complete = true
  /** The time ran out. */
  isLate = false
  readonly #plan: SearchPlan
  readonly #parts: Parts
  #started = false
  /** Candidates that may still be looked at. */
  #left: number

  constructor(plan: SearchPlan, parts: Parts) {
    this.#plan = plan
    this.#parts = parts
    this.hits = new TopHits(plan.count, plan.maxDistance)
    this.#left = (plan.filter && plan.candidatesMax) ?? Infinity
  }

  /** The search itself; the answer is there when they are done. */
  steps(): Steps {
    const { filter, exact, strategy = 'auto', trace } = this.#plan
    if (exact || strategy === 'preFilter') {
      trace?.chose(filter ? 'preFilter' : 'exact')
      return this.#scanAll()
    }
    if (!filter) return this.#plain()
    return strategy === 'postFilter' ? this.#postFilter(filter) : this.#auto(filter)
  }

  *#plain(): Steps {
    const { index } = this.#plan
    for (let i = 0; i < index.graphs.length && this.#mayGoOn(); i++) yield () => this.#walk(i)
    yield* this.#scanOpen()
  }

  *#scanOpen(): Steps {
    const { index, collection } = this.#plan
    let open: readonly SetState[] = []
    yield () => void (open = collection.sets.filter(({ set, rows }) => index.coverage.of(set, rows).openRows > 0))
    for (const state of open) yield () => this.#scan(state, 'open')
  }

  *#scanAll(): Steps {
    for (const state of this.#plan.collection.sets) {
      if (!this.#mayGoOn()) return
      yield () => this.#scan(state, 'held')
    }
  }

  *#auto(filter: RowFilter): Steps {
    const { collection, index, trace } = this.#plan
    let matched = knownMatched(collection, index, filter)
    if (!matched) {
      let share = 0
      yield () => this.#timed(() => (share = filter.unread() > readMost ? sampledShare(collection, filter, trace) : 0))
      if (share >= sampleShareMin) return yield* this.#postFilter(filter)
      for (const state of collection.sets) yield () => this.#timed(() => filter.matching(state))
      yield () => this.#timed(() => (matched = matchedBy(collection, index, filter)))
    }
    yield* this.#among(matched!)
  }

  *#among({ graphs, open, count }: Matched): Steps {
    const { trace } = this.#plan
    trace?.chose('matches')
    trace?.counted(count)
    for (let i = 0; i < graphs.length && this.#mayGoOn(); i++) {
      if (graphs[i]!.allowedCount > 0) yield () => this.#walk(i, graphs[i])
    }
    for (const [state, words] of open) {
      if (!this.#mayGoOn()) return
      yield () => this.#scanRows(state, words, false)
    }
  }

  *#postFilter(filter: RowFilter): Steps {
    const { index, trace } = this.#plan
    trace?.chose('postFilter')
    for (let i = 0; i < index.graphs.length && this.#mayGoOn(); i++) yield () => this.#walkThenFilter(filter, i)
    yield* this.#scanOpen()
  }

  /** True while neither time nor candidates are used up; the first part is searched in any case. */
  #mayGoOn(): boolean {
    const { deadline } = this.#plan.budget
    this.isLate ||= this.#started && deadline !== undefined && performance.now() >= deadline
    this.#started = true
    if (!this.isLate && this.#left > 0) return true
    this.complete = false
    return false
  }

  #timed(filtering: () => void): void {
    const begun = performance.now()
    filtering()
    this.#plan.trace?.filtering(performance.now() - begun)
  }

  #looked(candidates: number, complete: boolean): void {
    const { deadline } = this.#plan.budget
    this.#left -= candidates
    if (complete) return
    this.complete = false
    if (deadline !== undefined && performance.now() >= deadline) this.isLate = true
  }

  #budget(): Budget {
    return this.#left === Infinity ? this.#plan.budget : { ...this.#plan.budget, evaluationsMax: Math.max(1, this.#left) }
  }

  #walk(place: number, matched?: MatchedNodes): void | Promise<void> {
    const plan = this.#plan
    const { index, collection, count, query } = plan
    const begun = plan.trace ? performance.now() : 0
    const part = index.graphs[place]!
    const graph = part.graph()
    const ef = leastEffort(plan, graph)
    // Few are scanned, and then exactly, also where all match; many that all match are no filter.
    const isNarrowed =
      matched !== undefined &&
      (matched.allowedCount < index.aliveCounts(collection.sets)[place]! || isScanned(1, matched.allowedCount, ef))
    const { allowed, allowedCount, seeds }: Allowed = isNarrowed ? matched : living(plan, place)
    // One literal, as for plans.
    const options: GraphSearchOptions = {
      ef,
      keep: keptFor(plan),
      least: count,
      bound: this.hits.bound,
      budget: this.#budget(),
      allowed,
      allowedCount,
      seeds,
    }
    const facts = { begun, ef, matches: matched?.allowedCount }
    const { helpers } = this.#parts
    if (helpers && isLongSearch(graph, query.length, options)) {
      const take = (found: GraphSearchResult): void => this.#take(part, found, facts)
      return this.#elsewhere(helpers.walk(part, query, options), take, () => part.graph().search(query, options))
    }
    this.#take(part, graph.search(query, options), facts, graph.placed)
  }

  /** Ranks what another thread has found, or what this one finds where that one had no room. */
  async #elsewhere<Found>(finding: Promise<Found | undefined>, take: (found: Found) => void, find: () => Found): Promise<void> {
    const found = await finding
    await whenResident(() => this.#parts.residency.run(() => take(found ?? find())))
  }

  #take(part: GraphPart, found: GraphSearchResult, { begun, ef, matches }: WalkFacts, placed?: PlacedResult): void {
    const plan = this.#plan
    const { evaluations: candidates, way = 'walk', complete } = found
    const locations = nodeLocations(plan, part, found.nodes)
    if (way === 'scan') rankAll(plan, this.#parts, found.count, locations, this.hits)
    else rankNearest(plan, this.#parts, found, locations, this.hits, placed)
    this.#looked(candidates, complete)
    plan.trace?.part(begun, {
      ...{ kind: 'graph', size: part.nodes, ...(matches !== undefined && { matches }) },
      ...(way === 'walk' ? { way, ef } : { way }),
      candidates,
    })
  }

  #walkThenFilter(filter: RowFilter, place: number): void {
    const plan = this.#plan
    const begun = performance.now()
    const part = plan.index.graphs[place]!
    const graph = part.graph()
    const count = plan.index.aliveCounts(plan.collection.sets)[place]!
    const ef = Math.max(leastEffort(plan, graph), oversample * plan.count)
    const options = { ef, budget: plan.budget, ...living(plan, place) }
    const found = walkThenFilter(plan, filter, part, options, count, this.#left)
    rankNearest(plan, this.#parts, found, nodeLocations(plan, part, found.nodes), this.hits)
    const { candidates, complete } = found
    this.#looked(candidates, complete)
    plan.trace?.part(begun, { kind: 'graph', size: part.nodes, way: 'walk', ef: found.ef, candidates })
  }

  /** Scans the rows of a set that belong to the index, or of these the ones that no graph holds. */
  #scan(state: SetState, which: 'held' | 'open'): void | Promise<void> {
    const { index, filter } = this.#plan
    const mask = index.coverage.of(state.set, state.rows)
    // Whether anything is left to do is asked before whether there is time for it.
    if (which === 'open' && (mask.openRows === 0 || !this.#mayGoOn())) return
    const allowed = new Uint32Array(wordsFor(state.rows))
    if (livingWords(mask[which], state.dead, state.rows, allowed) === 0) return
    if (filter) this.#timed(() => keepMatching(filter, state, allowed, which === 'open'))
    if (allowed.some((word) => word !== 0)) return this.#scanRows(state, allowed, which === 'open')
  }

  #scanRows(state: SetState, allowed: Uint32Array, besideGraphs: boolean): void | Promise<void> {
    const plan = this.#plan
    const { index } = plan.index
    const column = index.column(state.set)
    if (!column) return
    const begun = plan.trace ? performance.now() : 0
    // Beside a graph, whose answer is approximate anyway, a first pass over one-bit codes saves most of the work. Not in memory: there rows that
    // are younger than this version share the codes, and its answers are not to depend on them.
    const approximate = besideGraphs && plan.index.graphs.length > 0 && state.set.key !== null
    const { metric } = index.definition
    const options = { k: plan.count, allowed, bound: this.hits.bound, budget: this.#budget(), approximate }
    const facts = { begun, allowed, approximate }
    const find = (): ScanResult => scanBlock(column.codes(), plan.query, metric, options)
    const { helpers } = this.#parts
    const others = besideGraphs ? 0 : plan.collection.records
    if (helpers && column.holder && !approximate && isLongScan(countBits(allowed), column.dimensions, others)) {
      const finding = helpers.scan(column.holder, column.codes(), plan.query, metric, options)
      return this.#elsewhere(finding, (found) => this.#takeRows(state, found, facts), find)
    }
    this.#takeRows(state, find(), facts)
  }

  #takeRows(state: SetState, found: ScanResult, { begun, allowed, approximate }: ScanFacts): void {
    const plan = this.#plan
    const locations: Locations = { sets: [state], slotIn: (_, candidate) => found.nodes[candidate]! }
    if (approximate) rankNearest(plan, this.#parts, found, locations, this.hits)
    else rankAll(plan, this.#parts, found.count, locations, this.hits)
    const { evaluations: candidates, complete } = found
    this.#looked(candidates, complete)
    const matches = plan.filter && plan.trace ? { matches: countBits(allowed) } : {}
    plan.trace?.part(begun, { kind: 'rows', size: state.rows, ...matches, way: 'scan', candidates })
  }
}

type Allowed = Pick<GraphSearchOptions, 'allowed' | 'allowedCount' | 'seeds'>

const all: Allowed = Object.freeze({ allowed: undefined, allowedCount: undefined, seeds: undefined })

/** The living nodes of a graph; nothing where all are, so that the kernel need not look at a bitset at all. */
function living({ index, collection }: SearchPlan, place: number): Allowed {
  const allowedCount = index.aliveCounts(collection.sets)[place]!
  if (allowedCount === index.graphs[place]!.nodes) return all
  return { allowed: index.alive(collection.sets)[place]!.words, allowedCount, seeds: undefined }
}

function leastEffort(plan: SearchPlan, graph: ResidentGraph): number {
  return Math.max(effortOf(plan, graph), Math.ceil(plan.count * (plan.overquery ?? 1)))
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

/** Of the marked rows of a set, those that match. `few`: of the others nothing need be known. */
function keepMatching(filter: RowFilter, state: SetState, marked: Uint32Array, few: boolean): void {
  if (few) {
    forEachBit(marked.slice(), state.rows, (slot) => {
      if (!filter.matches(state, slot)) marked[slot >>> 5]! &= ~(1 << (slot & 31))
    })
    return
  }
  const { words } = filter.matching(state)
  for (let word = 0; word < marked.length; word++) marked[word]! &= words[word]!
}

/** The share of matches among living rows from everywhere. */
function sampledShare(collection: CollectionState, filter: RowFilter, trace: SearchTrace | undefined): number {
  const step = Math.max(1, Math.floor(collection.records / sampleSize))
  let [seen, sampled, matching] = [0, 0, 0]
  for (const state of collection.sets) {
    for (let slot = 0; slot < state.rows; slot++) {
      if (state.dead.has(slot) || seen++ % step !== 0) continue
      sampled++
      if (filter.matches(state, slot)) matching++
    }
  }
  const share = sampled > 0 ? matching / sampled : 0
  trace?.sampled(share)
  return share
}
