import { v7 as uuidv7 } from 'uuid'
import { DirectoryStore } from '#folders'
import { runJob } from '#jobs'
import { QuiverError } from '../errors.js'
import { columnField, columnKeyOf } from '../collection/version/column-key.js'
import type { SetState } from '../collection/version/directory.js'
import { type IndexState, livingWords } from '../collection/version/index-state.js'
import type { WriteIntent } from '../collection/ledger.js'
import type { CollectionDraft } from '../collection/version/draft.js'
import type { NamespaceDraft } from '../collection/version/namespace-draft.js'
import { columnsOf, reshapeRows } from '../collection/version/reshape.js'
import { encodeSnapshot } from '../collection/version/snapshot.js'
import type { CollectionState, NamespaceState } from '../collection/version/state.js'
import { rebuildNeeded } from '../collection/worker/build.js'
import type { BuildJob, CompactJob, FieldsJob, Job, JobResult, RowsInput, StoreHandle } from '../collection/worker/jobs.js'
import { pathsInText } from '../collection/version/fields.js'
import { type DeclaredFields, declaredFields, isAnyDeclared, isSameText, loadTexts } from '../collection/version/texts.js'
import type { FieldsEntry } from '../history/commit.js'
import { encodeFieldPart } from '../segment/field-part.js'
import type { GraphPart } from '../segment/graph-part.js'
import { forEachBit, wordsFor } from '../format/bitset.js'
import { Memtable } from '../segment/memtable.js'
import { whenResident } from '../segment/part-file.js'
import { sealRows, type RowAddress } from '../segment/row-encoder.js'
import type { ObjectStore } from '../store/object-store.js'
import type { NamespaceLog } from './namespace-log.js'
import type { GraphPlan } from './plans.js'
import type { Progress, Task } from './progress.js'
import type { Tuning } from './tuning.js'

/** Thrown where the reason of a piece of work is gone: another process did it, or a collection was dropped. */
export class Superseded extends Error {}

/**
 * The pieces of background work, each of which ends in one commit: sealing rows, merging parts, building and merging graphs; and snapshots.
 * When one is due is decided elsewhere (`Maintenance`); any process may do any of them at any time.
 */
export class Upkeep {
  readonly #log: NamespaceLog
  readonly #store: ObjectStore
  readonly #tuning: Tuning
  readonly #tell: (progress: Progress) => void
  readonly #signal: AbortSignal
  readonly #running = new Set<string>()
  readonly #flushes = new Map<string, Promise<void>>()

  constructor(log: NamespaceLog, store: ObjectStore, tuning: Tuning, tell: (progress: Progress) => void, signal: AbortSignal) {
    this.#log = log
    this.#store = store
    this.#tuning = tuning
    this.#tell = tell
    this.#signal = signal
  }

  /** Whether a graph of an index is being made. */
  building(collection: string, index: string): boolean {
    return this.#running.has(`${collection}/${index}`)
  }

