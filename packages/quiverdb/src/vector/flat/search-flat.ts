import { flatLayout, flatNumbersBytes, flatQueryLayout, rankingEntryBytes } from '@quiverdb/kernel'
import { QuiverError } from '../../errors.js'
import type { Arena } from '../arena.js'
import { type Budget, runWithin } from '../budget.js'
import type { DenseMeasure } from '../measure/measure.js'
import { checkVector } from '../metric.js'
import { placeBitset } from '../scan.js'
import { candidatesByCodes, codedMetric } from './code-candidates.js'
import type { FlatVectors } from './flat-vectors.js'

export interface FlatSearchOptions {
  /** How vectors are compared: one of `measures`, or a `composite`. */
  readonly measure: DenseMeasure
  /** How many rows are wanted, at least 1. */
  readonly k: number
  /** Bit i of word i >> 5 allows row i. Absent: all. */
  readonly allowed?: Uint32Array
  /** How long it may take. Looked at after a first step, then every few tens of microseconds; the making of codes and the sketches do not look. */
  readonly budget?: Budget
  /**
   * What is read of every row. `float32`: the vectors themselves. `int8`: codes of a quarter of the size, with the same, exact answer. `bit`:
   * first one-bit sketches, an eighth of that again, whose answer nearly always is the same but is not proven to be. Codes are made by the
   * first search that wants them, and pay with many rows of 64 numbers or more. They serve cosine, angular, geodesic, dot and
   * euclidean; other measures read the vectors. Distances are exact always. Default: `float32`.
   */
  readonly codes?: 'float32' | 'int8' | 'bit'
}

/** What one query found, nearest first, equal distances by row. */
export interface FlatSearchResult {
  readonly rows: Uint32Array<ArrayBuffer>
  /** The measure's raw values, the same bits as `measure.raw` gives. */
  readonly distances: Float64Array<ArrayBuffer>
  /** Rows that were compared with the query, by codes or in full. */
  readonly evaluations: number
  /** False when the budget ended it: the rows are the nearest of those that it got to. */
  readonly complete: boolean
}

/** Numbers of a row that are read between two looks at the clock. */
const numbersPerStep = 65_536
/** Queries that share one pass over the rows, and bytes that their rankings may take together; more take several passes. */
const queriesPerPass = 64
const rankingBytesPerPass = 8_388_608
/** From so many queries on, 8-bit codes would be slower. */
const queriesBeatCodes = 8
/** A scan without a budget is one step. */
const unbounded: Budget = { evaluationsPerStep: 0x7fffffff }

const { index: field, bytes: flatBytes } = flatLayout
const { index: queryField, bytes: queryBytes } = flatQueryLayout

/**
 * The k nearest rows to a query, exactly; or for each of several queries, which share their passes over memory and are several times cheaper
 * together than one by one. Rows are estimated in float32 with a proven bound, and measured in float64 where that does not
 * exclude them; jaccard and overlap count.
 *
 * @throws QuiverError INVALID_ARGUMENT, DIMENSION_MISMATCH, INVALID_VECTOR, ABORTED, MEMORY_FULL
 *
 * @example
 * ```ts
 * const { rows, distances } = searchFlat(vectors, query, { measure: measures.manhattan, k: 10 })
 * const many = searchFlat(vectors, [query, another], { measure: composite(), k: 10 })
 * ```
 */
export function searchFlat(vectors: FlatVectors, query: Float32Array, options: FlatSearchOptions): FlatSearchResult
export function searchFlat(vectors: FlatVectors, queries: readonly Float32Array[], options: FlatSearchOptions): FlatSearchResult[]
export function searchFlat(
  vectors: FlatVectors,
  queries: Float32Array | readonly Float32Array[],
  options: FlatSearchOptions,
): FlatSearchResult | FlatSearchResult[] {
  const list = queries instanceof Float32Array ? [queries] : queries
  check(vectors, list, options)
  const budget = options.budget && { evaluationsPerStep: Math.ceil(numbersPerStep / vectors.dimensions), ...options.budget }
  const search = readsCodes(options, list.length) ? byCodes : byRows
  const results = search(vectors, list, { ...options, budget })
  return queries instanceof Float32Array ? results[0]! : results
}

function check({ dimensions }: FlatVectors, queries: readonly Float32Array[], { k }: FlatSearchOptions): void {
  if (!(Number.isInteger(k) && k > 0)) throw new QuiverError('INVALID_ARGUMENT', `k must be a positive integer, not ${k}.`)
  for (const query of queries) checkVector(query, dimensions)
}

/** Queries that share their passes over the vectors soon cost less each than one that reads the codes alone; the answer is the same. */
function readsCodes({ codes }: FlatSearchOptions, queries: number): boolean {
  return codes === 'bit' || (codes === 'int8' && queries < queriesBeatCodes)
}

