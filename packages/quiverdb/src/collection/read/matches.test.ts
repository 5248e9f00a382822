import { describe, expect, it } from 'vitest'
import { createChecksum, loadKernel } from '@quiverdb/kernel'
import { Database } from '../../database/database.js'
import { loadVersion } from '../../database/loader.js'
import { compileCondition } from '../../filter/evaluate.js'
import { parseWhere } from '../../filter/where.js'
import { Containers } from '../../format/container.js'
import { BranchKeys } from '../../history/keys.js'
import { Residency } from '../../segment/residency.js'
import { MemoryObjects, MemoryStore } from '../../store/memory-store.js'
import { MemoryPool } from '../../vector/memory-pool.js'
import { Parts } from '../version/parts.js'
import type { CollectionState } from '../version/state.js'
import { type FilterReport, RowFilter } from './matches.js'

const rowsCount = 3_000
const row = (n: number) => ({ id: `r${n}`, n, tag: `t${n % 7}`, deep: { list: [n % 3, 'x'] }, v: [n % 5, 1] })
const rows = Array.from({ length: rowsCount }, (_, n) => row(n))

interface Loaded {
  readonly collection: CollectionState
  readonly parts: Parts
}

/** One sealed part of all rows, of which the first hundred are deleted; with `memory` a few rows more. As a process of its own sees it. */
async function written(fields: readonly string[], memory = false): Promise<Loaded> {
  const objects = new MemoryObjects()
  const db = await Database.over(new MemoryStore(objects), { maintenance: 'manual' })
  const papers = await db.collection('papers', { fields, indexes: [{ field: 'v', dimensions: 2 }] })
  await papers.upsert(rows)
  await db.maintain({ only: ['flush', 'compact', 'fields'] })
  await papers.delete(rows.slice(0, 100).map(({ id }) => id))
  if (memory) await papers.upsert([row(5), { ...row(6), tag: 'other' }])
  await db.close()
  const pool = await MemoryPool.create()
  const containers = new Containers(createChecksum(await loadKernel()))
  const store = new MemoryStore(objects)
  const parts = new Parts(store, containers, pool, new Residency())
  const { state } = await loadVersion(store, new BranchKeys('default'), parts)
  return { collection: state.byName('papers')!, parts }
}

function ask(of: Loaded, where: object): { count: number; report: FilterReport } {
  const filter = new RowFilter(parseWhere(where), of.collection, of.parts)
  return { count: filter.count(), report: filter.report }
}

const living = rows.slice(100)
const expected = (where: object): number => living.filter(compileCondition(parseWhere(where))).length

describe('a filter over rows', () => {
  it('reads no row where all its fields have indexes', async () => {
    const version = await written(['n', 'tag', 'deep.list'])
    for (const where of [
      { n: { $gte: 50, $lt: 200 }, tag: { $in: ['t1', 't2'] } },
      { $or: [{ 'deep.list': 2 }, { $not: { tag: 't3' } }] },
      { 'deep.list': { $size: 2 }, n: { $type: 'number' } },
      { tag: { $startsWith: 't' }, n: 500 },
    ]) {
      const { count, report } = ask(version, where)
      expect(count).toBe(expected(where))
      expect(report.evaluated).toBe(0)
      expect(report.indexed.length).toBeGreaterThan(0)
    }
  })

  it('reads only what its indexes leave open', async () => {
    const version = await written(['n'])
    const where = { n: { $lt: 150 }, tag: 't4' }
    expect(ask(version, where)).toEqual({ count: expected(where), report: { indexed: ['n'], evaluated: 50 } })
    // What was found is remembered for all that ask the same.
    expect(ask(version, where)).toEqual({ count: expected(where), report: { indexed: [], evaluated: 0 } })
  })

  it('looks ids up', async () => {
    const version = await written([])
    expect(ask(version, { id: { $in: ['r200', 'r5', 'r201'] } })).toEqual({ count: 2, report: { indexed: [], evaluated: 0 } })
    expect(ask(version, { id: { $ne: 'r200' } })).toMatchObject({ count: 2_899, report: { evaluated: 0 } })
    expect(ask(version, { id: 'r200', tag: 't4' })).toMatchObject({ count: 1, report: { evaluated: 1 } })
  })

  it('has the index of a field that is often asked for, in memory', async () => {
    const version = await written([])
    const reports = [1, 2, 3, 4].map((n) => {
      const { count, report } = ask(version, { n: { $lt: 200 + n }, v: { $exists: true } })
      expect(count).toBe(100 + n)
      return report
    })
    expect(reports.slice(0, 2)).toEqual(Array(2).fill({ indexed: [], evaluated: 2_900 }))
    // The vectors of a field are not in the fields' text: no index is made of it.
    expect(reports[2]).toEqual({ indexed: ['n'], evaluated: 103 })
    expect(reports[3]).toEqual({ indexed: ['n'], evaluated: 104 })
  })

  it('is right for rows in memory and rows that died since it was asked', async () => {
    const version = await written(['tag'], true)
    const where = { tag: { $in: ['t5', 'other'] } }
    expect(ask(version, where).count).toBe(expected(where) + 2)
    const { sets } = version.collection
    const filter = new RowFilter(parseWhere(where), version.collection, version.parts)
    for (const state of sets) {
      const matching = filter.matching(state)
      for (let slot = 0; slot < state.rows; slot++) {
        if (!state.dead.has(slot)) expect(filter.matches(state, slot)).toBe(matching.has(slot))
        else expect(matching.has(slot)).toBe(false)
      }
    }
  })
})
