import { QuiverError } from '../../errors.js'
import { concat } from '../../format/container.js'
import type { Operation } from '../../history/commit.js'
import type { Memtable } from '../../segment/memtable.js'
import { whenResident } from '../../segment/part-file.js'
import { sealRows } from '../../segment/row-encoder.js'
import type { RowLocation } from '../version/directory.js'
import type { CollectionDraft } from '../version/draft.js'
import { missingRecord } from '../version/draft.js'
import { columnField } from '../version/column-key.js'
import { define, overlaps, readFields } from '../version/fields.js'
import type { VectorIndex } from '../version/index-state.js'
import type { Ledger, PreparedWrite, WriteIntent } from '../ledger.js'
import type { Parts } from '../version/parts.js'
import { checkBatch, checkedId, recordsPerCallMax } from '../ids.js'
import { externalIndex, Stage } from './stage.js'
import type { CollectionState, NamespaceState } from '../version/state.js'
import type { Fields, VectorInput } from '../types.js'
import { dimensionMismatch } from '../version/vectors.js'

/** Rows above this go to an object of their own before the commit names them. */
export const inlineBytesMax = 64 * 1024

/** Thrown while preparing when the collection's indexes are no longer those that rows were staged for: they are staged again. */
class IndexesChanged extends Error {}

export interface Patch {
  readonly id: string
  readonly fields: Fields
}

/** What a caller wants changed of every matching record. @throws QuiverError INVALID_ID */
export function checkedChanges(fields: Fields): Fields {
  if (fields['id'] !== undefined) throw new QuiverError('INVALID_ID', 'An update cannot give records another id.')
  return fields
}

/** What a caller wants changed of a record. @throws QuiverError INVALID_ID, INVALID_RECORD */
export function checkedPatch(id: unknown, changes: unknown): Patch {
  const known = checkedId(id)
  if (changes === null || typeof changes !== 'object' || Array.isArray(changes)) {
    throw new QuiverError('INVALID_RECORD', `The changes of record '${known}' are not an object of fields.`, { details: { id } })
  }
  const { id: other = known, ...fields } = changes as Fields
  if (other !== known)
    throw new QuiverError('INVALID_ID', `An update cannot give record '${known}' another id.`, { details: { id } })
  return { id: known, fields }
}

/** Writes whole records. The vectors are taken out and checked before anything waits; large batches are stored before the commit. */
export async function putRecords(
  ledger: Ledger,
  uuid: string,
  name: string,
  records: readonly unknown[],
  signal: AbortSignal | undefined,
): Promise<{ ids: string[]; state: NamespaceState }> {
  for (;;) {
    await ledger.throttle(uuid, signal)
    const before = collectionOf(await ledger.current(), uuid)
    const indexes = before.indexes.map(({ index }) => index)
    const stage = new Stage(name, indexes, ledger.parts.pool, records.length)
    try {
      const ids = hasManaged(indexes)
        ? await stageComparing(stage, records, before)
        : records.map((record, ordinal) => stage.add(record, ordinal, nothingBefore))
      const state = await commitRows(ledger, uuid, indexes, stage.rows, signal)
      return { ids, state }
    } catch (error) {
      if (!(error instanceof IndexesChanged)) throw error
    } finally {
      stage.rows.free()
    }
  }
}

export function hasManaged(indexes: readonly VectorIndex[]): boolean {
  return indexes.some((index) => index.isManaged)
}

const nothingBefore = (): undefined => undefined

/** Stages records that take over what the ones before have. Whatever must be waited for, no record is staged twice. */
export async function stageComparing(stage: Stage, records: readonly unknown[], before: Pick<Staged, 'find'>): Promise<string[]> {
  const ids: string[] = []
  const find = (id: string): RowLocation | undefined => before.find(id)
  await whenResident(() => {
    while (ids.length < records.length) ids.push(stage.add(records[ids.length], ids.length, find))
  })
  return ids
}

async function commitRows(
  ledger: Ledger,
  uuid: string,
  indexes: readonly VectorIndex[],
  rows: Memtable,
  signal: AbortSignal | undefined,
): Promise<NamespaceState> {
  const { parts } = ledger
  const large = rows.sizeBytes > inlineBytesMax
  const chunks = sealBatch(parts, rows)
  const key = large ? await ledger.upload(chunks) : undefined
  const prepare = key === undefined ? inlineRows(uuid, rows, concat(chunks)) : namedRows(uuid, rows, key, parts)
  return ledger.commit(
    {
      kind: 'write',
      sizeBytes: key === undefined ? rows.sizeBytes : 256,
      rowsMax: rows.rows,
      prepare: (draft, firstRow) => {
        const collection = draft.collection(uuid)
        if (!sameIndexes(collection, indexes)) throw new IndexesChanged()
        return prepare(collection, firstRow, draft.firstRid(firstRow))
      },
    },
    signal,
  )
}

type PrepareRows = (collection: CollectionDraft, firstRow: number, firstRid: number) => PreparedWrite

