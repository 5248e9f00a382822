import { groupNumbersBytes, sketchGroupRows } from '@quiverdb/kernel'
import type { Arena } from './arena.js'

/** Bytes of the one-bit sketches of so many rows of a graph: groups as blocks have, around the graph's centre. */
export function sketchBytes(rows: number, codeBytes: number): number {
  return Math.ceil(rows / sketchGroupRows) * (4 * codeBytes + groupNumbersBytes)
}

/** Sketches the first rows of a graph, which are there. @param graph address of its descriptor */
export function sketchRows(arena: Arena, graph: number, rows: number, codeBytes: number, groups: number): void {
  arena.u8.fill(0, groups, groups + sketchBytes(rows, codeBytes))
  arena.kernel.sketchNodes(graph, groups, 0, rows)
}
