import { v7 as uuidv7 } from 'uuid'
import * as v from 'valibot'
import { QuiverError } from '../errors.js'
import { columnField, columnKeyOf } from '../collection/column-key.js'
import type { SetState } from '../collection/directory.js'
import type { WriteIntent } from '../collection/ledger.js'
import type { NamespaceDraft } from '../collection/namespace-draft.js'
import { columnsOf, reshapeRows } from '../collection/reshape.js'
import { encodeSnapshot } from '../collection/snapshot.js'
import type { CollectionState, NamespaceState } from '../collection/state.js'
import { rebuildNeeded } from '../collection/worker/build.js'
import { runInWorker } from '../collection/worker/host-node.js'
import type { BuildJob, CompactJob, RowsInput, StoreHandle } from '../collection/worker/jobs.js'
import { DirectoryStore } from '../store/directory-store.js'
import { Memtable } from '../segment/memtable.js'
import { whenResident } from '../segment/part-file.js'
import { sealRows, type RowAddress } from '../segment/row-encoder.js'
import type { ObjectStore } from '../store/object-store.js'
import { forEachBit, wordsFor } from '../segment/bitset.js'
import { livingWords } from '../collection/index-state.js'
import type { NamespaceLog } from './namespace-log.js'
import { flushDue, planCompaction, planGraph, type GraphPlan, type Occasion } from './plans.js'
import type { Tuning } from './tuning.js'

export type Task = 'flush' | 'build' | 'merge' | 'compact' | 'snapshot' | 'collect'

/** How far background work is. `total` is 0 where it is not known. */
export interface Progress {
  readonly task: Task
  readonly collection?: string
  readonly done: number
  readonly total: number
}

export interface MaintainOptions {
  /** Only work of these kinds. Default: all. */
  only?: readonly Task[]
  /** Called at most ten times a second for each piece of work, and once at its end. What it throws is ignored. */
  onProgress?: (progress: Progress) => void
  signal?: AbortSignal
}

export const maintainOptions = v.strictObject({
  only: v.optional(v.array(v.picklist(['flush', 'build', 'merge', 'compact', 'snapshot', 'collect']))),
  onProgress: v.optional(v.function()),
  signal: v.optional(v.instance(AbortSignal)),
})

/** Thrown while preparing a maintenance commit whose reason is gone: another process did the work, or a collection was dropped. */
class Superseded extends Error {}

/** A build waits for a pause in the writing as long as this, so that it need not be done again at once. */
const quietMs = 250
/** At rest a snapshot is written for fewer commits: the next opening has less to replay. */
const snapshotCommitsAtRest = 16
const allTasks: readonly Task[] = ['flush', 'build', 'merge', 'compact', 'snapshot', 'collect']

/**
 * The work behind one namespace: sealing rows, building and merging graphs, merging parts, snapshots, collecting. Each ends in a commit of its own
 * or in none, and any process may do it: what two do at once, one of them does in vain.
 *
 * Two lanes run at the same time: short work on this thread, and one graph or compaction on a worker thread.
 */
