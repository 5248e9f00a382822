import { invertedSequence, logSequence, type BranchKeys } from '../history/keys.js'
import type { Pins } from '../history/pins.js'
import { decodeCommit } from '../history/commit.js'
import { snapshotMeta } from '../history/snapshot-format.js'
import * as v from 'valibot'
import type { Parts } from '../collection/version/parts.js'
import { encodeSnapshot } from '../collection/version/snapshot.js'
import type { NamespaceState } from '../collection/version/state.js'
import { whenResident } from '../segment/part-file.js'
import type { ObjectStore } from '../store/object-store.js'
import { loadVersion, publishedBoundary } from './loader.js'
import type { NamespaceLog } from './namespace-log.js'
import type { Retention } from './tuning.js'

/** Keys that one delete call names. */
const deletedTogether = 500

export interface Collected {
  /** Versions before this one are gone, named ones excepted. */
  readonly boundary: number
  readonly deleted: number
}

/**
 * Takes away what no version needs any more. In this order, which is what keeps writers and readers safe who were asleep meanwhile:
 * choose the boundary from retention and readers; snapshots at the boundary and at every named version below it; publish the boundary, which
 * whoever extends an old head must look at; only then delete commits and snapshots below it, then parts that no kept version names.
 */
export async function collect(
  log: NamespaceLog,
  store: ObjectStore,
  keys: BranchKeys,
  parts: Parts,
  pins: Pins,
  retention: Retention,
  now = Date.now(),
): Promise<Collected> {
  const previous = await publishedBoundary(store, keys)
  const oldest = await pins.oldest()
  const boundary = await chooseBoundary(log, store, keys, previous, Math.min(oldest, log.head), now - retention.versionsMs)
  if (boundary <= 0) return { boundary: 0, deleted: 0 }
  const { state } = await loadVersion(store, keys, parts, boundary)
  await ensureSnapshot(store, keys, parts, state)
  for (const { seq } of state.named) {
    if (seq < boundary && !(await store.get(keys.snapshot(seq), { start: 0, end: 1 }))) {
      await ensureSnapshot(store, keys, parts, (await loadVersion(store, keys, parts, seq)).state)
    }
  }
  if (boundary > previous) await store.putNew(keys.boundary(boundary), new Uint8Array(0))
  const named = new Set(state.named.map(({ seq }) => seq))
  let deleted = await deleteLog(store, keys, boundary, named)
  deleted += await sweepParts(log, store, keys, parts, state, named, now, retention.uploadMs)
  return { boundary, deleted }
}

/** The newest version that was followed by another before the retention time began: everything older than it is nobody's right to read. */
async function chooseBoundary(
  log: NamespaceLog,
  store: ObjectStore,
  keys: BranchKeys,
  previous: number,
  most: number,
  before: number,
): Promise<number> {
  if (log.state.timeMs <= before) return most
  let low = previous
  let high = most
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const bytes = await store.get(keys.log(middle))
    const time = bytes ? decodeCommit(log.parts.containers, bytes, keys.log(middle)).timeMs : -Infinity
    if (time <= before) low = middle
    else high = middle - 1
  }
  return low
}

async function ensureSnapshot(store: ObjectStore, keys: BranchKeys, parts: Parts, state: NamespaceState): Promise<void> {
  if (await store.get(keys.snapshot(state.seq), { start: 0, end: 1 })) return
  const bytes = await whenResident(() => encodeSnapshot(state, parts))
  await store.putNew(keys.snapshot(state.seq), bytes)
}

async function deleteLog(store: ObjectStore, keys: BranchKeys, boundary: number, named: ReadonlySet<number>): Promise<number> {
  const doomed: string[] = []
  for await (const key of store.list(keys.logPrefix)) {
    // In order, and without the boundary's own: a process whose head is behind the boundary sees that its head's commit is gone.
    if (logSequence(key) >= boundary) break
    doomed.push(key)
  }
  for await (const key of store.list(keys.snapshotPrefix, { after: keys.snapshot(boundary) })) {
    if (!named.has(invertedSequence(key))) doomed.push(key)
  }
  for await (const key of store.list(keys.boundaryPrefix, { after: keys.boundary(boundary) })) doomed.push(key)
  return deleteAll(store, doomed)
}

/**
 * Deletes parts that neither the boundary's version, nor the head, nor a named version has, and that are too old to belong to a version between
 * boundary and head: a commit names a part at most the time for uploads after the part was made.
 */
async function sweepParts(
  log: NamespaceLog,
  store: ObjectStore,
  keys: BranchKeys,
  parts: Parts,
  boundary: NamespaceState,
  named: ReadonlySet<number>,
  now: number,
  uploadMs: number,
): Promise<number> {
  const reachable = new Set([...partsOf(boundary), ...partsOf(log.state)])
  for (const seq of named) {
    const key = keys.snapshot(seq)
    const bytes = await store.get(key)
    if (!bytes) continue
    for (const part of snapshotParts(parts, key, bytes)) reachable.add(part)
  }
  const before = (boundary.seq === log.head ? now : Math.min(boundary.timeMs, now)) - uploadMs
  const doomed: string[] = []
  for (const prefix of [keys.rowsPrefix, keys.graphPrefix, keys.fieldsPrefix]) {
    for await (const key of store.list(prefix)) {
      // Names are UUIDv7, so they ascend by time: what follows is younger still.
      if (madeAtMs(key) >= before) break
      if (!reachable.has(key)) doomed.push(key)
    }
  }
  return deleteAll(store, doomed)
}

/** The parts that a snapshot names. */
export function snapshotParts(parts: Parts, key: string, bytes: Uint8Array): string[] {
  const meta = v.parse(snapshotMeta, parts.containers.decode(bytes, key, 'snapshot').meta)
  return meta.collections.flatMap((collection) => [
    ...collection.parts.flatMap(({ key, fields }) => (fields ? [key, fields.key] : [key])),
    ...collection.indexes.flatMap(({ graphs }) => graphs.map((graph) => graph.key)),
  ])
}

export function partsOf(state: NamespaceState): string[] {
  const keys: string[] = []
  for (const collection of state.collections.values()) {
    for (const { key, fields } of collection.entries.values()) keys.push(key, ...(fields ? [fields.key] : []))
    for (const { graphs } of collection.indexes) for (const { key } of graphs) keys.push(key)
  }
  return keys
}

async function deleteAll(store: ObjectStore, keys: readonly string[]): Promise<number> {
  for (let first = 0; first < keys.length; first += deletedTogether)
    await store.delete(keys.slice(first, first + deletedTogether))
  return keys.length
}

/** The time in a key that ends with a UUIDv7, in milliseconds since 1970. */
function madeAtMs(key: string): number {
  const uuid = key.slice(key.lastIndexOf('/') + 1)
  return parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16)
}
