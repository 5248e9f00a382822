import type { ListQuery, Stored, TransactionCollection } from 'quiverdb'
import { Budget } from './budget.js'

/** Records of one call. */
const pageRows = 10_000

/** All that a query lists, page by page, in the order of ids. */
export async function* pagesOf<T extends object>(
  collection: TransactionCollection<T>,
  query: Omit<ListQuery, 'after' | 'orderBy'>,
  budget = new Budget(),
): AsyncGenerator<readonly Stored<T>[]> {
  // The first page is sorted, which takes as long as there are matches; most have no other. The rest is found on the way through all ids.
  let page = await collection.list({ limit: pageRows, ...query, orderBy: 'id' })
  while (page.records.length > 0) {
    yield page.records
    if (page.next === undefined) return
    await budget.turn()
    page = await collection.list({ limit: pageRows, ...query, after: page.records.at(-1)!.id })
  }
}