  /** Writes a version as a whole; returns its size. */
  async snapshot(state: NamespaceState): Promise<number> {
    const bytes = await whenResident(() => encodeSnapshot(state, this.#log.parts))
    await this.#store.putNew(this.#log.keys.snapshot(state.seq), bytes)
    return bytes.byteLength
  }

  /** Both lanes may find the same rows due. */
  flush(collection: CollectionState): Promise<void> {
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
    const { containers, pool, residency } = this.#log.parts
    const declared = declaredFields(collection)
    const texts = await loadTexts(declared.texts)
    const { chunks, fieldChunks } = await whenResident(() => {
      const { rows: uniform, columns } = reshapeRows(rows, pool)
      const columnKeys = columns.map(({ key }) => key)
      const fields = { paths: pathsInText(declared.paths, columnKeys), texts }
      return {
        chunks: residency.run(() => sealRows(containers, pool, uniform, { columns, numbered: true, codes: true })),
        fieldChunks: isAnyDeclared(declared) ? encodeFieldPart(containers, uniform, fields) : undefined,
      }
    })
    const part = this.#log.keys.rowsPrefix + uuidv7()
    await this.#store.put(part, chunks)
    const fields = fieldChunks && (await this.#putFields(fieldChunks, declared))
    const operation = { op: 'flush' as const, collection: collection.uuid, part, rows: rows.length, through, ...fields }
    await this.#commit((draft) => {
      if (!draft.collection(collection.uuid).hasMemory(through)) throw new Superseded()
      draft.collection(collection.uuid).flush(operation)
      return operation
    })
  }

  async compact(collection: CollectionState, inputs: readonly SetState[]): Promise<void> {
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
      indexed: declaredFields(collection),
    }
    const { chunks, fieldChunks, count } = await this.#work(job, 'compact', collection)
    const part = this.#log.keys.rowsPrefix + uuidv7()
    await this.#store.put(part, chunks)
    const fields = fieldChunks && (await this.#putFields(fieldChunks, job.indexed))
    const keys = inputs.map(({ set }) => set.key!)
    const operation = { op: 'compact' as const, collection: collection.uuid, inputs: keys, part, rows: count, ...fields }
    await this.#commit((draft) => {
      if (!draft.collection(collection.uuid).hasParts(keys)) throw new Superseded()
      draft.collection(collection.uuid).compact(operation)
      return operation
    })
  }

  /** Makes the field indexes of a part that was sealed without those that are declared now. */
  async fields(collection: CollectionState, { number, set }: SetState): Promise<void> {
    const indexed = declaredFields(collection)
    const input = { key: set.key!, base: collection.entries.get(number)!.base }
    const job: FieldsJob = { task: 'fields', store: await this.#handle([input.key]), input, indexed }
    const { chunks } = await this.#work(job, 'fields', collection)
    const made = await this.#putFields(chunks, indexed)
    const operation = { op: 'attachFields' as const, collection: collection.uuid, rowPart: input.key, ...made }
    await this.#commit((draft) => {
      const target = draft.collection(collection.uuid)
      if (!target.hasParts([input.key]) || !isStillDeclared(target, indexed)) throw new Superseded()
      target.attachFields(operation)
      return operation
    })
  }

  async #putFields(chunks: readonly Uint8Array[], { paths, texts }: DeclaredFields): Promise<{ readonly fields: FieldsEntry }> {
    const key = this.#log.keys.fieldsPrefix + uuidv7()
    await this.#store.put(key, chunks)
    return { fields: { key, paths: [...paths], ...(texts.length > 0 && { texts: [...texts] }) } }
  }

  async graph(collection: CollectionState, plan: GraphPlan): Promise<void> {
    const { definition } = plan.index.index
    const running = `${collection.uuid}/${definition.uuid}`
    this.#running.add(running)
    try {
      await this.#makeGraph(collection, plan)
    } catch (error) {
      if (!(error instanceof QuiverError) || error.message !== rebuildNeeded) throw error
      await this.#makeGraph(collection, { ...plan, into: undefined })
    } finally {
      this.#running.delete(running)
    }
  }

  async #makeGraph(collection: CollectionState, plan: GraphPlan): Promise<void> {
    const { index, graphs } = plan.index
    const { into, mode, replaces } = plan
    const inputs = await whenResident(() => graphInputs(collection, plan))
    const keys = [...inputs.map(({ key }) => key), ...(into ? [into.key] : [])]
    const job: BuildJob = {
      task: 'build',
      store: await this.#handle(keys),
      definition: index.definition,
      mode,
      inputs,
      ...(into && {
        into: { key: into.key, nodes: into.nodes, dead: await whenResident(() => deadNodes(collection, plan.index, into)) },
      }),
      threads: this.#tuning.buildThreads,
    }
    const { chunks, count } = await this.#work(job, plan.kind, collection)
    const graph = this.#log.keys.graphPrefix + uuidv7()
    await this.#store.put(graph, chunks)
    const operation = {
      op: 'attachGraph' as const,
      collection: collection.uuid,
      index: index.definition.uuid,
      graph,
      nodes: count,
      replaces: replaces.map(({ key }) => key),
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

  async #work(job: Job, task: Task, collection: CollectionState): Promise<JobResult> {
    return runJob(job, (done, total) => this.#tell({ task, collection: collection.name, done, total }), this.#signal)
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
}

function isStillDeclared({ fields, texts }: CollectionDraft, made: DeclaredFields): boolean {
  return fields.join('\n') === made.paths.join('\n') && made.texts.every((text) => texts.some((now) => isSameText(text, now)))
}

/** The rows that a planned graph takes in: those that are in no graph which stays, nor in the one that they go into; as many as there is room for. */
function graphInputs(collection: CollectionState, { index, into, replaces, nodesMax }: GraphPlan): RowsInput[] {
  const others = index.graphs.filter((graph) => graph === into || !replaces.includes(graph))
  const coverage = others.length === index.graphs.length ? index.coverage : index.coverage.over(others)
  const inputs: RowsInput[] = []
  let room = nodesMax - (into?.nodes ?? 0)
  for (const state of collection.sets) {
    const { set, rows, dead } = state
    if (room <= 0) break
    if (set.key === null) continue
    const words = new Uint32Array(wordsFor(rows))
    if (livingWords(coverage.of(set, rows).open, dead, rows, words) === 0) continue
    const slots: number[] = []
    forEachBit(words, rows, (slot) => slots.push(slot))
    inputs.push(rowsInput(collection, state, Uint32Array.from(slots.slice(0, room))))
    room -= slots.length
  }
  return inputs
}

/** The nodes of a graph that stand for no living row. */
function deadNodes(collection: CollectionState, index: IndexState, graph: GraphPart): Uint32Array {
  const alive = index.alive(collection.sets)[index.graphs.indexOf(graph)]!
  const dead: number[] = []
  for (let node = 0; node < graph.nodes; node++) if (!alive.has(node)) dead.push(node)
  return Uint32Array.from(dead)
}

function livingSlots({ rows, dead }: SetState): Uint32Array {
  const slots: number[] = []
  for (let slot = 0; slot < rows; slot++) if (!dead.has(slot)) slots.push(slot)
  return Uint32Array.from(slots)
}

function rowsInput(collection: CollectionState, { number, set }: SetState, slots: Uint32Array): RowsInput {
  return { key: set.key!, base: collection.entries.get(number)!.base, slots }
}
