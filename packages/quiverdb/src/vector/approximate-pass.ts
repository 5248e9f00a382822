import type { CodeBlock } from './code-block.js'
import type { Metric } from './metric.js'
import type { RowSketch, SketchQuality } from './row-sketch.js'

/** The nearest of the allowed rows to a vector by their 8-bit codes. */
export type Nearest = (
  query: Float32Array,
  k: number,
  allowed: Uint32Array,
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
  /** How many rows are allowed. */
  readonly open: number
  /** Address of a bitset over the rows, or 0. */
  readonly allowed: number
  readonly bound: number
}

/** Fewer rows, or shorter ones, are scanned by their 8-bit codes alone. */
const sketchedRowsMin = 256
const sketchedDimensionsMin = 64
/** Where fewer of the rows are asked for, sketching them all costs more than it saves. */
const openShareMin = 1 / 8
const queriesMin = 8
const queriesMax = 24
/** Rows that the queries of one measurement meet, about. */
const measuredRows = 98_304
const near = 10
const far = 100
/** The share of what was measured that must be met: single outliers must not decide. */
const measuredShare = 0.99
/** Real queries may be harder than what was measured. */
const margin = 1.5
/** At least this share of the rows is kept, and at least this many, and this many per wanted row. */
const keptShareMin = 1 / 64
const keptRowsMin = 64
const keptPerWanted = 8
/** A first pass that keeps more than this share is not worth its time. */
const keptShareMax = 0.5
/** How many more rows than wanted may be kept, to find the limit sooner. */
const excess = 1.15

/**
 * The sketch for a first pass over `open` rows of a block, or undefined where it would not pay, or has no room. The first call makes it and
 * measures how much it tells, about 3 us a row; later ones add new rows. It uses the scratch of a scan, so it comes before the query is encoded.
 */
export function readySketch(block: CodeBlock, metric: Metric, open: number, nearest: Nearest): RowSketch | undefined {
  if (open < sketchedRowsMin || open < openShareMin * block.rows || block.dimensions < sketchedDimensionsMin) return undefined
  const sketch = block.sketch(metric)
  if (!sketch?.advance()) return undefined
  sketch.quality ??= measure(block, sketch, nearest)
  return sketch
}

/**
 * The first pass: chooses rows by their sketches and returns the address of a bitset over the block's rows. Undefined when all that are
 * allowed had better be scanned.
 */
export function chooseRows(block: CodeBlock, sketch: RowSketch, query: ApproximateQuery): number | undefined {
  const { pool, rows } = block
  const { kernel } = block.extent!.arena
  const quality = sketch.quality!
  const wanted = Math.ceil(rowsToKeep(quality, rows, query.k))
  if (wanted > keptShareMax * query.open) return undefined
  const { estimates, queryNorm } = sketch.estimate(query.pointer, query.allowed)
  const kept = pool.scratch(block.extent!.arena, 'kept', 4 * Math.ceil(rows / 32))
  const limit = query.bound + margin * quality.error * queryNorm
  const most = Math.ceil(excess * wanted)
  const count = kernel.sketchKeep(estimates, rows, wanted, most, Number.isNaN(limit) ? Infinity : limit, kept)
  return count < 0 ? undefined : kept
}

/** Grows with k between what was measured for the nearest 10 and 100, and as k beyond. */
function rowsToKeep({ nearShare, farShare }: SketchQuality, rows: number, k: number): number {
  const between = Math.min(1, Math.max(0, (k - near) / (far - near)))
  const share = (nearShare + between * (farShare - nearShare)) * Math.max(1, k / far)
  return Math.max(rows * Math.max(margin * share, keptShareMin), keptRowsMin, keptPerWanted * k)
}

/** Takes rows of the block as queries, and looks how far down by estimate their nearest others are. Copies of the query are not counted. */
function measure(block: CodeBlock, sketch: RowSketch, nearest: Nearest): SketchQuality {
  const rows = sketch.baseRows
  const queries = Math.min(queriesMax, Math.max(queriesMin, Math.floor(measuredRows / rows)))
  const allowed = new Uint32Array(rows / 32).fill(0xffffffff)
  const nearRanks: number[] = []
  const farRanks: number[] = []
  let error = 0
  for (let i = 0; i < queries; i++) {
    const row = Math.floor(((i + 0.5) * rows) / queries)
    const found = nearest(block.decode(row), far + 1, allowed)
    const { arena } = block.extent!
    // The query is still encoded where the scan has put it.
    const { estimates, queryNorm } = sketch.estimate(block.pool.scratch(arena, 'query', block.layout.stride), 0, rows)
    const own = arena.f32[estimates / 4 + row]!
    let seen = 0
    for (let j = 0; j < found.count && seen < far; j++) {
      const estimate = arena.f32[estimates / 4 + found.nodes[j]!]!
      if (estimate === own || (sketch.metric !== 'dot' && found.lowers[j]! <= 0)) continue
      const rank = arena.kernel.sketchRank(estimates, rows, estimate)
      farRanks.push(rank)
      if (seen++ >= near) continue
      nearRanks.push(rank)
      if (queryNorm > 0) error = Math.max(error, Math.abs(estimate - found.estimates[j]!) / queryNorm)
    }
  }
  // Where nearly all rows are copies, too little was seen to rely on.
  if (nearRanks.length < (queries * near) / 2) return { nearShare: 1, farShare: 1, error }
  return { nearShare: quantile(nearRanks) / rows, farShare: quantile(farRanks) / rows, error }
}

function quantile(ranks: number[]): number {
  ranks.sort((a, b) => a - b)
  return ranks[Math.floor(measuredShare * (ranks.length - 1))]!
}

/** How many of the first rows a bitset allows. */
export function countAllowed(bits: Uint32Array, rows: number): number {
  const whole = Math.min(rows >>> 5, bits.length)
  let count = rows & 31 && whole < bits.length ? ones(bits[whole]! & ((1 << (rows & 31)) - 1)) : 0
  for (let word = 0; word < whole; word++) count += ones(bits[word]!)
  return count
}

function ones(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
