import { Collection } from './collection.js'
import type { Connection } from './connection.js'
import type { CallOptions, Fields, IndexOptions, LogEntry, Operation, Written } from './types.js'
import { wireRecord, wireVector } from './packing.js'

/** What `collection` makes where it is missing. */
export interface CollectionOptions extends CallOptions {
  indexes?: readonly IndexOptions[]
  fields?: readonly string[]
}

/** Collections that share one history. */
export class Namespace {
  readonly name: string
  readonly #connection: Connection
  readonly #path: string

  constructor(connection: Connection, name: string) {
    this.name = name
    this.#connection = connection
    this.#path = `/v1/namespaces/${encodeURIComponent(name)}`
  }

  /** A collection that is there; nothing is asked of the server. */
  open<T extends object = Fields>(name: string): Collection<T> {
    return new Collection<T>(this.#connection, `${this.#path}/collections/${encodeURIComponent(name)}`, name)
  }

  /** A collection, made with its indexes where they are missing. */
  async collection<T extends object = Fields>(
    name: string,
    { signal, ...declaration }: CollectionOptions = {},
  ): Promise<Collection<T>> {
    await this.#call('PUT', `/collections/${encodeURIComponent(name)}`, declaration, signal, true)
    return this.open<T>(name)
  }

  async collections({ signal }: CallOptions = {}): Promise<string[]> {
    return (await this.#call<{ collections: string[] }>('GET', '/collections', undefined, signal, true)).collections
  }

  /** Drops a collection with all its records. Needs a key with the role `admin`. */
  async dropCollection(name: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#call('DELETE', `/collections/${encodeURIComponent(name)}`, undefined, signal, false)
  }

  /** Writes that happen together or not at all. @throws QuiverClientError CONFLICT: an `expect` was not met, or somebody else was first */
  transaction(
    operations: readonly Operation[],
    { signal }: CallOptions = {},
  ): Promise<Written & { readonly results: readonly object[] }> {
    return this.#call('POST', '/transactions', { operations: operations.map(wireOperation) }, signal, false)
  }

  /** Names the newest version, which keeps it, and returns it. */
  async commit(message: string, { signal }: CallOptions = {}): Promise<string> {
    return (await this.#call<Written>('POST', '/commits', { message }, signal, false)).version
  }

  async version({ signal }: CallOptions = {}): Promise<string> {
    return (await this.#call<Written>('GET', '/version', undefined, signal, true)).version
  }

  /** Versions, newest first. */
  async log({ limit, signal }: CallOptions & { limit?: number } = {}): Promise<LogEntry[]> {
    const query = limit === undefined ? '' : `?limit=${limit}`
    return (await this.#call<{ entries: LogEntry[] }>('GET', `/log${query}`, undefined, signal, true)).entries
  }

  /** Waits until no background work is due, at most `timeoutMs` (default 30,000); false where the time was over. Needs the role `admin`. */
  async settle({ timeoutMs, signal }: CallOptions & { timeoutMs?: number } = {}): Promise<boolean> {
    const body = timeoutMs === undefined ? undefined : { timeoutMs }
    return (await this.#call<{ settled: boolean }>('POST', '/settle', body, signal, true)).settled
  }

  #call<R>(method: string, route: string, body: unknown, signal: AbortSignal | undefined, repeatable: boolean): Promise<R> {
    return this.#connection.json<R>({ method, path: this.#path + route, body, signal, repeatable })
  }
}

function wireOperation(operation: Operation): object {
  if (operation.op === 'upsert') return { ...operation, records: operation.records.map(wireRecord) }
  if (operation.op === 'update') return { ...operation, set: wireRecord(operation.set) }
  if (operation.op !== 'setVectors') return operation
  return {
    ...operation,
    items: operation.items.map(({ id, vector }) => ({ id, vector: vector === null ? null : wireVector(vector) })),
  }
}
