import { rotationRounds, sketchGroupRows, sketchLayout } from '@quiverdb/kernel'
import { assert } from '../errors.js'
import { alignUp, type Arena } from './arena.js'
import type { Extent, MemoryPool } from './memory-pool.js'
import { type Metric, modeOf } from './metric.js'
import type { RowLayout } from './row-layout.js'

/** Rows of 8-bit codes that can be sketched. */
export interface SketchedRows {
  readonly pool: MemoryPool
  readonly extent: Extent | undefined
  readonly layout: RowLayout
  readonly rows: number
}

/** How many rows by estimate hold the nearest, as was seen when the sketch's own rows were the queries. */
export interface SketchQuality {
  /** The share of all rows that has to be kept for the 10 nearest. */
  readonly nearShare: number
  /** The same for the 100 nearest. */
  readonly farShare: number
  /** The greatest error of an estimate, relative to the length of the query's part that is estimated. */
  readonly error: number
}

const { index: field, bytes: headBytes } = sketchLayout
const groupNumbersBytes = 2 * 4 * sketchGroupRows
const alignment = 64
/** Of the centre, the signs of two rounds, the room to work in, and the table of a query. */
const headBytesPerDimension = 4 + 8 + 4 + 4
const growth = 1.5

/**
 * One-bit sketches of the rows of a block, for one metric: an eighth of the 8-bit codes and two numbers per row. The kernel estimates
 * distances from them several times faster than from the codes (RaBitQ: Gao & Long, SIGMOD 2024). They live in the arena of the rows.
 */
export class RowSketch {
  readonly metric: Metric
  /** The first rows, a power of two of them, whose mean is the centre: what a sketch says depends on the rows alone, not on when it was made. */
  readonly baseRows: number
  /** Undefined until it was measured. */
  quality: SketchQuality | undefined
  readonly #block: SketchedRows
  readonly #arena: Arena
  readonly #head: Extent
  readonly #groupBytes: number
  #groups: Extent
  #rows = 0

  private constructor(block: SketchedRows, metric: Metric, head: Extent, groups: Extent) {
    this.metric = metric
    this.#block = block
    this.#arena = head.arena
    this.#head = head
    this.#groups = groups
    this.baseRows = baseOf(block.rows)
    const n = block.layout.codeBytes
    this.#groupBytes = groupBytesOf(n)
    const at = head.pointer / 4
    const { u32, kernel } = this.#arena
    u32[at + field.mode] = modeOf(metric)
    u32[at + field.n] = n
    u32[at + field.stride] = block.layout.stride
    u32[at + field.centre] = head.pointer + alignUp(headBytes, alignment)
    u32[at + field.signs] = u32[at + field.centre]! + 4 * n
    u32[at + field.work] = u32[at + field.signs]! + 8 * n
    u32[at + field.table] = u32[at + field.work]! + 4 * n
    u32[at + field.groupBytes] = this.#groupBytes
    this.#place()
    kernel.rotationSigns(u32[at + field.signs]!, n, rotationRounds)
    kernel.sketchCentre(head.pointer, this.baseRows)
  }

  /** Begins the sketch of a block that has rows, or returns undefined when its arena has no room. */
  static begin(block: SketchedRows, metric: Metric): RowSketch | undefined {
    const { pool, extent, layout, rows } = block
    assert(extent, 'a block with rows has an extent')
    const head = pool.allocateBeside(extent.arena, alignUp(headBytes, alignment) + headBytesPerDimension * layout.codeBytes)
    if (!head) return undefined
    const groups = pool.allocateBeside(extent.arena, groupBytesOf(layout.codeBytes) * groupsOf(rows))
    if (groups) return new RowSketch(block, metric, head, groups)
    head.free()
    return undefined
  }

  /** Whether it can go on: the rows are where it is, and have not doubled. */
  get fits(): boolean {
    return this.#block.extent?.arena === this.#arena && baseOf(this.#block.rows) === this.baseRows
  }

  /** Bytes of the pool that it occupies. */
  get bytes(): number {
    return this.#head.bytes + this.#groups.bytes
  }

  /** Sketches the rows that were added. Returns false when there is no room for them. */
  advance(): boolean {
    const { rows } = this.#block
    if (rows === this.#rows) return true
    if (!this.#reserve(groupsOf(rows))) return false
    this.#place()
    this.#arena.kernel.sketchRows(this.#head.pointer, this.#rows, rows)
    this.#rows = rows
    return true
  }

  /** Sketches a row again whose codes were replaced. The centre stays. */
  renew(row: number): void {
    if (row >= this.#rows || !this.fits) return
    this.#place()
    this.#arena.kernel.sketchRows(this.#head.pointer, row, row + 1)
  }

  /**
   * Writes float32 estimates of the metric's distance for the first rows, up to a multiple of 32, Infinity for those not allowed. `query` is
   * the address of an encoded row, of unit length under cosine; `allowed` that of a bitset, or 0. Returns the address of the estimates, and
   * the length that their errors are relative to.
   */
  estimate(query: number, allowed: number, rows = this.#rows): { estimates: number; queryNorm: number } {
    const estimates = this.#block.pool.scratch(this.#arena, 'estimates', 4 * sketchGroupRows * groupsOf(rows))
    this.#place()
    const { kernel } = this.#arena
    kernel.sketchQuery(this.#head.pointer, query)
    kernel.sketchEstimates(this.#head.pointer, rows, allowed, estimates)
    return { estimates, queryNorm: this.#arena.f32[this.#head.pointer / 4 + field.queryNorm]! }
  }

  free(): void {
    this.#head.free()
    this.#groups.free()
  }

  /** Sets the addresses that may have changed. */
  #place(): void {
    const { extent } = this.#block
    assert(extent?.arena === this.#arena, 'a sketch lies in the arena of its rows')
    const at = this.#head.pointer / 4
    const { u32 } = this.#arena
    u32[at + field.rows] = extent.pointer
    u32[at + field.groups] = this.#groups.pointer
  }

  #reserve(groups: number): boolean {
    const wanted = groups * this.#groupBytes
    if (this.#groups.bytes < wanted) {
      const used = groupsOf(this.#rows) * this.#groupBytes
      const larger = this.#block.pool.allocateBeside(this.#arena, Math.ceil(growth * groups) * this.#groupBytes)
      if (!larger) return false
      larger.view().set(this.#groups.view().subarray(0, used))
      this.#groups.free()
      this.#groups = larger
    }
    return true
  }
}

const baseOf = (rows: number): number => 2 ** Math.floor(Math.log2(rows))
const groupsOf = (rows: number): number => Math.ceil(rows / sketchGroupRows)
const groupBytesOf = (codeBytes: number): number => 4 * codeBytes + groupNumbersBytes
