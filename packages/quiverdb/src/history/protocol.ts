import { QuiverError } from '../errors.js'
import type { ObjectStore } from '../store/object-store.js'
import { invertedSequence, type BranchKeys } from './keys.js'

/**
 * The commit protocol as generators of store requests (`docs/decisions/0003-commit-protocol.md`). What they ask for is carried out by a driver:
 * asynchronous, synchronous, or a simulator that delays, repeats and loses what real stores delay, repeat and lose.
 */
export type StoreRequest =
  | { readonly verb: 'putNew'; readonly key: string; readonly body: Uint8Array }
  | { readonly verb: 'get'; readonly key: string }
  | { readonly verb: 'first'; readonly prefix: string; readonly after?: string }
  | { readonly verb: 'delete'; readonly key: string }

export type StoreReply =
  | { readonly kind: 'created' }
  | { readonly kind: 'exists' }
  /** The write may have happened, now or later. */
  | { readonly kind: 'unknown'; readonly cause: unknown }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array | null }
  | { readonly kind: 'key'; readonly key: string | undefined }
  | { readonly kind: 'done' }

export type StoreConversation<R> = Generator<StoreRequest, R, StoreReply>

/** What a log is to the protocol: something with a head that can propose the next commit and take in those of others. */
export interface LogMachine {
  readonly keys: BranchKeys
  /** Sequence number of the newest commit taken in. */
  readonly head: number
  /** True when it is so long ago that the head was known to be the newest commit that a commit behind it may have been collected since. */
  readonly stale: boolean
  /** Encodes what is waiting as the commit behind the head; null when validation left nothing to commit. */
  propose(seq: number): Proposal | null
  /** The proposal is in the log. */
  accept(): void
  /** The proposal is not in the log and never will be under its number. */
  withdraw(): void
  /** Takes in the commit behind the head that another writer made. */
  absorb(bytes: Uint8Array, key: string): void
  /** Milliseconds by a clock that only goes forward. */
  now(): number
  /** The head was the newest commit there was, at a time by {@link now}. */
  verified(at: number): void
  isOwn(bytes: Uint8Array, key: string): boolean
}

export interface Proposal {
  readonly body: Uint8Array
}

export type CommitOutcome =
  | { readonly kind: 'committed' | 'nothing' | 'behind' }
  /** The log was collected under the writer. Whether its commit was made before that cannot be told; the state must be loaded anew. */
  | { readonly kind: 'fenced' }
  | { readonly kind: 'unknown'; readonly cause: unknown }

/** Repeats of a write whose answer was lost, before the caller is told that its fate is unknown. */
const repeatsMax = 6

/** Makes one commit of what the machine proposes, rebasing it as often as other writers come first. */
export function* commitConversation(machine: LogMachine): StoreConversation<CommitOutcome> {
  for (;;) {
    if (machine.stale && !(yield* refreshConversation(machine))) return { kind: 'behind' }
    const seq = machine.head + 1
    const proposal = machine.propose(seq)
    if (!proposal) return { kind: 'nothing' }
    const fate = yield* put(machine, seq, proposal.body)
    if (fate.kind === 'created') {
      machine.accept()
      return { kind: 'committed' }
    }
    machine.withdraw()
    if (fate.kind !== 'taken') return fate
    machine.absorb(fate.bytes, machine.keys.log(seq))
    if (!(yield* refreshConversation(machine))) return { kind: 'behind' }
  }
}

type Fate =
  | { readonly kind: 'created' }
  /** Another writer has the number. */
  | { readonly kind: 'taken'; readonly bytes: Uint8Array }
  | { readonly kind: 'fenced' }
  | { readonly kind: 'unknown'; readonly cause: unknown }

/** Puts a proposal and finds out what became of it. From the first request that may have created it on, a store that fails leaves that unknown. */
function* put(machine: LogMachine, seq: number, body: Uint8Array): StoreConversation<Fate> {
  const key = machine.keys.log(seq)
  const first = yield { verb: 'putNew', key, body }
  const reply = yield* failing(putUntilAnswered(key, body, first))
  if (reply.kind === 'unknown') return reply
  if (reply.kind === 'exists') {
    const found = yield* failing(getBytes(key))
    if (found === null) return { kind: 'fenced' }
    if (!(found instanceof Uint8Array)) return found
    if (!machine.isOwn(found, key))
      return (yield* isCollected(machine, seq)) ? { kind: 'fenced' } : { kind: 'taken', bytes: found }
  }
  return (yield* failing(fenced(machine, seq))) || { kind: 'created' }
}

