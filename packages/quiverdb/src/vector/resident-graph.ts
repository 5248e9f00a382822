import { modes, walkLayout } from '@quiverdb/kernel'
import { QuiverError } from '../errors.js'
import { type Budget, runWithin } from './budget.js'
import type { Arena } from './arena.js'
import { checkLength } from './check-length.js'
import { encodeQuery, stagingFor } from './encode.js'
import { rerankLayout } from './block-layout.js'
import {
  checkHeader,
  type GraphHeader,
  type GraphMode,
  type GraphSection,
  parametersOf,
  sectionBytes,
  sectionsOf,
} from './graph-image.js'
import { GraphMemory } from './graph-memory.js'
import type { MemoryPool } from './memory-pool.js'
import { type AffineMap, metricMap, queryTransform } from './metric.js'
import type { KeptCurve } from './recall-curve.js'
import { unreachableNodes } from './reachability.js'
import { codesKindOf, graphRowKind } from './row-layout.js'
import { type GraphSource, isArriving, PartialGraph } from './partial-graph.js'
import { amongOf, beginAmong, isScanned } from './among-allowed.js'
import { emptyScan, placeBitset, runScan, type ScanOptions, type ScanResult } from './scan.js'
import { encodingOf } from './graph-encoding.js'
import { placeSketchWalk, rankSketched, rowsToRank, sketchDistances } from './graph-sketch.js'
import { copyUpper } from './upper-copy.js'
import { placeWalk } from './walk-room.js'

export interface GraphSearchOptions {
  /** Candidates kept while walking: more find more. At least 1; at most the number of nodes is used. */
  readonly ef: number
  /** Nodes that are wanted; at most ef. Default: ef. */
  readonly keep?: number
  /**
   * Of them, how many are found wherever so many can be: a walk over blocks, whose pool holds a node as often as its neighbours tell of it, comes to
   * fewer than ef, and is repeated over rows where it came to fewer than these. Default: 1.
   */
  readonly least?: number
  /** Bit i of word i >> 5 allows node i to be returned; others are walked through. Absent: all. */
  readonly allowed?: Uint32Array
  /** How many nodes that allows. Where it is most of them, blocks are walked all the same, with an effort that makes up for the others. */
  readonly allowedCount?: number
  /**
   * Allowed nodes from everywhere in the graph ({@link seedsOf}). With them the walk goes among allowed nodes alone, from wherever those are, and what it
   * does not find is found by a scan.
   */
  readonly seeds?: Uint32Array
  /**
   * A distance that as many known vectors elsewhere as are wanted do not exceed: the walk ends early where the nodes that it comes to are
   * clearly farther. Walks with an `allowed` set, or with a large ef, take no notice of it.
   */
  readonly bound?: number
  readonly budget?: Budget
}

/** Nodes by ascending estimate of their distance, in the metric's own scale; at most `ef` of them. */
export interface GraphSearchResult {
  readonly nodes: readonly number[]
  readonly estimates: readonly number[]
  readonly count: number
  /** Distances that were computed. */
  readonly evaluations: number
  /** False when the budget ended the walk first. */
  readonly complete: boolean
  /**
   * Absent: by a walk. `scan`: all that is allowed was scanned, and what was found is proven to hold the nearest. `sketch`: all was looked at by one-bit
   * sketches, since a walk for as many of the nearest would have taken longer.
   */
  readonly way?: 'scan' | 'sketch'
}

/** Where nodes (u32) and estimates (float64) of a walk are in linear memory, until the next search. */
export interface PlacedResult {
  readonly arena: Arena
  readonly nodes: number
  readonly estimates: number
}

/** Relative rounding of the map from graph space to the metric in float32. */
const shiftSlack = 1e-6
/** What float64 loses of 1 - cos by cancellation, at most: bounds hold for exact scores, not only for the mathematical distance. */
const cosineSlack = 2e-12
/** A walk with a bound goes on while nodes are within this factor of it in graph space (there distances are squares) ... */
const boundFactor = 1.3
/** ... and in any case until it has expanded this share of its ef, and this many: before, it may be on its way from far off. */
const patienceShare = 1 / 3
const patienceMin = 16
/** With fewer nodes allowed than this share, what is allowed is kept apart from what is walked. */
const mostShare = 0.5
const { index: walkField } = walkLayout
/** Scratch for what walks find. */
const [foundNodes, foundDistances] = ['found nodes', 'found distances']

/** A walk whose query is encoded and whose room is there, at these addresses. */
interface PlacedWalk {
  readonly walk: number
  readonly keep: number
  readonly found: number
  readonly distances: number
  readonly map: AffineMap
}

type Step = (graph: number, walk: number, evaluationsMax: number) => number

