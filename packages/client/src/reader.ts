import type { Connection } from './connection.js'
import { QuiverClientError } from './error.js'
import { linesOf } from './lines.js'
import { wireVector } from './packing.js'
import type {
  CallOptions,
  EvaluateOptions,
  Evaluation,
  Fields,
  Filter,
  ListQuery,
  Page,
  ReadOptions,
  SearchQuery,
  SearchResult,
  Stored,
  ValueCount,
} from './types.js'

/** A collection for reading: as it is, or as it was at a version. */
export class CollectionReader<T extends object = Fields> {
  protected readonly connection: Connection
  protected readonly path: string
  readonly #at: string | undefined

  constructor(connection: Connection, path: string, at?: string) {
    this.connection = connection
    this.path = path
    this.#at = at
  }

  /** The record, or null. */
  async get(id: string, { signal, fields, vectors }: ReadOptions = {}): Promise<Stored<T> | null> {
    const [record] = await this.getMany([id], { signal, fields, vectors })
    return record ?? null
  }

  /** The records in the order of the ids, null where there is none. */
  async getMany(ids: readonly string[], { signal, ...options }: ReadOptions = {}): Promise<(Stored<T> | null)[]> {
    const { records } = await this.#ask<{ records: (Stored<T> | null)[] }>('/records/get', { ids, ...options }, signal)
    return records
  }

  list({ signal, ...query }: ListQuery = {}): Promise<Page<T>> {
    return this.#ask('/records/list', query, signal)
  }

  async count({ signal, ...query }: { where?: Filter } & CallOptions = {}): Promise<number> {
    return (await this.#ask<{ count: number }>('/records/count', query, signal)).count
  }

  async distinct(
    field: string,
    { signal, ...query }: { where?: Filter; limit?: number } & CallOptions = {},
  ): Promise<ValueCount[]> {
    return (await this.#ask<{ values: ValueCount[] }>('/records/distinct', { field, ...query }, signal)).values
  }

  async facets({
    signal,
    ...query
  }: { fields: readonly string[]; where?: Filter; limit?: number } & CallOptions): Promise<{ [field: string]: ValueCount[] }> {
    return (await this.#ask<{ facets: { [field: string]: ValueCount[] } }>('/records/facets', query, signal)).facets
  }

  search({ signal, ...query }: SearchQuery): Promise<SearchResult<T>> {
    return this.#ask('/search', wireQuery(query), signal)
  }

  /** Several searches, at most 100, in one request. */
  async searchMany(queries: readonly SearchQuery[], { signal }: CallOptions = {}): Promise<SearchResult<T>[]> {
    const sent = queries.map(({ signal: _, ...query }) => wireQuery(query))
    return (await this.#ask<{ results: SearchResult<T>[] }>('/search/batch', { queries: sent }, signal)).results
  }

  evaluate({ signal, vectors, ...options }: EvaluateOptions = {}): Promise<Evaluation> {
    return this.#ask('/evaluate', { ...options, ...(vectors && { vectors: vectors.map(wireVector) }) }, signal)
  }

  /**
   * All records of one version, as they come. Stop reading and the server stops too.
   * @example
   * ```ts
   * for await (const record of papers.export({ where: { year: 1958 } })) console.log(record.id)
   * ```
   */
  async *export({ signal, fields, vectors, where }: ReadOptions & { where?: Filter } = {}): AsyncGenerator<
    Stored<T>,
    void,
    undefined
  > {
    const query = new URLSearchParams({
      ...(this.#at !== undefined && { at: this.#at }),
      ...(fields && { fields: fields.join(',') }),
      ...(vectors && { vectors: 'true' }),
      ...(where && { where: JSON.stringify(where) }),
    })
    const call = { method: 'GET', path: `${this.path}/export?${query.toString()}`, signal, repeatable: false }
    const answer = await this.connection.send(call, undefined, '')
    try {
      for await (const line of linesOf(answer.body!)) yield JSON.parse(line) as Stored<T>
    } catch (cause) {
      throw new QuiverClientError(signal?.aborted ? 'ABORTED' : 'UNREACHABLE', 'The export ended before it was whole.', { cause })
    }
  }

  #ask<R>(route: string, body: object, signal: AbortSignal | undefined): Promise<R> {
    const at = this.#at === undefined ? '' : `?at=${encodeURIComponent(this.#at)}`
    return this.connection.json<R>({ method: 'POST', path: `${this.path}${route}${at}`, body, signal, repeatable: true })
  }
}

function wireQuery({ vector, ...query }: SearchQuery): object {
  return { ...query, ...(vector !== undefined && { vector: wireVector(vector) }) }
}
