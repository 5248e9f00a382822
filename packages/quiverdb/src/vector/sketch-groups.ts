import { groupNumbersBytes, sketchGroupRows } from '@quiverdb/kernel'
import type { Arena } from './arena.js'
import { stagingFor } from './encode.js'
import type { MemoryPool } from './memory-pool.js'

/** Bytes of the one-bit sketches of so many rows of a graph: groups as blocks have, around the graph's centre. */
export function sketchBytes(rows: number, codeBytes: number): number {
  return Math.ceil(rows / sketchGroupRows) * (4 * codeBytes + groupNumbersBytes)
}

/** A graph whose rows are in place; `pointer`: of its descriptor. */
interface SketchedGraph {
  readonly pool: MemoryPool
  readonly arena: Arena
  readonly pointer: number
  readonly nodes: number
  readonly parameters: { readonly dimensions: number }
}

/** Sketches all rows of a graph. @throws QuiverError MEMORY_FULL */
export function sketchRows({ pool, arena, pointer, nodes, parameters }: SketchedGraph, groups: number): void {
  arena.kernel.sketchNodes(pointer, groups, 0, nodes, stagingFor(pool, arena, parameters.dimensions))
}