/** "Not there" proves nothing after a lost answer, since the write may still arrive: only the same request again settles it. */
function* putUntilAnswered(key: string, body: Uint8Array, first: StoreReply): StoreConversation<StoreReply> {
  let reply = first
  for (let repeat = 0; reply.kind === 'unknown' && repeat < repeatsMax; repeat++) reply = yield { verb: 'putNew', key, body }
  return reply
}

/** The log may have been collected under us, so that a number which others used long ago was free again (specification of the collector, rule 6). */
function* fenced(machine: LogMachine, seq: number): StoreConversation<Fate | undefined> {
  if (!(yield* isCollected(machine, seq))) return undefined
  yield { verb: 'delete', key: machine.keys.log(seq) }
  return { kind: 'fenced' }
}

function* isCollected(machine: LogMachine, seq: number): StoreConversation<boolean> {
  return machine.stale && (yield* boundary(machine)) >= seq
}

/** A failure of the store becomes an answer. */
function* failing<R>(conversation: StoreConversation<R>): StoreConversation<R | { kind: 'unknown'; cause: unknown }> {
  try {
    return yield* conversation
  } catch (cause) {
    return { kind: 'unknown', cause }
  }
}

/** Takes in every commit behind the head. Returns how many. */
export function* catchUpConversation(machine: LogMachine): StoreConversation<number> {
  for (let count = 0; ; count++) {
    const key = machine.keys.log(machine.head + 1)
    const bytes = yield* getBytes(key)
    if (!bytes) return count
    machine.absorb(bytes, key)
  }
}

/** Commits that are read before the boundary is looked at, which vouches for them. */
const takenTogether = 64

/**
 * Takes in what others did. False when the collector's boundary has passed the head, which then must be loaded anew.
 *
 * The order matters. Commits are read first, the boundary afterwards, and only then are they taken in: what was there, or was not, before a
 * boundary at or below the head was read is so because of what writers did, not because the log was collected.
 */
export function* refreshConversation(machine: LogMachine): StoreConversation<boolean> {
  for (;;) {
    const at = machine.now()
    const found: { bytes: Uint8Array; key: string }[] = []
    let isEnd = false
    while (!isEnd && found.length < takenTogether) {
      const key = machine.keys.log(machine.head + 1 + found.length)
      const bytes = yield* getBytes(key)
      if (bytes) found.push({ bytes, key })
      else isEnd = true
    }
    const mustVerify = machine.stale
    if (mustVerify && (yield* boundary(machine)) > machine.head) return false
    for (const { bytes, key } of found) machine.absorb(bytes, key)
    if (!isEnd) continue
    if (mustVerify) machine.verified(at)
    return true
  }
}

function* boundary(machine: LogMachine): StoreConversation<number> {
  const reply = yield { verb: 'first', prefix: machine.keys.boundaryPrefix }
  return reply.kind === 'key' && reply.key !== undefined ? invertedSequence(reply.key) : -1
}

function* getBytes(key: string): StoreConversation<Uint8Array | null> {
  const reply = yield { verb: 'get', key }
  if (reply.kind !== 'bytes') throw new QuiverError('INTERNAL', `a get was answered with ${reply.kind}`)
  return reply.bytes
}

/** Carries a conversation out against a store. Errors of the store other than an unknown outcome end it, after its own clean-up. */
export async function converse<R>(store: ObjectStore, conversation: StoreConversation<R>): Promise<R> {
  let step = conversation.next()
  while (!step.done) {
    let reply: StoreReply
    try {
      reply = await answer(store, step.value)
    } catch (error) {
      step = conversation.throw(error)
      continue
    }
    step = conversation.next(reply)
  }
  return step.value
}

/** The same at once, for a store with a synchronous face and a conversation that only reads. */
export function converseSync<R>(store: ObjectStore, conversation: StoreConversation<R>): R {
  let step = conversation.next()
  while (!step.done) {
    const request = step.value
    if (!store.sync || request.verb !== 'get') throw new QuiverError('INTERNAL', `${request.verb} has no synchronous answer`)
    step = conversation.next({ kind: 'bytes', bytes: store.sync.get(request.key) })
  }
  return step.value
}

async function answer(store: ObjectStore, request: StoreRequest): Promise<StoreReply> {
  switch (request.verb) {
    case 'putNew':
      try {
        return { kind: await store.putNew(request.key, request.body) }
      } catch (error) {
        if (error instanceof QuiverError && error.code === 'COMMIT_UNKNOWN') return { kind: 'unknown', cause: error }
        throw error
      }
    case 'get':
      return { kind: 'bytes', bytes: await store.get(request.key) }
    case 'first':
      for await (const key of store.list(request.prefix, { limit: 1, after: request.after })) return { kind: 'key', key }
      return { kind: 'key', key: undefined }
    case 'delete':
      await store.delete([request.key])
      return { kind: 'done' }
  }
}
