import { parentPort } from 'node:worker_threads'
import { createChecksum, loadKernel } from '@quiverdb/kernel'
import { assert, QuiverError } from '../../errors.js'
import { Containers } from '../../format/container.js'
import { Residency } from '../../segment/residency.js'
import { DirectoryStore } from '../../store/directory-store.js'
import { MemoryObjects, MemoryStore } from '../../store/memory-store.js'
import type { ObjectStore } from '../../store/object-store.js'
import { MemoryPool } from '../../vector/memory-pool.js'
import { Parts } from '../version/parts.js'
import { build } from './build.js'
import { compact } from './compact.js'
import { indexFields } from './fields.js'
import type { Job, JobResult, StoreHandle, WorkerMessage } from './jobs.js'

/** A worker thread: takes one job, reads the parts that it names, sends back one finished object, and ends. */
const memoryBytesMax = 16 * 1024 ** 3
/** Messages about progress are not closer together than this. */
const progressEveryMs = 100

const port = parentPort
assert(port, 'this module runs as a worker thread')
port.once('message', (job: Job) => {
  void run(job).then(
    ({ chunks, fieldChunks, count }) => {
      // Buffers move to the other thread; one that several chunks look into moves once.
      const buffers = [...new Set([...chunks, ...(fieldChunks ?? [])].map((chunk) => chunk.buffer as ArrayBuffer))]
      port.postMessage({ kind: 'done', chunks, ...(fieldChunks && { fieldChunks }), count } satisfies WorkerMessage, buffers)
    },
    (error: unknown) => {
      const code = error instanceof QuiverError ? error.code : 'INTERNAL'
      port.postMessage({
        kind: 'failed',
        code,
        message: error instanceof Error ? error.message : String(error),
      } satisfies WorkerMessage)
    },
  )
})

async function run(job: Job): Promise<JobResult> {
  const pool = await MemoryPool.create({ memoryBytesMax, shared: job.task === 'build' && job.threads !== 1 })
  const store = await openHandle(job.store)
  const parts = new Parts(store, new Containers(createChecksum(await loadKernel())), pool, new Residency())
  let told = 0
  const progress = (done: number, total: number): void => {
    if (done < total && performance.now() - told < progressEveryMs) return
    told = performance.now()
    port!.postMessage({ kind: 'progress', done, total } satisfies WorkerMessage)
  }
  const result = await carryOut(job, parts, progress)
  await store.close()
  return result
}

function carryOut(job: Job, parts: Parts, progress: (done: number, total: number) => void): JobResult | Promise<JobResult> {
  switch (job.task) {
    case 'build':
      return build(job, parts, progress)
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
