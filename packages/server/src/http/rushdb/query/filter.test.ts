import fc from 'fast-check'
import { type Database, open } from 'quiverdb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filterOf, matchingIds } from './filter.js'
import { naive } from '../../../testing/rushdb/naive-where.js'
import { projectOf, wheres, worlds } from '../../../testing/rushdb/worlds.js'

let db: Database
beforeAll(async () => {
  db = await open('memory:')
})
afterAll(() => db.close())

describe('a where', () => {
  it('finds what a naive reading finds', async () => {
    const property = fc.asyncProperty(worlds, fc.array(wheres, { minLength: 3, maxLength: 8 }), async (world, queries) => {
      const project = await projectOf(db, world)
      for (const where of queries) {
        const found = await project.run(async (unit) => matchingIds(unit, await filterOf(unit, { where })))
        const expected = world.records.filter((record) => naive(where, record, world) === true).map(({ id }) => id)
        expect(found, JSON.stringify(where)).toEqual(expected)
      }
    })
    await fc.assert(property, { numRuns: 40 })
  }, 60_000)
})
