import * as v from 'valibot'
import { bytesOf, float64s } from '../format/bytes.js'
import { type Containers, damaged, type Section } from '../format/container.js'
import type { GraphHeader, GraphSections } from '../vector/graph-image.js'
import type { MemoryPool } from '../vector/memory-pool.js'
import { arrivingPieceBytes, type GraphSource, isWorthArriving } from '../vector/partial-graph.js'
import { ResidentGraph } from '../vector/resident-graph.js'
import { PartFile, type PartSource } from './part-file.js'
import type { Resident, Residency } from './residency.js'
import { ascends } from './sealed-vids.js'

/**
 * A graph over vectors of one index (`docs/FORMAT.md`, "Graph part"). A node is known by the vid of its vector, so that neither an update of
 * other fields nor a compaction of the rows touches the graph.
 */
export class GraphPart implements Resident {
  readonly key: string
  readonly nodes: number
  readonly file: PartFile
  lastUsed = 0
  readonly #pool: MemoryPool
  readonly #residency: Residency
  #vids: Float64Array | undefined
  /** Node numbers by ascending vid; only where the nodes themselves are not in that order. */
  #byVid: Uint32Array | null | undefined
  #resident: ResidentGraph | undefined
  #lastFound = 0
  #greatest = -1
  /** What came in pieces was not what was written: it is read whole, and refused. */
  #isSuspect = false

  constructor(source: PartSource, containers: Containers, pool: MemoryPool, residency: Residency, key: string, nodes: number) {
    this.key = key
    this.nodes = nodes
    this.file = new PartFile(source, containers, key, 'graph')
    this.#pool = pool
    this.#residency = residency
  }

  get header(): GraphHeader {
    return parseGraphMeta(this.file.meta)
  }

  /** The vid of each node. */
  vids(): Float64Array {
    return (this.#vids ??= float64s(this.file.section('vids')))
  }

  /** The vids where the nodes are in their order. */
  ascendingVids(): Float64Array | undefined {
    return this.#order() === null ? this.vids() : undefined
  }

  /** The node that holds a vector, or -1. Looked-up vids mostly ascend one by one, so the node behind the last answer is tried first. */
  nodeOf(vid: number): number {
    const vids = this.vids()
    if (this.#greatest < 0) this.#greatest = greatestOf(vids)
    if (vids[this.#lastFound + 1] === vid) return ++this.#lastFound
    // Rows that came after the graph are the most frequent question, and the easiest.
    if (vid > this.#greatest) return -1
    const order = this.#order()
    let low = 0
    let high = vids.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (vids[order ? order[middle]! : middle]! < vid) low = middle + 1
      else high = middle
    }
    const node = order ? order[low] : low
    if (node === undefined || vids[node] !== vid) return -1
    this.#lastFound = node
    return node
  }

  /**
   * The graph, loaded. Where a store answers at once, a large one is read by its walks, and a piece more with each call. @throws QuiverError MEMORY_FULL, CORRUPT
   */
  graph(): ResidentGraph {
    this.#residency.use(this)
    if (this.#resident) this.#advance(this.#resident)
    else this.#resident = this.#load()
    return this.#resident
  }

  #load(): ResidentGraph {
    const { header, file } = this
    if (file.isAtHand && !this.#isSuspect && isWorthArriving(header)) {
      return ResidentGraph.begin(this.#pool, header, sourceOf(file, header))
    }
    return ResidentGraph.load(this.#pool, header, (section, target) => file.fill(section, target))
  }

  #advance(graph: ResidentGraph): void {
    if (graph.isWhole) return
    try {
      graph.advance()
    } catch (error) {
      this.#isSuspect = true
      this.#residency.release(this)
      throw error
    }
  }

  free(): void {
    this.#resident?.free()
    this.#resident = undefined
  }

  #order(): Uint32Array | null {
    if (this.#byVid !== undefined) return this.#byVid
    const vids = this.vids()
    this.#byVid =
      parseGraphMeta(this.file.meta).isOrdered === true || ascends(vids)
        ? null
        : Uint32Array.from(vids.keys()).sort((a, b) => vids[a]! - vids[b]!)
    return this.#byVid
  }
}

export function encodeGraphPart(
  containers: Containers,
  header: GraphHeader,
  sections: GraphSections,
  vids: Float64Array,
): Uint8Array[] {
  const named: Section[] = [{ name: 'vids', bytes: bytesOf(vids) }]
  for (const [name, bytes] of Object.entries(sections)) named.push({ name, bytes })
  return containers.encode('graph', { ...header, isOrdered: ascends(vids) }, named)
}

/** Where a graph is read from while it is walked. */
function sourceOf(file: PartFile, header: GraphHeader): GraphSource {
  return {
    fill: (section, target) => file.fill(section, target),
    readInto: (section, start, target) => file.readInto(section, start, target),
    pieces: (section) => file.pieces(section, arrivingPieceBytes(header)),
    damaged: (section) => damaged(file.key, section),
  }
}

const graphMeta = v.looseObject({ nodes: v.number(), dimensions: v.number(), isOrdered: v.optional(v.boolean()) })

/** `isOrdered`: the nodes are in the order of their vids. */
function parseGraphMeta(meta: unknown): GraphHeader & { readonly isOrdered?: boolean } {
  return v.parse(graphMeta, meta) as unknown as GraphHeader & { isOrdered?: boolean }
}

function greatestOf(numbers: Float64Array): number {
  let greatest = 0
  for (let i = 0; i < numbers.length; i++) if (numbers[i]! > greatest) greatest = numbers[i]!
  return greatest
}
