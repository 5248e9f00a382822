import { QuiverError } from '../errors.js'
import { decodeCommit } from '../history/commit.js'
import { formatVersionName, invertedSequence, type BranchKeys } from '../history/keys.js'
import { NamespaceDraft } from '../collection/namespace-draft.js'
import type { Parts } from '../collection/parts.js'
import { decodeSnapshot } from '../collection/snapshot.js'
import { NamespaceState } from '../collection/state.js'
import { whenResident } from '../segment/part-file.js'
import type { ObjectStore } from '../store/object-store.js'

export interface Loaded {
  readonly state: NamespaceState
  readonly snapshotSeq: number
  readonly snapshotBytes: number
  /** Commits that were replayed on top of the snapshot, and their bytes. */
  readonly replayed: number
  readonly replayedBytes: number
}

/**
 * Loads a version: the newest snapshot at or below it, and the commits behind that. Without `until`, the newest version.
 * A damaged snapshot is passed over when an older one and the log between still make up for it.
 * @throws QuiverError NOT_FOUND: the version is not there, or no longer. CORRUPT
 */
export async function loadVersion(
  store: ObjectStore,
  keys: BranchKeys,
  parts: Parts,
  until = Number.MAX_SAFE_INTEGER - 1,
): Promise<Loaded> {
  let damage: unknown
  for await (const key of store.list(keys.snapshotPrefix, { after: keys.beforeSnapshot(until) })) {
    const bytes = await store.get(key)
    if (!bytes) continue
    try {
      const snapshot = await whenResident(() => decodeSnapshot(bytes, key, parts))
      return await replay(store, keys, parts, snapshot, until, {
        snapshotSeq: invertedSequence(key),
        snapshotBytes: bytes.byteLength,
      })
    } catch (error) {
      if (!(error instanceof QuiverError) || error.code !== 'CORRUPT') throw error
      damage ??= error
    }
  }
  try {
    return await replay(store, keys, parts, NamespaceState.empty, until, { snapshotSeq: 0, snapshotBytes: 0 })
  } catch (error) {
    throw damage ?? error
  }
}

async function replay(
  store: ObjectStore,
  keys: BranchKeys,
  parts: Parts,
  base: NamespaceState,
  until: number,
  snapshot: { snapshotSeq: number; snapshotBytes: number },
): Promise<Loaded> {
  let state = base
  let replayedBytes = 0
  while (state.seq < until) {
    const key = keys.log(state.seq + 1)
    const bytes = store.sync ? store.sync.get(key) : await store.get(key)
    if (!bytes) break
    replayedBytes += bytes.byteLength
    const commit = decodeCommit(parts.containers, bytes, key)
    const from = state
    state = await whenResident(() => absorbed(from, parts, commit))
  }
  if (until < Number.MAX_SAFE_INTEGER - 1 && state.seq < until) {
    throw new QuiverError(
      'NOT_FOUND',
      `There is no version ${formatVersionName(until)} of namespace '${keys.namespace}', or no longer.`,
      {
        details: { version: formatVersionName(until) },
      },
    )
  }
  // The log was collected up to a version whose snapshot is not to be found: what is left of the log does not begin at its beginning.
  if (state.seq === 0 && until > 0) await refuseGap(store, keys)
  return { state, ...snapshot, replayed: state.seq - base.seq, replayedBytes }
}

export function absorbed(state: NamespaceState, parts: Parts, commit: ReturnType<typeof decodeCommit>): NamespaceState {
  const draft = new NamespaceDraft(state, parts)
  try {
    draft.absorb(commit)
  } catch (error) {
    draft.withdraw()
    throw error
  }
  return draft.finish(commit.timeMs, commit.message)
}

async function refuseGap(store: ObjectStore, keys: BranchKeys): Promise<void> {
  for await (const key of store.list(keys.logPrefix, { limit: 1 })) {
    throw new QuiverError('CORRUPT', `Namespace '${keys.namespace}' has commits but no snapshot that they follow (${key}).`, {
      details: { key },
    })
  }
}
