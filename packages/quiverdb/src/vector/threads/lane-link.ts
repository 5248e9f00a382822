import { errorCodes, QuiverError } from '../../errors.js'
import { alignUp, type Arena, extentAlignment } from '../arena.js'
import type { Extent, MemoryPool } from '../memory-pool.js'
import { type LaneReply, type LaneTask, type Piece, type ResultOf } from './lane-messages.js'
import type { LaneThread, SpawnLane } from './lane-thread.js'

/** What a lane gets for itself in an arena that it comes to; it asks when it needs more. */
const firstPieceBytes = 1024 ** 2

interface Pending {
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** The owner's end of one lane: posts calls, gives memory, and has the answers. */
export class LaneLink {
  readonly #pool: MemoryPool
  readonly #thread: LaneThread
  readonly #pending = new Map<number, Pending>()
  readonly #arenas = new Map<Arena, number>()
  readonly #pieces: Extent[] = []
  #calls = 0
  #failure: QuiverError | undefined
  readonly #ready: Promise<void>

  constructor(pool: MemoryPool, spawn: SpawnLane) {
    this.#pool = pool
    this.#ready = new Promise((resolve, reject) => this.#pending.set(0, { resolve: () => resolve(), reject }))
    this.#thread = spawn({ onReply: (reply) => this.#settle(reply), onFailure: (error) => this.#fail(laneFailed(error)) })
  }

  /** Resolves when the thread runs. @throws QuiverError INTERNAL */
  get ready(): Promise<void> {
    return this.#ready
  }

  /** Calls that are not answered yet. */
  get load(): number {
    return this.#pending.size
  }

  /** Runs a task in an arena. @throws QuiverError ABORTED, MEMORY_FULL, CLOSED, and what the task fails with */
  async call<Task extends LaneTask>(arena: Arena, task: Task, signal?: AbortSignal): Promise<ResultOf<Task>> {
    if (this.#failure) throw this.#failure
    let given: Piece[] = this.#arenas.has(arena) ? [] : [this.#give(arena, firstPieceBytes)]
    for (;;) {
      try {
        return (await this.#post(arena, given, task, signal)) as ResultOf<Task>
      } catch (error) {
        const wanted = error instanceof QuiverError && error.code === 'MEMORY_FULL' && error.details.bytesWanted
        if (typeof wanted !== 'number') throw error
        given = [this.#give(arena, wanted)]
      }
    }
  }

  /** Stops the thread, whatever it is doing, and takes its memory back. */
  async close(): Promise<void> {
    this.#fail(new QuiverError('CLOSED', 'The threads are closed.'))
    await this.#thread.end()
    for (const piece of this.#pieces.splice(0)) piece.free()
  }

  #give(arena: Arena, bytes: number): Piece {
    const piece = this.#pool.allocateBeside(arena, alignUp(bytes, extentAlignment))
    if (!piece) throw new QuiverError('MEMORY_FULL', `No room for ${bytes} bytes for a thread. Raise memoryBytesMax.`)
    this.#pieces.push(piece)
    return [piece.pointer, piece.bytes]
  }

  #post(arena: Arena, given: readonly Piece[], task: LaneTask, signal?: AbortSignal): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(aborted(signal))
    const met = this.#arenas.get(arena)
    const number = met ?? this.#arenas.size
    this.#arenas.set(arena, number)
    const call = ++this.#calls
    const cancelled = signal && new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const promise = new Promise((resolve, reject) => this.#pending.set(call, { resolve, reject }))
    if (this.#pending.size === 1) this.#thread.keepAlive(true)
    const memory = met === undefined ? arena.memory : undefined
    const memoryBytes = arena.u8.byteLength
    this.#thread.post({ call, arena: number, given, task, memory, memoryBytes, cancelled })
    if (!cancelled) return promise
    const onAbort = (): void => void Atomics.store(cancelled, 0, 1)
    signal.addEventListener('abort', onAbort)
    return promise.finally(() => signal.removeEventListener('abort', onAbort))
  }

  #settle(reply: LaneReply): void {
    const call = reply.kind === 'ready' ? 0 : reply.call
    const pending = this.#pending.get(call)
    // What comes after all was given up must not let the process end before the thread has.
    if (!pending) return
    this.#pending.delete(call)
    if (this.#pending.size === 0) this.#thread.keepAlive(false)
    if (reply.kind === 'ready') return pending.resolve(undefined)
    if (reply.kind === 'done') return pending.resolve(reply.result)
    const code = errorCodes.find((known) => known === reply.code) ?? 'INTERNAL'
    pending.reject(new QuiverError(code, reply.message, { details: { ...reply.details } }))
  }

  #fail(failure: QuiverError): void {
    this.#failure ??= failure
    for (const pending of this.#pending.values()) pending.reject(this.#failure)
    this.#pending.clear()
  }
}

function laneFailed(cause: Error): QuiverError {
  return new QuiverError('INTERNAL', `A thread failed: ${cause.message}`, { cause })
}

function aborted(signal: AbortSignal): QuiverError {
  return new QuiverError('ABORTED', 'The work was aborted.', { cause: signal.reason })
}
