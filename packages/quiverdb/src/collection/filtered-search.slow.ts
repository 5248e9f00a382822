import { expect, it } from 'vitest'
import { checkFilteredSearches, filteredRows } from '../testing/filtered-searches.js'

it('10,000 random filters, in all ways', { timeout: 600_000 }, async () => {
  const some = await filteredRows(11)
  for (let seed = 1; seed <= 5; seed++) expect(await checkFilteredSearches(some, 2000, seed)).toBeGreaterThan(0.98)
  await some.db.close()
})
