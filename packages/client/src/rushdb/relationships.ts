import type { Requests } from './requests.js'
import type { ApiResponse, Direction, Message, OrderDirection, Relation, TransactionRef, Where } from './types.js'

export interface RelationshipQuery {
  readonly source?: { readonly labels?: readonly string[]; readonly where?: Where }
  readonly target?: { readonly labels?: readonly string[]; readonly where?: Where }
  /** `type`, `direction`, and properties of the relationship. */
  readonly where?: Where
  readonly orderBy?: OrderDirection | { readonly [field: string]: OrderDirection }
  readonly skip?: number
  /** Default: 1,000. */
  readonly limit?: number
}

interface End {
  readonly label: string
  /** The property whose values both ends must share. */
  readonly key?: string
  readonly where?: Where
}

export interface RelationshipsBetween {
  readonly source: End
  readonly target: End
  readonly type?: string
  /** Default: out, from source to target. */
  readonly direction?: Direction
  /** Relates all of one side to all of the other; both need a `where` then. */
  readonly manyToMany?: boolean
}

export class Relationships {
  readonly #requests: Requests

  constructor(requests: Requests) {
    this.#requests = requests
  }

  find(query: RelationshipQuery = {}, tx?: TransactionRef): Promise<ApiResponse<Relation[]>> {
    return this.#requests.ask('/relationships/search', query, tx)
  }

  /** Relates records whose keys have a value in common: `{ source: { label: 'USER', key: 'id' }, target: { label: 'ORDER', key: 'userId' } }`. */
  createMany(
    params: RelationshipsBetween & { readonly properties?: { readonly [name: string]: unknown } },
    tx?: TransactionRef,
  ): Promise<ApiResponse<Message>> {
    return this.#requests.send('POST', '/relationships/create-many', { body: params, tx, repeatable: true })
  }

  deleteMany(params: RelationshipsBetween, tx?: TransactionRef): Promise<ApiResponse<Message>> {
    return this.#requests.send('POST', '/relationships/delete-many', { body: params, tx, repeatable: true })
  }
}
