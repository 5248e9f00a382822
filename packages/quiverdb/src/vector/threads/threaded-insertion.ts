import { QuiverError } from '../../errors.js'
import type { GraphMemory } from '../graph-memory.js'
import type { HnswBuilder } from '../hnsw-builder.js'
import { takingWords } from './lane-messages.js'
import type { Lanes } from './lanes.js'

interface LaneInsertionOptions {
  /** Ends the insertion within milliseconds: what was inserted stays, in a sound graph; the rest is still pending. */
  readonly signal?: AbortSignal
  /** Called about ten times a second, and at the end, with how many of the vectors that were pending are inserted. */
  readonly onProgress?: (done: number, total: number) => void
}

/** The first nodes are inserted by one thread: while there are few, threads would not see each other's. */
const firstNodes = 500
const progressEveryMs = 100

/**
 * Inserts the pending vectors of a builder on several threads. Meanwhile more may be appended, which are not waited for; nothing else may be
 * done with the builder.
 *
 * Each lane takes a few nodes at a time, finds their neighbours without a lock and locks one list at a time to write it, as hnswlib does
 * (Malkov & Yashunin, https://github.com/nmslib/hnswlib). Nodes that lanes insert at the same moment do not see each other, so the graph
 * depends on timing; its quality does not.
 *
 * @throws QuiverError ABORTED, MEMORY_FULL
 */
export async function insertOnLanes(lanes: Lanes, builder: HnswBuilder, options: LaneInsertionOptions = {}): Promise<void> {
  const { signal, onProgress } = options
  const { memory } = builder
  const start = memory.nodes
  const end = start + builder.pending
  if (start < firstNodes) builder.insertNext(Math.min(end, firstNodes) - start)
  const words = new Int32Array(new SharedArrayBuffer(4 * takingWords.count))
  const inserted = (): number => Math.min(end, Atomics.load(words, takingWords.next))
  Atomics.store(words, takingWords.next, memory.nodes)
  const locks = placeLocks(lanes, builder)
  const onAbort = (): void => void Atomics.store(words, takingWords.stop, 1)
  const timer = onProgress && setInterval(() => onProgress(inserted() - start, end - start), progressEveryMs)
  signal?.addEventListener('abort', onAbort)
  try {
    while (memory.nodes < end) {
      if (signal?.aborted) throw new QuiverError('ABORTED', 'The insertion was aborted.', { cause: signal.reason })
      const roundEnd = Math.min(end, builder.roundEnd)
      Atomics.store(words, takingWords.next, memory.nodes)
      try {
        await lanes.runOnAll(memory.arena, { kind: 'insert', graph: memory.place, end: roundEnd, words })
      } finally {
        // Whoever takes nodes inserts them, so all below the next to be taken are in.
        builder.endRound(Math.min(roundEnd, Atomics.load(words, takingWords.next)))
      }
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    clearInterval(timer)
    memory.locks = 0
    locks.free()
  }
  onProgress?.(end - start, end - start)
}

/** Writes the neighbours' signs into the blocks of a graph, on several threads. */
export async function packOnLanes(lanes: Lanes, packed: GraphMemory): Promise<void> {
  const words = new Int32Array(new SharedArrayBuffer(4 * takingWords.count))
  await lanes.runOnAll(packed.arena, { kind: 'pack', graph: packed.place, end: packed.nodes, words })
}

function placeLocks({ pool }: Lanes, { memory }: HnswBuilder) {
  const { arena } = memory
  const bytes = arena.kernel.lockBytes()
  const locks = pool.allocateBeside(arena, bytes)
  if (!locks) throw new QuiverError('MEMORY_FULL', `No room for ${bytes} bytes of locks. Raise memoryBytesMax.`)
  locks.view().fill(0)
  memory.locks = locks.pointer
  return locks
}
