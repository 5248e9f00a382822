import { QuiverError } from '../../errors.js'
import { languageOf } from '../../text/analyser.js'
import { type WebWorker, workerStarter } from '../../vector/threads/web-worker.js'
import { type JobListener, runOnThread } from './host.js'
import type { Job, JobResult, WorkerMessage } from './jobs.js'

/**
 * Runs a job on a worker, or, where a page may have none, in this thread a little at a time. Workers know few languages; words of others are
 * analysed in this thread too.
 * @throws QuiverError ABORTED, and what the job failed with
 */
export async function runJob(job: Job, progress: (done: number, total: number) => void, signal: AbortSignal): Promise<JobResult> {
  const started = needsLanguages(job) ? undefined : await startWorker()
  if (!started) return runHere(job, progress, signal)
  const { worker, listen } = started
  return runOnThread(
    (listener) => {
      listen(listener)
      return { post: (job) => worker.postMessage(job), end: () => worker.terminate() }
    },
    job,
    progress,
    signal,
  )
}

/** Those of `text/common-language-data.ts`. */
const languagesOfWorkers = ['none', 'english']

function needsLanguages(job: Job): boolean {
  return job.task !== 'build' && job.indexed.texts.some(({ analyser }) => !languagesOfWorkers.includes(languageOf(analyser)))
}

interface StartedWorker {
  readonly worker: WebWorker<Job>
  listen(listener: JobListener): void
}

/** Undefined where there are no workers, or where the page's policy forbids ours. */
async function startWorker(): Promise<StartedWorker | undefined> {
  const start = await workerStarter<Job, WorkerMessage>('job')
  return new Promise((resolve) => {
    let heard: JobListener | undefined
    const listen = (listener: JobListener): void => void (heard = listener)
    try {
      const worker = start({
        onMessage: (message) => (message.kind === 'ready' ? resolve({ worker, listen }) : heard?.onMessage(message)),
        onFailure: (error) => (heard ? heard.onFailure(error) : resolve(undefined)),
      })
    } catch {
      resolve(undefined)
    }
  })
}

async function runHere(job: Job, progress: (done: number, total: number) => void, signal: AbortSignal): Promise<JobResult> {
  const { runJob } = await import('./run-job.js')
  if (signal.aborted) throw new QuiverError('ABORTED', 'The background work was aborted.')
  return runJob(job.task === 'build' ? { ...job, threads: 1 } : job, progress, signal)
}
