import {
  graphLayout,
  groupEstimatesBytes,
  keyBytes,
  levelsMax,
  offeredLists,
  selectionLayout,
  walkLayout,
} from '@quiverdb/kernel'
import { assert } from '../errors.js'
import { alignUp, type Arena } from './arena.js'
import { blockLayout, rerankLayout } from './block-layout.js'
import { chunkBytesMax, eachChunk } from './chunks.js'
import { encodeAt, type Encoding, placeEncoding, rotationSigns, stagingFor } from './encode.js'
import {
  type GraphHeader,
  type GraphImage,
  type GraphMode,
  type GraphParameters,
  type GraphSection,
  graphVersion,
  sectionBytes,
  sectionsOf,
} from './graph-image.js'
import type { GraphCalibration } from './graph-statistics.js'
import { Extent, type MemoryPool } from './memory-pool.js'
import { storedTransform } from './metric.js'
import type { KeptCurve } from './recall-curve.js'
import { codesKindOf, graphRowKind, type RowLayout, rowLayout } from './row-layout.js'

const { index: graphField, bytes: graphBytes } = graphLayout
const { index: walkField, bytes: walkBytes } = walkLayout
const { index: selectionField, bytes: selectionBytes } = selectionLayout

/** Up to here a search keeps one sorted pool; above, shifting it would cost more than heaps do. */
const narrowEfMax = 512
/** Estimates from blocks are cheap but many more enter the pool. */
const blocksEfMax = 4_096

/** Where the set of gone nodes begins, behind the descriptor. */
const goneOffset = alignUp(graphBytes, 64)
/** Nodes that a deletion offers to those who linked to the deleted one. */
const offeredMin = 50

/** A walk over blocks looks at the codes of so many nodes behind the ones that it expands. */
const ahead = 16
/** A search keeps this many nodes of level 1 in the same pool. */
const startsMax = 4

/** Where a graph is, for another thread that shares its memory. */
export interface GraphPlace {
  readonly parameters: GraphParameters
  readonly mode: GraphMode
  readonly phi: number
  readonly norm2Max: number
  readonly capacity: number
  /** Address and bytes of each section, and of the descriptor. */
  readonly sections: Readonly<Partial<Record<GraphSection | 'descriptor', readonly [pointer: number, bytes: number]>>>
}

/**
 * A graph in linear memory: its sections in extents of their own, and the descriptor that tells the kernel where they are. All in one arena.
 * `capacity` nodes have room; `nodes` are inserted. Graphs that grow have the mode `balanced` or `memory`.
 */
export class GraphMemory {
  readonly pool: MemoryPool
  readonly parameters: GraphParameters
  readonly mode: GraphMode
  readonly layout: RowLayout
  #phi: number
  /** Greatest squared norm of what was encoded here, or phi squared. */
  norm2Max: number
  readonly arena: Arena
  readonly capacity: number
  readonly #extents: Partial<Record<GraphSection, Extent>>
  readonly #descriptor: Extent

  /** @throws QuiverError MEMORY_FULL */
  constructor(
    pool: MemoryPool,
    parameters: GraphParameters,
    mode: GraphMode,
    phi: number,
    capacity: number,
    upperBytesMax: number,
    present?: readonly Extent[],
  ) {
    this.pool = pool
    this.parameters = parameters
    this.mode = mode
    this.layout = rowLayout(parameters.dimensions, graphRowKind(parameters.codes))
    this.#phi = phi
    this.norm2Max = phi * phi
    this.capacity = capacity
    const names = sectionsOf(mode)
    const bytes = sectionBytes({ ...parameters, nodes: capacity, upperBytes: upperBytesMax })
    const extents =
      present?.slice() ?? pool.allocateTogether([...names.map((name) => bytes[name]), goneOffset + goneBytes(capacity)])
    this.#descriptor = extents.pop()!
    this.#extents = Object.fromEntries(names.map((name, i) => [name, extents[i]!]))
    this.arena = this.#descriptor.arena
    if (present) return
    try {
      this.#describe()
    } catch (error) {
      this.free()
      throw error
    }
  }

