import { canShareMemory, createChecksum, loadKernel } from '@quiverdb/kernel'
import { DirectoryStore } from '#folders'
import { QuiverError } from '../../errors.js'
import { Containers } from '../../format/container.js'
import { Residency } from '../../segment/residency.js'
import { MemoryObjects, MemoryStore } from '../../store/memory-store.js'
import type { ObjectStore } from '../../store/object-store.js'
import { MemoryPool } from '../../vector/memory-pool.js'
import { Parts } from '../version/parts.js'
import { build } from './build.js'
import { compact } from './compact.js'
import { indexFields } from './fields.js'
import type { Job, JobResult, StoreHandle, WorkerMessage } from './jobs.js'

const memoryBytesMax = 16 * 1024 ** 3
/** Messages about progress are not closer together than this. */
const progressEveryMs = 100

/** Posts a message; the buffers move to the other thread. */
export type Post = (message: WorkerMessage, buffers: readonly ArrayBuffer[]) => void

/** What a worker thread does: it takes one job, reads the parts that it names, and posts one finished object, or why there is none. */
export async function answerJob(job: Job, post: Post): Promise<void> {
  try {
    const { chunks, fieldChunks, count } = await runJob(job, (done, total) => post({ kind: 'progress', done, total }, []))
    // One buffer that several chunks look into moves once.
    const buffers = [...new Set([...chunks, ...(fieldChunks ?? [])].map((chunk) => chunk.buffer as ArrayBuffer))]
    post({ kind: 'done', chunks, ...(fieldChunks && { fieldChunks }), count }, buffers)
  } catch (error) {
    const code = error instanceof QuiverError ? error.code : 'INTERNAL'
    post({ kind: 'failed', code, message: error instanceof Error ? error.message : String(error) }, [])
  }
}

/**
 * Does a job on this thread. With a signal it lets others run now and then.
 * @throws QuiverError ABORTED, and what the job fails with
 */
export async function runJob(job: Job, tell: (done: number, total: number) => void, signal?: AbortSignal): Promise<JobResult> {
  const pool = await MemoryPool.create({
    memoryBytesMax,
    shared: job.task === 'build' && job.threads !== 1 && canShareMemory(),
  })
  const store = await openHandle(job.store)
  const parts = new Parts(store, new Containers(createChecksum(await loadKernel())), pool, new Residency())
  let told = 0
  const progress = (done: number, total: number): void => {
    if (done < total && performance.now() - told < progressEveryMs) return
    told = performance.now()
    tell(done, total)
  }
  try {
    return await carryOut(job, parts, progress, signal)
  } finally {
    await store.close()
    pool.close()
  }
}

function carryOut(
  job: Job,
  parts: Parts,
  progress: (done: number, total: number) => void,
  signal: AbortSignal | undefined,
): JobResult | Promise<JobResult> {
  switch (job.task) {
    case 'build':
      return build(job, parts, progress, signal)
    case 'compact':
      return compact(job, parts, progress)
    case 'fields':
      return indexFields(job, parts)
  }
}

async function openHandle(handle: StoreHandle): Promise<ObjectStore> {
  if (handle.kind === 'directory') return DirectoryStore.open(handle.path, { create: false })
  const objects = new MemoryObjects()
  for (const [key, bytes] of handle.objects) objects.set(key, bytes)
  return new MemoryStore(objects)
}
