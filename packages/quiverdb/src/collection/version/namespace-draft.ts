import { assert, QuiverError } from '../../errors.js'
import type { Commit, Operation, RowsOperation } from '../../history/commit.js'
import { ridsPerCommit } from '../../segment/row-set.js'
import { CollectionDraft, type Change, type DraftOptions } from './draft.js'
import type { Parts } from './parts.js'
import { CollectionState, NamespaceState } from './state.js'

/** The next version of a namespace while its commit is being prepared or taken in. */
export class NamespaceDraft {
  readonly base: NamespaceState
  readonly seq: number
  readonly #parts: Parts
  readonly #options: DraftOptions
  readonly #drafts = new Map<string, CollectionDraft>()
  readonly #dropped = new Set<string>()
  readonly #created = new Map<string, CollectionState>()

  constructor(base: NamespaceState, parts: Parts, options: { isolated?: boolean; changes?: Change[] | null } = {}) {
    this.base = base
    this.seq = base.seq + 1
    this.#parts = parts
    this.#options = { isolated: options.isolated ?? false, changes: options.changes ?? null }
  }

  /** @throws QuiverError NOT_FOUND: the collection was dropped */
  collection(uuid: string): CollectionDraft {
    const known = this.#drafts.get(uuid)
    if (known) return known
    const base = this.#dropped.has(uuid) ? undefined : (this.base.collections.get(uuid) ?? this.#created.get(uuid))
    if (!base) throw new QuiverError('NOT_FOUND', 'The collection was dropped.', { details: { collection: uuid } })
    const draft = new CollectionDraft(base, this.#parts, this.#options)
    this.#drafts.set(uuid, draft)
    return draft
  }

  uuidOf(name: string): string | undefined {
    for (const [uuid, state] of [...this.base.collections, ...this.#created]) {
      if (state.name === name && !this.#dropped.has(uuid)) return uuid
    }
    return undefined
  }

  /** What changed so far, where it is noted. */
  get changes(): readonly Change[] {
    return this.#options.changes ?? []
  }

  get changed(): number {
    let changed = 0
    for (const draft of this.#drafts.values()) changed += draft.changed
    return changed
  }

  /** Takes in a commit that is in the log. */
  absorb(commit: Commit): void {
    assert(commit.seq === this.seq, `commit ${commit.seq} follows version ${this.base.seq}`)
    for (const { ops } of commit.transactions) for (const operation of ops) this.#apply(operation, commit.blocks)
  }

  #apply(operation: Operation, blocks: ReadonlyMap<string, Uint8Array>): void {
    switch (operation.op) {
      case 'rows':
        return this.#applyRows(operation, blocks)
      case 'delete':
        this.collection(operation.collection).delete(operation.ids)
        return
      case 'createCollection':
        return this.createCollection(operation.collection, operation.name)
      case 'dropCollection':
        return this.dropCollection(operation.collection)
      case 'createIndex':
        return this.collection(operation.collection).createIndex(operation.index)
      case 'dropIndex':
        return this.collection(operation.collection).dropIndex(operation.index)
      case 'name':
        return
      case 'flush':
        return this.collection(operation.collection).flush(operation)
      case 'compact':
        return this.collection(operation.collection).compact(operation)
      case 'attachGraph':
        return this.collection(operation.collection).attachGraph(operation)
      case 'declareFields':
        return this.collection(operation.collection).declareFields(operation.add, operation.drop)
      case 'declareTexts':
        return this.collection(operation.collection).declareTexts(operation.add, operation.drop)
      case 'attachFields':
        return this.collection(operation.collection).attachFields(operation)
    }
  }

  #applyRows(operation: RowsOperation, blocks: ReadonlyMap<string, Uint8Array>): void {
    const first = this.firstRid(operation.first)
    if (operation.part !== undefined) {
      const part = this.#parts.rows(operation.part, first)
      this.collection(operation.collection).addPart(part, { key: operation.part, rows: operation.rows, base: first })
      return
    }
    const bytes = blocks.get(operation.section ?? '')
    assert(bytes, `commit ${this.seq} holds the rows that it writes`)
    this.collection(operation.collection).appendRows(this.#parts.block(bytes, `commit ${this.seq}`), first)
  }

  /** The number of a row of this commit. */
  firstRid(ordinal: number): number {
    return this.seq * ridsPerCommit + ordinal
  }

  createCollection(uuid: string, name: string): void {
    const empty = {
      uuid,
      name,
      sets: [],
      entries: new Map(),
      indexes: [],
      fields: [],
      texts: [],
      records: 0,
      directory: undefined,
    }
    this.#created.set(uuid, new CollectionState(empty))
  }

  dropCollection(uuid: string): void {
    this.#drafts.get(uuid)?.withdraw()
    this.#drafts.delete(uuid)
    this.#dropped.add(uuid)
  }

  finish(timeMs: number, message?: string): NamespaceState {
    const collections = new Map(this.base.collections)
    for (const [uuid, state] of this.#created) collections.set(uuid, state)
    for (const [uuid, draft] of this.#drafts) collections.set(uuid, draft.finish())
    for (const uuid of this.#dropped) collections.delete(uuid)
    const named = message === undefined ? this.base.named : [...this.base.named, { seq: this.seq, timeMs, message }]
    return new NamespaceState(this.seq, timeMs, collections, named)
  }

  withdraw(): void {
    for (const draft of this.#drafts.values()) draft.withdraw()
  }
}
