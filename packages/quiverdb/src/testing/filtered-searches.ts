import { normal, randomSource, referenceDistance, subspaceVectors, vectorAt } from '@quiverdb/testing'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Condition } from '../filter/condition.js'
import { compileCondition } from '../filter/evaluate.js'
import { formatWhere } from '../filter/format-where.js'
import { type Collection, type Database, type FilterStrategy, open } from '../index.js'
import { conditionArb, fieldsArb } from './random-conditions.js'

const [dimensions, rowsMax] = [32, 1600]

export interface FilteredRows {
  readonly db: Database
  readonly collection: Collection
  /** What is in the collection, by id. */
  readonly rows: ReadonlyMap<string, { readonly fields: Record<string, unknown>; readonly vector: Float32Array }>
}

/** A collection with a graph, dead rows in it, and rows that no graph holds; some of its fields are indexed. */
export async function filteredRows(seed: number): Promise<FilteredRows> {
  const db = await open('memory:', { maintenance: 'manual', tuning: { graphRowsMin: 300, tailRowsMax: 200, fieldRowsMin: 50 } })
  const collection = await db.collection('rows', {
    indexes: [{ field: 'v', dimensions, metric: 'l2' }],
    fields: ['a', 'b.0'],
  })
  const vectors = subspaceVectors(rowsMax, dimensions, 12, seed)
  const fields = fc.sample(fieldsArb, { numRuns: rowsMax, seed })
  const rows = new Map<string, { fields: Record<string, unknown>; vector: Float32Array }>()
  const put = async (from: number, to: number): Promise<void> => {
    const batch = Array.from({ length: to - from }, (_, i) => {
      const row = { fields: fields[from + i]!, vector: vectorAt(vectors, dimensions, from + i) }
      rows.set(`r${from + i}`, row)
      return { ...row.fields, id: `r${from + i}`, v: row.vector }
    })
    await collection.upsert(batch)
  }
  await put(0, 1400)
  await db.settled()
  await put(1400, 1500)
  await db.maintain({ only: ['flush'] })
  await put(1500, rowsMax)
  const doomed = Array.from({ length: 80 }, (_, i) => `r${i * 19}`)
  await collection.delete(doomed)
  for (const id of doomed) rows.delete(id)
  expect((await collection.indexes())[0]).toMatchObject({ graphs: [1400] })
  return { db, collection, rows }
}

const strategies: readonly FilterStrategy[] = ['auto', 'preFilter', 'postFilter']

/**
 * Searches with random filters in all ways: every hit matches, there are as many as are asked for while so many match, distances are true, and what is
 * exact by its strategy is exactly the nearest. Returns the recall of the other ways.
 */
export async function checkFilteredSearches({ collection, rows }: FilteredRows, runs: number, seed: number): Promise<number> {
  const random = randomSource(seed)
  let [found, wanted] = [0, 0]
  const check = async (condition: Condition, limit: number, strategy: FilterStrategy): Promise<void> => {
    const query = Float32Array.from({ length: dimensions }, () => 3 * normal(random))
    const isMatch = compileCondition(condition)
    const distances = new Map<string, number>()
    for (const [id, { fields, vector }] of rows) {
      if (isMatch({ ...fields, id, v: Array.from(vector) })) distances.set(id, referenceDistance('l2', query, vector))
    }
    const where = formatWhere(condition)
    const { hits, complete, explanation } = await collection.search({ vector: query, where, limit, strategy, explain: true })
    expect(complete).toBe(true)
    expect(hits).toHaveLength(Math.min(limit, distances.size))
    expect(new Set(hits.map(({ id }) => id)).size).toBe(hits.length)
    if (explanation!.matches !== undefined) expect(explanation!.matches).toBe(distances.size)
    for (const { id, distance } of hits) {
      expect(distances.has(id)).toBe(true)
      expect(Math.abs(distance - distances.get(id)!)).toBeLessThan(1e-9 * distance)
    }
    const nearest = [...distances.values()].sort((a, b) => a - b).slice(0, limit)
    const good = hits.filter(({ distance }) => distance <= nearest[nearest.length - 1]! * (1 + 1e-9)).length
    if (strategy === 'preFilter') expect(good).toBe(hits.length)
    found += good
    wanted += nearest.length
  }
  await fc.assert(fc.asyncProperty(conditionArb, fc.constantFrom(1, 10, 40), fc.constantFrom(...strategies), check), {
    numRuns: runs,
    seed,
  })
  return found / wanted
}
