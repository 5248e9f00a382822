import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type JobListener, type JobThread, runOnThread } from './host.js'
import type { Job, JobResult, WorkerMessage } from './jobs.js'

/**
 * Runs a job on a thread of its own. The thread ends with the job; aborting ends both at once.
 * @throws QuiverError ABORTED, and what the job failed with
 */
export function runJob(job: Job, progress: (done: number, total: number) => void, signal: AbortSignal): Promise<JobResult> {
  return runOnThread(spawn, job, progress, signal)
}

function spawn({ onMessage, onFailure }: JobListener): JobThread {
  // Without the flags of a program that comes from the command line (`--input-type`), which are refused for a file.
  const worker = new Worker(workerUrl(), { execArgv: [] })
  worker.on('message', (message: WorkerMessage) => onMessage(message))
  worker.on('error', onFailure)
  return { post: (job) => worker.postMessage(job), end: () => void worker.terminate() }
}

/** The package's own built entry, found as any importer would: it is there beside the sources too. */
function workerUrl(): URL {
  return pathToFileURL(createRequire(import.meta.url).resolve('quiverdb/worker'))
}
