import type { Connection } from '../connection.js'
import type { ApiResponse, TransactionRef } from './types.js'

const base = '/api/v1'

/** One request of RushDB's API. */
export interface Ask {
  readonly body?: unknown
  readonly tx?: TransactionRef | undefined
  /** Whether it comes to the same when it is done twice. Default: false. */
  readonly repeatable?: boolean
}

/** The API of one server. */
export class Requests {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  send<R>(method: string, path: string, { body, tx, repeatable = false }: Ask = {}): Promise<ApiResponse<R>> {
    const headers = tx === undefined ? undefined : { 'x-transaction-id': typeof tx === 'string' ? tx : tx.id }
    return this.#connection.json({ method, path: base + path, body, headers, repeatable })
  }

  /** A POST that only reads. */
  ask<R>(path: string, body: unknown, tx?: TransactionRef): Promise<ApiResponse<R>> {
    return this.send('POST', path, { body, tx, repeatable: true })
  }
}
