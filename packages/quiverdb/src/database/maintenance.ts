import * as v from 'valibot'
import { QuiverError } from '../errors.js'
import type { CollectionState, NamespaceState } from '../collection/version/state.js'
import { Memtable } from '../segment/memtable.js'
import { NotResident, whenResident } from '../segment/part-file.js'
import type { Ledger } from '../collection/ledger.js'
import type { ObjectStore } from '../store/object-store.js'
import { Embeddings } from './embedding/embeddings.js'
import type { NamespaceLog } from './namespace-log.js'
import { nextTurn } from './next-turn.js'
import type { Occasion } from './graph-plan.js'
import { flushDue, planCompaction, planFields, planGraph, type PlanLimits } from './plans.js'
import type { Tuning } from './tuning.js'
import type { Progress, Task } from './progress.js'
import { Superseded, Upkeep } from './upkeep.js'

export interface MaintainOptions {
  /** Only work of these kinds. Default: all. */
  only?: readonly Task[]
  /** Called at most ten times a second for each piece of work, and once at its end. What it throws is ignored. */
  onProgress?: (progress: Progress) => void
  signal?: AbortSignal
}

export const maintainOptions = v.strictObject({
  only: v.optional(v.array(v.picklist(['flush', 'build', 'merge', 'compact', 'fields', 'snapshot', 'collect', 'embed']))),
  onProgress: v.optional(v.function()),
  signal: v.optional(v.instance(AbortSignal)),
})

/** A build waits for a pause in the writing as long as this, so that it need not be done again at once. */
const quietMs = 250
/** From this share of the rows at which writers must wait, a build waits no longer for a pause. */
const pressingShare = 0.8
/** At rest a snapshot is written for fewer commits: the next opening has less to replay. */
const snapshotCommitsAtRest = 16
const allTasks: readonly Task[] = ['flush', 'build', 'merge', 'compact', 'fields', 'snapshot', 'collect', 'embed']

/**
 * The work behind one namespace: sealing rows, building and merging graphs, merging parts, snapshots, collecting. Each ends in a commit of its own
 * or in none, and any process may do it: what two do at once, one of them does in vain.
 *
 * Two lanes run at the same time: short work on this thread, and one graph or compaction on a worker thread.
 */
export class Maintenance {
  readonly #log: NamespaceLog
  readonly #upkeep: Upkeep
  readonly #limits: PlanLimits
  readonly #automatic: boolean
  readonly #collect: () => Promise<void>
  readonly #embeddings: Embeddings
  readonly #listeners = new Set<(progress: Progress) => void>()
  readonly #abort = new AbortController()
  /** Work that failed is not tried again until something changes. */
  #failedAt = new Map<string, { readonly seq: number; readonly cause: unknown }>()
  #short: Promise<void> | undefined
  #long: Promise<void> | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #lastWrite = 0
  #snapshotSeq: number
  #snapshotBytes: number
  #commitsSince: number
  #bytesSince: number
  #waiters: (() => void)[] = []

  constructor(
    log: NamespaceLog,
    store: ObjectStore,
    tuning: Tuning,
    automatic: boolean,
    loaded: { snapshotSeq: number; snapshotBytes: number; replayed: number; replayedBytes: number },
    collect: () => Promise<void>,
    ledger: () => Ledger,
  ) {
    this.#log = log
    this.#upkeep = new Upkeep(log, store, tuning, (progress) => this.#tell(progress), this.#abort.signal)
    const { memoryBytesMax } = log.parts.pool
    this.#limits = { ...tuning, memoryBytesMax, objectBytesMax: store.capabilities.objectBytesMax }
    this.#automatic = automatic
    this.#collect = collect
    this.#embeddings = new Embeddings(ledger, tuning, automatic, (progress) => this.#tell(progress))
    this.#snapshotSeq = loaded.snapshotSeq
    this.#snapshotBytes = loaded.snapshotBytes
    this.#commitsSince = loaded.replayed
    this.#bytesSince = loaded.replayedBytes
  }