/**
 * A graph that is loaded for searching. Estimates come from its codes: score the candidates exactly before showing distances.
 *
 * @example
 * ```ts
 * const graph = ResidentGraph.load(pool, header, (section, target) => target.set(sections[section]))
 * const { nodes, estimates } = graph.search(query, { ef: 50 })
 * graph.free()
 * ```
 */
export class ResidentGraph {
  /** What searches find by effort, where that was measured. */
  readonly recall: KeptCurve | undefined
  readonly #memory: GraphMemory
  /** While not all of it is there. */
  #partial: PartialGraph | undefined

  /** Searches a graph that someone else owns: `free` is theirs to call. */
  constructor(memory: GraphMemory, recall?: KeptCurve) {
    this.#memory = memory
    this.recall = recall
  }

  /** Makes room for an image and has `fill` write each section, hottest first. @throws QuiverError MEMORY_FULL */
  static load(pool: MemoryPool, header: GraphHeader, fill: (section: GraphSection, target: Uint8Array) => void): ResidentGraph {
    return ResidentGraph.#filled(pool, header, sectionsOf(header.mode), fill)
  }

  /**
   * Makes room for an image and reads no more than walks need to begin; they and {@link advance} read the rest. Its answers are those of a whole
   * graph. @throws QuiverError MEMORY_FULL, and what the source throws
   */
  static begin(pool: MemoryPool, header: GraphHeader, source: GraphSource): ResidentGraph {
    const first = sectionsOf(header.mode).filter((name) => !isArriving(name))
    const graph = ResidentGraph.#filled(pool, header, first, (section, target) => source.fill(section, target))
    try {
      graph.#partial = new PartialGraph(graph.#memory, source)
    } catch (error) {
      graph.free()
      throw error
    }
    return graph
  }