/** Rows that travel inside the commit. */
export function inlineRows(uuid: string, rows: Memtable, block: Uint8Array): PrepareRows {
  return (collection, firstRow, firstRid) => {
    collection.appendRows(rows, firstRid)
    const section = `rows${firstRow}`
    const operation: Operation = { op: 'rows', collection: uuid, rows: rows.rows, first: firstRow, section }
    return { ops: [operation], blocks: new Map([[section, block]]), rows: rows.rows }
  }
}

/** Whole records that lie in an object of their own. Rows that keep what they do not name must travel inside the commit. */
export function namedRows(uuid: string, rows: Memtable, key: string, parts: Parts): PrepareRows {
  return (collection, firstRow, firstRid) => {
    collection.addPart(parts.rows(key, firstRid), { key, rows: rows.rows, base: firstRid }, rows)
    return {
      ops: [{ op: 'rows', collection: uuid, rows: rows.rows, first: firstRow, part: key }],
      blocks: new Map(),
      rows: rows.rows,
    }
  }
}

/** Rows as they came: codes are made when a search first needs them, or when upkeep seals the rows for good. */
export function sealBatch(parts: Parts, rows: Memtable): Uint8Array[] {
  const addresses = Array.from({ length: rows.rows }, (_, slot) => ({ set: rows, slot }))
  const columns = [...rows.columnKeys()].map((key) => ({ key, dimensions: rows.column(key)!.dimensions }))
  return parts.residency.run(() => sealRows(parts.containers, parts.pool, addresses, { columns, numbered: false, codes: false }))
}

/** Replaces fields of records that are there. */
export function patchRecords(
  ledger: Ledger,
  uuid: string,
  name: string,
  patches: readonly Patch[],
  signal: AbortSignal | undefined,
): Promise<NamespaceState> {
  return ledger.commit(
    {
      kind: 'write',
      sizeBytes: patches.length * 512,
      rowsMax: patches.length,
      prepare: (draft, firstRow) => {
        const collection = draft.collection(uuid)
        const stage = stagePatches(ledger.parts, collection, name, patches)
        return inlineRows(uuid, stage.rows, concat(sealBatch(ledger.parts, stage.rows)))(
          collection,
          firstRow,
          draft.firstRid(firstRow),
        )
      },
    },
    signal,
  )
}

/** What a collection offers to someone who stages changes of its records: its newest version, or a transaction's own. */
export type Staged = Pick<CollectionDraft, 'find' | 'indexes'>

/** Rows with the patched fields. Several patches of one record build on each other. @throws QuiverError NOT_FOUND */
export function stagePatches(parts: Parts, collection: Staged, name: string, patches: readonly Patch[]): Stage {
  const indexes = collection.indexes.map(({ index }) => index)
  const stage = new Stage(name, indexes, parts.pool)
  for (const [id, fields] of mergeById(patches)) {
    const found = collection.find(id)
    if (!found) throw missingRecord(id, name)
    const { set } = found.state
    const kept = new Set<string>()
    const isPatched = (field: string): boolean => Object.keys(fields).some((changed) => overlaps(changed, field))
    for (const key of set.columnKeys()) {
      const field = columnField(key)
      if (field === undefined || !set.column(key)!.has(found.slot)) continue
      // A vector stays where it is unless the patch speaks of it or no index keeps its column any longer: then it goes back into the fields.
      const indexed = indexes.some(({ columnKey }) => columnKey === key)
      if (indexed && !isPatched(field)) kept.add(key)
    }
    const before = readFields(set, found.slot, (key) => !kept.has(key))
    const patched = { ...before }
    for (const [field, value] of Object.entries(fields)) {
      if (value === undefined) delete patched[field]
      else define(patched, field, value)
    }
    // A patch is refused for what it changes: a field, or which indexes want the record.
    const isClaimed = (field: string): boolean =>
      indexesOn(indexes, field).some((index) => index.wants(patched) && !index.wants(before))
    for (const key of kept) {
      const field = columnField(key)!
      const wanting = indexesOn(indexes, field).filter((index) => index.wants(patched))
      const { dimensions } = set.column(key)!
      if (isClaimed(field) && wanting.every(({ definition }) => definition.dimensions !== dimensions)) {
        throw dimensionMismatch(`record '${id}' in field '${field}'`, dimensions, wanting)
      }
    }
    stage.addPatched(id, patched, kept, set.fieldsText(found.slot), (field) => isPatched(field) || isClaimed(field))
  }
  return stage
}

function indexesOn(indexes: readonly VectorIndex[], field: string): VectorIndex[] {
  return indexes.filter(({ definition }) => definition.source === 'field' && definition.field === field)
}

