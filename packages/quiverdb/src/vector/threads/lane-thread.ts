import { canShareMemory } from '@quiverdb/kernel'
import type { LaneCall, LaneReply } from './lane-messages.js'

/** A thread that runs a lane, as its owner sees it. All that differs between Node and a browser. */
export interface LaneThread {
  post(call: LaneCall): void
  /** Whether the process stays alive for it; a browser does not ask. */
  keepAlive(wanted: boolean): void
  /** Resolves when the thread has stopped, whatever it was doing. */
  end(): Promise<void>
}

/** Who hears from a thread. */
export interface LaneListener {
  onReply(reply: LaneReply): void
  onFailure(error: Error): void
}

export type SpawnLane = (listener: LaneListener) => LaneThread

/** More threads than this gain little: they wait for the same memory. */
const lanesMax = 4

/** How many threads are worth having here, by default: the number of cores, at most 4; 1 where memory cannot be shared. */
export async function lanesByDefault(): Promise<number> {
  if (!canShareMemory()) return 1
  const cores = isNode() ? (await import('./spawn-node.js')).cores() : (await import('./spawn-browser.js')).cores()
  return Math.min(cores, lanesMax)
}

/** How a lane is spawned here. */
export async function spawnLaneHere(): Promise<SpawnLane> {
  return isNode() ? (await import('./spawn-node.js')).spawnLane : (await import('./spawn-browser.js')).spawnLane
}

function isNode(): boolean {
  return typeof process === 'object' && typeof process.versions?.node === 'string'
}
