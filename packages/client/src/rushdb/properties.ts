import type { Requests } from './requests.js'
import type {
  ApiResponse,
  Message,
  OrderDirection,
  Property,
  PropertyValues,
  SearchQuery,
  TransactionRef,
  Where,
} from './types.js'

/** Which properties records have, and their values. A name with two types is two properties. */
export class Properties {
  readonly #requests: Requests

  constructor(requests: Requests) {
    this.#requests = requests
  }

  find(query: SearchQuery = {}, tx?: TransactionRef): Promise<ApiResponse<Property[]>> {
    return this.#requests.ask('/properties/search', query, tx)
  }

  /** @throws RushDBError 404 */
  findById(id: string, tx?: TransactionRef): Promise<ApiResponse<Property>> {
    return this.#requests.send('GET', pathOf(id), { tx, repeatable: true })
  }

  /** Its values, each once. @param query.query only those that contain this text */
  values(
    id: string,
    query: {
      readonly query?: string
      readonly labels?: readonly string[]
      readonly where?: Where
      readonly orderBy?: OrderDirection
      readonly skip?: number
      readonly limit?: number
    } = {},
    tx?: TransactionRef,
  ): Promise<ApiResponse<Partial<PropertyValues>>> {
    return this.#requests.ask(`${pathOf(id)}/values`, query, tx)
  }

  /** Takes it, with its values, from every record. */
  delete(id: string, tx?: TransactionRef): Promise<ApiResponse<Message>> {
    return this.#requests.send('DELETE', pathOf(id), { tx })
  }
}

export class Labels {
  readonly #requests: Requests

  constructor(requests: Requests) {
    this.#requests = requests
  }

  /** How many records have each label. */
  find(query: { readonly where?: Where } = {}, tx?: TransactionRef): Promise<ApiResponse<{ [label: string]: number }>> {
    return this.#requests.ask('/labels/search', query, tx)
  }
}

function pathOf(id: string): string {
  return `/properties/${encodeURIComponent(id)}`
}
