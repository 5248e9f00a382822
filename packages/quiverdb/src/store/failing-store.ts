import { QuiverError } from '../errors.js'
import type { ByteRange, ObjectStore, StoreCapabilities, SynchronousReads } from './object-store.js'

export type StoreVerb = 'putNew' | 'put' | 'get' | 'list' | 'delete'

/** One request as a {@link FaultPlan} sees it. */
export interface StoreRequest {
  readonly verb: StoreVerb
  /** The key, the prefix of a list, or the first key of a delete. */
  readonly key: string
  /** Counts all requests of the store, from 1. */
  readonly number: number
  /** Counts `putNew` and `put` alone, from 1; 0 for the others. */
  readonly writeNumber: number
}

/**
 * What goes wrong with one request.
 *
 * - `before`: refused, nothing happened (STORAGE_FAILED).
 * - `full`: no space, nothing happened (STORAGE_FULL).
 * - `lost`: it never arrived, and the caller cannot know (COMMIT_UNKNOWN; other verbs than putNew: STORAGE_FAILED).
 * - `after`: it happened, but its answer was lost (the same errors).
 * - `late`: as `lost`, but the write lands behind `requests` further requests, or at {@link FailingStore.land}. Reads: as `lost`.
 * - `repeated`: a link in between sent it twice and passed on the second answer, so putNew reports its own write as `exists`.
 * - `delay`: it waits `delayMs` before it starts.
 */
export type StoreFault =
  | { readonly kind: 'before' | 'full' | 'lost' | 'after' | 'repeated' }
  | { readonly kind: 'late'; readonly requests: number }
  | { readonly kind: 'delay'; readonly delayMs: number }

/** Decides the fault of each request; undefined lets it pass. */
export type FaultPlan = (request: StoreRequest) => StoreFault | undefined

interface LateWrite {
  readonly dueAt: number
  readonly write: () => Promise<unknown>
}

/**
 * A store that fails as its plan says, to test what is built upon one. Synchronous reads pass untouched.
 *
 * @example
 * ```ts
 * const store = new FailingStore(new MemoryStore(), ({ verb, number }) => (verb === 'putNew' && number === 3 ? { kind: 'after' } : undefined))
 * ```
 */
export class FailingStore implements ObjectStore {
  readonly name: string
  readonly capabilities: StoreCapabilities
  readonly sync?: SynchronousReads
  readonly #inner: ObjectStore
  readonly #plan: FaultPlan
  readonly #lateWrites: LateWrite[] = []
  #requests = 0
  #writes = 0

  constructor(inner: ObjectStore, plan: FaultPlan) {
    this.#inner = inner
    this.#plan = plan
    this.name = inner.name
    this.capabilities = inner.capabilities
    this.sync = inner.sync
  }

  putNew(key: string, body: Uint8Array): Promise<'created' | 'exists'> {
    const kept = body.slice()
    return this.#request('putNew', key, () => this.#inner.putNew(key, kept))
  }

  put(key: string, body: Uint8Array | readonly Uint8Array[]): Promise<void> {
    const kept = body instanceof Uint8Array ? body.slice() : body.map((chunk) => chunk.slice())
    return this.#request('put', key, () => this.#inner.put(key, kept))
  }

  get(key: string, range?: ByteRange): Promise<Uint8Array | null> {
    return this.#request('get', key, () => this.#inner.get(key, range))
  }

  async *list(prefix: string, options?: { after?: string; limit?: number }): AsyncIterable<string> {
    yield* await this.#request('list', prefix, async () => this.#inner.list(prefix, options))
  }

  delete(keys: readonly string[]): Promise<void> {
    const kept = [...keys]
    return this.#request('delete', kept[0] ?? '', () => this.#inner.delete(kept))
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  /** Lets every late write arrive now, in the order in which they were sent. */
  async land(): Promise<void> {
    await this.#landDue(Infinity)
  }

  async #request<T>(verb: StoreVerb, key: string, run: () => Promise<T>): Promise<T> {
    const isWrite = verb === 'putNew' || verb === 'put'
    const request = { verb, key, number: ++this.#requests, writeNumber: isWrite ? ++this.#writes : 0 }
    await this.#landDue(request.number)
    const fault = this.#plan(request)
    if (!fault) return run()
    switch (fault.kind) {
      case 'delay':
        await new Promise((resolve) => setTimeout(resolve, fault.delayMs))
        return run()
      case 'repeated':
        await run()
        return run()
      case 'after':
        await run()
        throw injected(fault.kind, request)
      case 'late':
        if (isWrite) this.#lateWrites.push({ dueAt: request.number + fault.requests, write: run })
        throw injected(fault.kind, request)
      default:
        throw injected(fault.kind, request)
    }
  }

  async #landDue(requestNumber: number): Promise<void> {
    const due = this.#lateWrites.filter(({ dueAt }) => dueAt < requestNumber)
    const rest = this.#lateWrites.filter(({ dueAt }) => dueAt >= requestNumber)
    this.#lateWrites.splice(0, Infinity, ...rest)
    for (const { write } of due) await write()
  }
}

/** No space from the `first`-th write on, for as long as `isFull` says so. */
export function fullFrom(first: number, isFull: () => boolean = () => true): FaultPlan {
  return ({ writeNumber }) => (writeNumber >= first && isFull() ? { kind: 'full' } : undefined)
}

/** Gives each request number its fault. */
export function scriptedFaults(script: Readonly<Record<number, StoreFault>>): FaultPlan {
  return ({ number }) => script[number]
}

/**
 * Random faults that are the same for the same seed. `probability` (0 to 1) is that of any fault per request; `kinds` are drawn
 * evenly. Late writes land within ten requests.
 */
export function seededFaults(
  seed: number,
  probability: number,
  kinds: readonly Exclude<StoreFault['kind'], 'delay'>[],
): FaultPlan {
  const random = mulberry32(seed)
  return () => {
    const hit = random() < probability
    const kind = kinds[Math.floor(random() * kinds.length)]
    const requests = 1 + Math.floor(random() * 10)
    if (!hit || !kind) return undefined
    return kind === 'late' ? { kind, requests } : { kind }
  }
}

function injected(kind: StoreFault['kind'], { verb, key, number }: StoreRequest): QuiverError {
  const unknown = verb === 'putNew' && (kind === 'lost' || kind === 'after' || kind === 'late')
  const code = kind === 'full' ? 'STORAGE_FULL' : unknown ? 'COMMIT_UNKNOWN' : 'STORAGE_FAILED'
  return new QuiverError(code, `Injected fault "${kind}" at request ${number}: ${verb} ${key}.`, {
    details: { kind, verb, key, number },
  })
}

/** A small seeded generator of numbers in [0, 1): Mulberry32 by Tommy Ettinger, in the public domain. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