  /** Called after every commit. */
  moved(commitBytes: number, written: boolean): void {
    this.#commitsSince++
    this.#bytesSince += commitBytes
    if (written) this.#lastWrite = performance.now()
    this.#embeddings.wake()
    if (!this.#automatic || this.#abort.signal.aborted) return
    this.#wake(false)
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => this.#wake(true), this.#limits.idleMs)
    this.#idleTimer.unref?.()
  }

  get embeddings(): Pick<Embeddings, 'embedders' | 'work' | 'close'> {
    return this.#embeddings
  }

  building(collection: string, index: string): boolean {
    if (this.#upkeep.building(collection, index)) return true
    const state = this.#log.state.collections.get(collection)
    const plan = state && planGraph(state, this.#limits, { idle: false, build: true, merge: true })
    return plan?.index.index.definition.uuid === index
  }

  /** Waits while an index of a collection has too many rows that no graph holds. */
  async throttle(uuid: string, signal?: AbortSignal): Promise<void> {
    if (!this.#automatic) return
    while (await whenResident(() => this.#overloaded(uuid))) {
      if (signal?.aborted)
        throw new QuiverError('ABORTED', 'The write was aborted while it waited for an index.', { cause: signal.reason })
      this.#lastWrite = 0
      this.#wake(false)
      const longWork = this.#long
      if (!longWork) return
      await Promise.race([
        longWork,
        new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true })),
      ])
    }
  }

  /** Does all that is due, as at rest, and resolves when nothing is. @throws QuiverError ABORTED, and what the work failed with */
  async settle(options: MaintainOptions = {}): Promise<void> {
    const { only = allTasks, onProgress, signal } = options
    /** An embedder that is away: what needs none is done all the same. */
    let failed: Failure | undefined
    if (onProgress) this.#listeners.add(onProgress)
    try {
      for (;;) {
        if (signal?.aborted || this.#abort.signal.aborted)
          throw new QuiverError('ABORTED', 'Waiting for the background work was aborted.')
        if (only.includes('embed') && failed === undefined) {
          failed = await abortable(
            this.#embeddings.drain().then(() => undefined, asFailure),
            signal,
          )
        }
        await abortable(Promise.all([this.#short, this.#long]), signal)
        const tasks = new Set(only)
        if (tasks.has('collect')) tasks.delete('collect')
        if (
          await abortable(
            this.#holdingLanes(() => this.#doNext(tasks, true)),
            signal,
          )
        )
          continue
        break
      }
      if (options.only?.includes('collect')) await this.#collect()
      if (failed) throw failed.error
    } finally {
      if (onProgress) this.#listeners.delete(onProgress)
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#idleTimer)
    this.#abort.abort()
    for (const waiter of this.#waiters.splice(0)) waiter()
    await Promise.allSettled([this.#short, this.#long])
  }

  #overloaded(uuid: string): boolean {
    const collection = this.#log.state.collections.get(uuid)
    return (
      collection?.indexes.some(({ coverage }) => {
        let open = 0
        for (const { set, rows } of collection.sets) open += coverage.of(set, rows).openRows
        return open >= this.#limits.backPressureRows
      }) ?? false
    )
  }

  #wake(idle: boolean): void {
    if (this.#abort.signal.aborted) return
    const quiet = idle || performance.now() - this.#lastWrite > quietMs
    this.#short ??= this.#lane(new Set<Task>(['flush', 'snapshot']), idle).finally(() => (this.#short = undefined))
    if (!quiet && !this.#isPressing()) {
      // Whoever wrote may go on; look again when it is quiet.
      setTimeout(() => this.#wake(false), quietMs).unref?.()
      return
    }
    this.#long ??= this.#lane(new Set<Task>(['build', 'merge', 'compact', 'fields']), idle).finally(
      () => (this.#long = undefined),
    )
  }

  #isPressing(): boolean {
    try {
      return this.#pressing()
    } catch (error) {
      // What the store does not give at once, the lane will wait for.
      if (error instanceof NotResident) return true
      throw error
    }
  }

  #pressing(): boolean {
    for (const [, { indexes, sets }] of this.#log.state.collections) {
      for (const { coverage } of indexes) {
        let open = 0
        for (const { set, rows } of sets) open += coverage.of(set, rows).openRows
        if (open >= this.#limits.backPressureRows * pressingShare) return true
      }
    }
    return false
  }

  /** Both lanes wait meanwhile, so that no work is done twice. */
  #holdingLanes<R>(work: () => Promise<R>): Promise<R> {
    const running = work()
    const held = running
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => (this.#short = this.#long = undefined))
    this.#short = this.#long = held
    return running
  }

  async #lane(tasks: ReadonlySet<Task>, idle: boolean): Promise<void> {
    // Start on a later turn: the commit that woke us has callers to answer first.
    await nextTurn()
    while (!this.#abort.signal.aborted) {
      try {
        if (!(await this.#doNext(tasks, idle))) return
      } catch {
        return // Noted; it is tried again after the next commit, and `settled` reports it.
      }
    }
  }

  /** Does one piece of work of the given kinds. Returns whether there was any. */
  async #doNext(tasks: ReadonlySet<Task>, idle: boolean): Promise<boolean> {
    // What other processes did need not be done again.
    const state = await this.#log.current()
    const occasion: Occasion = { idle, build: tasks.has('build'), merge: tasks.has('merge') }
    // A graph that is due anyway makes its rows' flush due, also on the lane that does not build.
    const anyGraph: Occasion = { idle, build: true, merge: true }
    for (const collection of state.collections.values()) {
      const wanted = tasks.has('build') || tasks.has('merge') ? occasion : anyGraph
      if (tasks.has('flush') && (await whenResident(() => flushDue(collection, this.#limits, wanted)))) {
        await this.#run('flush', collection, () => this.#upkeep.flush(collection))
        return true
      }
    }
    if (tasks.has('snapshot') && this.#snapshotDue(idle)) {
      await this.#run('snapshot', undefined, () => this.#snapshot(state))
      return true
    }
    if (tasks.has('compact')) {
      for (const collection of state.collections.values()) {
        const inputs = await whenResident(() => planCompaction(collection, this.#limits))
        if (!inputs) continue
        await this.#run('compact', collection, () => this.#upkeep.compact(collection, inputs))
        return true
      }
    }
    for (const collection of tasks.has('fields') ? state.collections.values() : []) {
      const part = planFields(collection, this.#limits)
      if (!part) continue
      await this.#run('fields', collection, () => this.#upkeep.fields(collection, part))
      return true
    }
    for (const collection of state.collections.values()) {
      const plan =
        occasion.build || occasion.merge ? await whenResident(() => planGraph(collection, this.#limits, occasion)) : undefined
      if (!plan) continue
      if (collection.sets.some(({ set, rows }) => set instanceof Memtable && rows > 0)) {
        await this.#run('flush', collection, () =>
          this.#upkeep.flush(this.#log.state.collections.get(collection.uuid) ?? collection),
        )
        return true
      }
      await this.#run(plan.kind, collection, () => this.#upkeep.graph(collection, plan))
      return true
    }
    return false
  }

  async #run(task: Task, collection: CollectionState | undefined, work: () => Promise<void>): Promise<void> {
    const name = `${task} ${collection?.uuid ?? ''}`
    const failed = this.#failedAt.get(name)
    if (failed?.seq === this.#log.state.seq) throw failedBefore(task, failed.cause)
    this.#tell({ task, collection: collection?.name, done: 0, total: 1 })
    const { seq } = this.#log.state
    try {
      await work()
    } catch (error) {
      // Only what is lost in the store is superseded by nothing.
      if (!(error instanceof Superseded) || this.#log.state.seq === seq) {
        this.#failedAt.set(name, { seq: this.#log.state.seq, cause: error })
        throw error
      }
    }
    this.#tell({ task, collection: collection?.name, done: 1, total: 1 })
  }

  #snapshotDue(idle: boolean): boolean {
    if (this.#commitsSince === 0) return false
    const { snapshotCommits, snapshotBytesMin } = this.#limits
    return (
      this.#commitsSince >= (idle ? Math.min(snapshotCommits, snapshotCommitsAtRest) : snapshotCommits) ||
      this.#bytesSince > Math.max(snapshotBytesMin, this.#snapshotBytes)
    )
  }

  async #snapshot(state: NamespaceState): Promise<void> {
    this.#snapshotBytes = await this.#upkeep.snapshot(state)
    this.#commitsSince -= state.seq - this.#snapshotSeq
    if (this.#commitsSince < 0) this.#commitsSince = 0
    this.#snapshotSeq = state.seq
    this.#bytesSince = 0
  }

  #tell(progress: Progress): void {
    for (const listener of this.#listeners) {
      try {
        listener(progress)
      } catch {
        // A listener's failure is its own.
      }
    }
  }
}

interface Failure {
  readonly error: unknown
}

function asFailure(error: unknown): Failure {
  return { error }
}

function failedBefore(task: Task, cause: unknown): QuiverError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new QuiverError('INTERNAL', `Background work (${task}) failed and nothing changed since: ${reason}`, { cause })
}

function abortable<R>(work: Promise<R>, signal: AbortSignal | undefined): Promise<R> {
  if (!signal) return work
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      signal.addEventListener(
        'abort',
        () => reject(new QuiverError('ABORTED', 'Waiting for the background work was aborted.', { cause: signal.reason })),
        { once: true },
      )
    }),
  ])
}
