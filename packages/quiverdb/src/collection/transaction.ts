import { QuiverError } from '../errors.js'
import { concat } from '../format/container.js'
import { compileCondition } from '../filter/evaluate.js'
import type { Filter } from '../filter/where-types.js'
import { parseWhere } from '../filter/where.js'
import type { Operation, Transaction as LoggedTransaction } from '../history/commit.js'
import { whenResident } from '../segment/part-file.js'
import type { Memtable } from '../segment/memtable.js'
import type { Change, CollectionDraft } from './version/draft.js'
import type { RowLocation } from './version/directory.js'
import { readFields } from './version/fields.js'
import type { VectorIndex } from './version/index-state.js'
import type { Ledger, PreparedWrite } from './ledger.js'
import { NamespaceDraft } from './version/namespace-draft.js'
import { CollectionReader } from './read/reader.js'
import { matchingIds } from './read/list.js'
import { RowFilter } from './read/matches.js'
import { isByCondition } from './by-condition.js'
import { checked, deleteWhere, updateWhere } from './options.js'
import { checkBatch, checkedId } from './ids.js'
import { Stage } from './write/stage.js'
import type { CollectionState, NamespaceState } from './version/state.js'
import type { Fields, ReadMark, RecordInput, VectorInput } from './types.js'
import {
  checkedChanges,
  checkedPatch,
  hasManaged,
  inlineBytesMax,
  inlineRows,
  namedRows,
  sealBatch,
  stageComparing,
  stagePatches,
  stageVectors,
} from './write/write.js'

/** Documented limits (`docs/LIMITS.md`). */
export const transactionRowsMax = 200_000

type Step =
  | {
      readonly kind: 'rows'
      readonly collection: string
      readonly rows: Memtable
      readonly block: Uint8Array
      /** Whether each row is all there is of its record. */
      readonly whole: boolean
      /** Of the object that holds the block, where it is too large for the log. */
      key?: string
    }
  | { readonly kind: 'delete'; readonly collection: string; readonly ids: readonly string[] }

/**
 * Reads and writes over the collections of one namespace that happen together or not at all. Reads see the version that was the newest when
 * the transaction began, and its own writes. At the end it is refused with CONFLICT when another commit changed a record that it read, or
 * made one match a condition that it searched or listed by (precision locking: Neumann, Mühlbauer, Kemper, SIGMOD 2015).
 */
export class Transaction {
  readonly #ledger: Ledger
  readonly #draft: NamespaceDraft
  readonly #base: NamespaceState
  readonly #steps: Step[] = []
  readonly #reads: ReadMark[] = []
  readonly #touched = new Map<string, readonly VectorIndex[]>()
  readonly #states = new Map<CollectionDraft, { readonly changed: number; readonly state: CollectionState }>()
  #rows = 0
  #finished = false

  constructor(ledger: Ledger, base: NamespaceState) {
    this.#ledger = ledger
    this.#base = base
    this.#draft = new NamespaceDraft(base, ledger.parts, { isolated: true })
  }

  /** @throws QuiverError NOT_FOUND */
  collection<T extends object = Fields>(name: string): TransactionCollection<T> {
    const uuid = this.#draft.uuidOf(name)
    if (!uuid)
      throw new QuiverError('NOT_FOUND', `Namespace '${this.#ledger.namespace}' has no collection '${name}'.`, {
        details: { collection: name },
      })
    const indexes = this.#draft.collection(uuid).indexes.map(({ index }) => index)
    this.#touched.set(uuid, indexes)
    const draft = (): CollectionDraft => {
      if (this.#finished) throw new QuiverError('CLOSED', 'The transaction has ended.')
      return this.#draft.collection(uuid)
    }
    const overlay: Overlay = {
      ledger: this.#ledger,
      uuid,
      name,
      indexes,
      draft,
      state: () => this.#stateOf(draft()),
      seq: this.#base.seq,
      note: (mark) => this.#reads.push(mark),
      write: (rows, whole) => this.#write(uuid, rows, whole),
      remove: (ids) => this.#remove(uuid, ids),
    }
    return new TransactionCollection<T>(overlay)
  }

  /** The same state until the next write, and before the first the one that all others read: what searches found out about it is kept with it. */
  #stateOf(draft: CollectionDraft): CollectionState {
    const known = this.#states.get(draft) ?? { changed: 0, state: draft.base }
    const { changed } = draft
    const state = known.changed === changed ? known.state : draft.finish()
    this.#states.set(draft, { changed, state })
    return state
  }

