import { codesKinds, keyBytes, scanCandidateBytes, scanLayout, transforms } from '@quiverdb/kernel'
import { QuiverError } from '../errors.js'
import { chooseRows, countAllowed, type Nearest, readySketch } from './approximate-pass.js'
import type { Arena } from './arena.js'
import { type Budget, runWithin } from './budget.js'
import { checkLength } from './check-length.js'
import type { CodeBlock } from './code-block.js'
import { encodeQuery } from './encode.js'
import type { MemoryPool } from './memory-pool.js'
import { type Metric, modeOf } from './metric.js'

export interface ScanOptions {
  /** How many nearest the result must contain. */
  readonly k: number
  /** Bit i of word i >> 5 allows row i. Absent: all. */
  readonly allowed?: Uint32Array
  /** A distance that k known vectors elsewhere do not exceed: rows that are certainly farther are left out. */
  readonly bound?: number
  readonly budget?: Budget
}

export interface BlockScanOptions extends ScanOptions {
  /**
   * Look only at rows that one-bit sketches find promising: several times faster, and nearly always with the same nearest rows, but the
   * result is not proven to contain them. Small or narrowly filtered blocks are scanned whole. Default: false.
   */
  readonly approximate?: boolean
  /** How far the distances that are meant may be from those of the coded vectors: the proof holds for all within it. Default: 0. */
  readonly margin?: number
}

/**
 * The rows that can be among the k nearest, by ascending estimate: a superset that is proven complete when `complete` is true. The true
 * distance of each row is at least its lower bound. Distances are the metric's own.
 */
export interface ScanResult {
  readonly nodes: Uint32Array
  readonly estimates: Float64Array
  readonly lowers: Float64Array
  readonly count: number
  readonly evaluations: number
  /** No more than this is the k-th smallest distance among all rows and what `bound` stood for; Infinity when fewer than k rows. */
  readonly bound: number
  readonly complete: boolean
}

/** Rows to be scanned, with the encoded query in the same arena. */
export interface ScanTarget {
  readonly arena: Arena
  readonly rows: number
  readonly stride: number
  readonly codeBytes: number
  readonly codesKind: number
  readonly count: number
  readonly mode: number
  readonly query: number
  readonly scale: number
  /** Address of a bitset of rows; absent: all. */
  readonly allowed: number | undefined
  /** The shift of lower bounds, at most the true one. */
  readonly lowerShift: number
  /** The shift of upper bounds, at least the true one. */
  readonly upperShift: number
}

const candidatesMin = 1024
const { index: field, bytes: scanBytes } = scanLayout

/** Scans a block of code rows. @throws QuiverError DIMENSION_MISMATCH, ABORTED, MEMORY_FULL */
export function scanBlock(block: CodeBlock, query: Float32Array, metric: Metric, options: BlockScanOptions): ScanResult {
  checkLength(query, block.dimensions)
  checkCount(options)
  const { extent, pool, rows } = block
  if (!extent || !rows) return emptyScan(options)
  const nearest: Nearest = (vector, k, allowed) => scanBlock(block, vector, metric, { k, allowed })
  const open = options.allowed ? countAllowed(options.allowed, rows) : rows
  const sketch = options.approximate ? readySketch(block, metric, open, nearest) : undefined
  const { arena } = extent
  const { codeBytes, stride } = block.layout
  const transform = metric === 'cosine' ? transforms.normalise : transforms.plain
  const { pointer, norm2 } = encodeQuery(pool, arena, query, { ...block.encoding, transform })
  const nowhere = metric === 'cosine' && norm2 === 0 // every distance is 1
  let allowed = options.allowed && placeBitset(pool, arena, options.allowed, rows)
  if (sketch && !nowhere) {
    const { k, bound = Infinity } = options
    allowed = chooseRows(block, sketch, { pointer, k, open, allowed: allowed ?? 0, bound }) ?? allowed
  }
  const mode = modeOf(metric)
  const { margin = 0 } = options
  return runScan(
    pool,
    {
      ...{
        arena,
        rows: extent.pointer,
        stride,
        codeBytes,
        codesKind: codesKinds.int8,
        count: rows,
        mode,
        query: pointer,
        allowed,
      },
      ...{ scale: nowhere ? 0 : 1, lowerShift: (nowhere ? 1 : 0) - margin, upperShift: (nowhere ? 1 : 0) + margin },
    },
    options,
  )
}

export function emptyScan(options: ScanOptions): ScanResult {
  const bound = options.bound ?? Infinity
  return {
    nodes: new Uint32Array(0),
    estimates: new Float64Array(0),
    lowers: new Float64Array(0),
    count: 0,
    evaluations: 0,
    bound,
    complete: true,
  }
}