/** Gives records vectors in an external index. */
export function putVectors(
  ledger: Ledger,
  uuid: string,
  name: string,
  indexName: string,
  items: readonly { readonly id: string; readonly vector: VectorInput | null }[],
  signal: AbortSignal | undefined,
): Promise<NamespaceState> {
  return ledger.commit(
    {
      kind: 'write',
      sizeBytes: items.reduce((sum, { vector }) => sum + (vector?.length ?? 0) * 4 + 64, 0),
      rowsMax: items.length,
      prepare: (draft, firstRow) => {
        const collection = draft.collection(uuid)
        const stage = stageVectors(ledger.parts, collection, name, indexName, items)
        return inlineRows(uuid, stage.rows, concat(sealBatch(ledger.parts, stage.rows)))(
          collection,
          firstRow,
          draft.firstRid(firstRow),
        )
      },
    },
    signal,
  )
}

export function stageVectors(
  parts: Parts,
  collection: Staged,
  name: string,
  indexName: string,
  items: readonly { readonly id: string; readonly vector: VectorInput | null }[],
): Stage {
  const indexes = collection.indexes.map(({ index }) => index)
  const index = externalIndex(indexName, name, indexes)
  const stage = new Stage(name, indexes, parts.pool)
  for (const { id, vector } of items) {
    if (!collection.find(id)) throw missingRecord(id, name)
    stage.addVector(id, index, vector)
  }
  return stage
}

/** Finds the records that a write by condition is about, in the version that it follows. */
export type FindIds = (collection: CollectionState) => string[]

interface Deleted {
  readonly deleted: number
  readonly state: NamespaceState
}

export function deleteRecords(
  ledger: Ledger,
  uuid: string,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Deleted> {
  const sizeBytes = ids.reduce((sum, id) => sum + id.length + 4, 64)
  return deleteChosen(ledger, uuid, sizeBytes, () => [...ids], signal)
}

/** Deletes the records that match when the commit is made. */
export function deleteMatching(ledger: Ledger, uuid: string, find: FindIds, signal: AbortSignal | undefined): Promise<Deleted> {
  return deleteChosen(ledger, uuid, writeByConditionBytes, (collection) => foundIds(collection, find), signal)
}

async function deleteChosen(
  ledger: Ledger,
  uuid: string,
  sizeBytes: number,
  choose: (collection: CollectionDraft) => string[],
  signal: AbortSignal | undefined,
): Promise<Deleted> {
  let deleted = 0
  const prepare: WriteIntent['prepare'] = (draft) => {
    const collection = draft.collection(uuid)
    const ids = choose(collection)
    deleted = collection.delete(ids)
    return { ops: [{ op: 'delete', collection: uuid, ids }], blocks: new Map(), rows: 0 }
  }
  const state = await ledger.commit({ kind: 'write', sizeBytes, rowsMax: 0, prepare }, signal)
  return { deleted, state }
}

/** Replaces fields of the records that match when the commit is made. */
export async function patchMatching(
  ledger: Ledger,
  uuid: string,
  name: string,
  find: FindIds,
  fields: Fields,
  signal: AbortSignal | undefined,
): Promise<{ updated: number; state: NamespaceState }> {
  let updated = 0
  const state = await ledger.commit(
    {
      kind: 'write',
      sizeBytes: writeByConditionBytes,
      rowsMax: recordsPerCallMax,
      prepare: (draft, firstRow) => {
        const collection = draft.collection(uuid)
        const ids = foundIds(collection, find)
        updated = ids.length
        if (updated === 0) return { ops: [], blocks: new Map(), rows: 0 }
        const patches = ids.map((id) => ({ id, fields }))
        const { rows } = stagePatches(ledger.parts, collection, name, patches)
        const prepareRows = inlineRows(uuid, rows, concat(sealBatch(ledger.parts, rows)))
        return prepareRows(collection, firstRow, draft.firstRid(firstRow))
      },
    },
    signal,
  )
  return { updated, state }
}

/** What such a write is taken for before it is known: it mostly has a commit of its own. */
const writeByConditionBytes = 512 * 1024

function foundIds(collection: CollectionDraft, find: FindIds): string[] {
  const ids = find(collection.finish())
  checkBatch(ids)
  return ids
}

function collectionOf(state: NamespaceState, uuid: string): CollectionState {
  const collection = state.collections.get(uuid)
  if (!collection) throw new QuiverError('NOT_FOUND', 'The collection was dropped.', { details: { collection: uuid } })
  return collection
}

function sameIndexes(collection: CollectionDraft, indexes: readonly VectorIndex[]): boolean {
  return (
    collection.indexes.length === indexes.length &&
    collection.indexes.every(({ index }, position) => index.definition.uuid === indexes[position]!.definition.uuid)
  )
}

function mergeById(patches: readonly Patch[]): Map<string, Fields> {
  const merged = new Map<string, Fields>()
  for (const { id, fields } of patches) {
    const before = merged.get(id)
    const both = { ...before, ...fields }
    if (before?.['$vectors'] && fields['$vectors']) both['$vectors'] = { ...before['$vectors'], ...fields['$vectors'] }
    merged.set(id, both)
  }
  return merged
}
