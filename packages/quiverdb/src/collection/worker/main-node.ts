import { parentPort } from 'node:worker_threads'
import { assert } from '../../errors.js'
import type { Job } from './jobs.js'
import { answerJob } from './run-job.js'

/** A thread of Node for one job. Its owner ends it. */
const port = parentPort
assert(port, 'this module runs as a worker thread')
port.once('message', (job: Job) => void answerJob(job, (message, buffers) => port.postMessage(message, buffers)))
