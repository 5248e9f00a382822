import { VectorError } from './errors.js'

/**
 * Which part of a list is wanted.
 *
 * @example
 * ```ts
 * engine.listKeysPaginated(new Pagination(20, 10).withTotal()) // items 20 to 29, and how many there are
 * engine.listKeysPaginated(Pagination.skipOnly(20)) // all from item 20 on
 * ```
 */
export class Pagination {
  readonly skip: number
  /** Absent: all the rest. */
  readonly limit: number | undefined
  readonly countTotal: boolean

  constructor(skip = 0, limit?: number, countTotal = false) {
    if (!isCount(skip) || (limit !== undefined && !isCount(limit))) {
      throw VectorError.configuration(`skip and limit are whole numbers from 0 on, not ${skip} and ${limit}`)
    }
    this.skip = skip
    this.limit = limit
    this.countTotal = countTotal
  }

  static skipOnly(skip: number): Pagination {
    return new Pagination(skip)
  }

  withTotal(): Pagination {
    return new Pagination(this.skip, this.limit, true)
  }
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

export interface PagedResult<T> {
  readonly items: readonly T[]
  /** Of the whole list; only where the page was asked for `withTotal`. */
  readonly totalCount: number | undefined
  /** Whether items follow the last of this page. */
  readonly hasMore: boolean
}

/** The page of a list of which the first items are here, `total` in all. */
export function pageOf<T>(list: readonly T[], total: number, page: Pagination, limitMax = Infinity): PagedResult<T> {
  const { skip, limit = Infinity, countTotal } = page
  const items = list.slice(skip, skip + Math.min(limit, limitMax))
  return { items, totalCount: countTotal ? total : undefined, hasMore: skip + items.length < total }
}
