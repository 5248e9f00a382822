import type { Operation, Transaction } from '../history/commit.js'
import type { Embedders } from './managed/embedders.js'
import type { Change } from './version/draft.js'
import type { NamespaceDraft } from './version/namespace-draft.js'
import type { Parts } from './version/parts.js'
import type { NamespaceState } from './version/state.js'

/** What a caller's write has become when its commit is encoded. */
export interface PreparedWrite {
  readonly ops: Operation[]
  /** Row blocks, by section name; names are unique in the commit because they begin with `rows` and the number of their first row. */
  readonly blocks: ReadonlyMap<string, Uint8Array>
  /** Rows that it writes; they are numbered on behind those of earlier callers in the commit. */
  readonly rows: number
  readonly reads?: Transaction['reads']
}

/** One caller's write, on its way into a commit together with others. */
export interface WriteIntent {
  /** `write` intents share commits, the others have one of their own. */
  readonly kind: 'write' | 'named' | 'maintenance'
  readonly message?: string
  /** About what the commit will hold of it. */
  readonly sizeBytes: number
  /** Rows it writes at most. */
  readonly rowsMax: number
  /**
   * Validates the write against the newest version and applies it to the draft. Called again whenever other writers came first.
   * What it throws is this caller's alone; then the draft must be as it was.
   * @param firstRow number within the commit of the first row that it writes
   */
  prepare(draft: NamespaceDraft, firstRow: number): PreparedWrite
}

/** The work for a managed index, as this process knows it. */
export interface EmbeddingWork {
  /** Whether it begins by itself. */
  readonly isAutomatic: boolean
  /** Rows whose text the embedder refused, by their number. */
  readonly refused: ReadonlySet<number>
  /** How often it failed in a row. */
  readonly failures: number
  /** What it failed with last; absent after a success. */
  readonly failure?: unknown
}

/** A version that is kept readable until it is released. */
export interface Pin {
  readonly state: NamespaceState
  release(): Promise<void>
}

/** What collections need of the log behind them. */
export interface Ledger {
  readonly namespace: string
  readonly parts: Parts
  /** @throws QuiverError CLOSED */
  checkOpen(): void
  /** The newest version, commits of other processes included. */
  current(): Promise<NamespaceState>
  /** The same where it is known at once. */
  currentNow(): NamespaceState | undefined
  /** Resolves with the version that holds the write, once it is durable. */
  commit(intent: WriteIntent, signal?: AbortSignal): Promise<NamespaceState>
  /** Stores rows that a commit is going to name. Returns their key. */
  upload(chunks: readonly Uint8Array[]): Promise<string>
  /** Waits while an index has too many rows that no graph holds. */
  throttle(collection: string, signal?: AbortSignal): Promise<void>
  /** Keeps a version readable; without a number the newest. */
  pin(seq?: number): Promise<Pin>
  /** From now on changes are noted, until the returned function is called. */
  watch(): { changesSince(seq: number): readonly Change[]; stop(): void }
  readonly embedders: Embedders
  /** What became of the work for a managed index so far. */
  embedding(index: string): EmbeddingWork
  /** Whether anything is due or running for an index, for its status. */
  building(collection: string, index: string): boolean
}
