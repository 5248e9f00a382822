import { serveLane } from '../../vector/threads/lane-browser.js'
import type { LaneCall, LaneReply } from '../../vector/threads/lane-messages.js'
import type { WorkerRole } from '../../vector/threads/web-worker.js'
import type { WorkerScope } from '../../vector/threads/worker-scope.js'
import type { Job, WorkerMessage } from './jobs.js'
import { answerJob } from './run-job.js'

/** What every worker in a browser runs: one script, so that a page loads one. Its owner ends it. */
const role = (globalThis as unknown as { name: WorkerRole }).name
if (role === 'lane') serveLane(globalThis as unknown as WorkerScope<LaneCall, LaneReply>)
else serveJob(globalThis as unknown as WorkerScope<Job, WorkerMessage>)

function serveJob(scope: WorkerScope<Job, WorkerMessage>): void {
  scope.onmessage = ({ data }) => void answerJob(data, (message, buffers) => scope.postMessage(message, buffers))
  scope.postMessage({ kind: 'ready' })
}