  static #filled(
    pool: MemoryPool,
    header: GraphHeader,
    sections: readonly GraphSection[],
    fill: (section: GraphSection, target: Uint8Array) => void,
  ): ResidentGraph {
    checkHeader(header)
    const isSketched = header.recall?.sketch !== undefined
    const memory = new GraphMemory(pool, parametersOf(header), header.mode, header.phi, header.nodes, header.upperBytes, {
      isSketched,
    })
    memory.norm2Max = header.phi * header.phi + header.excessMax
    const bytes = sectionBytes(header)
    try {
      for (const name of sections) if (bytes[name]) fill(name, memory.section(name).view().subarray(0, bytes[name]))
    } catch (error) {
      memory.free()
      throw error
    }
    memory.nodes = header.nodes
    memory.setEntry(header.entry, header.maxLevel)
    if (header.mode === 'speed' && header.nodes > 0) memory.upper = copyUpper(memory)
    return new ResidentGraph(memory, header.recall)
  }

  get nodes(): number {
    return this.#memory.nodes
  }

  /** All of it. */
  get memory(): GraphMemory {
    this.finish()
    return this.#memory
  }

  /** Whether all of it is loaded. */
  get isWhole(): boolean {
    return this.#partial === undefined
  }

  /** Reads the next piece of a graph that was begun; nothing where all is there. @throws what its source throws */
  advance(): void {
    if (this.#partial?.advance()) this.#partial = undefined
  }

  /** Reads all that is missing of a graph that was begun. @throws what its source throws */
  finish(): void {
    while (!this.isWhole) this.advance()
  }

  /** Where the walk of the last search has left what it returned. */
  get placed(): PlacedResult {
    const { arena, pool } = this.#memory
    return { arena, nodes: pool.scratch(arena, foundNodes, 0), estimates: pool.scratch(arena, foundDistances, 0) }
  }

  get mode(): GraphMode {
    return this.#memory.mode
  }

  /** @throws QuiverError DIMENSION_MISMATCH, INVALID_ARGUMENT, ABORTED, MEMORY_FULL */
  search(query: Float32Array, options: GraphSearchOptions): GraphSearchResult {
    const memory = this.#memory
    const { nodes } = memory
    checkLength(query, memory.parameters.dimensions)
    if (!(options.ef >= 1)) throw new QuiverError('INVALID_ARGUMENT', `ef must be at least 1, not ${options.ef}.`)
    if (!nodes) return { nodes: [], estimates: [], count: 0, evaluations: 0, complete: true }
    if (options.allowed && options.seeds) return this.#among(query, options, options.allowed, options.seeds)
    const share = (options.allowedCount ?? 0) / nodes
    const wide = options.allowed !== undefined && (memory.mode !== 'speed' || share < mostShare)
    const ef = Math.min(Math.floor(wide || !options.allowed ? options.ef : options.ef / share), nodes)
    const keep = Math.min(memory.mode === 'speed' ? nodes : ef, options.keep ?? ef)
    const rows = this.rowsToRank(options)
    if (rows !== undefined && rows >= keep) {
      const sketched = this.#bySketches(query, rows, keep, options)
      if (sketched && (sketched.count >= Math.min(keep, options.least ?? 1) || !sketched.complete)) return sketched
    }
    const found = this.#walk(query, ef, keep, options, wide)
    const enough = found.count >= Math.min(keep, options.least ?? 1) || (options.bound ?? Infinity) < Infinity
    if (enough || wide || !found.complete || memory.mode !== 'speed') return found
    const again = this.#walk(query, ef, keep, options, true)
    return { ...again, evaluations: found.evaluations + again.evaluations }
  }

  /** Makes what this search needs and another thread cannot make. @throws QuiverError MEMORY_FULL */
  prepare(options: GraphSearchOptions): void {
    if (this.rowsToRank(options) !== undefined) this.memory.sketch()
  }

  /** How many rows are to be ranked, if they are to be chosen by their sketches: where a walk would cost more, and nobody limits what it looks at. */
  rowsToRank({ ef, least = 1, allowed, allowedCount = 0, seeds, budget }: GraphSearchOptions): number | undefined {
    const { recall, nodes, mode } = this
    if (!recall?.sketch || budget?.evaluationsMax !== undefined || seeds) return undefined
    if (allowed && allowedCount / nodes < mostShare) return undefined
    return rowsToRank(recall, nodes, mode, ef, least)
  }

  /** The nearest of the rows with the best sketches; undefined where sketches say nothing. */
  #bySketches(query: Float32Array, rows: number, keep: number, options: GraphSearchOptions): GraphSearchResult | undefined {
    const { memory } = this
    const groups = memory.sketch()
    if (groups === undefined) return undefined
    const placed = this.#placeIn(placeSketchWalk(memory, keep), query, keep, options)
    const { estimates, complete } = sketchDistances(memory, placed.walk, groups, options.budget)
    if (!rankSketched(memory, placed.walk, estimates, rows)) return undefined
    return { ...this.#results(placed, complete), way: 'sketch' }
  }

  /** A walk among allowed nodes, or a scan of them where that takes less or the walk found too few. */
  #among(query: Float32Array, options: GraphSearchOptions, allowed: Uint32Array, seeds: Uint32Array): GraphSearchResult {
    this.finish()
    const memory = this.#memory
    const count = options.allowedCount ?? memory.nodes
    const share = count / memory.nodes
    const among = amongOf(options.ef, share, seeds)
    const wanted = Math.min(options.least ?? 1, count)
    let evaluations = 0
    if (!isScanned(share, memory.nodes, among.near)) {
      const placed = this.#place(query, among.far, Math.max(wanted, options.keep ?? among.far), options, false)
      if (beginAmong(memory, placed.walk, among)) {
        const found = this.#run(placed, memory.arena.kernel.filteredStep, options.budget)
        if (found.count >= wanted || !found.complete) return found
        evaluations = found.evaluations
      }
    }
    const scan = this.scan(query, { k: Math.max(1, wanted), allowed, budget: options.budget })
    const { nodes, estimates, complete } = scan
    return {
      nodes: Array.from(nodes),
      estimates: Array.from(estimates),
      count: nodes.length,
      evaluations: evaluations + scan.evaluations,
      complete,
      way: 'scan',
    }
  }

  /** One walk; `wide` keeps what is allowed apart from what is walked, and goes over rows in any mode. */
  #walk(query: Float32Array, ef: number, keep: number, options: GraphSearchOptions, wide: boolean): GraphSearchResult {
    const { arena, pointer } = this.#memory
    const placed = this.#place(query, ef, keep, options, wide)
    arena.kernel.searchBegin(pointer, placed.walk)
    return this.#run(placed, arena.kernel.searchStep, options.budget)
  }

  #place(query: Float32Array, ef: number, keep: number, options: GraphSearchOptions, wide: boolean): PlacedWalk {
    const { arena } = this.#memory
    const placed = this.#placeIn(placeWalk(this.#memory, ef, wide, keep), query, keep, options)
    const { walk, map } = placed
    if (options.bound !== undefined) {
      // Where the metric says nothing, the scale is zero, and the bound not a number, which ends no walk.
      arena.f32[walk / 4 + walkField.bound] = boundFactor * ((options.bound - map.shift) / map.scale)
      arena.u32[walk / 4 + walkField.patience] = Math.max(patienceMin, Math.ceil(patienceShare * ef))
    }
    return placed
  }

  /** Encodes the query of a walk and tells it what is allowed. */
  #placeIn(walk: number, query: Float32Array, keep: number, options: GraphSearchOptions): PlacedWalk {
    const memory = this.#memory
    const { pool, arena } = memory
    // Another thread may be inserting: of what it has not counted yet, some can be found.
    const allowed = options.allowed ? placeBitset(pool, arena, options.allowed, memory.capacity) : 0
    const found = pool.scratch(arena, foundNodes, 4 * keep)
    const distances = pool.scratch(arena, foundDistances, 8 * keep)
    const map = this.#query(query, walk)
    arena.u32[walk / 4 + walkField.allowed] = allowed
    return { walk, keep, found, distances, map }
  }

  #run(placed: PlacedWalk, step: Step, budget: Budget | undefined): GraphSearchResult {
    const { pointer } = this.#memory
    const complete = runWithin(budget, (evaluationsMax) => step(pointer, placed.walk, evaluationsMax) === 1)
    return this.#results(placed, complete)
  }

  #results({ walk, keep, found, distances, map }: PlacedWalk, complete: boolean): GraphSearchResult {
    const memory = this.#memory
    const { arena, pointer } = memory
    const { kernel } = arena
    if (memory.mode === 'balanced') {
      const { stride } = rerankLayout(memory.parameters.dimensions)
      kernel.searchRerank(pointer, walk, memory.section('rerank').pointer, stride, keep)
    }
    const count = kernel.searchResults(walk, keep, found, distances, map.scale, map.shift)
    const { u32, f64 } = arena
    // Lists, since typed arrays of more than a few numbers take longer to make than to fill.
    const nodes = new Array<number>(count)
    const estimates = new Array<number>(count)
    for (let i = 0; i < count; i++) {
      nodes[i] = u32[found / 4 + i]!
      estimates[i] = f64[distances / 8 + i]!
    }
    const evaluations = u32[walk / 4 + walkField.evaluations]!
    return { nodes, estimates, count, evaluations, complete }
  }

  /** Scans every node's codes: a proven superset of the k nearest. @throws QuiverError DIMENSION_MISMATCH, ABORTED, MEMORY_FULL */
  scan(query: Float32Array, options: ScanOptions): ScanResult {
    const { memory } = this
    const { arena, nodes, layout, parameters } = memory
    checkLength(query, parameters.dimensions)
    if (!nodes) return emptyScan(options)
    const { target, map } = this.#encode(query)
    const slack = Math.abs(map.shift) * shiftSlack + (parameters.metric === 'cosine' ? cosineSlack : 0)
    // A vector longer than phi lies nearer than its graph distance says, by at most half the excess.
    const { excessMax } = memory.header()
    const allowed = options.allowed && placeBitset(memory.pool, arena, options.allowed, nodes)
    return runScan(
      memory.pool,
      {
        ...{ arena, rows: memory.rows.pointer, stride: memory.rows.stride, codeBytes: layout.codeBytes },
        ...{
          codesKind: codesKindOf(graphRowKind(parameters.codes)),
          count: nodes,
          mode: modes.graph,
          query: target,
          scale: map.scale,
        },
        allowed,
        lowerShift: map.shift - slack - (excessMax / 2) * (1 + shiftSlack),
        upperShift: map.shift + slack,
      },
      options,
    )
  }

  /** Nodes that no walk along level 0 can reach from the entry; 0 in a sound graph. */
  audit(): number {
    return unreachableNodes(this.memory)
  }

  free(): void {
    this.#memory.free()
  }

  /** Encodes the query of a walk; the map takes its graph distances to the metric's. */
  #query(query: Float32Array, walk: number): AffineMap {
    const { pool, arena, layout, parameters, phi, pointer } = this.#memory
    const source = pool.scratch(arena, 'source', query.byteLength)
    const target = pool.scratch(arena, 'query', layout.stride)
    const staging = stagingFor(pool, arena, parameters.dimensions)
    arena.f32.set(query, source / 4)
    arena.u32[walk / 4 + walkField.query] = target
    const transform = queryTransform(parameters.metric)
    const norm2 = arena.kernel.searchQuery(pointer, walk, source, transform, encodingOf(this.#memory).centre!, staging)
    return metricMap(parameters.metric, norm2, phi)
  }

  /** Encodes a query like a row; the map takes its graph distances to the metric's. */
  #encode(query: Float32Array): { target: number; map: AffineMap } {
    const { pool, arena, parameters, phi } = this.#memory
    const transform = queryTransform(parameters.metric)
    const { pointer, norm2 } = encodeQuery(pool, arena, query, { ...encodingOf(this.#memory), transform, phi: 0 })
    return { target: pointer, map: metricMap(parameters.metric, norm2, phi) }
  }
}
