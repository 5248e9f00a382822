import type { Ai } from './ai.js'
import { draftBody, type RecordDraft, rowsWithVectors, wireVectors } from './drafts.js'
import { invalid, RushDBError } from './error.js'
import { idOf, recordOf, type RecordRef, recordsOf, type RushRecord } from './record.js'
import type { Requests } from './requests.js'
import type {
  ApiResponse,
  Direction,
  ImportOptions,
  MaybeArray,
  Message,
  SearchQuery,
  TransactionRef,
  Untyped,
  VectorEntry,
  VectorSearchParams,
} from './types.js'

type One<T extends object> = Promise<ApiResponse<RushRecord<T>>>
type Many<T extends object> = Promise<ApiResponse<RushRecord<T>[]>>

const deletedByIdMax = 1_000

/** Records: a label, fields, and vectors in AI indexes. The last argument of each call is a transaction to make it in. */
export class Records {
  readonly #requests: Requests
  readonly #ai: Ai
  readonly #allowForceDelete: boolean

  constructor(requests: Requests, ai: Ai, allowForceDelete: boolean) {
    this.#requests = requests
    this.#ai = ai
    this.#allowForceDelete = allowForceDelete
  }

  /** @throws RushDBError 404: no index fits one of `vectors`. 422: several do */
  async create<T extends object = Untyped>(draft: RecordDraft<T>, tx?: TransactionRef): One<T> {
    return this.#one('POST', '/records', draftBody(draft), tx)
  }

  /**
   * Flat rows at once, all or none. `vectors[i]` are those of row i. The records are answered with `options.returnResult`, up to 1,000.
   * @example
   * ```ts
   * await db.records.createMany({
   *   label: 'Doc',
   *   data: [{ title: 'Alpha' }, { title: 'Beta' }],
   *   vectors: [[{ propertyName: 'content', vector: [1, 0, 0] }], [{ propertyName: 'content', vector: [0, 1, 0] }]],
   * })
   * ```
   */
  async createMany<T extends object = Untyped>(
    {
      label,
      data,
      options,
      vectors,
    }: {
      readonly label: string
      readonly data: readonly T[]
      readonly options?: ImportOptions
      readonly vectors?: readonly (readonly VectorEntry[])[]
    },
    tx?: TransactionRef,
  ): Many<T> {
    return this.#many('/records/import/json', { label, data: rowsWithVectors(data, vectors), options }, tx)
  }

  /** Nested data: objects under a key become records of that label, related to the one they are in. */
  importJson<T extends object = Untyped>(
    params: { readonly label?: string; readonly data: unknown; readonly options?: ImportOptions },
    tx?: TransactionRef,
  ): Many<T> {
    return this.#many('/records/import/json', params, tx)
  }

  /** A text of comma-separated values with a line of names. */
  async importCsv<T extends object = Untyped>(
    params: {
      readonly label: string
      readonly data: string
      readonly options?: ImportOptions
      readonly parseConfig?: { readonly delimiter?: string; readonly [option: string]: unknown }
      readonly vectors?: readonly (readonly VectorEntry[])[]
    },
    tx?: TransactionRef,
  ): Many<T> {
    return this.#many('/records/import/csv', { ...params, vectors: wireVectors(params.vectors) }, tx)
  }

  /** Replaces all fields of a record. */
  async set<T extends object = Untyped>(
    { target, ...draft }: RecordDraft<T> & { readonly target: RecordRef },
    tx?: TransactionRef,
  ): One<T> {
    return this.#one('PUT', pathOf(target), draftBody(draft), tx, true)
  }

  /** Replaces some fields of a record. */
  async update<T extends object = Untyped>(
    { target, ...draft }: RecordDraft<Partial<T>> & { readonly target: RecordRef },
    tx?: TransactionRef,
  ): One<T> {
    return this.#one('PATCH', pathOf(target), draftBody(draft), tx, true)
  }

  /** Changes the record that has the same values in `options.mergeBy`, or creates one. */
  async upsert<T extends object = Untyped>({ options, ...draft }: RecordDraft<T>, tx?: TransactionRef): One<T> {
    return this.#one('POST', '/records', draftBody({ ...draft, options: { ...options, mergeBy: options?.mergeBy ?? [] } }), tx)
  }

  /** @param query with an `id`: among the records that are related to it */
  async find<T extends object = Untyped>(
    { id, ...query }: SearchQuery & { readonly id?: string } = {},
    tx?: TransactionRef,
  ): Many<T> {
    const { data, ...answer } = await this.#requests.ask(id === undefined ? '/records/search' : `${pathOf(id)}/search`, query, tx)
    return { ...answer, data: recordsOf<T>(data) }
  }

