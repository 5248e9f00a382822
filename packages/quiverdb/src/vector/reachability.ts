import type { GraphMemory } from './graph-memory.js'

/** Room to look which of so many nodes can be reached. */
export function placeSpread({ arena, pool }: GraphMemory, nodes: number): { parents: number; queue: number } {
  const bytes = 4 * Math.max(1, nodes)
  return { parents: pool.scratch(arena, 'parents', bytes), queue: pool.scratch(arena, 'queue', bytes) }
}

/** How many nodes that hold vectors cannot be reached from the entry along level 0; 0 in a sound graph. */
export function unreachableNodes(memory: GraphMemory): number {
  const { parents, queue } = placeSpread(memory, memory.nodes)
  return memory.arena.kernel.audit(memory.pointer, parents, queue)
}
