import { QuiverError } from '../errors.js'
import { BranchKeys, invertedSequence, logSequence } from '../history/keys.js'
import { commitConversation, refreshConversation } from '../history/protocol.js'
import type { CommitOutcome, LogMachine, Proposal, StoreConversation, StoreReply, StoreRequest } from '../history/protocol.js'

const keys = new BranchKeys('simulated')
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const decode = <T>(bytes: Uint8Array): T => JSON.parse(new TextDecoder().decode(bytes)) as T

/** Steps of the simulated clock for which a version is kept. */
export const retentionSteps = 60

/** A log whose commits are the names of writes, and whose versions are the lists of all names so far. */
interface Entry {
  readonly uuid: string
  readonly writes: readonly string[]
}

/** Objects, a clock, requests on their way, and what is true of the log: the first commit that was made under each number. */
export class SimulatedStore {
  readonly objects = new Map<string, Uint8Array>()
  readonly log: Entry[] = []
  readonly madeAt: number[] = []
  readonly late: StoreRequest[] = []
  clock = 0

  /** The newest version that was published as collected. */
  get boundary(): number {
    return this.first(keys.boundaryPrefix)
  }

  first(prefix: string): number {
    const [newest] = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort()
    return newest === undefined ? 0 : invertedSequence(newest)
  }

  carryOut(request: StoreRequest): StoreReply {
    switch (request.verb) {
      case 'get':
        return { kind: 'bytes', bytes: this.objects.get(request.key) ?? null }
      case 'first':
        return { kind: 'key', key: [...this.objects.keys()].filter((key) => key.startsWith(request.prefix)).sort()[0] }
      case 'delete':
        this.objects.delete(request.key)
        return { kind: 'done' }
      case 'putNew': {
        if (this.objects.has(request.key)) return { kind: 'exists' }
        this.objects.set(request.key, request.body)
        if (request.key.startsWith(keys.logPrefix)) this.#note(logSequence(request.key), request.body)
        return { kind: 'created' }
      }
    }
  }

  #note(seq: number, body: Uint8Array): void {
    // A number that is free because the log was collected holds a stray, which nobody must take for a commit.
    if (seq <= this.boundary) return
    if (seq !== this.log.length + 1) throw new Error(`commit ${seq} was made when the log had ${this.log.length}`)
    this.log.push(decode<Entry>(body))
    this.madeAt.push(this.clock)
  }
}

/** One writer: its version, its waiting writes and their fates. */
export class SimulatedWriter implements LogMachine {
  readonly keys = keys
  readonly acknowledged: string[] = []
  readonly unknown: string[] = []
  readonly failed: string[] = []
  readonly store: SimulatedStore
  writes: string[] = []
  head = 0
  #waiting: string[] = []
  #proposed: { seq: number; entry: Entry; body: Uint8Array } | undefined
  #withdrawn = 0
  #verifiedAt = 0
  #proposals = 0
  readonly #name: string

  constructor(store: SimulatedStore, name: string) {
    this.store = store
    this.#name = name
  }

  get stale(): boolean {
    return this.store.clock - this.#verifiedAt > retentionSteps / 2
  }

  now(): number {
    return this.store.clock
  }

  verified(at: number): void {
    this.#verifiedAt = at
  }

