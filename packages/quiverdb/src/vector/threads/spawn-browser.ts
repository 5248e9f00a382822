import type { LaneCall, LaneReply } from './lane-messages.js'
import type { SpawnLane } from './lane-thread.js'
import { workerStarter } from './web-worker.js'

const { navigator } = globalThis as { navigator?: { readonly hardwareConcurrency?: number } }

export const cores = (): number => navigator?.hardwareConcurrency ?? 1

export async function laneSpawner(): Promise<SpawnLane> {
  const start = await workerStarter<LaneCall, LaneReply>('lane')
  return ({ onReply, onFailure }) => {
    const worker = start({ onMessage: onReply, onFailure })
    return { post: (call) => worker.postMessage(call), keepAlive: () => {}, end: async () => worker.terminate() }
  }
}