  /** Ends the transaction: its writes become part of one commit. Used by `db.transaction`, which calls it when the callback resolves. */
  async commit(watch: { changesSince(seq: number): readonly Change[] }): Promise<NamespaceState> {
    this.#finished = true
    if (this.#steps.length === 0) return this.#base
    await this.#upload()
    return this.#ledger.commit({
      kind: 'write',
      sizeBytes: this.#steps.reduce(
        (sum, step) => sum + (step.kind === 'delete' ? step.ids.length * 40 : step.key ? 256 : step.block.byteLength),
        0,
      ),
      rowsMax: this.#rows,
      prepare: (draft, firstRow) => this.#prepare(draft, firstRow, watch.changesSince(this.#base.seq)),
    })
  }

  abandon(): void {
    this.#finished = true
  }

  /** As in a write of its own, large blocks are stored before the commit names them. */
  async #upload(): Promise<void> {
    for (const step of this.#steps) {
      if (step.kind === 'rows' && step.whole && step.block.byteLength > inlineBytesMax)
        step.key = await this.#ledger.upload([step.block])
    }
  }

  #write(uuid: string, rows: Memtable, whole: boolean): void {
    const first = this.#rows
    this.#rows += rows.rows
    if (this.#rows > transactionRowsMax)
      throw new QuiverError('LIMIT_EXCEEDED', `A transaction writes at most ${transactionRowsMax} records.`)
    const block = concat(sealBatch(this.#ledger.parts, rows))
    this.#draft.collection(uuid).appendRows(rows, this.#draft.firstRid(first))
    this.#steps.push({ kind: 'rows', collection: uuid, rows, block, whole })
  }

  #remove(uuid: string, ids: readonly string[]): number {
    this.#steps.push({ kind: 'delete', collection: uuid, ids })
    return this.#draft.collection(uuid).delete(ids)
  }

  #prepare(draft: NamespaceDraft, firstRow: number, changes: readonly Change[]): PreparedWrite {
    for (const [uuid, indexes] of this.#touched) this.#checkIndexes(draft, uuid, indexes)
    this.#checkReads(changes)
    // Callers before this one in the same commit changed records too; those are not in the log yet.
    this.#checkReads(draft.changes)
    const ops: Operation[] = []
    const blocks = new Map<string, Uint8Array>()
    let row = firstRow
    for (const step of this.#steps) {
      const collection = draft.collection(step.collection)
      if (step.kind === 'delete') {
        collection.delete(step.ids)
        ops.push({ op: 'delete', collection: step.collection, ids: [...step.ids] })
        continue
      }
      const { collection: uuid, rows, block, key } = step
      const prepare = key === undefined ? inlineRows(uuid, rows, block) : namedRows(uuid, rows, key, this.#ledger.parts)
      const prepared = prepare(collection, row, draft.firstRid(row))
      ops.push(...prepared.ops)
      for (const [section, bytes] of prepared.blocks) blocks.set(section, bytes)
      row += prepared.rows
    }
    return { ops, blocks, rows: row - firstRow, reads: this.#loggedReads() }
  }

  #checkIndexes(draft: NamespaceDraft, uuid: string, indexes: readonly VectorIndex[]): void {
    const now = draft.collection(uuid).indexes
    if (now.length === indexes.length && now.every(({ index }, i) => index.definition.uuid === indexes[i]!.definition.uuid))
      return
    throw conflict('The indexes of a collection changed while the transaction ran', { collection: uuid })
  }

  #checkReads(changes: readonly Change[]): void {
    if (changes.length === 0) return
    const ids = new Map<string, Set<string>>()
    const conditions: { collection: string; matches: (fields: Fields) => boolean }[] = []
    for (const mark of this.#reads) {
      if ('where' in mark) conditions.push({ collection: mark.collection, matches: compileCondition(mark.where) })
      else ids.set(mark.collection, new Set([...(ids.get(mark.collection) ?? []), ...mark.ids]))
    }
    for (const change of changes) {
      if (ids.get(change.collection)?.has(change.id)) {
        throw conflict(`Record '${change.id}', which the transaction read, was changed by another commit`, { id: change.id })
      }
      for (const { collection, matches } of conditions) {
        if (collection !== change.collection) continue
        if (matchesRow(matches, change.before, change.id) || matchesRow(matches, change.after, change.id)) {
          throw conflict(
            `Record '${change.id}' matches what the transaction searched or listed by, and was changed by another commit`,
            { id: change.id },
          )
        }
      }
    }
  }

  #loggedReads(): LoggedTransaction['reads'] {
    return this.#reads.map((mark) =>
      'where' in mark ? { collection: mark.collection, where: mark.where } : { collection: mark.collection, ids: [...mark.ids] },
    )
  }
}

interface Overlay {
  readonly ledger: Ledger
  readonly uuid: string
  readonly name: string
  readonly indexes: readonly VectorIndex[]
  readonly seq: number
  draft(): CollectionDraft
  /** With the transaction's writes so far. */
  state(): CollectionState
  note(mark: ReadMark): void
  write(rows: Memtable, whole: boolean): void
  remove(ids: readonly string[]): number
}

