// Graphs that are loaded while they are walked.
import { Graph } from './layout'

/** Returns when a node's list on a level is in its place, with the rows of all that it names. The other side reads them, or throws. */
@external('env', 'bring')
declare function bringList(graph: usize, node: u32, level: i32): void

// @ts-ignore: decorator
@inline
export function bring(graph: Graph, node: u32, level: i32): void {
  bringList(changetype<usize>(graph), node, level)
}
