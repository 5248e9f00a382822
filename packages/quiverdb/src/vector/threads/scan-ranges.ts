import type { Arena } from '../arena.js'
import { FlatVectors, type FlatPlace } from '../flat/flat-vectors.js'
import { type FlatSearchOptions, searchFlat } from '../flat/search-flat.js'
import type { MemoryPool } from '../memory-pool.js'
import type { ScanBoard } from './scan-board.js'

/** A scan of which each thread does its share. */
export interface SharedScan {
  readonly board: ScanBoard
  readonly vectors: FlatPlace
  readonly queries: readonly Float32Array[]
  readonly options: FlatSearchOptions
}

/** Scans ranges until none is left. One that throws is failed. @throws as `searchFlat` */
export function scanRanges(pool: MemoryPool, arena: Arena, scan: SharedScan): void {
  for (let range = scan.board.take(); range !== undefined; range = scan.board.take()) scanRange(pool, arena, scan, range)
}

/** Scans one range that was taken. */
export function scanRange(pool: MemoryPool, arena: Arena, { board, vectors, queries, options }: SharedScan, range: number): void {
  const [first, end] = board.rowsOf(range)
  const allowed = options.allowed?.subarray(first / 32, Math.ceil(end / 32))
  try {
    const part = FlatVectors.within(pool, arena, vectors, first, end)
    board.answer(range, searchFlat(part, queries, { ...options, allowed }))
  } catch (error) {
    board.fail(range)
    throw error
  }
}
