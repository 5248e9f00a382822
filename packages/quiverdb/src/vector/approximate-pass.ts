import type { Arena } from './arena.js'
import type { CodeBlock } from './code-block.js'
import type { Metric } from './metric.js'
import type { RowSketch, SketchQuality } from './row-sketch.js'

/** The nearest rows of a vector by their 8-bit codes. */
export type Nearest = (
  query: Float32Array,
  k: number,
) => {
  readonly nodes: Uint32Array
  readonly estimates: Float64Array
  readonly lowers: Float64Array
  readonly count: number
}

/** What one approximate scan looks for. */
export interface ApproximateQuery {
  /** Address of the encoded query, of unit length under cosine. */
  readonly pointer: number
  readonly k: number
  /** Address of a bitset over the rows, or 0. */
  readonly allowed: number
  readonly bound: number
}

/** Fewer rows are scanned by their 8-bit codes at once. */
const sketchedRowsMin = 256
/** Rows that one scan sketches at most, about two milliseconds of work: a block becomes sketched over its first few scans. */
const rowsPerScan = 1024

const queriesMin = 8
const queriesMax = 24
/** Rows that the queries of one measurement meet, about. */
const measuredRows = 98_304
const near = 10
const far = 100
/** Real queries may be harder than what was measured. */
const margin = 1.5
/** At least this share of the rows is kept, and at least this many, and this many per wanted row. */
const keptShareMin = 1 / 32
const keptRowsMin = 64
const keptPerWanted = 8
/** A first pass that keeps more than this share is not worth its time. */
const keptShareMax = 0.5
/** How many more rows than wanted may be kept, to find the limit sooner. */
const excess = 1.25

/**
 * The sketch that a first pass over a block can use, or undefined while there is none: each call makes a part of it, and the last one
 * measures how much it tells, with queries of its own. Scans use the scratch of the arena, so this comes before the query is encoded.
 */
export function readySketch(block: CodeBlock, metric: Metric, nearest: Nearest): RowSketch | undefined {
  if (block.rows < sketchedRowsMin) return undefined
  const sketch = block.sketch(metric)
  if (!sketch?.advance(rowsPerScan)) return undefined
  if (!sketch.quality) {
    if (sketch.rows < block.rows) return undefined
    sketch.quality = measure(block, sketch, nearest)
  }
  return sketch
}

/**
 * The first pass: chooses rows by their sketches and returns the address of a bitset over the block's rows. Undefined when all that are
 * allowed had better be scanned.
 */
export function chooseRows(block: CodeBlock, sketch: RowSketch, query: ApproximateQuery): number | undefined {
  const { pool, rows } = block
  const { arena } = block.extent!
  const open = query.allowed ? countBits(arena, query.allowed, rows) : rows
  const wanted = Math.ceil(rowsToKeep(sketch, query.k))
  if (open < sketchedRowsMin || wanted > keptShareMax * open) return undefined
  const { estimates, queryNorm } = sketch.estimate(query.pointer, query.allowed)
  const kept = pool.scratch(arena, 'kept', 4 * (Math.ceil(rows / 32) + 1))
  const limit = query.bound + margin * sketch.quality!.error * queryNorm
  const most = Math.ceil(excess * wanted)
  if (arena.kernel.sketchKeep(estimates, sketch.rows, wanted, most, limit, kept) < 0) return undefined
  keepUnsketched(arena, kept, query.allowed, sketch.rows, rows)
  return kept
}

/** Grows with k between what was measured for the nearest 10 and 100, and as k beyond. */
function rowsToKeep(sketch: RowSketch, k: number): number {
  const { nearShare, farShare } = sketch.quality!
  const between = Math.min(1, Math.max(0, (k - near) / (far - near)))
  const share = (nearShare + between * (farShare - nearShare)) * Math.max(1, k / far)
  return Math.max(sketch.rows * Math.max(margin * share, keptShareMin), keptRowsMin, keptPerWanted * k)
}

/** Takes rows of the block as queries, and looks how far down by estimate their nearest others are. Copies of the query say nothing and do not count. */
function measure(block: CodeBlock, sketch: RowSketch, nearest: Nearest): SketchQuality {
  const queries = Math.min(queriesMax, Math.max(queriesMin, Math.floor(measuredRows / block.rows)))
  let nearRank = 0
  let farRank = 0
  let error = 0
  for (let i = 0; i < queries; i++) {
    const row = Math.floor(((i + 0.5) * block.rows) / queries)
    const found = nearest(block.decode(row), far + 1)
    const { arena } = block.extent!
    // The query is still encoded where the scan has put it.
    const { estimates, queryNorm } = sketch.estimate(block.pool.scratch(arena, 'query', block.layout.stride), 0)
    const ranks = [0, 0]
    let seen = 0
    for (let j = 0; j < found.count && seen < far; j++) {
      if (found.nodes[j] === row || isCopy(sketch.metric, found.lowers[j]!)) continue
      const estimate = arena.f32[estimates / 4 + found.nodes[j]!]!
      const which = seen++ < near ? 0 : 1
      ranks[which] = Math.max(ranks[which]!, arena.kernel.sketchRank(estimates, sketch.rows, estimate))
      if (!which && queryNorm > 0) error = Math.max(error, Math.abs(estimate - found.estimates[j]!) / queryNorm)
    }
    nearRank = Math.max(nearRank, ranks[0]!)
    farRank = Math.max(farRank, ...ranks)
  }
  return { nearShare: nearRank / block.rows, farShare: farRank / block.rows, error }
}

const isCopy = (metric: Metric, lower: number): boolean => metric !== 'dot' && lower <= 0

function countBits(arena: Arena, bits: number, rows: number): number {
  const { u32 } = arena
  let count = 0
  for (let word = bits / 4, end = word + Math.ceil(rows / 32); word < end; word++) {
    let x = u32[word]!
    x -= (x >>> 1) & 0x55555555
    x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
    count += Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return count
}

/** Keeps the allowed rows from..to, which have no sketches yet. */
function keepUnsketched(arena: Arena, kept: number, allowed: number, from: number, to: number): void {
  const { u32 } = arena
  u32.fill(0, kept / 4 + Math.ceil(from / 32), kept / 4 + Math.ceil(to / 32))
  for (let row = from; row < to; row++) {
    const word = row >>> 5
    const bit = 1 << (row & 31)
    if (!allowed || u32[allowed / 4 + word]! & bit) u32[kept / 4 + word]! |= bit
  }
}
