import type { Call, Connection } from './connection.js'
import { QuiverClientError } from './error.js'
import { linesOf } from './lines.js'
import { wireRecord, wireVector } from './packing.js'
import { CollectionReader } from './reader.js'
import type {
  CallOptions,
  CollectionInfo,
  Fields,
  FieldStatus,
  Filter,
  ImportProgress,
  IndexOptions,
  IndexStatus,
  RecordInput,
  Vector,
  Written,
} from './types.js'

/** A collection of a server. It is not asked for anything until a method is called. */
export class Collection<T extends object = Fields> extends CollectionReader<T> {
  readonly name: string

  constructor(connection: Connection, path: string, name: string) {
    super(connection, path)
    this.name = name
  }

  /** The collection as it was at a version. */
  at(version: string): CollectionReader<T> {
    return new CollectionReader<T>(this.connection, this.path, version)
  }

  /** Records, indexes and fields. */
  info(options: CallOptions = {}): Promise<CollectionInfo> {
    return this.#call('GET', '', undefined, options, true)
  }

  /** Writes whole records, all or none. It is repeated after a broken connection where every record has an id. */
  upsert(records: readonly RecordInput<T>[], options: CallOptions = {}): Promise<Written & { readonly ids: string[] }> {
    const repeatable = records.every(({ id }) => id !== undefined)
    return this.#call('POST', '/records', { records: records.map(wireRecord) }, options, repeatable)
  }

  /** Replaces fields of records, all or none. */
  update(
    patches: readonly (Partial<RecordInput<T>> & { id: string })[],
    options: CallOptions = {},
  ): Promise<Written & { readonly updated: number }> {
    return this.#call('POST', '/records/update', { records: patches.map(wireRecord) }, options, true)
  }

  /** The same for all that match. It is not repeated: what it did may have changed what matches. */
  updateWhere(
    where: Filter,
    set: Partial<RecordInput<T>>,
    options: CallOptions = {},
  ): Promise<Written & { readonly updated: number }> {
    return this.#call('POST', '/records/update', { where, set: wireRecord(set) }, options, false)
  }

  /** Removes records; the count is not repeatable, so neither is the call. */
  delete(ids: readonly string[], options: CallOptions = {}): Promise<Written & { readonly deleted: number }> {
    return this.#call('POST', '/records/delete', { ids }, options, false)
  }

  deleteWhere(where: Filter, options: CallOptions = {}): Promise<Written & { readonly deleted: number }> {
    return this.#call('POST', '/records/delete', { where }, options, false)
  }

  /** Gives records their vectors in an external index; null takes one away. */
  setVectors(
    index: string,
    items: readonly { id: string; vector: Vector | null }[],
    options: CallOptions = {},
  ): Promise<Written> {
    const sent = items.map(({ id, vector }) => ({ id, vector: vector === null ? null : wireVector(vector) }))
    return this.#call('PUT', `/indexes/${encodeURIComponent(index)}/vectors`, { items: sent }, options, true)
  }

  async indexes(options: CallOptions = {}): Promise<IndexStatus[]> {
    return (await this.#call<{ indexes: IndexStatus[] }>('GET', '/indexes', undefined, options, true)).indexes
  }

  createIndex(index: IndexOptions, options: CallOptions = {}): Promise<IndexStatus> {
    return this.#call('POST', '/indexes', index, options, false)
  }

  async dropIndex(name: string, options: CallOptions = {}): Promise<void> {
    await this.#call('DELETE', `/indexes/${encodeURIComponent(name)}`, undefined, options, false)
  }

  async declareFields(paths: readonly string[], options: CallOptions = {}): Promise<FieldStatus[]> {
    return (await this.#call<{ fields: FieldStatus[] }>('POST', '/fields', { paths }, options, true)).fields
  }

  /**
   * Stores records as they come, in commits of `batch` (default 1,000). A browser sends them when the last has come, Node as they come.
   * @throws QuiverClientError where it ended half way: `details.stored` records are stored, the first ones, and none after them
   */
  async import(
    records: Iterable<RecordInput<T>> | AsyncIterable<RecordInput<T>>,
    { signal, batch, onProgress }: CallOptions & { batch?: number; onProgress?: (progress: ImportProgress) => void } = {},
  ): Promise<ImportProgress> {
    const call: Call = {
      method: 'POST',
      path: `${this.path}/import${batch === undefined ? '' : `?batch=${batch}`}`,
      signal,
      repeatable: false,
    }
    const answer = await this.connection.send(call, await bodyOf(records), 'application/x-ndjson')
    let progress: ImportProgress = { stored: 0, line: 0 }
    let ended = false
    try {
      for await (const line of linesOf(answer.body!)) {
        const { done, error, ...reached } = JSON.parse(line) as ImportProgress & {
          done?: boolean
          error?: { code: string; message: string; details: object }
        }
        progress = reached
        if (error)
          throw new QuiverClientError(error.code, error.message, {
            status: answer.status,
            details: { ...error.details, ...reached },
          })
        ended = done === true
        onProgress?.(progress)
      }
    } catch (cause) {
      if (cause instanceof QuiverClientError) throw cause
      throw new QuiverClientError('UNREACHABLE', 'The answer of the import ended before it was whole.', {
        details: { ...progress },
        cause,
      })
    }
    if (ended) return progress
    throw new QuiverClientError('UNREACHABLE', 'The answer of the import ended before it was whole.', {
      details: { ...progress },
    })
  }

  #call<R>(method: string, route: string, body: unknown, { signal }: CallOptions, repeatable: boolean): Promise<R> {
    return this.connection.json<R>({ method, path: this.path + route, body, signal, repeatable })
  }
}

const pieceLength = 64 * 1024

/** Node sends a stream as it is read. Browsers send streams over some connections only, so there the text is made first. */
async function bodyOf<T extends object>(
  records: Iterable<RecordInput<T>> | AsyncIterable<RecordInput<T>>,
): Promise<NonNullable<RequestInit['body']>> {
  const pieces = piecesOf(records)
  if (!('document' in globalThis)) {
    const encoder = new TextEncoder()
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await pieces.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      async cancel() {
        await pieces.return()
      },
    })
  }
  const all: string[] = []
  for await (const piece of pieces) all.push(piece)
  return new Blob(all)
}

async function* piecesOf<T extends object>(
  records: Iterable<RecordInput<T>> | AsyncIterable<RecordInput<T>>,
): AsyncGenerator<string, void, undefined> {
  let piece = ''
  for await (const record of records) {
    piece += `${JSON.stringify(wireRecord(record))}\n`
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}