  propose(seq: number): Proposal | null {
    if (this.#proposed) throw new Error('two proposals at a time')
    const writes = this.#waiting.splice(0, 2)
    if (writes.length === 0) return null
    const entry = { uuid: `${this.#name}.${++this.#proposals}`, writes }
    this.#proposed = { seq, entry, body: encode(entry) }
    return this.#proposed
  }

  accept(): void {
    const { seq, entry } = this.#proposed!
    if (this.store.log[seq - 1]?.uuid !== entry.uuid) throw new Error(`${this.#name} acknowledged ${seq}, which is not its own`)
    this.acknowledged.push(...entry.writes)
    this.#proposed = undefined
    this.#advance(seq, entry)
  }

  withdraw(): void {
    const { writes } = this.#proposed!.entry
    this.#withdrawn = writes.length
    this.#waiting.unshift(...writes)
    this.#proposed = undefined
  }

  absorb(bytes: Uint8Array, key: string): void {
    this.#advance(logSequence(key), decode<Entry>(bytes))
  }

  isOwn(bytes: Uint8Array): boolean {
    return decode<Entry>(bytes).uuid === this.#proposed!.entry.uuid
  }

  /** One turn of a writer's life: a commit, or only a look at what others did. */
  *turn(write: string | undefined): StoreConversation<void> {
    if (write === undefined) {
      if (!(yield* refreshConversation(this))) yield* this.#reload()
      return
    }
    this.#waiting.push(write)
    const outcome: CommitOutcome = yield* commitConversation(this)
    if (outcome.kind === 'unknown' || outcome.kind === 'fenced') this.unknown.push(...this.#waiting.splice(0, this.#withdrawn))
    if (outcome.kind === 'behind' || outcome.kind === 'fenced') yield* this.#reload()
  }

  /** The turn ended with an error of the store. */
  fail(): void {
    if (!this.#proposed) return
    this.failed.push(...this.#proposed.entry.writes)
    this.#proposed = undefined
  }

  #advance(seq: number, entry: Entry): void {
    if (seq !== this.head + 1 || this.store.log[seq - 1]?.uuid !== entry.uuid)
      throw new Error(`${this.#name} took in a stray ${seq}`)
    this.head = seq
    this.writes = [...this.writes, ...entry.writes]
  }

  *#reload(): StoreConversation<void> {
    for (;;) {
      const at = this.now()
      const newest = yield { verb: 'first', prefix: keys.snapshotPrefix }
      const key = newest.kind === 'key' ? newest.key : undefined
      const reply: StoreReply = key === undefined ? { kind: 'bytes', bytes: null } : yield { verb: 'get', key }
      const snapshot = reply.kind === 'bytes' ? reply.bytes : null
      let head = snapshot ? invertedSequence(key!) : 0
      const writes = snapshot ? decode<string[]>(snapshot) : []
      for (; ; head++) {
        const commit = yield { verb: 'get', key: keys.log(head + 1) }
        if (commit.kind !== 'bytes' || !commit.bytes) break
        writes.push(...decode<Entry>(commit.bytes).writes)
      }
      const boundary = yield { verb: 'first', prefix: keys.boundaryPrefix }
      if (boundary.kind === 'key' && boundary.key !== undefined && invertedSequence(boundary.key) > head) continue
      this.head = head
      this.writes = writes
      return this.verified(at)
    }
  }
}

/** Takes away versions that are old enough: snapshot, boundary, and only then commits, each a request of its own. */
export function* collecting(store: SimulatedStore): StoreConversation<void> {
  const previous = store.boundary
  let boundary = previous
  while (boundary < store.log.length && store.madeAt[boundary]! <= store.clock - retentionSteps) boundary++
  if (boundary === previous) return
  const writes = store.log.slice(0, boundary).flatMap((entry) => entry.writes)
  const snapshot = yield { verb: 'putNew', key: keys.snapshot(boundary), body: encode(writes) }
  if (snapshot.kind === 'unknown') return
  const published = yield { verb: 'putNew', key: keys.boundary(boundary), body: new Uint8Array(0) }
  if (published.kind === 'unknown') return
  for (let seq = previous; seq <= boundary; seq++) {
    yield { verb: 'delete', key: keys.log(seq) }
    if (seq < boundary) yield { verb: 'delete', key: keys.snapshot(seq) }
  }
}

export type SimulatedFault = 'none' | 'before' | 'lost' | 'after' | 'late' | 'repeated'

/** Answers one request of a conversation as a store with that fault would. Returns true when the conversation is over. */
export function answer(
  store: SimulatedStore,
  conversation: StoreConversation<void>,
  request: StoreRequest,
  fault: SimulatedFault,
): IteratorResult<StoreRequest, void> {
  const refused = new QuiverError('STORAGE_FAILED', `injected: ${fault}`)
  const isCommit = request.verb === 'putNew'
  if (fault === 'none') return conversation.next(store.carryOut(request))
  if (fault === 'repeated') {
    store.carryOut(request)
    return conversation.next(store.carryOut(request))
  }
  if (fault === 'after') store.carryOut(request)
  if (fault === 'late' && isCommit) store.late.push(request)
  if (isCommit && fault !== 'before') return conversation.next({ kind: 'unknown', cause: refused })
  return conversation.throw(refused)
}
