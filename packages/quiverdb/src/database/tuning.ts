/**
 * When background work is due. The defaults are for real use; tests make them small so that every path is taken with little data.
 * All bounds are per collection or, where it says so, per namespace.
 */
export interface Tuning {
  /** Rows in memory are sealed into a part from this many on, */
  readonly flushRows: number
  /** or from this many bytes on, */
  readonly flushBytes: number
  /** or (namespace) when so many commits came since the last snapshot. */
  readonly snapshotCommits: number
  /** A snapshot is due when the commits behind it outgrow it, but not below this. */
  readonly snapshotBytesMin: number
  /** Rows that no graph holds and that searches scan, before a graph is due. */
  readonly tailRowsMax: number
  /** No graph is made of fewer rows than this. */
  readonly graphRowsMin: number
  /** The most nodes of a graph, where that is fewer than memory and one object have room for; more rows make several graphs. 0: no other bound. */
  readonly graphNodesMax: number
  /** Small graphs beside the large one, before all become one. */
  readonly smallGraphsMax: number
  /** Writers wait from this many rows without a graph on. */
  readonly backPressureRows: number
  /** Without writes for so long, the collection is put in its final order: one graph, few parts. */
  readonly idleMs: number
  /** Parts of one size class that are merged together, at least. */
  readonly compactParts: number
  /** Parts are not merged beyond this. */
  readonly partBytesMax: number
  /** Parts with fewer rows get no field indexes of their own: they are soon merged, and until then read as they are. */
  readonly fieldRowsMin: number
  /** Unreferenced objects and old versions are collected this often (namespace). */
  readonly collectEveryMs: number
  /** Threads that build one graph. 0: the number of cores, at most 4; with 1, equal rows make equal graphs. */
  readonly buildThreads: number
  /** How long the queue of managed indexes waits after an embedder failed; doubled after each further failure, up to the most. */
  readonly embedRetryMs: number
  readonly embedRetryMsMax: number
}

export const defaultTuning: Tuning = Object.freeze({
  flushRows: 5_000,
  flushBytes: 8 * 1024 * 1024,
  snapshotCommits: 256,
  snapshotBytesMin: 1024 * 1024,
  tailRowsMax: 4_096,
  graphRowsMin: 2_000,
  graphNodesMax: 0,
  smallGraphsMax: 2,
  backPressureRows: 50_000,
  idleMs: 1_000,
  compactParts: 4,
  partBytesMax: 512 * 1024 * 1024,
  fieldRowsMin: 2_000,
  collectEveryMs: 60_000,
  buildThreads: 0,
  embedRetryMs: 1_000,
  embedRetryMsMax: 60_000,
})

/** How long versions and unreferenced objects are kept. */
export interface Retention {
  /** Versions without a name are readable for this long after the next one came. */
  readonly versionsMs: number
  /** An object that no version names may belong to a commit that is still on its way for this long. */
  readonly uploadMs: number
}

export const defaultRetention: Retention = Object.freeze({ versionsMs: 3_600_000, uploadMs: 3_600_000 })
