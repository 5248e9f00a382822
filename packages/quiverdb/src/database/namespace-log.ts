import { v7 as uuidv7 } from 'uuid'
import { assert, QuiverError } from '../errors.js'
import { commitBytesMax, decodeCommit, encodeCommit, type Commit, type Transaction } from '../history/commit.js'
import type { BranchKeys } from '../history/keys.js'
import {
  catchUpConversation,
  commitConversation,
  converse,
  converseSync,
  refreshConversation,
  type LogMachine,
  type Proposal,
} from '../history/protocol.js'
import type { Change } from '../collection/version/draft.js'
import type { WriteIntent } from '../collection/ledger.js'
import { NamespaceDraft } from '../collection/version/namespace-draft.js'
import type { Parts } from '../collection/version/parts.js'
import type { NamespaceState } from '../collection/version/state.js'
import { LoadedPieces, NotResident } from '../segment/part-file.js'
import { ridsPerCommit } from '../segment/row-set.js'
import type { ObjectStore } from '../store/object-store.js'
import { loadVersion, type Loaded } from './loader.js'
import type { Retention } from './tuning.js'

/** Callers whose writes share one commit stop joining it at this size. */
const sharedCommitBytesMax = 1024 * 1024
const sharedCommitWritesMax = 4_096
/** Writes that may wait for a commit at one time. */
const queueMax = 100_000
/** Between a look that found the head's commit and a read so soon after, nobody has written commits, waited until they were kept no more, and deleted them. */
const keptForMs = 0.25

interface Waiting {
  readonly intent: WriteIntent
  readonly tx: string
  readonly resolve: (state: NamespaceState) => void
  readonly reject: (error: unknown) => void
}

/** A caller who waits for the newest version. */
interface Asking {
  readonly resolve: (state: NamespaceState) => void
  readonly reject: (error: unknown) => void
}

interface Proposed {
  readonly draft: NamespaceDraft
  readonly commit: Commit
  readonly included: Waiting[]
  readonly body: Uint8Array
  readonly changes: Change[] | null
}

/** What became of the head, for those who do the work behind it. */
export interface HeadEvents {
  /** A commit was taken in, ours or another process's. */
  moved(state: NamespaceState, commit: { readonly bytes: number; readonly kind: Commit['kind']; readonly hasRows: boolean }): void
}

/** The keys that every read of a head asks for. */
interface Probes {
  readonly seq: number
  readonly head: string
  readonly next: string
  /** When the head's commit was seen last. */
  keptAtMs: number
}

/**
 * The head of one namespace: its newest version in memory, the queue of writes that become commits, and the commits of other processes.
 * One commit is under way at a time; what arrives meanwhile shares the next one.
 */
export class NamespaceLog implements LogMachine {
  readonly keys: BranchKeys
  readonly parts: Parts
  readonly #store: ObjectStore
  readonly #retention: Retention
  readonly #events: HeadEvents
  #state: NamespaceState
  #waiting: Waiting[] = []
  #asking: Asking[] = []
  /** How many at the head of the queue were in the proposal that was last withdrawn. */
  #withdrawn = 0
  #proposed: Proposed | undefined
  #running: Promise<void> | undefined
  /** Of parts that the store cannot give at once, for the work under way. */
  readonly #pieces = new LoadedPieces()
  #probed: Probes | undefined
  #verifiedAt: number
  #closed = false
  /** Changes per commit since someone began to watch; null while nobody does. */
  #changes: { seq: number; changes: readonly Change[] | null }[] | null = null
  #watchers = 0

  constructor(store: ObjectStore, keys: BranchKeys, parts: Parts, retention: Retention, loaded: Loaded, events: HeadEvents) {
    this.#store = store
    this.keys = keys
    this.parts = parts
    this.#retention = retention
    this.#state = loaded.state
    this.#verifiedAt = loaded.at
    this.#events = events
  }

  get state(): NamespaceState {
    return this.#state
  }

  get head(): number {
    return this.#state.seq
  }