/** Scans rows whose query is encoded and whose bitset is placed. */
export function runScan(pool: MemoryPool, target: ScanTarget, options: Omit<ScanOptions, 'allowed'>): ScanResult {
  checkCount(options)
  const { arena, count } = target
  const { kernel } = arena
  const k = Math.min(options.k, count)
  const capacity = Math.max(candidatesMin, 4 * k)
  const heap = pool.scratch(arena, 'heap', keyBytes * k)
  const scan = pool.scratch(arena, 'scan', scanBytes)
  const candidates = pool.scratch(arena, 'candidates', scanCandidateBytes * capacity)
  const { u32, f32 } = arena
  const at = scan / 4
  u32[at + field.rows] = target.rows
  u32[at + field.stride] = target.stride
  u32[at + field.codeBytes] = target.codeBytes
  u32[at + field.codesKind] = target.codesKind
  u32[at + field.count] = count
  u32[at + field.mode] = target.mode
  u32[at + field.query] = target.query
  u32[at + field.allowed] = target.allowed ?? 0
  u32[at + field.k] = k
  u32[at + field.heap] = heap
  u32[at + field.heapCount] = 0
  f32[at + field.bound] = roundUp(options.bound ?? Infinity)
  u32[at + field.candidates] = candidates
  u32[at + field.capacity] = capacity
  u32[at + field.candidateCount] = 0
  u32[at + field.position] = 0
  f32[at + field.scale] = target.scale
  f32[at + field.lowerShift] = -roundUp(-target.lowerShift)
  f32[at + field.upperShift] = roundUp(target.upperShift)
  u32[at + field.evaluations] = 0
  const complete = runWithin(options.budget, (evaluationsMax) => {
    let state = kernel.scanStep(scan, evaluationsMax)
    while (state === 2) {
      widen(pool, arena, scan)
      state = kernel.scanStep(scan, evaluationsMax)
    }
    return state === 1
  })
  return results(pool, arena, scan, options.k <= count ? undefined : (options.bound ?? Infinity), complete)
}

function checkCount({ k }: { readonly k: number }): void {
  if (!(Number.isInteger(k) && k > 0)) throw new QuiverError('INVALID_ARGUMENT', `k must be a positive integer, not ${k}.`)
}

/** Doubles the room for candidates. */
function widen(pool: MemoryPool, arena: Arena, scan: number): void {
  const at = scan / 4
  const used = scanCandidateBytes * arena.u32[at + field.candidateCount]!
  const from = arena.u32[at + field.candidates]!
  const kept = arena.u8.slice(from, from + used)
  const capacity = 2 * arena.u32[at + field.capacity]!
  const candidates = pool.scratch(arena, 'candidates', scanCandidateBytes * capacity)
  arena.u8.set(kept, candidates)
  arena.u32[at + field.candidates] = candidates
  arena.u32[at + field.capacity] = capacity
}

function results(pool: MemoryPool, arena: Arena, scan: number, bound: number | undefined, complete: boolean): ScanResult {
  const count = arena.kernel.scanPrune(scan)
  const keys = pool.scratch(arena, 'keys', keyBytes * count)
  const rows = pool.scratch(arena, 'nodes', 4 * count)
  const estimates = pool.scratch(arena, 'distances', 8 * count)
  const lowers = pool.scratch(arena, 'lowers', 8 * count)
  arena.kernel.scanResults(scan, keys, rows, estimates, lowers)
  const at = scan / 4
  return {
    nodes: arena.u32.slice(rows / 4, rows / 4 + count),
    estimates: arena.f64.slice(estimates / 8, estimates / 8 + count),
    lowers: arena.f64.slice(lowers / 8, lowers / 8 + count),
    count,
    evaluations: arena.u32[at + field.evaluations]!,
    bound: bound ?? arena.f32[at + field.bound]!,
    complete,
  }
}

/** Copies a bitset over n rows into scratch, zeros where it is shorter. */
export function placeBitset(pool: MemoryPool, arena: Arena, bits: Uint32Array, n: number): number {
  const words = Math.ceil(n / 32)
  const pointer = pool.scratch(arena, 'allowed', 4 * (words + 1))
  const { u32 } = arena
  const given = Math.min(words, bits.length)
  u32.set(given === bits.length ? bits : bits.subarray(0, given), pointer / 4)
  u32.fill(0, pointer / 4 + given, pointer / 4 + words + 1)
  return pointer
}

/** The greatest finite float32. */
const float32Max = 3.4028234663852886e38

/** A float32 that is not below x. */
function roundUp(x: number): number {
  if (x < -float32Max) return -float32Max
  const rounded = Math.fround(x)
  return rounded >= x ? rounded : Math.fround(rounded + Math.abs(rounded) * 2.4e-7 + 1.5e-45)
}
