import { graphLayout } from '@quiverdb/kernel'
import { assert } from '../errors.js'
import { alignUp, type Arena } from './arena.js'
import { blockLayout } from './block-layout.js'
import { rotationSigns } from './encode.js'
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
import type { KeptCurve } from './recall-curve.js'
import { codesKindOf, graphRowKind, type RowLayout, rowLayout } from './row-layout.js'
import { sketchBytes, sketchRows } from './sketch-groups.js'

const { index: graphField, bytes: graphBytes } = graphLayout

/** Where the set of gone nodes begins, behind the descriptor. */
const goneOffset = alignUp(graphBytes, 64)

/** Where a graph is, for another thread that shares its memory. */
export interface GraphPlace {
  readonly parameters: GraphParameters
  readonly mode: GraphMode
  readonly phi: number
  readonly norm2Max: number
  readonly capacity: number
  /** Address and bytes of each section, and of the descriptor. */
  readonly sections: Readonly<Partial<Record<GraphSection | 'descriptor', readonly [pointer: number, bytes: number]>>>
  /** Address of the sketches of all rows, where they are made. */
  readonly sketch?: number
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
  #upper: Extent | undefined
  #sketch: Extent | undefined
  /** Address of the sketches of all rows. */
  #sketchAt: number | undefined

  /** `isSketched`: with room for sketches of all rows. @throws QuiverError MEMORY_FULL */
  constructor(
    pool: MemoryPool,
    parameters: GraphParameters,
    mode: GraphMode,
    phi: number,
    capacity: number,
    upperBytesMax: number,
    { present, isSketched = false }: { readonly present?: readonly Extent[]; readonly isSketched?: boolean } = {},
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
    const sketched = isSketched ? [sketchBytes(capacity, this.layout.codeBytes)] : []
    const wanted = [...sketched, ...names.map((name) => bytes[name]), goneOffset + goneBytes(capacity)]
    const extents = present?.slice() ?? pool.allocateTogether(wanted)
    if (isSketched) this.#sketch = extents.shift()
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
    const memory = new GraphMemory(pool, place.parameters, place.mode, place.phi, place.capacity, 0, { present: extents })
    memory.norm2Max = place.norm2Max
    memory.#sketchAt = place.sketch
    return memory
  }

  /** For `within` on another thread. */
  get place(): GraphPlace {
    const { parameters, mode, phi, norm2Max, capacity } = this
    const extents = Object.entries({ ...this.#extents, descriptor: this.#descriptor })
    const sections = Object.fromEntries(extents.map(([name, { pointer, bytes }]) => [name, [pointer, bytes] as const]))
    return {
      parameters,
      mode,
      phi,
      norm2Max,
      capacity,
      sections,
      ...(this.#sketchAt !== undefined && { sketch: this.#sketchAt }),
    }
  }

  /** The locks with which several threads insert, or 0. */
  set locks(pointer: number) {
    this.#set('locks', pointer)
  }

  /** While the graph is loaded in part: puts a node's list on a level in its place, with the rows of all that it names. */
  set bringing(bring: ((node: number, level: number) => void) | undefined) {
    this.#set('partial', bring ? 1 : 0)
    if (bring) this.arena.bringing.set(this.pointer, bring)
    else this.arena.bringing.delete(this.pointer)
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
    return sectionsOf(this.mode).reduce(
      (sum, name) => sum + this.section(name).bytes,
      this.#descriptor.bytes + (this.#upper?.bytes ?? 0) + (this.#sketch?.bytes ?? 0),
    )
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

  /** A copy of its upper levels, where walks over its blocks are to begin: of a graph that is whole and changes no more. From now on its own. */
  set upper(copy: Extent | undefined) {
    this.#upper?.free()
    this.#upper = copy
    this.#set('upper', copy?.pointer ?? 0)
  }

  /** Address of the sketches of all rows, which are made when they are first asked for; undefined where there is no room for them. */
  sketch(): number | undefined {
    if (this.#sketch && this.#sketchAt === undefined) {
      sketchRows(this, this.#sketch.pointer)
      this.#sketchAt = this.#sketch.pointer
    }
    return this.#sketchAt
  }

  /** Address of a node's list on a level that it lives on. */
  listOf(node: number, level: number): number {
    if (level === 0) return this.links.pointer + node * this.links.stride
    const offset = this.arena.u32[this.section('upperOffsets').pointer / 4 + node]!
    return this.section('upperLinks').pointer + offset + 4 * this.parameters.m * (level - 1)
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

  free(): void {
    this.arena.bringing.delete(this.pointer)
    for (const name of sectionsOf(this.mode)) this.section(name).free()
    this.#descriptor.free()
    this.#upper?.free()
    this.#sketch?.free()
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
    this.#set('partial', 0)
    this.#set('upper', 0)
    this.#set('names', 0)
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
