import type { Filter, Stored, TransactionCollection } from 'quiverdb'
import type { Budget } from './budget.js'
import type { SortField } from './order.js'

/** Records of one call that only passes over them. */
const passedRows = 10_000

interface PageQuery {
  readonly where: Filter
  readonly orderBy: readonly SortField[]
  readonly skip: number
  readonly limit: number
}

/** The records behind so many others, in an order. */
export async function pageOf<T extends object>(
  collection: TransactionCollection<T>,
  { skip, limit, ...query }: PageQuery,
  budget: Budget,
): Promise<Stored<T>[]> {
  let after: string | undefined
  for (let left = skip; left > 0; left -= passedRows) {
    const { next } = await collection.list({
      ...query,
      limit: Math.min(left, passedRows),
      fields: ['id'],
      ...(after && { after }),
    })
    if (next === undefined) return []
    after = next
    await budget.turn()
  }
  const { records } = await collection.list({ ...query, limit, ...(after && { after }) })
  return [...records]
}
