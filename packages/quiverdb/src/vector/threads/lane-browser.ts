import { Lane } from './lane.js'
import type { LaneCall, LaneReply } from './lane-messages.js'
import type { WorkerScope } from './worker-scope.js'

/** Serves as a lane in a worker of a browser. It ends when its owner ends it. */
export function serveLane(scope: WorkerScope<LaneCall, LaneReply>): void {
  const lane = new Lane()
  scope.onmessage = ({ data }) => void lane.answer(data).then((reply) => scope.postMessage(reply))
  scope.postMessage({ kind: 'ready' })
}