  /** The graph of another thread, in a pool within its memory. */
  static within(pool: MemoryPool, place: GraphPlace): GraphMemory {
    const extents = [...sectionsOf(place.mode), 'descriptor' as const].map((name) =>
      Extent.borrowed(pool.onlyArena, ...place.sections[name]!),
    )
    const memory = new GraphMemory(pool, place.parameters, place.mode, place.phi, place.capacity, 0, extents)
    memory.norm2Max = place.norm2Max
    return memory
  }

  /** For `within` on another thread. */
  get place(): GraphPlace {
    const { parameters, mode, phi, norm2Max, capacity } = this
    const extents = Object.entries({ ...this.#extents, descriptor: this.#descriptor })
    const sections = Object.fromEntries(extents.map(([name, { pointer, bytes }]) => [name, [pointer, bytes] as const]))
    return { parameters, mode, phi, norm2Max, capacity, sections }
  }

  /** The locks with which several threads insert, or 0. */
  set locks(pointer: number) {
    this.#set('locks', pointer)
  }

  /** The greatest norm that the extra coordinate of dot allows for; 0 for other metrics. */
  get phi(): number {
    return this.#phi
  }

  /** Changes what rows are encoded with. All rows are to be encoded again, and links are those of other distances when phi differs. */
  recalibrate({ centre, phi }: GraphCalibration): void {
    this.#phi = phi
    this.norm2Max = phi * phi
    // float32 rows are as exact without a centre.
    if (this.parameters.codes === 'int8') this.centre().set(centre)
    else this.centre().fill(0)
  }

  /** What is subtracted before encoding, in graph space. Good until the next allocation. */
  centre(): Float32Array {
    const start = this.section('centre').pointer / 4
    return this.arena.f32.subarray(start, start + this.parameters.dimensions)
  }

  /** Address of the kernel's descriptor. */
  get pointer(): number {
    return this.#descriptor.pointer
  }

  get nodes(): number {
    return this.#get('nodes')
  }

  set nodes(value: number) {
    this.#set('nodes', value)
  }

  get entry(): number {
    return this.#get('entry')
  }

  get maxLevel(): number {
    return this.#get('maxLevel')
  }

  setEntry(entry: number, maxLevel: number): void {
    this.#set('entry', entry)
    this.#set('maxLevel', maxLevel)
  }

  /** Whether nodes were deleted from this graph. */
  get tracksGone(): boolean {
    return this.#get('gone') !== 0
  }

  /** Keeps the first nodes, which all hold vectors. */
  keepFirst(nodes: number, entry: number, maxLevel: number): void {
    this.nodes = nodes
    this.setEntry(entry, maxLevel)
    this.#set('gone', 0)
  }

  /** Forgets all nodes. */
  clear(): void {
    this.nodes = 0
    this.setEntry(-1, 0)
    this.#set('gone', 0)
    if (this.capacity) this.arena.kernel.prepareNodes(this.pointer, 0, this.capacity, 0)
  }

  /** Bit i of word i >> 5 is set when node i holds no vector. Good until the next allocation. */
  gone(): Uint32Array {
    const start = (this.pointer + goneOffset) / 4
    const words = this.arena.u32.subarray(start, start + goneBytes(this.capacity) / 4)
    if (!this.tracksGone) {
      words.fill(0)
      this.#set('gone', this.pointer + goneOffset)
    }
    return words
  }

  /** Bytes of linear memory. */
  get bytes(): number {
    return sectionsOf(this.mode).reduce((sum, name) => sum + this.section(name).bytes, this.#descriptor.bytes)
  }

  /** @throws QuiverError INTERNAL: the mode has no such section */
  section(name: GraphSection): Extent {
    const extent = this.#extents[name]
    assert(extent, `a graph for ${this.mode} has the section ${name}`)
    return extent
  }

  /** Where the rows are, and how far apart. */
  get rows(): { readonly pointer: number; readonly stride: number } {
    return { pointer: this.#get('codes') >>> 0, stride: this.#get('stride') }
  }

  /** Where the lists of level 0 are, and how far apart. */
  get links(): { readonly pointer: number; readonly stride: number } {
    return { pointer: this.#get('links') >>> 0, stride: this.#get('linkStride') }
  }

  /** Where the upper lists of the first `nodes` nodes end. */
  upperBytesUsed(nodes: number): number {
    if (!nodes) return 0
    const offset = this.arena.u32[this.section('upperOffsets').pointer / 4 + nodes - 1]!
    const level = this.arena.u8[this.section('levels').pointer + nodes - 1]!
    return offset + 4 * this.parameters.m * level
  }

  header(): GraphHeader {
    const { nodes, entry, maxLevel, phi } = this
    const excessMax = this.parameters.metric === 'dot' ? Math.max(0, this.norm2Max - phi * phi) : 0
    const upperBytes = this.upperBytesUsed(nodes)
    return {
      version: graphVersion,
      mode: this.mode,
      ...this.parameters,
      nodes,
      entry,
      maxLevel,
      phi,
      excessMax,
      stride: this.layout.stride,
      upperBytes,
    }
  }

  /** A copy that needs no pool. */
  image(recall?: KeptCurve): GraphImage {
    const header = { ...this.header(), ...(recall && { recall }) }
    const bytes = sectionBytes(header)
    const copies = sectionsOf(this.mode).map((name) => [name, this.section(name).view().slice(0, bytes[name])] as const)
    return { header, sections: Object.fromEntries(copies) }
  }

  /** How stored vectors become rows; queries differ in their transform. */
  get encoding(): Encoding {
    const { dimensions, metric, codes } = this.parameters
    const centre = this.section('centre').pointer
    return {
      dimensions,
      kind: graphRowKind(codes),
      layout: this.layout,
      transform: storedTransform(metric),
      phi: this.phi,
      centre,
    }
  }

  /** Allocates what encoding so many bytes of vectors needs. @throws QuiverError MEMORY_FULL */
  reserveEncoding(vectorsBytes: number): void {
    placeEncoding(this.pool, this.arena, Math.min(vectorsBytes, chunkBytesMax(this.parameters.dimensions)), this.encoding)
  }

  /** Encodes tightly packed vectors as the rows from `first` on. */
  encode(vectors: Float32Array, first: number): void {
    const { dimensions } = this.parameters
    assert(first + vectors.length / dimensions <= this.capacity, 'rows fit the capacity of the graph')
    eachChunk(vectors, dimensions, (chunk, offset) => {
      const { pointer, stride } = this.rows
      const target = pointer + (first + offset) * stride
      this.norm2Max = Math.max(this.norm2Max, encodeAt(this.pool, this.arena, chunk, target, this.encoding))
      if (this.mode === 'balanced') this.#encodeRerank(chunk, first + offset)
    })
  }

  /** A copy of rows and links in blocks. @throws QuiverError MEMORY_FULL */
  packed(): GraphMemory {
    const packed = this.unsigned()
    packed.arena.kernel.packBlocks(packed.pointer, 0, packed.nodes)
    return packed
  }

  /** As `packed`, but for the neighbours' signs, which the kernel's `packBlocks` has yet to write. @throws QuiverError MEMORY_FULL */
  unsigned(): GraphMemory {
    const header = this.header()
    const { nodes } = header
    const packed = new GraphMemory(this.pool, this.parameters, 'speed', this.phi, nodes, header.upperBytes)
    const bytes = sectionBytes(header)
    for (const name of ['upperOffsets', 'upperLinks', 'levels', 'centre'] as const)
      packed.section(name).view().set(this.section(name).view().subarray(0, bytes[name]))
    packed.norm2Max = this.norm2Max
    packed.nodes = nodes
    packed.setEntry(header.entry, header.maxLevel)
    copyStrided(this, packed, 'rows', this.layout.stride)
    copyStrided(this, packed, 'links', 4 * this.parameters.m0)
    return packed
  }

  /** Takes over what has changed of the links of the graph that these blocks were made of. */
  repack(source: GraphMemory): void {
    const { m0 } = this.parameters
    const upperBytes = source.upperBytesUsed(source.nodes)
    this.section('upperLinks').view().set(source.section('upperLinks').view().subarray(0, upperBytes))
    this.setEntry(source.entry, source.maxLevel)
    const { u32, kernel } = this.arena
    const lists = source.arena.u32
    const [from, to] = [source.links, this.links]
    for (let node = 0; node < this.nodes; node++) {
      const old = (to.pointer + node * to.stride) / 4
      const now = (from.pointer + node * from.stride) / 4
      let same = true
      for (let i = 0; i < m0 && same; i++) same = u32[old + i] === lists[now + i]
      if (same) continue
      for (let i = 0; i < m0; i++) u32[old + i] = lists[now + i]!
      kernel.packBlocks(this.pointer, node, node + 1)
    }
  }

  /** Takes over rows and links that are in blocks. */
  unpack(blocks: Uint8Array, nodes: number): void {
    const { m0, dimensions } = this.parameters
    const { linksOffset, stride } = blockLayout(dimensions, m0)
    const rows = this.section('codes').view()
    const links = this.section('links').view()
    for (let node = 0; node < nodes; node++) {
      const at = node * stride
      rows.set(blocks.subarray(at, at + this.layout.stride), node * this.layout.stride)
      links.set(blocks.subarray(at + linksOffset, at + linksOffset + 4 * m0), node * 4 * m0)
    }
  }

  /**
   * Prepares the arena's walk for this graph and returns its address. `wide` keeps what is allowed apart from what is walked; `keep`: how many
   * nodes are wanted where the walk ranks them itself.
   */
  placeWalk(ef: number, wide: boolean, keep = ef): number {
    const { arena, pool } = this
    const heaps = wide || ef > (this.mode === 'speed' ? blocksEfMax : narrowEfMax)
    const walk = pool.scratch(arena, 'walk', walkBytes, () => {})
    const visited = pool.scratch(arena, 'visited', 2 * this.capacity, () => {
      arena.u32[walk / 4 + walkField.epoch] = 0
    })
    const results = pool.scratch(arena, 'pool', keyBytes * (Math.max(ef, startsMax) + ahead + 1))
    const frontier = heaps ? pool.scratch(arena, 'frontier', keyBytes * Math.max(1, this.capacity)) : 0
    const batch = pool.scratch(arena, 'batch', 4 * (this.parameters.m0 + 4))
    const ranked = pool.scratch(arena, 'results', keyBytes * (keep + 1))
    const table = this.mode === 'speed' ? pool.scratch(arena, 'table', 4 * this.layout.codeBytes) : 0
    const estimates = pool.scratch(arena, 'group estimates', groupEstimatesBytes)
    const { u32, f32 } = arena
    const at = walk / 4
    u32[at + walkField.results] = ranked
    u32[at + walkField.resultsMax] = keep
    u32[at + walkField.table] = table
    u32[at + walkField.estimates] = estimates
    u32[at + walkField.ef] = this.mode === 'speed' && !heaps ? ef + ahead : ef
    u32[at + walkField.expand] = ef
    f32[at + walkField.bound] = Infinity
    u32[at + walkField.patience] = 0
    u32[at + walkField.allowed] = 0
    u32[at + walkField.visited] = visited
    // A wrap clears what was ever used, so the largest graph of the arena decides.
    u32[at + walkField.visitedNodes] = Math.max(u32[at + walkField.visitedNodes]!, this.capacity)
    u32[at + walkField.pool] = results
    u32[at + walkField.frontier] = frontier
    u32[at + walkField.batch] = batch
    return walk
  }

  /** Prepares the room for choosing neighbours and returns its address. */
  placeSelection(): number {
    const { arena, pool } = this
    const { m, m0 } = this.parameters
    const selection = pool.scratch(arena, 'selection', selectionBytes)
    const chosen = pool.scratch(arena, 'chosen', 4 * (m0 + 4))
    const spare = pool.scratch(arena, 'spare', 4 * (m0 + 4))
    const sorted = pool.scratch(arena, 'sorted', keyBytes * (m0 + 2))
    const kept = pool.scratch(arena, 'kept', 4 * levelsMax * (m + 1))
    const fresh = pool.scratch(arena, 'fresh', keyBytes * (m0 + 3))
    const offeredMax = Math.max(offeredMin, offeredLists * m0)
    const offered = pool.scratch(arena, 'offered', 4 * offeredMax)
    const candidates = pool.scratch(arena, 'offeredFresh', 4 * offeredMax)
    const at = selection / 4
    arena.u32[at + selectionField.chosen] = chosen
    arena.u32[at + selectionField.spare] = spare
    arena.u32[at + selectionField.sorted] = sorted
    arena.u32[at + selectionField.kept] = kept
    arena.u32[at + selectionField.fresh] = fresh
    arena.u32[at + selectionField.offered] = offered
    arena.u32[at + selectionField.candidates] = candidates
    return selection
  }

  /** Room to look which of so many nodes can be reached. */
  placeSpread(nodes: number): { parents: number; queue: number } {
    const bytes = 4 * Math.max(1, nodes)
    return { parents: this.pool.scratch(this.arena, 'parents', bytes), queue: this.pool.scratch(this.arena, 'queue', bytes) }
  }

  /** How many nodes that hold vectors cannot be reached from the entry along level 0. */
  audit(): number {
    const { parents, queue } = this.placeSpread(this.nodes)
    return this.arena.kernel.audit(this.pointer, parents, queue)
  }

  free(): void {
    for (const name of sectionsOf(this.mode)) this.section(name).free()
    this.#descriptor.free()
  }

  #encodeRerank(vectors: Float32Array, first: number): void {
    const { arena, pool } = this
    const { dimensions, transform, phi, centre } = this.encoding
    const { numbers, stride } = rerankLayout(dimensions)
    const source = pool.scratch(arena, 'source', vectors.byteLength)
    const staging = stagingFor(pool, arena, dimensions)
    const signs = rotationSigns(pool, arena, numbers)
    const target = this.section('rerank').pointer + first * stride
    const count = vectors.length / dimensions
    arena.f32.set(vectors, source / 4)
    arena.kernel.encodeRerankRows(source, count, dimensions, transform, phi, centre!, signs, target, stride, numbers, staging)
  }

  #describe(): void {
    const { dimensions, m, m0, efConstruction, codes, seed } = this.parameters
    const { codeBytes, stride } = this.layout
    const kind = graphRowKind(codes)
    this.nodes = 0
    this.setEntry(-1, 0)
    this.#set('capacity', this.capacity)
    this.#set('dimensions', dimensions)
    this.#set('codesKind', codesKindOf(kind))
    this.#set('m', m)
    this.#set('m0', m0)
    this.#set('efConstruction', efConstruction)
    this.#set('codeBytes', codeBytes)
    this.#set('seed', seed)
    this.#set('locks', 0)
    this.#set('gone', 0)
    this.#set('signs', kind === 'int7' ? rotationSigns(this.pool, this.arena, codeBytes) : 0)
    for (const name of ['levels', 'upperOffsets', 'upperLinks'] as const) this.#set(name, this.section(name).pointer)
    if (this.mode === 'speed') {
      const { groupsOffset, linksOffset, stride: blockStride } = blockLayout(dimensions, m0)
      const { pointer } = this.section('blocks')
      this.#place(pointer, blockStride, pointer + linksOffset, blockStride, groupsOffset)
    } else {
      this.#place(this.section('codes').pointer, stride, this.section('links').pointer, 4 * m0, 0)
    }
  }

  #place(codes: number, stride: number, links: number, linkStride: number, groupsOffset: number): void {
    this.#set('codes', codes)
    this.#set('stride', stride)
    this.#set('links', links)
    this.#set('linkStride', linkStride)
    this.#set('groupsOffset', groupsOffset)
  }

  #get(field: keyof typeof graphField): number {
    return this.arena.i32[this.pointer / 4 + graphField[field]]!
  }

  #set(field: keyof typeof graphField, value: number): void {
    this.arena.i32[this.pointer / 4 + graphField[field]] = value
  }
}

const goneBytes = (capacity: number): number => 4 * Math.ceil(capacity / 32)
function copyStrided(from: GraphMemory, to: GraphMemory, what: 'rows' | 'links', bytes: number): void {
  const source = from[what]
  const target = to[what]
  const read = from.arena.u8
  const write = to.arena.u8
  for (let node = 0; node < from.nodes; node++) {
    const at = source.pointer + node * source.stride
    write.set(read.subarray(at, at + bytes), target.pointer + node * target.stride)
  }
}
