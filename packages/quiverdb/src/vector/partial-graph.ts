import { checksumBlockBytes, noNode } from '@quiverdb/kernel'
import { type GraphHeader, type GraphSection, sectionBytes } from './graph-image.js'
import type { GraphMemory } from './graph-memory.js'

/** A section that is read from its start on, a piece at a time. */
export interface SectionPieces {
  /** So many bytes of it are there. */
  readonly readBytes: number
  /** Reads the next piece into memory that has room for the whole section. Returns true when that was the last and all is as it was written. */
  advance(section: Uint8Array): boolean
}

/** Where a graph is read from while it is walked. Everything is answered at once. */
export interface GraphSource {
  /** A whole section, verified. */
  fill(section: GraphSection, target: Uint8Array): void
  /** A few bytes of a section, which nobody can verify alone. */
  readInto(section: GraphSection, start: number, target: Uint8Array): void
  pieces(section: GraphSection): SectionPieces
  /** What to throw where bytes of a section cannot be what was written. */
  damaged(section: GraphSection): Error
}

/** The sections of which a walk needs little: by far the largest. */
const arrivingSections = ['links', 'codes'] as const
type ArrivingName = (typeof arrivingSections)[number]
export const isArriving = (section: GraphSection): boolean => arrivingSections.some((name) => name === section)

/** Less is read whole in the time that a first walk takes for its single reads. */
const worthBytesMin = 8 * 1024 ** 2

/** It is all there after so many searches, or fewer where it is small. */
const searchesToWhole = 128

/** Whether a graph had better answer before all of it is read. Of blocks and 16-bit codes walks need more at a time. */
export function isWorthArriving(header: GraphHeader): boolean {
  const bytes = sectionBytes(header)
  return header.mode === 'memory' && header.nodes > 0 && bytes.links + bytes.codes >= worthBytesMin
}

/** How much is read with each further search: whole blocks of the checksum. */
export function arrivingPieceBytes(header: GraphHeader): number {
  const bytes = sectionBytes(header)
  return Math.ceil((bytes.links + bytes.codes) / searchesToWhole / checksumBlockBytes) * checksumBlockBytes
}

/**
 * A graph in memory whose level 0 is on its way: a walk that comes to a node has its list and the rows of all neighbours read before it looks
 * at them, and computes what it would have computed over the whole graph. `advance` reads the sections from their start on until they are whole
 * and verified; from then on walks ask for nothing. What a walk has read alone is verified only then.
 */
export class PartialGraph {
  readonly #memory: GraphMemory
  readonly #source: GraphSource
  readonly #links: ArrivingSection
  readonly #rows: ArrivingSection

  /** Of a graph with nodes, whose other sections are there. */
  constructor(memory: GraphMemory, source: GraphSource) {
    this.#memory = memory
    this.#source = source
    this.#links = new ArrivingSection(memory, source, 'links', memory.links.stride)
    this.#rows = new ArrivingSection(memory, source, 'codes', memory.rows.stride)
    this.#rows.bring(memory.entry)
    memory.bringing = (node, level) => this.#bring(node, level)
  }

  /** Reads the next piece. Returns true when there was none left. */
  advance(): boolean {
    const isWhole = this.#links.advance() && this.#rows.advance()
    if (isWhole) this.#memory.bringing = undefined
    return isWhole
  }

  #bring(node: number, level: number): void {
    const { arena, nodes, parameters } = this.#memory
    if (level === 0) this.#links.bring(node)
    const start = this.#memory.listOf(node, level) / 4
    const { u32 } = arena
    for (let i = start; i < start + (level === 0 ? parameters.m0 : parameters.m); i++) {
      const neighbour = u32[i]!
      if (neighbour === noNode) return
      if (neighbour >= nodes) throw this.#source.damaged('links')
      this.#rows.bring(neighbour)
    }
  }
}

/** A section of equally long items, one for each node, that come alone or from the first on. */
class ArrivingSection {
  readonly #memory: GraphMemory
  readonly #source: GraphSource
  readonly #name: ArrivingName
  readonly #itemBytes: number
  readonly #pieces: SectionPieces
  /** Bit i of word i >> 5: item i came alone. */
  readonly #alone: Uint32Array
  /** All before this are there. */
  #first = 0

  constructor(memory: GraphMemory, source: GraphSource, name: ArrivingName, itemBytes: number) {
    this.#memory = memory
    this.#source = source
    this.#name = name
    this.#itemBytes = itemBytes
    this.#pieces = source.pieces(name)
    this.#alone = new Uint32Array(Math.ceil(memory.nodes / 32))
  }

  bring(item: number): void {
    const word = item >>> 5
    const bit = 1 << (item & 31)
    if (item < this.#first || (this.#alone[word]! & bit) !== 0) return
    const at = item * this.#itemBytes
    const { pointer, arena } = this.#memory.section(this.#name)
    this.#source.readInto(this.#name, at, arena.u8.subarray(pointer + at, pointer + at + this.#itemBytes))
    this.#alone[word]! |= bit
  }

  /** Reads the next piece. Returns true when there was none left. */
  advance(): boolean {
    if (this.#first === this.#memory.nodes) return true
    const isWhole = this.#pieces.advance(this.#memory.section(this.#name).view())
    // An item that is cut by the end of a piece is not there yet. The last counts when all is verified.
    const whole = Math.floor(this.#pieces.readBytes / this.#itemBytes)
    this.#first = isWhole ? this.#memory.nodes : Math.min(whole, this.#memory.nodes - 1)
    return false
  }
}
