import { errorCodes, QuiverError, type ErrorCode } from '../../errors.js'
import type { Job, JobResult, WorkerMessage } from './jobs.js'

/** A thread that does one job. All that differs between Node and a browser. */
export interface JobThread {
  post(job: Job): void
  end(): void
}

/** Who hears from a thread. */
export interface JobListener {
  onMessage(message: WorkerMessage): void
  onFailure(error: Error): void
}

/**
 * Runs a job on a thread of its own. The thread ends with the job; aborting ends both at once.
 * @throws QuiverError ABORTED, and what the job failed with
 */
export function runOnThread(
  spawn: (listener: JobListener) => JobThread,
  job: Job,
  progress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted())
    const settle = (end: () => void): void => {
      signal.removeEventListener('abort', onAbort)
      thread.end()
      end()
    }
    const onAbort = (): void => settle(() => reject(aborted()))
    const thread = spawn({
      onMessage: (message) => {
        if (message.kind === 'progress') progress(message.done, message.total)
        else if (message.kind === 'done') settle(() => resolve(message))
        else if (message.kind === 'failed') settle(() => reject(new QuiverError(codeOf(message.code), message.message)))
      },
      onFailure: (error) =>
        settle(() => reject(new QuiverError('INTERNAL', `A worker failed: ${error.message}`, { cause: error }))),
    })
    signal.addEventListener('abort', onAbort)
    thread.post(job)
  })
}

function codeOf(code: string): ErrorCode {
  return errorCodes.find((known) => known === code) ?? 'INTERNAL'
}

function aborted(): QuiverError {
  return new QuiverError('ABORTED', 'The background work was aborted.')
}
