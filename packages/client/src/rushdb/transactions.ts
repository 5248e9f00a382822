import type { Requests } from './requests.js'
import type { ApiResponse, Message, TransactionRef } from './types.js'

/** An open transaction. Its writes are seen by calls that name it, and by all others once it is committed. */
export class Transaction {
  readonly id: string
  readonly #transactions: Transactions

  constructor(id: string, transactions: Transactions) {
    this.id = id
    this.#transactions = transactions
  }

  commit(): Promise<ApiResponse<Message>> {
    return this.#transactions.commit(this)
  }

  rollback(): Promise<ApiResponse<Message>> {
    return this.#transactions.rollback(this)
  }
}

/**
 * Transactions of several calls. An error in one of them rolls it all back.
 *
 * @example
 * ```ts
 * const tx = await db.tx.begin()
 * await db.records.create({ label: 'Doc', data: { title: 'Alpha' } }, tx)
 * await tx.commit()
 * ```
 */
export class Transactions {
  readonly #requests: Requests

  constructor(requests: Requests) {
    this.#requests = requests
  }

  /** @param options.ttl milliseconds until it is rolled back by itself; default 5,000, at most 55,000 */
  async begin(options: { ttl?: number } = {}): Promise<Transaction> {
    const { data } = await this.#requests.send<{ id: string }>('POST', '/tx', { body: options })
    return new Transaction(data.id, this)
  }

  /** @throws RushDBError 404: it has ended */
  async get(tx: TransactionRef): Promise<Transaction> {
    const { data } = await this.#requests.send<{ id: string }>('GET', pathOf(tx), { repeatable: true })
    return new Transaction(data.id, this)
  }

  /** @throws RushDBError 409: others changed what it read; nothing was written. 404: it has ended */
  commit(tx: TransactionRef): Promise<ApiResponse<Message>> {
    return this.#requests.send('POST', `${pathOf(tx)}/commit`, { body: {} })
  }

  rollback(tx: TransactionRef): Promise<ApiResponse<Message>> {
    return this.#requests.send('POST', `${pathOf(tx)}/rollback`, { body: {}, repeatable: true })
  }
}

function pathOf(tx: TransactionRef): string {
  return `/tx/${encodeURIComponent(typeof tx === 'string' ? tx : tx.id)}`
}