  /** Writes that no commit has taken yet. */
  get waitingWrites(): number {
    return this.#waiting.length
  }

  get stale(): boolean {
    return performance.now() - this.#verifiedAt > this.#retention.versionsMs / 2 || !this.#headIsKept()
  }

  /** The collector keeps the commit at its boundary: a head whose commit is gone was passed, also by a process that keeps less than this one. */
  #headIsKept(): boolean {
    const { sync } = this.#store
    return !sync || (this.head > 0 && sync.exists(this.#probes().head))
  }

  #probes(): Probes {
    if (this.#probed?.seq === this.head) return this.#probed
    const { head } = this
    return (this.#probed = { seq: head, head: this.keys.log(head), next: this.keys.log(head + 1), keptAtMs: -Infinity })
  }

  /** The newest version in the store, where one look tells: undefined where the store has to be asked. @throws QuiverError CLOSED */
  currentNow(): NamespaceState | undefined {
    this.checkOpen()
    const { sync, capabilities } = this.#store
    // A store of this process alone has no other writers: the head is the newest there is.
    if (!capabilities.shared) return this.#state
    // In this order: commits are deleted in theirs.
    const probes = this.#probes()
    if (!sync || sync.exists(probes.next)) return undefined
    const now = performance.now()
    if (now - probes.keptAtMs < keptForMs) return this.#state
    if (this.stale) return undefined
    probes.keptAtMs = now
    return this.#state
  }

  /** The newest version in the store, with every commit that was acknowledged anywhere before the call. */
  async current(): Promise<NamespaceState> {
    const now = this.currentNow()
    if (now) return now
    const { sync } = this.#store
    if (!sync || this.stale) return this.#ask()
    if (this.#running) {
      // What is there may be our own commit on its way, which nobody may see yet, or one that ours must follow.
      const found = this.#proposed && sync.get(this.keys.log(this.head + 1))
      return found && this.isOwn(found, this.keys.log(this.head + 1)) ? this.#state : this.#ask()
    }
    try {
      converseSync(this.#store, catchUpConversation(this))
      return this.stale ? await this.#ask() : this.#state
    } catch (error) {
      if (!(error instanceof NotResident)) throw error
      return this.#ask()
    }
  }

  commit(intent: WriteIntent, signal?: AbortSignal): Promise<NamespaceState> {
    this.checkOpen()
    if (signal?.aborted)
      return Promise.reject(new QuiverError('ABORTED', 'The write was aborted before it began.', { cause: signal.reason }))
    if (this.#waiting.length >= queueMax) {
      return Promise.reject(
        new QuiverError('LIMIT_EXCEEDED', `${queueMax} writes wait for their commits already; await some of them first.`),
      )
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ intent, tx: uuidv7(), resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Notes what commits change from now on, for transactions that begin now. */
  watch(): { changesSince(seq: number): readonly Change[]; stop(): void } {
    this.#watchers++
    this.#changes ??= []
    let stopped = false
    return {
      changesSince: (seq) =>
        (this.#changes ?? []).filter((entry) => entry.seq > seq).flatMap(({ changes }) => changes ?? lostTrack()),
      stop: () => {
        if (stopped) return
        stopped = true
        if (--this.#watchers === 0) this.#changes = null
      },
    }
  }

  /** Resolves when nothing is on its way any more; afterwards nothing is accepted. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#running) await this.#running.catch(() => undefined)
  }

  // The protocol's view of this log.

  propose(seq: number): Proposal | null {
    assert(seq === this.head + 1 && !this.#proposed, 'one commit is proposed at a time')
    return this.#propose(seq, sharedCommitWritesMax)
  }

  #propose(seq: number, writesMax: number): Proposal | null {
    const changes: Change[] | null = this.#changes ? [] : null
    const draft = new NamespaceDraft(this.#state, this.parts, { changes })
    const transactions: Transaction[] = []
    const blocks = new Map<string, Uint8Array>()
    const included: Waiting[] = []
    let rows = 0
    let sizeBytes = 0
    let kind: Commit['kind'] = 'write'
    let message: string | undefined
    try {
      while (this.#waiting.length > 0) {
        const next = this.#waiting[0]!
        const alone = next.intent.kind !== 'write'
        if (included.length > 0 && (alone || included.length >= writesMax || !fits(next.intent, sizeBytes, rows))) break
        const prepared = this.#prepare(next, draft, rows)
        this.#waiting.shift()
        if (!prepared) continue
        included.push(next)
        transactions.push({ tx: next.tx, ops: prepared.ops, ...(prepared.reads && { reads: prepared.reads }) })
        let blockBytes = 0
        for (const [name, bytes] of prepared.blocks) {
          blocks.set(name, bytes)
          blockBytes += bytes.byteLength
        }
        rows += prepared.rows
        sizeBytes += Math.max(next.intent.sizeBytes, blockBytes)
        if (!alone) continue
        kind = next.intent.kind
        message = next.intent.message
        break
      }
    } catch (error) {
      draft.withdraw()
      this.#waiting.unshift(...included)
      throw error
    }
    if (included.length === 0) {
      draft.withdraw()
      return null
    }
    const timeMs = Math.max(Date.now(), this.#state.timeMs)
    const commit: Commit = {
      seq,
      uuid: uuidv7(),
      kind,
      timeMs,
      ...(message !== undefined && { message }),
      changed: draft.changed,
      transactions,
      blocks,
    }
    const body = encodeCommit(this.parts.containers, commit)
    if (body.byteLength > commitBytesMax) {
      draft.withdraw()
      if (included.length > 1) {
        // Together they are too large, which is nobody's fault.
        this.#waiting.unshift(...included)
        return this.#propose(seq, 1)
      }
      const message = `The write takes ${body.byteLength} bytes in one commit; ${commitBytesMax} is the most. Split it.`
      included[0]!.reject(new QuiverError('LIMIT_EXCEEDED', message))
      return null
    }
    this.#proposed = { draft, commit, included, body, changes }
    return { body }
  }

  accept(): void {
    const { draft, commit, included, body, changes } = this.#takeProposed()
    this.#advance(draft.finish(commit.timeMs, commit.message), changes)
    for (const { resolve } of included) resolve(this.#state)
    this.#events.moved(this.#state, { bytes: body.byteLength, kind: commit.kind, hasRows: hasRows(commit) })
  }

  withdraw(): void {
    const { draft, included } = this.#takeProposed()
    draft.withdraw()
    this.#waiting.unshift(...included)
    this.#withdrawn = included.length
  }

  absorb(bytes: Uint8Array, key: string): void {
    const commit = decodeCommit(this.parts.containers, bytes, key)
    const changes: Change[] | null = this.#changes ? [] : null
    const draft = new NamespaceDraft(this.#state, this.parts, { changes })
    try {
      draft.absorb(commit)
    } catch (error) {
      draft.withdraw()
      throw error
    }
    this.#advance(draft.finish(commit.timeMs, commit.message), changes)
    this.#events.moved(this.#state, { bytes: bytes.byteLength, kind: commit.kind, hasRows: hasRows(commit) })
  }

  now(): number {
    return performance.now()
  }

  verified(at: number): void {
    this.#verifiedAt = at
  }

  isOwn(bytes: Uint8Array, key: string): boolean {
    const own = this.#proposed
    return own !== undefined && decodeCommit(this.parts.containers, bytes, key).uuid === own.commit.uuid
  }

  /** Returns nothing where the caller's write was refused: it is told, the others go on. */
  #prepare({ intent, reject }: Waiting, draft: NamespaceDraft, rows: number): ReturnType<WriteIntent['prepare']> | undefined {
    try {
      return intent.prepare(draft, rows)
    } catch (error) {
      if (error instanceof NotResident) throw error
      reject(error)
      return undefined
    }
  }

  /** Ends when nobody waits any more, and says so at that very moment: a write that came between the two would wait for ever. */
  async #run(): Promise<void> {
    while (this.#waiting.length > 0 || this.#asking.length > 0) {
      if (this.#asking.length > 0) await this.#answer()
      if (this.#waiting.length > 0) await this.#commitOnce()
    }
    this.#running = undefined
  }

  async #commitOnce(): Promise<void> {
    try {
      const outcome = await converse(this.#store, commitConversation(this))
      if (outcome.kind === 'unknown' || outcome.kind === 'fenced') {
        const cause = outcome.kind === 'unknown' ? outcome.cause : undefined
        reject(this.#waiting.splice(0, this.#withdrawn), unknownOutcome(cause))
      }
      if (outcome.kind === 'behind' || outcome.kind === 'fenced') await this.#reload()
      this.#pieces.release()
    } catch (error) {
      if (error instanceof NotResident) {
        await this.#pieces.load(error).catch((failure: unknown) => reject(this.#waiting.splice(0), failure))
        return
      }
      this.#pieces.release()
      if (this.#proposed) {
        // The store said that nothing was written: these callers fail, later ones may succeed.
        const { draft, included } = this.#takeProposed()
        draft.withdraw()
        reject(included, error)
      } else {
        reject(this.#waiting.splice(0), error)
      }
    }
  }

  /** Between two commits, so that the answer is neither older than the question nor ahead of an acknowledgement. */
  #ask(): Promise<NamespaceState> {
    return new Promise((resolve, reject) => {
      this.#asking.push({ resolve, reject })
      this.#running ??= this.#run()
    })
  }

  async #answer(): Promise<void> {
    const asking = this.#asking
    this.#asking = []
    try {
      await this.#takeInOthers()
      for (const { resolve } of asking) resolve(this.#state)
    } catch (error) {
      reject(asking, error)
    }
  }

  async #takeInOthers(): Promise<void> {
    try {
      for (;;) {
        try {
          if (!(await converse(this.#store, refreshConversation(this)))) await this.#reload()
          return
        } catch (error) {
          if (!(error instanceof NotResident)) throw error
          await this.#pieces.load(error)
        }
      }
    } finally {
      this.#pieces.release()
    }
  }

  async #reload(): Promise<void> {
    const { state, at } = await loadVersion(this.#store, this.keys, this.parts)
    this.#state = state
    this.#changes?.push({ seq: state.seq, changes: null })
    this.verified(at)
    this.#events.moved(state, { bytes: 0, kind: 'maintenance', hasRows: false })
  }

  #advance(state: NamespaceState, changes: Change[] | null): void {
    assert(state.seq === this.head + 1, 'versions follow one another')
    this.#state = state
    if (changes && changes.length > 0) this.#changes?.push({ seq: state.seq, changes })
  }

  #takeProposed(): Proposed {
    const proposed = this.#proposed
    assert(proposed, 'a commit is proposed')
    this.#proposed = undefined
    return proposed
  }

  /** @throws QuiverError CLOSED */
  checkOpen(): void {
    if (this.#closed) throw new QuiverError('CLOSED', 'The database is closed.')
  }
}

function hasRows({ transactions }: Commit): boolean {
  return transactions.some(({ ops }) => ops.some(({ op }) => op === 'rows'))
}

function reject(callers: readonly { reject(error: unknown): void }[], error: unknown): void {
  for (const caller of callers) caller.reject(error)
}

function unknownOutcome(cause: unknown): QuiverError {
  const message = 'The store did not say whether the write happened. It may still appear; read before you write again.'
  return new QuiverError('COMMIT_UNKNOWN', message, { cause })
}

function lostTrack(): never {
  throw new QuiverError(
    'CONFLICT',
    'The log was collected while the transaction ran, so what it read cannot be validated. Run it again.',
  )
}

function fits(intent: WriteIntent, sizeBytes: number, rows: number): boolean {
  return sizeBytes + intent.sizeBytes <= sharedCommitBytesMax && rows + intent.rowsMax < ridsPerCommit
}