  /** The first that matches, or null. */
  async findOne<T extends object = Untyped>(query: SearchQuery, tx?: TransactionRef): Promise<ApiResponse<RushRecord<T> | null>> {
    const { data, ...answer } = await this.find<T>({ ...query, limit: 1, skip: 0 }, tx)
    return { ...answer, data: data[0] ?? null }
  }

  /** The only one that matches, or null. @throws RushDBError NOT_UNIQUE: several do */
  async findUniq<T extends object = Untyped>(
    query: SearchQuery,
    tx?: TransactionRef,
  ): Promise<ApiResponse<RushRecord<T> | null>> {
    const found = await this.findOne<T>(query, tx)
    if ((found.total ?? 0) > 1) throw new RushDBError('NOT_UNIQUE', `${found.total} records match, where one was looked for.`)
    return found
  }

  /** @throws RushDBError 404; of several ids those that are not there are left out */
  findById<T extends object = Untyped>(id: string, tx?: TransactionRef): One<T>
  findById<T extends object = Untyped>(ids: readonly string[], tx?: TransactionRef): Many<T>
  findById<T extends object>(ids: MaybeArray<string>, tx?: TransactionRef): One<T> | Many<T> {
    return typeof ids === 'string'
      ? this.#one('GET', pathOf(ids), undefined, tx, true)
      : this.#many('/records', { ids }, tx, true)
  }

  /** Deletes all that match; what it matches is needed. @throws RushDBError INVALID_ARGUMENT: it is empty, which would delete everything */
  async delete(query: Pick<SearchQuery, 'labels' | 'where'>, tx?: TransactionRef): Promise<ApiResponse<Message>> {
    const { labels = [], where } = query
    const bounded = where === undefined ? labels.length > 0 : Object.keys(where).length > 0
    if (!bounded && !this.#allowForceDelete) throw invalid('Say which records to delete: an empty `where` is all of them.')
    return this.#requests.send('POST', '/records/delete', { body: query, tx })
  }

  deleteById(ids: MaybeArray<string>, tx?: TransactionRef): Promise<ApiResponse<Message>> {
    if (typeof ids === 'string') return this.#requests.send('DELETE', pathOf(ids), { tx, repeatable: true })
    return this.#requests.send('POST', '/records/delete', {
      body: { limit: deletedByIdMax, where: { $id: { $in: ids } } },
      tx,
      repeatable: true,
    })
  }

  /** Relates a record to others. @param options.type default: `RUSHDB_DEFAULT_RELATION` @param options.direction default: out */
  attach(
    {
      source,
      target,
      options,
    }: {
      readonly source: RecordRef
      readonly target: MaybeArray<RecordRef>
      readonly options?: {
        readonly type?: string
        readonly direction?: Direction
        readonly properties?: { readonly [name: string]: unknown }
      }
    },
    tx?: TransactionRef,
  ): Promise<ApiResponse<Message>> {
    const body = { targetIds: idsOf(target), ...options }
    return this.#requests.send('POST', `/relationships/${encodeURIComponent(idOf(source))}`, { body, tx, repeatable: true })
  }

  /** Takes relationships away: those of the types, or all. */
  detach(
    {
      source,
      target,
      options,
    }: {
      readonly source: RecordRef
      readonly target: MaybeArray<RecordRef>
      readonly options?: { readonly typeOrTypes?: MaybeArray<string>; readonly direction?: Direction }
    },
    tx?: TransactionRef,
  ): Promise<ApiResponse<Message>> {
    const body = { targetIds: idsOf(target), ...options }
    return this.#requests.send('PUT', `/relationships/${encodeURIComponent(idOf(source))}`, { body, tx, repeatable: true })
  }

  /** As comma-separated values. */
  export(query: SearchQuery = {}, tx?: TransactionRef): Promise<ApiResponse<{ fileContent: string; dateTime: string }>> {
    return this.#requests.ask('/records/export/csv', query, tx)
  }

  /** The same as `db.ai.search`. */
  vectorSearch<T extends object = Untyped>(params: VectorSearchParams, tx?: TransactionRef): Many<T> {
    return this.#ai.search<T>(params, tx)
  }

  async #one<T extends object>(method: string, path: string, body: unknown, tx?: TransactionRef, repeatable = false): One<T> {
    const { data, ...answer } = await this.#requests.send<object>(method, path, { body, tx, repeatable })
    return { ...answer, data: recordOf<T>(data) }
  }

  async #many<T extends object>(path: string, body: unknown, tx?: TransactionRef, repeatable = false): Many<T> {
    const { data, ...answer } = await this.#requests.send('POST', path, { body, tx, repeatable })
    return { ...answer, data: recordsOf<T>(data) }
  }
}

function pathOf(record: RecordRef): string {
  return `/records/${encodeURIComponent(idOf(record))}`
}

function idsOf(target: MaybeArray<RecordRef>): string[] {
  return (Array.isArray(target) ? (target as RecordRef[]) : [target as RecordRef]).map(idOf)
}
