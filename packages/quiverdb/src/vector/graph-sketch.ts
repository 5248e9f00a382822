import { sketchGroupRows, walkLayout } from '@quiverdb/kernel'
import { type Budget, runWithin } from './budget.js'
import type { GraphMemory } from './graph-memory.js'
import type { GraphMode } from './graph-image.js'
import { type KeptCurve, leastEffort, recallAt } from './recall-curve.js'
import { rankedWithin, sketchCost, walkCost } from './search-cost.js'
import { placeWalk } from './walk-room.js'

const { index: walkField } = walkLayout
/** Rows whose codes are looked at together, for which the pool has room in any case. */
const rankedTogether = 32
/** How many more rows than wanted may be ranked, to find the limit sooner. */
const excess = 1.1

/** As many rows are ranked in any case as take this share of the time of the look itself. */
const rankedShare = 1 / 4
/** Real queries may be harder than those that were measured. */
const margin = 2
/** Smaller graphs are walked, and those of few dimensions, whose signs say little. */
const nodesMin = 8_192
const dimensionsMin = 64

/** Whether some walk that was measured may cost more than a look at all sketches of a graph. */
export function mayPay(recall: KeptCurve, { nodes, parameters }: GraphMemory, mode: GraphMode): boolean {
  if (parameters.codes !== 'int8' || parameters.dimensions < dimensionsMin || nodes < nodesMin) return false
  return walkCost(recall, mode, recall.efs[recall.efs.length - 1]!) > sketchCost(nodes, rankedWithin(rankedShare, nodes))
}

/**
 * How many rows are to be ranked, chosen by their sketches, so that as many of the k nearest are found as a walk with this effort finds: where that
 * takes less time than the walk, and was measured.
 */
export function rowsToRank(recall: KeptCurve, nodes: number, mode: GraphMode, ef: number, k: number): number | undefined {
  if (!recall.sketch) return undefined
  const wanted = recallAt(recall, ef, k)
  const rows = leastEffort(recall.sketch, k, wanted)
  if (rows === undefined) return undefined
  // Nodes beyond those that were measured take more in proportion, and so does effort, where all was not found with the last that was.
  const more = wanted < 1 ? Math.max(1, ef / recall.efs[recall.efs.length - 1]!) : 1
  const beyond = more * Math.max(1, nodes / recall.nodes)
  const ranked = Math.ceil(Math.max(rankedWithin(rankedShare, nodes), margin * rows * beyond))
  return walkCost(recall, mode, ef) > sketchCost(nodes, ranked) ? ranked : undefined
}

/** Prepares a walk that looks at sketches instead, and returns its address. */
export function placeSketchWalk(memory: GraphMemory, keep: number): number {
  const { arena, pool, layout } = memory
  const walk = placeWalk(memory, Math.max(keep, rankedTogether), false, keep)
  arena.u32[walk / 4 + walkField.evaluations] = 0
  arena.u32[walk / 4 + walkField.table] = pool.scratch(arena, 'table', 4 * layout.codeBytes)
  return walk
}

/** Writes estimates (float32) of the distances of all rows to a walk's query, as far as the budget goes, and returns their address. */
export function sketchDistances(
  memory: GraphMemory,
  walk: number,
  groups: number,
  budget?: Budget,
): { readonly estimates: number; readonly complete: boolean } {
  const { arena, pool, pointer, nodes } = memory
  const estimates = pool.scratch(arena, 'estimates', 4 * sketchGroupRows * Math.ceil(nodes / sketchGroupRows))
  let from = 0
  const complete = runWithin(budget, (evaluationsMax) => {
    const to = Math.min(nodes, from + sketchGroupRows * Math.ceil(evaluationsMax / sketchGroupRows))
    arena.kernel.sketchDistances(pointer, walk, groups, from, to, estimates)
    from = to
    return from === nodes
  })
  if (!complete)
    arena.f32.fill(Infinity, estimates / 4 + from, estimates / 4 + sketchGroupRows * Math.ceil(nodes / sketchGroupRows))
  return { estimates, complete }
}

/** Ranks by their codes about so many rows with the least estimates: what the walk has found. False where estimates are no numbers. */
export function rankSketched(memory: GraphMemory, walk: number, estimates: number, rows: number): boolean {
  const { arena, pool, pointer, nodes } = memory
  const kept = pool.scratch(arena, 'kept rows', 4 * Math.ceil(nodes / sketchGroupRows))
  if (arena.kernel.sketchKeep(estimates, nodes, rows, Math.ceil(excess * rows), Infinity, kept) < 0) return false
  arena.kernel.rankSketched(pointer, walk, kept)
  return true
}
