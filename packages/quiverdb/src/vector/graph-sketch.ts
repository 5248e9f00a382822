import { sketchGroupRows, walkLayout } from '@quiverdb/kernel'
import { type Budget, runWithin } from './budget.js'
import type { GraphMemory } from './graph-memory.js'
import type { GraphMode } from './graph-image.js'
import { evaluationsAt, type KeptCurve, leastEffort, recallAt } from './recall-curve.js'
import { placeWalk } from './walk-room.js'

const { index: walkField } = walkLayout
/** Rows whose codes are looked at together, for which the pool has room in any case. */
const rankedTogether = 32
/** How many more rows than wanted may be ranked, to find the limit sooner. */
const excess = 1.1

// What a look costs, with a look at one sketch as the unit: at a candidate of a walk over blocks or over rows, and at the codes of a row anywhere. A walk
// that makes little effort has it cheaper, but no sketches either. Measured at 768 dimensions; with fewer, codes cost less.
const candidateCost: Readonly<Record<GraphMode, number>> = { speed: 4, balanced: 15, memory: 15 }
const rankCost = 40
/** At those of every row, one after the other. */
const scanCost = 16
/** Where measuring is to end, so many sketches count as a distance. */
export const sketchesPerDistance = 20
/** As many rows are ranked in any case as take this share of the time of the look itself. */
const rankedShare = 1 / 4
/** Real queries may be harder than those that were measured. */
const margin = 2
/** Smaller graphs are walked, and those of few dimensions, whose signs say little. */
const nodesMin = 8_192
const dimensionsMin = 64

/** Whether some walk that was measured may cost more than a look at all sketches of a graph. */
export function mayPay({ evaluations }: KeptCurve, { nodes, parameters }: GraphMemory, mode: GraphMode): boolean {
  if (parameters.codes !== 'int8' || parameters.dimensions < dimensionsMin || nodes < nodesMin) return false
  return evaluations[evaluations.length - 1]! * candidateCost[mode] > nodes * (1 + rankedShare)
}

/**
 * How many rows are to be ranked, chosen by their sketches, so that as many of the k nearest are found as a walk with this effort finds: where that
 * takes less time than the walk, and was measured.
 */
export function rowsToRank(recall: KeptCurve, nodes: number, mode: GraphMode, ef: number, k: number): number | undefined {
  if (!recall.sketch) return undefined
  const candidates = evaluationsAt(recall, ef)
  if (candidates * candidateCost[mode] <= nodes * (1 + rankedShare)) return undefined
  const wanted = recallAt(recall, ef, k)
  const rows = leastEffort(recall.sketch, k, wanted)
  if (rows === undefined) return undefined
  // Nodes beyond those that were measured take more in proportion, and so does effort, where all was not found with the last that was.
  const more = wanted < 1 ? Math.max(1, ef / recall.efs[recall.efs.length - 1]!) : 1
  const beyond = more * Math.max(1, nodes / recall.nodes)
  const ranked = Math.ceil(Math.max((nodes * rankedShare) / rankCost, margin * rows * beyond))
  const cost = nodes + Math.min(rankCost * ranked, scanCost * nodes)
  return candidates * candidateCost[mode] > cost ? ranked : undefined
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
