import { QuiverError } from '../errors.js'
import { decodeCommit } from '../history/commit.js'
import { formatVersionName, invertedSequence, type BranchKeys } from '../history/keys.js'
import { NamespaceDraft } from '../collection/version/namespace-draft.js'
import type { Parts } from '../collection/version/parts.js'
import { decodeSnapshot } from '../collection/version/snapshot.js'
import { NamespaceState } from '../collection/version/state.js'
import { whenResident } from '../segment/part-file.js'
import type { ObjectStore } from '../store/object-store.js'

export interface Loaded {
  readonly state: NamespaceState
  /** When it was begun, by `performance.now()`. */
  readonly at: number
  readonly snapshotSeq: number
  readonly snapshotBytes: number
  /** Commits that were replayed on top of the snapshot, and their bytes. */
  readonly replayed: number
  readonly replayedBytes: number
}

const newest = Number.MAX_SAFE_INTEGER - 1
/** A collector may take the log away while it is read; that soon again only if something is wrong. */
const attemptsMax = 5

/**
 * Loads a version: the newest snapshot at or below it, and the commits behind that. Without `until`, the newest version.
 * A damaged snapshot is passed over when an older one and the log between still make up for it.
 * @throws QuiverError NOT_FOUND: the version is not there, or no longer. CORRUPT
 */
export async function loadVersion(store: ObjectStore, keys: BranchKeys, parts: Parts, until = newest): Promise<Loaded> {
  for (let attempt = 1; ; attempt++) {
    const at = performance.now()
    const loaded = { ...(await loadOnce(store, keys, parts, until)), at }
    // What follows a version that is older than the boundary is gone, and so the end of the log is not where it seems to be.
    if (until < newest || (await publishedBoundary(store, keys)) <= loaded.state.seq) return loaded
    if (attempt === attemptsMax) throw gap(keys, loaded.state.seq, loaded.damage)
  }
}

/** The newest version whose log was given to the collector; 0: none was. */
export async function publishedBoundary(store: ObjectStore, keys: BranchKeys): Promise<number> {
  for await (const key of store.list(keys.boundaryPrefix, { limit: 1 })) return invertedSequence(key)
  return 0
}

type LoadedOnce = Omit<Loaded, 'at'> & { readonly damage?: unknown }

async function loadOnce(store: ObjectStore, keys: BranchKeys, parts: Parts, until: number): Promise<LoadedOnce> {
  let damage: unknown
  for await (const key of store.list(keys.snapshotPrefix, { after: keys.beforeSnapshot(until) })) {
    const bytes = await store.get(key)
    if (!bytes) continue
    try {
      const snapshot = await whenResident(() => decodeSnapshot(bytes, key, parts))
      const facts = { snapshotSeq: invertedSequence(key), snapshotBytes: bytes.byteLength }
      return { ...(await replay(store, keys, parts, snapshot, until, facts)), damage }
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
): Promise<LoadedOnce> {
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
  if (until < newest && state.seq < until) {
    throw new QuiverError(
      'NOT_FOUND',
      `There is no version ${formatVersionName(until)} of namespace '${keys.namespace}', or no longer.`,
      {
        details: { version: formatVersionName(until) },
      },
    )
  }
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

/** @param damage of the snapshot that would have closed it */
function gap(keys: BranchKeys, seq: number, damage: unknown): QuiverError {
  if (damage instanceof QuiverError) return damage
  const message = `Namespace '${keys.namespace}' was collected beyond its version ${seq}, and the snapshot that follows is not there. Restore it from a backup.`
  return new QuiverError('CORRUPT', message, { details: { key: keys.snapshotPrefix } })
}
