import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { errorCodes, QuiverError, type ErrorCode } from '../../errors.js'
import type { Job, JobResult, WorkerMessage } from './jobs.js'

/**
 * Runs a job on a thread of its own. The thread ends with the job; aborting ends both at once.
 * @throws QuiverError ABORTED, and what the job failed with
 */
export function runInWorker(job: Job, progress: (done: number, total: number) => void, signal: AbortSignal): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted())
    // Without the flags of a program that comes from the command line (`--input-type`), which are refused for a file.
    const worker = new Worker(workerUrl(), { execArgv: [] })
    const settle = (end: () => void): void => {
      signal.removeEventListener('abort', onAbort)
      void worker.terminate()
      end()
    }
    const onAbort = (): void => settle(() => reject(aborted()))
    signal.addEventListener('abort', onAbort)
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'progress') progress(message.done, message.total)
      else if (message.kind === 'done') settle(() => resolve(message))
      else settle(() => reject(new QuiverError(codeOf(message.code), message.message)))
    })
    worker.on('error', (error) =>
      settle(() => reject(new QuiverError('INTERNAL', `A worker failed: ${error.message}`, { cause: error }))),
    )
    worker.postMessage(job)
  })
}

/** The package's own built entry, found as any importer would: it is there beside the sources too. */
function workerUrl(): URL {
  return pathToFileURL(createRequire(import.meta.url).resolve('quiverdb/worker'))
}

function codeOf(code: string): ErrorCode {
  return errorCodes.find((known) => known === code) ?? 'INTERNAL'
}

function aborted(): QuiverError {
  return new QuiverError('ABORTED', 'The background work was aborted.')
}
