import { canShareMemory } from '@quiverdb/kernel'
import type { SpawnLane } from './lane-thread.js'

/** More threads than this gain little: they wait for the same memory. */
const lanesMax = 4

/** How many threads are worth having here, by default: the number of cores, at most 4; 1 where memory cannot be shared. */
export async function lanesByDefault(): Promise<number> {
  if (!canShareMemory()) return 1
  const { cores } = await import('#lanes')
  return Math.min(cores(), lanesMax)
}

/** How a lane is spawned here. */
export async function spawnLaneHere(): Promise<SpawnLane> {
  const { laneSpawner } = await import('#lanes')
  return laneSpawner()
}
