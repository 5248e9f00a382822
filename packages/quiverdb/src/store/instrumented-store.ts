import { byteLengthOf } from './bytes.js'
import type { ByteRange, ObjectStore, StoreCapabilities, SynchronousReads } from './object-store.js'

/** Synchronous reads are counted apart: they cost a thousandth. */
export type CountedVerb = 'putNew' | 'put' | 'get' | 'list' | 'delete' | 'syncExists' | 'syncGet' | 'syncReadInto'

export interface VerbCount {
  /** Requests begun. */
  requests: number
  /** Of those, the ones that ended in an error. */
  failures: number
  /** Body bytes sent or received by requests that succeeded, `exists` included; 0 for `list`, `delete` and `syncExists`. */
  bytes: number
}

const verbs: readonly CountedVerb[] = ['putNew', 'put', 'get', 'list', 'delete', 'syncExists', 'syncGet', 'syncReadInto']

/** Counts what is asked of a store, for budgets in tests, benchmarks and status pages. */
export class InstrumentedStore implements ObjectStore {
  readonly name: string
  readonly capabilities: StoreCapabilities
  readonly sync?: SynchronousReads
  readonly #inner: ObjectStore
  #counts = emptyCounts()

  constructor(inner: ObjectStore) {
    this.#inner = inner
    this.name = inner.name
    this.capabilities = inner.capabilities
    if (inner.sync) this.sync = this.#counted(inner.sync)
  }

  /** A copy of the counts since the store was made or {@link InstrumentedStore.reset} was called. */
  counts(): Readonly<Record<CountedVerb, Readonly<VerbCount>>> {
    return structuredClone(this.#counts)
  }

  reset(): void {
    this.#counts = emptyCounts()
  }

  putNew(key: string, body: Uint8Array): Promise<'created' | 'exists'> {
    return this.#count(
      'putNew',
      () => this.#inner.putNew(key, body),
      () => body.byteLength,
    )
  }

  put(key: string, body: Uint8Array | readonly Uint8Array[]): Promise<void> {
    return this.#count(
      'put',
      () => this.#inner.put(key, body),
      () => byteLengthOf(body),
    )
  }

  get(key: string, range?: ByteRange): Promise<Uint8Array | null> {
    return this.#count(
      'get',
      () => this.#inner.get(key, range),
      (content) => content?.byteLength ?? 0,
    )
  }

  async *list(prefix: string, options?: { after?: string; limit?: number }): AsyncIterable<string> {
    const count = this.#counts.list
    count.requests++
    try {
      yield* this.#inner.list(prefix, options)
    } catch (error) {
      count.failures++
      throw error
    }
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#count(
      'delete',
      () => this.#inner.delete(keys),
      () => 0,
    )
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async #count<T>(verb: CountedVerb, run: () => Promise<T>, bytesOf: (result: T) => number): Promise<T> {
    const count = this.#counts[verb]
    count.requests++
    try {
      const result = await run()
      count.bytes += bytesOf(result)
      return result
    } catch (error) {
      count.failures++
      throw error
    }
  }

  #countSync<T>(verb: CountedVerb, run: () => T, bytesOf: (result: T) => number): T {
    const count = this.#counts[verb]
    count.requests++
    try {
      const result = run()
      count.bytes += bytesOf(result)
      return result
    } catch (error) {
      count.failures++
      throw error
    }
  }

  #counted(sync: SynchronousReads): SynchronousReads {
    return Object.freeze({
      exists: (key: string) =>
        this.#countSync(
          'syncExists',
          () => sync.exists(key),
          () => 0,
        ),
      get: (key: string, range?: ByteRange) =>
        this.#countSync(
          'syncGet',
          () => sync.get(key, range),
          (content) => content?.byteLength ?? 0,
        ),
      readInto: (key: string, start: number, target: Uint8Array) =>
        this.#countSync(
          'syncReadInto',
          () => sync.readInto(key, start, target),
          (count) => Math.max(count, 0),
        ),
    })
  }
}

function emptyCounts(): Record<CountedVerb, VerbCount> {
  return Object.fromEntries(verbs.map((verb) => [verb, { requests: 0, failures: 0, bytes: 0 }])) as Record<CountedVerb, VerbCount>
}
