import { parentPort } from 'node:worker_threads'
import { assert } from '../../errors.js'
import { Lane } from './lane.js'
import type { LaneCall, LaneReply } from './lane-messages.js'

/** A lane as a thread of Node. It ends when its owner ends it. */
const port = parentPort
assert(port, 'this module runs as a worker thread')
const lane = new Lane()
port.on('message', (call: LaneCall) => void lane.answer(call).then((reply) => port.postMessage(reply)))
port.postMessage({ kind: 'ready' } satisfies LaneReply)
