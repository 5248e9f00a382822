import type { Vector } from '../types.js'
import { recordsOf, type RushRecord } from './record.js'
import type { Requests } from './requests.js'
import type {
  ApiResponse,
  EmbeddingIndex,
  IndexParams,
  SchemaItem,
  TransactionRef,
  Untyped,
  VectorSearchParams,
} from './types.js'

export class Ai {
  readonly indexes: AiIndexes
  readonly #requests: Requests

  constructor(requests: Requests) {
    this.#requests = requests
    this.indexes = new AiIndexes(requests)
  }

  /**
   * The records whose vectors are nearest, best first, each with `__score` (cosine: (1 + cos)/2, euclidean: 1/(1 + d²)).
   * @throws RushDBError 404: no index fits. 422: several do, or the vector has another length
   * @example
   * ```ts
   * const { data: results } = await db.ai.search({ label: 'Doc', propertyName: 'content', queryVector: [1, 0, 0], limit: 3 })
   * console.log(results[0].title, results[0].__score)
   * ```
   */
  async search<T extends object = Untyped>(
    params: VectorSearchParams,
    tx?: TransactionRef,
  ): Promise<ApiResponse<RushRecord<T>[]>> {
    const { queryVector } = params
    const body = queryVector === undefined ? params : { ...params, queryVector: [...queryVector] }
    const { data, ...answer } = await this.#requests.ask<object[]>('/ai/search', body, tx)
    return { ...answer, data: recordsOf<T>(data) }
  }

  /** Labels with their properties and relationships, those of most records first. */
  getSchema(
    params: { readonly labels?: readonly string[]; readonly force?: boolean } = {},
    tx?: TransactionRef,
  ): Promise<ApiResponse<SchemaItem[]>> {
    return this.#requests.ask('/ai/schema', params, tx)
  }

  /** The same as tables of Markdown, to be read by a language model. */
  getSchemaMarkdown(
    params: { readonly labels?: readonly string[]; readonly force?: boolean } = {},
    tx?: TransactionRef,
  ): Promise<ApiResponse<string>> {
    return this.#requests.ask('/ai/schema/md', params, tx)
  }
}

export class AiIndexes {
  readonly #requests: Requests

  constructor(requests: Requests) {
    this.#requests = requests
  }

  /** @throws RushDBError 409: there is one of the same label, property, source, similarity function and dimensions */
  create({ external, ...params }: IndexParams): Promise<ApiResponse<EmbeddingIndex>> {
    const body = external ? { ...params, sourceType: 'external' } : params
    return this.#requests.send('POST', '/ai/indexes', { body })
  }

  find(): Promise<ApiResponse<EmbeddingIndex[]>> {
    return this.#requests.send('GET', '/ai/indexes', { repeatable: true })
  }

  /** How many records there are for it, and how many of them have a vector. */
  stats(id: string): Promise<ApiResponse<{ totalRecords: number; indexedRecords: number }>> {
    return this.#requests.send('GET', `${pathOf(id)}/stats`, { repeatable: true })
  }

  /** Removes it with its vectors. @throws RushDBError 404 */
  delete(id: string): Promise<ApiResponse<{ deleted: boolean; queued: boolean }>> {
    return this.#requests.send('DELETE', pathOf(id))
  }

  /**
   * Gives records their vectors in an external index, all or none. A record that has one gets the new one.
   * @throws RushDBError 404: no such index. 422: a managed one, another length, or a record that is not there
   */
  upsertVectors(
    id: string,
    payload: { readonly items: readonly { readonly recordId: string; readonly vector: Vector }[] },
  ): Promise<ApiResponse<{ updated: number; requested: number }>> {
    const items = payload.items.map((item) => ({ ...item, vector: [...item.vector] }))
    return this.#requests.send('POST', `${pathOf(id)}/vectors/upsert`, { body: { items }, repeatable: true })
  }
}

function pathOf(id: string): string {
  return `/ai/indexes/${encodeURIComponent(id)}`
}