/** A collection inside a transaction: reads see the transaction's own writes; nobody else does before it is committed. */
export class TransactionCollection<T extends object = Fields> extends CollectionReader<T> {
  readonly #overlay: Overlay

  constructor(overlay: Overlay) {
    super({
      parts: overlay.ledger.parts,
      embedders: overlay.ledger.embedders,
      view: async () => ({ collection: overlay.state(), seq: overlay.seq }),
      note: (mark) => overlay.note(mark),
    })
    this.#overlay = overlay
  }

  /** As on a collection. Returns the ids. */
  async upsert(records: readonly RecordInput<T>[]): Promise<string[]> {
    checkBatch(records)
    const { name, indexes, ledger } = this.#overlay
    const stage = new Stage(name, indexes, ledger.parts.pool)
    const draft = this.#overlay.draft()
    const ids = hasManaged(indexes)
      ? await stageComparing(stage, records, draft)
      : records.map((record, ordinal) => stage.add(record, ordinal, () => undefined))
    await this.#write(() => stage, true)
    return ids
  }

  /** As on a collection; counts as a read of the record. @throws QuiverError NOT_FOUND */
  update(id: string, fields: Partial<RecordInput<T>>): Promise<void>
  /** The same for all records that match; counts as a read by the condition. Returns how many there were. */
  update(change: { where: Filter; set: Partial<RecordInput<T>> }): Promise<number>
  async update(
    idOrChange: string | { where: Filter; set: Partial<RecordInput<T>> },
    fields?: Partial<RecordInput<T>>,
  ): Promise<number | void> {
    if (isByCondition(idOrChange)) return this.#updateMatching(idOrChange)
    const id = idOrChange
    const patch = checkedPatch(id, fields)
    this.#overlay.note({ collection: this.#overlay.uuid, ids: [id] })
    await this.#write(() => stagePatches(this.#overlay.ledger.parts, this.#overlay.draft(), this.#overlay.name, [patch]))
  }

  /** As on a collection; counts as a read of the records. @throws QuiverError NOT_FOUND */
  async setVectors(index: string, items: readonly { id: string; vector: VectorInput | null }[]): Promise<void> {
    checkBatch(items)
    this.#overlay.note({ collection: this.#overlay.uuid, ids: items.map((item) => checkedId(item?.id)) })
    await this.#write(() => stageVectors(this.#overlay.ledger.parts, this.#overlay.draft(), this.#overlay.name, index, items))
  }

  async #updateMatching(change: unknown): Promise<number> {
    const { where, set } = checked(updateWhere, change, 'update')
    const fields = checkedChanges(set)
    const ids = await this.#matching(where)
    const { ledger, name } = this.#overlay
    await this.#write(() =>
      stagePatches(
        ledger.parts,
        this.#overlay.draft(),
        name,
        ids.map((id) => ({ id, fields })),
      ),
    )
    return ids.length
  }

  /** Ids of the records that match within the transaction, which has read them by this condition. */
  async #matching(where: unknown): Promise<string[]> {
    const condition = parseWhere(where)
    const { ledger, uuid } = this.#overlay
    const collection = this.#overlay.state()
    this.#overlay.note({ collection: uuid, where: condition })
    const ids = await whenResident(() => matchingIds(collection, new RowFilter(condition, collection, ledger.parts)))
    checkBatch(ids)
    return ids
  }

  /** As on a collection; with `where` it counts as a read by the condition. Returns how many there were. */
  async delete(ids: string | readonly string[] | { where: Filter }): Promise<number> {
    if (isByCondition(ids)) {
      const found = await this.#matching(checked(deleteWhere, ids, 'delete').where)
      return found.length === 0 ? 0 : whenResident(() => this.#overlay.remove(found))
    }
    const list = typeof ids === 'string' ? [ids] : ids
    checkBatch(list)
    list.forEach(checkedId)
    this.#overlay.draft()
    return whenResident(() => this.#overlay.remove(list))
  }

  async #write(stage: () => Stage, whole = false): Promise<void> {
    await whenResident(() => {
      const { rows } = stage()
      if (rows.rows > 0) this.#overlay.write(rows, whole)
    })
  }
}

function matchesRow(matches: (fields: Fields) => boolean, row: RowLocation | null, id: string): boolean {
  return row !== null && matches({ ...readFields(row.state.set, row.slot, true), id })
}

function conflict(what: string, details: Record<string, unknown>): QuiverError {
  return new QuiverError('CONFLICT', `${what}. Nothing was written; run the transaction again.`, { details })
}