export class Maintenance {
  readonly #log: NamespaceLog
  readonly #store: ObjectStore
  readonly #tuning: Tuning
  readonly #automatic: boolean
  readonly #collect: () => Promise<void>
  readonly #listeners = new Set<(progress: Progress) => void>()
  readonly #abort = new AbortController()
  readonly #running = new Set<string>()
  readonly #flushes = new Map<string, Promise<void>>()
  /** Work that failed is not tried again until something changes. */
  #failedAt = new Map<string, number>()
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
  ) {
    this.#log = log
    this.#store = store
    this.#tuning = tuning
    this.#automatic = automatic
    this.#collect = collect
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
    if (!this.#automatic || this.#abort.signal.aborted) return
    this.#wake(false)
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => this.#wake(true), this.#tuning.idleMs)
    this.#idleTimer.unref()
  }

  building(collection: string, index: string): boolean {
    if (this.#running.has(`${collection}/${index}`)) return true
    const state = this.#log.state.collections.get(collection)
    const plan = state && planGraph(state, this.#tuning, { idle: false, build: true, merge: true })
    return plan?.index.index.definition.uuid === index
  }

  /** Waits while an index of a collection has too many rows that no graph holds. */
  async throttle(uuid: string, signal?: AbortSignal): Promise<void> {
    if (!this.#automatic) return
    while (this.#overloaded(uuid)) {
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
    if (onProgress) this.#listeners.add(onProgress)
    try {
      for (;;) {
        if (signal?.aborted || this.#abort.signal.aborted)
          throw new QuiverError('ABORTED', 'Waiting for the background work was aborted.')
        await abortable(Promise.all([this.#short, this.#long]), signal)
        const tasks = new Set(only)
        if (tasks.has('collect')) tasks.delete('collect')
        if (await abortable(this.#holdingLanes(() => this.#doNext(tasks, true)), signal)) continue
        break
      }
      if (options.only?.includes('collect')) await this.#collect()
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
        return open >= this.#tuning.backPressureRows
      }) ?? false
    )
  }

  #wake(idle: boolean): void {
    if (this.#abort.signal.aborted) return
    const quiet = idle || performance.now() - this.#lastWrite > quietMs
    this.#short ??= this.#lane(new Set<Task>(['flush', 'snapshot']), idle).finally(() => (this.#short = undefined))
    if (!quiet && !this.#pressing()) {
      // Whoever wrote may go on; look again when it is quiet.
      setTimeout(() => this.#wake(false), quietMs).unref()
      return
    }
    this.#long ??= this.#lane(new Set<Task>(['build', 'merge', 'compact']), idle).finally(() => (this.#long = undefined))
  }

  #pressing(): boolean {
    for (const [, { indexes, sets }] of this.#log.state.collections) {
      for (const { coverage } of indexes) {
        let open = 0
        for (const { set, rows } of sets) open += coverage.of(set, rows).openRows
        if (open >= this.#tuning.backPressureRows / 2) return true
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
    await new Promise((resolve) => setImmediate(resolve))
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
    const state = this.#log.state
    const occasion: Occasion = { idle, build: tasks.has('build'), merge: tasks.has('merge') }
    // A graph that is due anyway makes its rows' flush due, also on the lane that does not build.
    const anyGraph: Occasion = { idle, build: true, merge: true }
    for (const collection of state.collections.values()) {
      if (
        tasks.has('flush') &&
        flushDue(collection, this.#tuning, tasks.has('build') || tasks.has('merge') ? occasion : anyGraph)
      ) {
        await this.#run('flush', collection, () => this.#flush(collection))
        return true
      }
    }
    if (tasks.has('snapshot') && this.#snapshotDue(idle)) {
      await this.#run('snapshot', undefined, () => this.#snapshot(state))
      return true
    }
    if (tasks.has('compact')) {
      for (const collection of state.collections.values()) {
        const inputs = await whenResident(() => planCompaction(collection, this.#tuning))
        if (!inputs) continue
        await this.#run('compact', collection, () => this.#compact(collection, inputs))
        return true
      }
    }
    for (const collection of state.collections.values()) {
      const plan =
        occasion.build || occasion.merge ? await whenResident(() => planGraph(collection, this.#tuning, occasion)) : undefined
      if (!plan) continue
      if (collection.sets.some(({ set, rows }) => set instanceof Memtable && rows > 0)) {
        await this.#run('flush', collection, () => this.#flush(this.#log.state.collections.get(collection.uuid) ?? collection))
        return true
      }
      await this.#run(plan.kind, collection, () => this.#graph(collection, plan))
      return true
    }
    return false
  }

  async #run(task: Task, collection: CollectionState | undefined, work: () => Promise<void>): Promise<void> {
    const name = `${task} ${collection?.uuid ?? ''}`
    if (this.#failedAt.get(name) === this.#log.state.seq)
      throw new QuiverError('INTERNAL', `Background work (${task}) failed and nothing changed since.`)
    this.#tell({ task, collection: collection?.name, done: 0, total: 1 })
    try {
      await work()
    } catch (error) {
      if (!(error instanceof Superseded)) {
        this.#failedAt.set(name, this.#log.state.seq)
        throw error
      }
    }
    this.#tell({ task, collection: collection?.name, done: 1, total: 1 })
  }

  #snapshotDue(idle: boolean): boolean {
    if (this.#commitsSince === 0) return false
    const { snapshotCommits, snapshotBytesMin } = this.#tuning
    return this.#commitsSince >= (idle ? Math.min(snapshotCommits, snapshotCommitsAtRest) : snapshotCommits) || this.#bytesSince > Math.max(snapshotBytesMin, this.#snapshotBytes)
  }

  async #snapshot(state: NamespaceState): Promise<void> {
    const bytes = await whenResident(() => encodeSnapshot(state, this.#log.parts))
    await this.#store.putNew(this.#log.keys.snapshot(state.seq), bytes)
    this.#snapshotBytes = bytes.byteLength
    this.#commitsSince -= state.seq - this.#snapshotSeq
    if (this.#commitsSince < 0) this.#commitsSince = 0
    this.#snapshotSeq = state.seq
    this.#bytesSince = 0
  }

  /** Both lanes may find the same rows due. */
  #flush(collection: CollectionState): Promise<void> {
    const running = this.#flushes.get(collection.uuid)
    if (running) return running
    const flush = this.#seal(collection).finally(() => this.#flushes.delete(collection.uuid))
    this.#flushes.set(collection.uuid, flush)
    return flush
  }

  async #seal(collection: CollectionState): Promise<void> {
    const rows: RowAddress[] = []
    let through = -1
    for (const { set, rows: present, dead } of collection.sets) {
      if (!(set instanceof Memtable)) continue
      for (let slot = 0; slot < present; slot++) if (!dead.has(slot)) rows.push({ set, slot })
      if (present > 0) through = Math.max(through, set.rid(present - 1))
    }
    if (through < 0) return
    const { containers, pool } = this.#log.parts
    const chunks = await whenResident(() => {
      const { rows: uniform, columns } = reshapeRows(rows, pool)
      return sealRows(containers, pool, uniform, { columns, numbered: true, codes: true })
    })
    const part = this.#log.keys.rowsPrefix + uuidv7()
    await this.#store.put(part, chunks)
    const operation = { op: 'flush' as const, collection: collection.uuid, part, rows: rows.length, through }
    await this.#commit((draft) => {
      if (!draft.collection(collection.uuid).hasMemory(through)) throw new Superseded()
      draft.collection(collection.uuid).flush(operation)
      return operation
    })
  }

  async #compact(collection: CollectionState, inputs: readonly SetState[]): Promise<void> {
    const columns = new Map(columnsOf(inputs.map(({ set }) => set)).map((shape) => [shape.key, shape]))
    const wanted = new Set(collection.definitions.map(columnKeyOf))
    for (const definition of collection.definitions)
      columns.set(columnKeyOf(definition), { key: columnKeyOf(definition), ...definition })
    const job: CompactJob = {
      task: 'compact',
      store: await this.#handle(inputs.map(({ set }) => set.key!)),
      inputs: inputs.map((state) => rowsInput(collection, state, livingSlots(state))),
      // Also columns that only some inputs have: see `reshapeRow`.
      fields: [...columns.values()].flatMap(({ key, dimensions }) => {
        const field = columnField(key)
        return field === undefined ? [] : [{ columnKey: key, field, dimensions }]
      }),
      dropped: [...columns.keys()].filter((key) => columnField(key) === undefined && !wanted.has(key)),
    }
    const { chunks, count } = await this.#work(job, 'compact', collection)
    const part = this.#log.keys.rowsPrefix + uuidv7()
    await this.#store.put(part, chunks)
    const keys = inputs.map(({ set }) => set.key!)
    const operation = { op: 'compact' as const, collection: collection.uuid, inputs: keys, part, rows: count }
    await this.#commit((draft) => {
      if (!draft.collection(collection.uuid).hasParts(keys)) throw new Superseded()
      draft.collection(collection.uuid).compact(operation)
      return operation
    })
  }

  async #graph(collection: CollectionState, plan: GraphPlan): Promise<void> {
    const { definition } = plan.index.index
    const running = `${collection.uuid}/${definition.uuid}`
    this.#running.add(running)
    try {
      await this.#makeGraph(collection, plan)
    } catch (error) {
      if (!(error instanceof QuiverError) || error.message !== rebuildNeeded) throw error
      await this.#makeGraph(collection, { ...plan, intoLargest: false, all: true })
    } finally {
      this.#running.delete(running)
    }
  }

  async #makeGraph(collection: CollectionState, plan: GraphPlan): Promise<void> {
    const { index, graphs } = plan.index
    const largest = plan.intoLargest ? graphs[0] : undefined
    const inputs = await whenResident(() => graphInputs(collection, plan))
    const keys = [...inputs.map(({ key }) => key), ...(largest ? [largest.key] : [])]
    const job: BuildJob = {
      task: 'build',
      store: await this.#handle(keys),
      definition: index.definition,
      inputs,
      ...(largest && { into: { key: largest.key, nodes: largest.nodes } }),
    }
    const { chunks, count } = await this.#work(job, plan.kind, collection)
    const graph = this.#log.keys.graphPrefix + uuidv7()
    await this.#store.put(graph, chunks)
    const replaces = plan.all ? graphs.map(({ key }) => key) : []
    const operation = {
      op: 'attachGraph' as const,
      collection: collection.uuid,
      index: index.definition.uuid,
      graph,
      nodes: count,
      replaces,
    }
    await this.#commit((draft) => {
      const target = draft.collection(collection.uuid)
      const now = target.indexes.find((state) => state.index.definition.uuid === index.definition.uuid)
      const kept = graphs.every(({ key }) => now?.graphs.some((other) => other.key === key))
      if (!now || !kept || now.graphs.length !== graphs.length) throw new Superseded()
      target.attachGraph(operation)
      return operation
    })
  }

  async #work(job: BuildJob | CompactJob, task: Task, collection: CollectionState): ReturnType<typeof runInWorker> {
    return runInWorker(job, (done, total) => this.#tell({ task, collection: collection.name, done, total }), this.#abort.signal)
  }

  async #commit(prepare: (draft: NamespaceDraft) => ReturnType<WriteIntent['prepare']>['ops'][number]): Promise<void> {
    await this.#log.commit({
      kind: 'maintenance',
      sizeBytes: 1_024,
      rowsMax: 0,
      prepare: (draft) => {
        try {
          return { ops: [prepare(draft)], blocks: new Map(), rows: 0 }
        } catch (error) {
          if (error instanceof QuiverError && error.code === 'NOT_FOUND') throw new Superseded()
          throw error
        }
      },
    })
  }

  /** A folder is opened by the worker itself; of other stores it gets copies of what it needs. */
  async #handle(keys: readonly string[]): Promise<StoreHandle> {
    if (this.#store instanceof DirectoryStore) return { kind: 'directory', path: this.#store.name }
    const objects: [string, Uint8Array][] = []
    for (const key of keys) {
      const bytes = await this.#store.get(key)
      if (!bytes) throw new Superseded()
      objects.push([key, bytes])
    }
    return { kind: 'objects', objects }
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

/** The rows that a planned graph takes in: those that no graph holds, or all that the graph it goes into does not. */
function graphInputs(collection: CollectionState, plan: GraphPlan): RowsInput[] {
  const { index, graphs, coverage } = plan.index
  const base = plan.intoLargest ? graphs[0]! : undefined
  const inputs: RowsInput[] = []
  for (const state of collection.sets) {
    const { set, rows, dead } = state
    const column = index.column(set)
    if (!column || set.key === null) continue
    const { held, open } = coverage.of(set, rows)
    const words = new Uint32Array(wordsFor(rows))
    if (livingWords(plan.all ? held : open, dead, rows, words) === 0) continue
    const slots: number[] = []
    forEachBit(words, rows, (slot) => {
      if (!base || base.nodeOf(column.vid(slot)) < 0) slots.push(slot)
    })
    if (slots.length > 0) inputs.push(rowsInput(collection, state, Uint32Array.from(slots)))
  }
  return inputs
}

function livingSlots({ rows, dead }: SetState): Uint32Array {
  const slots: number[] = []
  for (let slot = 0; slot < rows; slot++) if (!dead.has(slot)) slots.push(slot)
  return Uint32Array.from(slots)
}

function rowsInput(collection: CollectionState, { number, set }: SetState, slots: Uint32Array): RowsInput {
  return { key: set.key!, base: collection.entries.get(number)!.base, slots }
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
