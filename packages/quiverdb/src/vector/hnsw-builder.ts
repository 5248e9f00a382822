import { QuiverError } from '../errors.js'
import {
  type GraphHeader,
  type GraphImage,
  type GraphMode,
  graphParameters,
  type GraphParametersInput,
  sectionBytes,
  sectionsOf,
} from './graph-image.js'
import { blocksPay } from './blocks-pay.js'
import type { GraphMemory } from './graph-memory.js'
import type { GraphCalibration } from './graph-statistics.js'
import { allocateGraph, graphFromImage, growing, resumeGraph } from './growing-graph.js'
import type { MemoryPool } from './memory-pool.js'
import { isCurrent, type KeptCurve } from './recall-curve.js'
import { measuredMin, RecallGauge, type Truths } from './recall-gauge.js'
import { mayPay } from './graph-sketch.js'
import { sketchedToHidden } from './hidden-row.js'
import { unsignedBlocks } from './block-packing.js'
import { encodeNodes, reserveEncoding } from './graph-encoding.js'
import { placeSpread } from './reachability.js'
import { sketchBytes, sketchRows } from './sketch-groups.js'
import { placeSelection, placeWalk } from './walk-room.js'

export interface HnswBuilderOptions extends GraphParametersInput {
  /** Nodes that there is room for. */
  readonly capacity: number
  /** Centre and greatest norm, from a first pass (`GraphStatistics`). Default: centre zero; required for dot. */
  readonly calibration?: GraphCalibration
  /** Of the image that `finish` makes. float32 codes have only `memory`. Default: `memory`. */
  readonly mode?: GraphMode
}

/** Nodes that nobody links to are attached whenever the graph has grown by this factor, so that later nodes find them. */
const repairGrowth = 1.25
/** A graph whose longest vector exceeds phi by more than this factor should be built anew. */
const phiExcessMax = 1.05

/**
 * Builds a graph, or inserts into the copy of one. The order of vectors is the order of nodes, and equal input gives equal bytes.
 *
 * @example
 * ```ts
 * const builder = HnswBuilder.create(pool, { dimensions: 768, metric: 'l2', capacity: 10_000 })
 * builder.append(vectors)
 * while (builder.insertNext(500)) await pause()
 * const { header, sections } = builder.finish()
 * ```
 */
export class HnswBuilder {
  readonly #memory: GraphMemory
  readonly #mode: GraphMode
  /** The graph that this one grew from, or as it was finished last. */
  #known: GraphHeader | undefined
  #appended: number
  #repairAt: number

  private constructor(memory: GraphMemory, mode: GraphMode, known?: GraphHeader) {
    this.#memory = memory
    this.#known = known
    this.#mode = mode
    this.#appended = memory.nodes
    this.#repairAt = Math.ceil(memory.nodes * repairGrowth)
  }

  /** @throws QuiverError INVALID_ARGUMENT, MEMORY_FULL */
  static create(pool: MemoryPool, options: HnswBuilderOptions): HnswBuilder {
    const { capacity, calibration, mode = 'memory', ...given } = options
    const parameters = graphParameters(given)
    if (parameters.codes === 'float32' && mode !== 'memory')
      throw new QuiverError('INVALID_ARGUMENT', `A graph over float32 has no mode '${mode}'.`)
    if (parameters.metric === 'dot' && !calibration)
      throw new QuiverError('INVALID_ARGUMENT', 'A graph for dot needs a calibration.')
    const memory = allocateGraph(pool, parameters, growing(mode), calibration?.phi ?? 0, capacity, 0, 0)
    memory.recalibrate(calibration ?? { centre: new Float32Array(parameters.dimensions), phi: 0 })
    memory.clear()
    return new HnswBuilder(memory, mode)
  }

  /**
   * Copies an image into memory that has room for `extraCapacity` more nodes. 16-bit codes cannot be made without the vectors: `mode` is
   * `balanced` only where the image's is. Default: the image's. `dead` nodes are left out, their neighbours linked anew; those that stay move
   * together, in their order. @throws QuiverError MEMORY_FULL, INVALID_ARGUMENT
   */
  static fromImage(
    pool: MemoryPool,
    image: GraphImage,
    extraCapacity: number,
    mode = image.header.mode,
    dead: Uint32Array = new Uint32Array(0),
  ): HnswBuilder {
    const { header } = image
    const isKnown = header.recall && isCurrent(header.recall, header.nodes - dead.length, mode === 'speed')
    return new HnswBuilder(graphFromImage(pool, image, extraCapacity, mode, dead), mode, isKnown ? header : undefined)
  }

