import type { LaneCall, LaneReply } from './lane-messages.js'
import type { SpawnLane } from './lane-thread.js'

/** The part of a browser's workers that lanes use. */
interface WebWorker {
  onmessage: ((event: { readonly data: LaneReply }) => void) | null
  onerror: ((event: { readonly message?: string }) => void) | null
  postMessage(message: LaneCall): void
  terminate(): void
}

const browser = globalThis as unknown as {
  Worker: new (url: URL, options: { type: 'module' }) => WebWorker
  navigator?: { readonly hardwareConcurrency?: number }
}

export const cores = (): number => browser.navigator?.hardwareConcurrency ?? 1

export const spawnLane: SpawnLane = (listener) => {
  const worker = new browser.Worker(new URL('./lane-browser.js', import.meta.url), { type: 'module' })
  worker.onmessage = ({ data }) => listener.onReply(data)
  worker.onerror = ({ message }) => listener.onFailure(new Error(message ?? 'The worker failed.'))
  return {
    post: (call) => worker.postMessage(call),
    keepAlive: () => {},
    end: async () => worker.terminate(),
  }
}
