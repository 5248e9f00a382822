import { workerScript } from '#worker-script'

/** What a worker of a browser is for: its name, by which its script knows. */
export type WorkerRole = 'lane' | 'job'

/** The part of a browser's workers that is used here. */
export interface WebWorker<Call> {
  postMessage(message: Call): void
  terminate(): void
}

interface WebWorkerListener<Message> {
  onMessage(message: Message): void
  onFailure(error: Error): void
}

interface NativeWorker extends WebWorker<unknown> {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onerror: ((event: { readonly message?: string }) => void) | null
}

const browser = globalThis as unknown as { Worker?: new (url: string, options: { name: WorkerRole }) => NativeWorker }

/** How workers of a kind are started here. */
export async function workerStarter<Call, Message>(
  role: WorkerRole,
): Promise<(listener: WebWorkerListener<Message>) => WebWorker<Call>> {
  const script = await workerScript()
  const { Worker } = browser
  return ({ onMessage, onFailure }) => {
    if (!Worker) throw notStarted()
    const worker = new Worker(script, { name: role })
    worker.onmessage = ({ data }) => onMessage(data as Message)
    // A worker that does not even start has no message for it.
    worker.onerror = ({ message }) => onFailure(message ? new Error(message) : notStarted())
    return worker
  }
}

function notStarted(): Error {
  return new Error('A worker did not start. A Content-Security-Policy has to allow it: worker-src blob:')
}