  /**
   * Moves everything to memory with room for `capacity` nodes, and for the scratch that inserting needs beside; this builder is spent.
   * @throws QuiverError MEMORY_FULL, and this builder goes on
   */
  grown(capacity: number): HnswBuilder {
    const old = this.#memory
    const header = old.header()
    const memory = allocateGraph(old.pool, old.parameters, old.mode, old.phi, capacity, header.nodes, header.upperBytes)
    try {
      placeInsertion(memory)
    } catch (error) {
      memory.free()
      throw error
    }
    const bytes = sectionBytes({ ...header, nodes: this.#appended })
    for (const name of sectionsOf(old.mode)) {
      const used = name === 'upperLinks' ? header.upperBytes : bytes[name]
      memory.section(name).view().set(old.section(name).view().subarray(0, used))
    }
    memory.norm2Max = old.norm2Max
    if (old.tracksGone) memory.gone().set(old.gone())
    resumeGraph(memory, header.nodes, header.entry, header.maxLevel, header.upperBytes)
    const builder = new HnswBuilder(memory, this.#mode, this.#known)
    builder.#appended = this.#appended
    old.free()
    return builder
  }

  /** Forgets all vectors, for others of another distribution. */
  restart(calibration: GraphCalibration): void {
    this.#known = undefined
    this.#memory.recalibrate(calibration)
    this.#memory.clear()
    this.#appended = 0
    this.#repairAt = 0
  }

  /** Allocates what inserting and repairing need, so that they cannot fail. @throws QuiverError MEMORY_FULL */
  reserve(vectorsBytes: number): void {
    reserveEncoding(this.#memory, vectorsBytes)
    placeInsertion(this.#memory)
  }

  /** The graph as it is, for a `ResidentGraph` that searches it while it grows. */
  get memory(): GraphMemory {
    return this.#memory
  }

  get capacity(): number {
    return this.#memory.capacity
  }

  /** Vectors appended and not yet inserted. */
  get pending(): number {
    return this.#appended - this.#memory.nodes
  }

  /** True when dot vectors were appended that are noticeably longer than phi: answers suffer, build the graph anew. */
  get rebuildAdvised(): boolean {
    const { parameters, norm2Max, phi } = this.#memory
    return parameters.metric === 'dot' && norm2Max > (phi * phiExcessMax) ** 2
  }

  /** Encodes tightly packed vectors (finite float32) as the next nodes, and leaves them pending. @throws QuiverError LIMIT_EXCEEDED */
  append(vectors: Float32Array): void {
    const { dimensions } = this.#memory.parameters
    const count = vectors.length / dimensions
    if (!Number.isInteger(count)) {
      throw new QuiverError('DIMENSION_MISMATCH', `${vectors.length} numbers are no whole vectors of ${dimensions} dimensions.`)
    }
    if (this.#appended + count > this.capacity) {
      throw new QuiverError('LIMIT_EXCEEDED', `The graph has room for ${this.capacity} nodes, not ${this.#appended + count}.`)
    }
    if (!count) return
    encodeNodes(this.#memory, vectors, this.#appended)
    this.#appended += count
  }

  /** Inserts up to `count` pending vectors. Returns how many are still pending. */
  insertNext(count: number): number {
    const memory = this.#memory
    const { arena, parameters } = memory
    const end = Math.min(this.#appended, memory.nodes + count)
    while (memory.nodes < end) {
      const to = Math.min(end, this.roundEnd)
      const walk = placeWalk(memory, parameters.efConstruction, false)
      const selection = placeSelection(memory)
      arena.kernel.insertNodes(memory.pointer, walk, selection, memory.nodes, to)
      this.endRound(to)
    }
    return this.pending
  }

  /** Of the pending nodes, those up to this one may be inserted by several threads at once; `endRound` comes next. */
  get roundEnd(): number {
    return Math.min(this.#appended, Math.max(this.#repairAt, this.#memory.nodes + 1))
  }

  /** All nodes up to `nodes` are inserted: makes them reachable when that is due. */
  endRound(nodes: number): void {
    this.#memory.nodes = nodes
    if (nodes < this.#repairAt) return
    this.repair()
    this.#repairAt = Math.ceil(nodes * repairGrowth) + 1
  }

  /** Makes every node reachable from the entry. Returns how many were not. */
  repair(): number {
    const memory = this.#memory
    const { arena, parameters } = memory
    if (!memory.nodes) return 0
    const walk = placeWalk(memory, parameters.efConstruction, false)
    const selection = placeSelection(memory)
    const { parents, queue } = placeSpread(memory, memory.nodes)
    return arena.kernel.repair(memory.pointer, walk, selection, parents, queue)
  }

  /**
   * Inserts what is pending, makes all reachable, measures what searches find, and returns a copy. The blocks of a graph for `speed` are left out
   * where rows alone are searched faster. The builder goes on holding its memory until `free`.
   */
  finish(): GraphImage {
    const finishing = this.#finishing()
    for (let step = finishing.next(); ; step = finishing.next()) {
      if (step.done) return this.#finished(step.value)
      const packed = step.value
      packed.arena.kernel.packBlocks(packed.pointer, 0, packed.nodes)
    }
  }

  /** As `finish`, where others write the neighbours' signs of a graph that has them: see `unsignedBlocks`. */
  async finishBy(sign: (packed: GraphMemory) => Promise<void>): Promise<GraphImage> {
    const finishing = this.#finishing()
    for (let step = finishing.next(); ; step = finishing.next()) {
      if (step.done) return this.#finished(step.value)
      try {
        await sign(step.value)
      } catch (error) {
        finishing.throw(error)
      }
    }
  }

  #finished(image: GraphImage): GraphImage {
    this.#known = image.header
    return image
  }

  /** Yields blocks whose signs are to be written. */
  *#finishing(): Generator<GraphMemory, GraphImage, void> {
    const memory = this.#memory
    this.insertNext(this.pending)
    this.repair()
    const wantsBlocks = this.#mode === 'speed'
    const known = this.#known
    const kept = known?.recall && isCurrent(known.recall, memory.nodes, wantsBlocks) ? known.recall : undefined
    const truths: Truths = new Map()
    const rows = kept ?? measured(memory, wantsBlocks, truths)
    const withSketch = (curve: KeptCurve | undefined, mode: GraphMode): KeptCurve | undefined =>
      kept ?? (curve && { ...curve, ...measuredSketch(memory, curve, mode, truths) })
    if (!wantsBlocks || (kept && known?.mode !== 'speed')) return memory.image(withSketch(rows, memory.mode))
    const packed = unsignedBlocks(memory)
    try {
      yield packed
      const blocks = kept ?? measured(packed, wantsBlocks, truths)
      return !kept && rows && blocks && !blocksPay(memory.parameters, rows, blocks)
        ? memory.image(withSketch(rows, memory.mode))
        : packed.image(withSketch(blocks, 'speed'))
    } finally {
      packed.free()
    }
  }

  /** Forgets vectors that were appended and are not inserted. */
  dropPending(): void {
    this.#appended = this.#memory.nodes
  }

  free(): void {
    this.#memory.free()
  }
}

function placeInsertion(memory: GraphMemory): void {
  placeWalk(memory, memory.parameters.efConstruction, false)
  placeSelection(memory)
  placeSpread(memory, memory.capacity)
}

/** What searches of a graph find; undefined where it is too small for that. `blocks`: as in the curve. */
function measured(memory: GraphMemory, blocks: boolean, truths: Truths): KeptCurve | undefined {
  if (memory.nodes < measuredMin) return undefined
  const gauge = new RecallGauge(truths)
  gauge.advance(memory)
  const curve = gauge.curve()
  return curve && { nodes: memory.nodes, blocks, ...curve }
}

/** What is found among rows that are chosen by their sketches; nothing where that cannot pay, or has no room. */
function measuredSketch(memory: GraphMemory, curve: KeptCurve, mode: GraphMode, truths: Truths): Pick<KeptCurve, 'sketch'> {
  const { nodes, arena, pool, layout } = memory
  if (!mayPay(curve, memory, mode)) return {}
  const groups = pool.allocateBeside(arena, sketchBytes(nodes, layout.codeBytes))
  if (!groups) return {}
  try {
    sketchRows(memory, groups.pointer)
    const gauge = new RecallGauge(truths, (graph, node, rows, keep) => sketchedToHidden(graph, groups.pointer, node, rows, keep))
    gauge.advance(memory)
    const sketch = gauge.curve()
    return sketch ? { sketch } : {}
  } finally {
    groups.free()
  }
}
