import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { LaneReply } from './lane-messages.js'
import type { LaneListener, LaneThread, SpawnLane } from './lane-thread.js'

export const cores = (): number => availableParallelism()

export async function laneSpawner(): Promise<SpawnLane> {
  return spawnLane
}

function spawnLane(listener: LaneListener): LaneThread {
  // Without the flags of a program that comes from the command line (`--input-type`), which are refused for a file.
  const worker = new Worker(laneUrl(), { execArgv: [] })
  let ended = false
  worker.on('message', (reply: LaneReply) => listener.onReply(reply))
  worker.on('error', (error) => listener.onFailure(error))
  worker.on('exit', (code) => ended || listener.onFailure(new Error(`The thread ended with code ${code}.`)))
  return {
    post: (call) => worker.postMessage(call),
    keepAlive: (wanted) => (wanted ? worker.ref() : worker.unref()),
    end: async () => {
      ended = true
      await worker.terminate()
    },
  }
}

/** The package's own built entry, found as any importer would: it is there beside the sources too. */
function laneUrl(): URL {
  return pathToFileURL(createRequire(import.meta.url).resolve('quiverdb/lane'))
}
