import { Lane } from './lane.js'
import type { LaneCall, LaneReply } from './lane-messages.js'

/** A lane as a worker of a browser. It ends when its owner ends it. */
const scope = globalThis as unknown as {
  onmessage: ((event: { readonly data: LaneCall }) => void) | null
  postMessage(message: LaneReply): void
}
const lane = new Lane()
scope.onmessage = ({ data }) => void lane.answer(data).then((reply) => scope.postMessage(reply))
scope.postMessage({ kind: 'ready' })
