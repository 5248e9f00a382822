import { Connection, type ClientOptions } from './connection.js'
import { Namespace } from './namespace.js'
import type { CallOptions } from './types.js'

/**
 * A Quiver server. Its own methods are those of the namespace `default`.
 *
 * @example
 * ```ts
 * const db = new QuiverClient('http://localhost:7700', { key: process.env.QUIVER_KEY })
 * const papers = await db.collection('papers', { indexes: [{ field: 'embedding', dimensions: 3 }] })
 * await papers.upsert([{ id: 'p1', year: 1958, embedding: Float32Array.of(1, 0, 0) }])
 * const { hits } = await papers.search({ vector: Float32Array.of(1, 0.1, 0), where: { year: { $gte: 1955 } } })
 * ```
 */
export class QuiverClient extends Namespace {
  readonly #connection: Connection

  constructor(url: string, options: ClientOptions = {}) {
    const connection = new Connection(url, options)
    super(connection, 'default')
    this.#connection = connection
  }

  namespace(name: string): Namespace {
    return new Namespace(this.#connection, name)
  }

  /** Names of the namespaces that the key may see. */
  async namespaces({ signal }: CallOptions = {}): Promise<string[]> {
    const call = { method: 'GET', path: '/v1/namespaces', signal, repeatable: true }
    return (await this.#connection.json<{ namespaces: string[] }>(call)).namespaces
  }
}
