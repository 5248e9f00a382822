import fc from 'fast-check'
import { type Database, open } from 'quiverdb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { naiveGroups, type Statistic } from '../../../../testing/rushdb/naive-select.js'
import { projectOf, wheres, worlds } from '../../../../testing/rushdb/worlds.js'
import { Budget } from '../budget.js'
import { filterOf } from '../filter.js'
import { Shaper, shapeOf } from './shape.js'

let db: Database
beforeAll(async () => {
  db = await open('memory:')
})
afterAll(() => db.close())

const field = {
  alias: fc.constantFrom('$record' as const, '$a' as const, '$b' as const),
  name: fc.constantFrom('n' as const, 's' as const),
}
const statistic: fc.Arbitrary<Statistic> = fc.record({
  ...field,
  fn: fc.constantFrom('$sum', '$avg', '$min', '$max', '$count'),
})
const by = fc.uniqueArray(fc.record(field), { maxLength: 2, selector: ({ name }) => name })

describe('groups', () => {
  it('are what a naive reading groups', async () => {
    const query = fc.record({
      labels: fc.subarray(['A', 'B', 'C']),
      a: wheres,
      b: wheres,
      by,
      of: fc.array(statistic, { minLength: 1, maxLength: 4 }),
    })
    const property = fc.asyncProperty(worlds, fc.array(query, { minLength: 2, maxLength: 5 }), async (world, queries) => {
      const project = await projectOf(db, world)
      for (const { labels, a, b, by: keys, of } of queries) {
        // Either has the related records or nothing is asked of them, so that there are groups without any.
        const where = { $or: [{ A: { $alias: '$a', $and: [a], B: { $alias: '$b', $and: [b] } } }, { $id: { $contains: '-' } }] }
        const select = Object.fromEntries(of.map(({ fn, alias, name }, i) => [`of${i}`, { [fn]: `${alias}.${name}` }]))
        const groupBy = keys.length > 0 ? keys.map(({ alias, name }) => `${alias}.${name}`) : Object.keys(select)
        const asked = { labels, where, select, groupBy, limit: 1_000 }
        const rows = await project.run(async (unit) =>
          new Shaper(unit, asked, await filterOf(unit, asked), new Budget()).rows(shapeOf(asked)!),
        )
        const found = world.records.filter(({ label }) => labels.length === 0 || labels.includes(label ?? ''))
        const expected = naiveGroups(world, found, { a, b }, keys, of)
        const got = new Map(
          rows.map((row) => [JSON.stringify(keys.map(({ name }) => row[name])), of.map((_, i) => row[`of${i}`])]),
        )
        expect(got, JSON.stringify(asked)).toEqual(expected)
      }
    })
    await fc.assert(property, { numRuns: 40 })
  }, 60_000)
})
