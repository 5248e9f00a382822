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
