import { groupEstimatesBytes, keyBytes, levelsMax, offeredLists, selectionLayout, walkLayout } from '@quiverdb/kernel'
import type { GraphMemory } from './graph-memory.js'

const { index: walkField, bytes: walkBytes } = walkLayout
const { index: selectionField, bytes: selectionBytes } = selectionLayout

/** Up to here a search keeps one sorted pool; above, shifting it would cost more than heaps do. */
const narrowEfMax = 512
/** Estimates from blocks are cheap but many more enter the pool. */
const blocksEfMax = 4_096
/** A walk over blocks looks at the codes of so many nodes behind the ones that it expands. */
export const rankedAhead = 16
/** A search keeps this many nodes of level 1 in the same pool. */
const startsMax = 4
/** Nodes that a deletion offers to those who linked to the deleted one. */
const offeredMin = 50

/**
 * Prepares the arena's walk for this graph and returns its address. `wide` keeps what is allowed apart from what is walked; `keep`: how many
 * nodes are wanted where the walk ranks them itself.
 */
export function placeWalk(memory: GraphMemory, ef: number, wide: boolean, keep = ef): number {
  const { arena, pool, mode, capacity, parameters, layout } = memory
  const heaps = wide || ef > (mode === 'speed' ? blocksEfMax : narrowEfMax)
  const walk = pool.scratch(arena, 'walk', walkBytes, () => {})
  const visited = pool.scratch(arena, 'visited', 2 * capacity, () => {
    arena.u32[walk / 4 + walkField.epoch] = 0
  })
  const results = pool.scratch(arena, 'pool', keyBytes * (Math.max(ef, startsMax) + rankedAhead + 1))
  const frontier = heaps ? pool.scratch(arena, 'frontier', keyBytes * Math.max(1, capacity)) : 0
  const batch = pool.scratch(arena, 'batch', 4 * (parameters.m0 + 4))
  const ranked = pool.scratch(arena, 'results', keyBytes * (keep + 1))
  const table = mode === 'speed' ? pool.scratch(arena, 'table', 4 * layout.codeBytes) : 0
  const estimates = pool.scratch(arena, 'group estimates', groupEstimatesBytes)
  const { u32, f32 } = arena
  const at = walk / 4
  u32[at + walkField.results] = ranked
  u32[at + walkField.resultsMax] = keep
  u32[at + walkField.table] = table
  u32[at + walkField.estimates] = estimates
  u32[at + walkField.ef] = mode === 'speed' && !heaps ? ef + rankedAhead : ef
  u32[at + walkField.expand] = ef
  f32[at + walkField.bound] = Infinity
  u32[at + walkField.patience] = 0
  u32[at + walkField.allowed] = 0
  u32[at + walkField.visited] = visited
  // A wrap clears what was ever used, so the largest graph of the arena decides.
  u32[at + walkField.visitedNodes] = Math.max(u32[at + walkField.visitedNodes]!, capacity)
  u32[at + walkField.pool] = results
  u32[at + walkField.frontier] = frontier
  u32[at + walkField.batch] = batch
  return walk
}

/** Prepares the room for choosing neighbours and returns its address. */
export function placeSelection({ arena, pool, parameters }: GraphMemory): number {
  const { m, m0 } = parameters
  const selection = pool.scratch(arena, 'selection', selectionBytes)
  const chosen = pool.scratch(arena, 'chosen', 4 * (m0 + 4))
  const spare = pool.scratch(arena, 'spare', 4 * (m0 + 4))
  const sorted = pool.scratch(arena, 'sorted', keyBytes * (m0 + 2))
  const kept = pool.scratch(arena, 'kept', 4 * levelsMax * (m + 1))
  const fresh = pool.scratch(arena, 'fresh', keyBytes * (m0 + 3))
  const offeredMax = Math.max(offeredMin, offeredLists * m0)
  const offered = pool.scratch(arena, 'offered', 4 * offeredMax)
  const candidates = pool.scratch(arena, 'offeredFresh', 4 * offeredMax)
  const at = selection / 4
  arena.u32[at + selectionField.chosen] = chosen
  arena.u32[at + selectionField.spare] = spare
  arena.u32[at + selectionField.sorted] = sorted
  arena.u32[at + selectionField.kept] = kept
  arena.u32[at + selectionField.fresh] = fresh
  arena.u32[at + selectionField.offered] = offered
  arena.u32[at + selectionField.candidates] = candidates
  return selection
}
