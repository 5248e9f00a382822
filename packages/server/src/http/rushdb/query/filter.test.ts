import fc from 'fast-check'
import { type Database, open } from 'quiverdb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StoredRecord } from '../stored.js'
import { Budget } from './budget.js'
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

  it('finds the same from whichever end fewer records are walked from', async () => {
    const records = Array.from({ length: 40 }, (_, n): StoredRecord => ({
      id: `0190b5a0-0000-7000-8000-${String(n).padStart(12, '0')}`,
      label: n < 8 ? 'A' : 'B',
      ...(n % 3 === 0 ? { props: [], data: {} } : { props: ['number:n'], data: { n } }),
    }))
    const edges = records.slice(8).map(({ id }, n) => ({ source: records[n % 6]!.id, target: id, type: n % 2 ? 'X' : 'Y' }))
    const world = { records, edges }
    const project = await projectOf(db, world)
    const [few, many] = [{ n: { $in: [1, 2, 7] } }, { B: { $relation: { type: 'X', direction: 'out' } } }]
    const queries = [
      { ...few, ...many },
      { $or: [{ ...few, ...many }, { n: 4 }] },
      { n: { $lt: 3 }, $not: { n: 1, ...many } },
      { n: { $lt: 3 }, $nor: [{ n: { $gt: 0 }, B: {} }] },
      { n: { $lt: 3 }, $xor: [many, { n: 1 }] },
      { $not: { ...few, ...many } },
      { n: { $gt: 35 }, A: { n: { $ne: 0 } } },
    ]
    for (const where of queries) {
      const found = await project.run(async (unit) => matchingIds(unit, await filterOf(unit, { where })))
      const expected = records.filter((record) => naive(where, record, world) === true).map(({ id }) => id)
      expect(found, JSON.stringify(where)).toEqual(expected)
    }
  })

  it('knows more related records than a filter has in one list', async () => {
    const records = Array.from({ length: 10_050 }, (_, n) => ({
      id: `0190b5a0-0000-7000-8000-${String(n).padStart(12, '0')}`,
      label: n === 0 ? 'Hub' : 'Leaf',
      props: [],
      data: {},
    }))
    const edges = records.slice(2).map(({ id }) => ({ source: records[0]!.id, target: id, type: 'X' }))
    const project = await projectOf(db, { records, edges })
    const found = (where: unknown): Promise<number> =>
      project.run(async (unit) => (await matchingIds(unit, await filterOf(unit, { labels: ['Leaf'], where }))).length)
    expect(await found({ Hub: {} })).toBe(10_048)
    expect(await found({ $not: { Hub: {} } })).toBe(1)
    expect(await found({ Leaf: { $relation: { hops: 2 } } })).toBe(10_048)
  })

  it('ends when its time is over', async () => {
    const project = await projectOf(db, {
      records: Array.from({ length: 3 }, (_, n) => ({ id: `0190b5a0-0000-7000-8000-00000000000${n}`, props: [], data: {} })),
      edges: [{ source: '0190b5a0-0000-7000-8000-000000000000', target: '0190b5a0-0000-7000-8000-000000000001', type: 'X' }],
    })
    const late = project.run((unit) => filterOf(unit, { where: { $cycle: { hops: 2 } } }, new Budget(-1)))
    await expect(late).rejects.toMatchObject({ status: 408 })
    const stopped = project.run((unit) =>
      filterOf(unit, { where: { $cycle: { hops: 2 } } }, new Budget(Infinity, AbortSignal.abort())),
    )
    await expect(stopped).rejects.toMatchObject({ status: 503 })
  })
})