/** Every query finds candidates by codes, which are then searched like rows that a filter allows. */
function byCodes(vectors: FlatVectors, queries: readonly Float32Array[], options: FlatSearchOptions): FlatSearchResult[] {
  const metric = codedMetric(options.measure)
  if (!metric) return byRows(vectors, queries, options)
  const { k, allowed, budget, codes } = options
  return queries.map((query) => {
    const candidates = candidatesByCodes(vectors, query, metric, { k, allowed, budget, approximate: codes === 'bit' })
    const [found] = byRows(vectors, [query], { ...options, allowed: candidates.allowed })
    const evaluations = candidates.evaluations + found!.evaluations
    return { ...found!, evaluations, complete: candidates.complete && found!.complete }
  })
}

function byRows(vectors: FlatVectors, queries: readonly Float32Array[], options: FlatSearchOptions): FlatSearchResult[] {
  if (!vectors.rows) return queries.map(() => nothing())
  const ranking = rankingEntryBytes * Math.min(options.k, vectors.rows)
  const together = Math.max(1, Math.min(queriesPerPass, Math.floor(rankingBytesPerPass / ranking)))
  const results: FlatSearchResult[] = []
  for (let i = 0; i < queries.length; i += together) results.push(...pass(vectors, queries.slice(i, i + together), options))
  return results
}

const nothing = (): FlatSearchResult => ({
  rows: new Uint32Array(0),
  distances: new Float64Array(0),
  evaluations: 0,
  complete: true,
})

/** One pass of the kernel over the rows. */
function pass(vectors: FlatVectors, queries: readonly Float32Array[], options: FlatSearchOptions): FlatSearchResult[] {
  const { pool } = vectors
  const { arena } = vectors.placed!.rows
  const k = Math.min(options.k, vectors.rows)
  const scan = prepare(vectors, queries, k, options)
  const budget = options.budget ?? unbounded
  const complete = runWithin(budget, (rowsMax) => arena.kernel.flatStep(scan, rowsMax) === 1)
  const rows = pool.scratch(arena, 'nodes', 4 * k)
  const keys = pool.scratch(arena, 'distances', 8 * k)
  const evaluations = arena.u32[scan / 4 + field.evaluations]!
  const sign = options.measure.higherIsBetter ? -1 : 1
  return queries.map((_, i) => {
    const count = arena.kernel.flatResults(scan, i, rows, keys)
    return {
      rows: arena.u32.slice(rows / 4, rows / 4 + count),
      distances: arena.f64.slice(keys / 8, keys / 8 + count).map((key) => sign * key),
      evaluations,
      complete,
    }
  })
}

/** Places queries, rankings and the scan in scratch. Returns the scan's address. */
function prepare(vectors: FlatVectors, queries: readonly Float32Array[], k: number, options: FlatSearchOptions): number {
  const { pool, stride } = vectors
  const { rows, facts } = vectors.placed!
  const { arena } = rows
  const { measure } = options
  const allowed = options.allowed ? placeBitset(pool, arena, options.allowed, vectors.rows) : 0
  const padded = pool.scratch(arena, 'query', stride * queries.length)
  const heaps = pool.scratch(arena, 'heap', rankingEntryBytes * k * queries.length)
  const numbers = pool.scratch(arena, 'flatNumbers', flatNumbersBytes * queries.length)
  const heads = pool.scratch(arena, 'flatQueries', queryBytes * queries.length)
  const weights = pool.scratch(arena, 'weights', 8 * 3)
  const scan = pool.scratch(arena, 'flat', flatBytes)
  const { u32, f32, f64 } = arena
  queries.forEach((query, i) => {
    const at = (padded + i * stride) / 4
    f32.fill(0, at, at + stride / 4)
    f32.set(query, at)
    const head = (heads + i * queryBytes) / 4
    u32[head + queryField.vector] = padded + i * stride
    u32[head + queryField.heap] = heaps + i * rankingEntryBytes * k
    u32[head + queryField.numbers] = numbers + i * flatNumbersBytes
  })
  const { cosineWeight, structuralWeight, magnitudeWeight } = measure.weights ?? noWeights
  f64.set([cosineWeight, structuralWeight, magnitudeWeight], weights / 8)
  setFields(arena, scan, {
    ...{ rows: rows.pointer, stride, dimensions: vectors.dimensions, count: vectors.rows, facts: facts.pointer, allowed },
    ...{ measure: measure.kind, weights, k, queries: heads, queryCount: queries.length },
  })
  arena.kernel.flatBegin(scan)
  return scan
}

const noWeights = { cosineWeight: 0, structuralWeight: 0, magnitudeWeight: 0 }

function setFields(arena: Arena, scan: number, values: Partial<Record<keyof typeof field, number>>): void {
  for (const [name, value] of Object.entries(values)) arena.u32[scan / 4 + field[name as keyof typeof field]] = value
}
