import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { QuiverError } from '../errors.js'
import { checked, checkedSearch, searchOptions } from './options.js'

const anything = fc.oneof(
  fc.integer({ min: -2, max: 12 }),
  fc.double(),
  fc.constantFrom(undefined, null, '5', true, [], ['a'], {}, 1e9, 100_000),
)

function outcome(check: () => unknown): unknown {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof QuiverError)) throw error
    return `${error.code} ${error.message}`
  }
}

describe('the options of a search', () => {
  test('are accepted without the schema only where the schema accepts them', () => {
    const options = fc.record(
      {
        vector: fc.constant([1]),
        limit: anything,
        ef: anything,
        fields: anything,
        offset: anything,
        exact: anything,
        other: anything,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(options, anything), (query) => {
        const schema = outcome(() => checked(searchOptions, query, 'search'))
        expect(outcome(() => checkedSearch(query as Parameters<typeof checkedSearch>[0]))).toEqual(schema)
      }),
      { numRuns: 3_000 },
    )
  })
})
