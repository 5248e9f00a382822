import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkFilteredSearches, filteredRows, type FilteredRows } from '../testing/filtered-searches.js'
import { open, type Collection, type Database, type SearchQuery } from '../index.js'
import { subspaceVectors, vectorAt } from '@quiverdb/testing'

describe('filtered searches', () => {
  let some: FilteredRows
  beforeAll(async () => {
    some = await filteredRows(5)
  })
  afterAll(() => some.db.close())

  it('return what matches, as much as is asked for, whatever the filter', async () => {
    expect(await checkFilteredSearches(some, 400, 6)).toBeGreaterThan(0.98)
  })
})

describe('strategies', () => {
  const [dimensions, count] = [48, 6000]
  const vectors = subspaceVectors(count, dimensions, 16, 1)
  const vector = vectorAt(subspaceVectors(1, dimensions, 16, 2), dimensions, 0)
  let db: Database
  let rows: Collection
  beforeAll(async () => {
    db = await open('memory:', { maintenance: 'manual' })
    rows = await db.collection('rows', { indexes: [{ field: 'v', dimensions, metric: 'l2' }], fields: ['n', 'even'] })
    const record = (n: number): { id: string } => ({
      id: `r${n}`,
      ...{ n, even: n % 2 === 0, hidden: n % 10, v: vectorAt(vectors, dimensions, n) },
    })
    await rows.upsert(Array.from({ length: count }, (_, n) => record(n)))
    await db.settled()
    await rows.upsert([record(1), record(2)])
  })
  afterAll(() => db.close())

  const explained = async (query: Omit<SearchQuery, 'vector'>) => {
    const { explanation, ...rest } = await rows.search({ vector, explain: true, ...query })
    return { ...rest, explanation: explanation! }
  }

  it('walk among many matches, scan few, and say so', async () => {
    const many = await explained({ where: { even: true }, ef: 10 })
    expect(many.explanation).toMatchObject({ strategy: 'matches', records: count, matches: count / 2 })
    expect(many.explanation.filter).toEqual({ indexed: ['even'], evaluated: 2 })
    expect(many.explanation.parts[0]).toMatchObject({ kind: 'graph', size: count, matches: count / 2 - 1, way: 'walk' })
    expect(many.explanation.parts[0]!.candidates).toBeLessThan(count / 2)
    expect(many.explanation.parts[1]).toMatchObject({ kind: 'rows', matches: 1, way: 'scan', candidates: 1 })
    const few = await explained({ where: { n: { $gte: 10, $lt: 70 } } })
    expect(few.explanation).toMatchObject({ matches: 60, candidates: 60 })
    expect(few.explanation.parts).toMatchObject([{ way: 'scan', matches: 60 }])
    const none = await explained({ where: { n: -1 } })
    expect(none).toMatchObject({ hits: [], complete: true, explanation: { matches: 0, candidates: 0, parts: [] } })
    for (const { explanation, hits } of [many, few]) {
      expect(hits).toHaveLength(10)
      expect(explanation.candidates).toBe(explanation.parts.reduce((sum, { candidates }) => sum + candidates, 0))
      const { filterMs, searchMs, recordsMs, totalMs } = explanation.times
      expect(filterMs + searchMs + recordsMs).toBeCloseTo(totalMs, 6)
    }
  })

  it('are done as they are asked for', async () => {
    const where = { n: { $lt: 3000 } }
    const exact = await rows.search({ vector, where, exact: true })
    const before = await explained({ where, strategy: 'preFilter' })
    expect(before.hits).toEqual(exact.hits)
    expect(before.explanation).toMatchObject({ strategy: 'preFilter' })
    expect(before.explanation.cutBy).toBeUndefined()
    expect(before.explanation.parts.every(({ way }) => way === 'scan')).toBe(true)
    const after = await explained({ where, strategy: 'postFilter' })
    expect(after.explanation).toMatchObject({ strategy: 'postFilter', parts: [{ way: 'walk' }, { kind: 'rows' }] })
    expect(after.explanation.matches).toBeUndefined()
    expect(after.hits).toHaveLength(10)
    expect((await explained({})).explanation).toMatchObject({ strategy: 'graph' })
    expect((await explained({ exact: true })).explanation).toMatchObject({ strategy: 'exact' })
  })

  it('postFilter looks for more until there is enough or nothing left', async () => {
    const where = { n: { $in: [5, 2500, 5900] } }
    const { hits, complete, explanation } = await explained({ where, strategy: 'postFilter' })
    expect(hits.map(({ id }) => id).sort()).toEqual(['r2500', 'r5', 'r5900'])
    expect(complete).toBe(true)
    expect(explanation.parts[0]!.candidates).toBe(count - 2)
  })

  it('read only the records that they come to, where all would be many and most match', async () => {
    const big = await db.collection('big', { indexes: [{ field: 'v', dimensions: 16, metric: 'l2' }] })
    const all = subspaceVectors(24_000, 16, 8, 3)
    for (let n = 0; n < 24_000; n += 6000)
      await big.upsert(
        Array.from({ length: 6000 }, (_, i) => ({ id: `${n + i}`, ...{ n: n + i, other: n + i }, v: vectorAt(all, 16, n + i) })),
      )
    await db.settled()
    const asked = { vector: vectorAt(all, 16, 9000), explain: true }
    const many = await big.search({ ...asked, where: { n: { $gte: 7000 } } })
    expect(many.explanation).toMatchObject({ strategy: 'postFilter' })
    expect(many.explanation!.sampledShare).toBeCloseTo(0.7, 1)
    expect(many.explanation!.filter!.evaluated).toBeLessThan(1500)
    const exact = await big.search({ ...asked, where: { n: { $gte: 7000 } }, exact: true })
    const worst = exact.hits[9]!.distance
    expect(many.hits.filter(({ distance }) => distance <= worst).length).toBeGreaterThanOrEqual(9)
    const few = await big.search({ ...asked, where: { other: { $gte: 23_990 } } })
    expect(few.explanation).toMatchObject({ strategy: 'matches', matches: 10 })
    expect(few.explanation!.sampledShare).toBeLessThan(0.1)
    expect(few.explanation!.filter!.evaluated).toBeGreaterThan(23_000)
    expect(few.hits).toHaveLength(10)
  })

  it('stop where a budget says so, and say it', async () => {
    const where = { even: true }
    for (const strategy of ['auto', 'preFilter', 'postFilter'] as const) {
      const { complete, explanation, hits } = await explained({ where, strategy, maxScanCandidates: 5 })
      expect(complete).toBe(false)
      expect(explanation.cutBy).toBe('candidates')
      expect(hits.length).toBeLessThanOrEqual(10)
      for (const { record } of hits) expect(record).toMatchObject({ even: true })
    }
    expect((await explained({ where, maxScanCandidates: 1_000_000 })).complete).toBe(true)
    const late = await explained({ where, strategy: 'preFilter', timeoutMs: 0 })
    expect(late).toMatchObject({ complete: false, explanation: { cutBy: 'time' } })
  })

  it('overquery makes more effort and changes nothing else', async () => {
    const few = await explained({ ef: 10, where: { even: true } })
    const more = await explained({ ef: 10, where: { even: true }, overquery: 3 })
    expect(more.explanation.candidates).toBeGreaterThan(few.explanation.candidates)
    expect(more.explanation.parts[0]).toMatchObject({ ef: 30 })
    expect(more.hits).toHaveLength(10)
  })

  it.each([
    [{ strategy: 'fastest' }, 'strategy'],
    [{ overquery: 0.5 }, 'overquery'],
    [{ overquery: NaN }, 'overquery'],
    [{ maxScanCandidates: 0 }, 'maxScanCandidates'],
    [{ maxScanCandidates: 2.5 }, 'maxScanCandidates'],
    [{ explain: 'yes' }, 'explain'],
  ])('refuse %j', async (options, name) => {
    await expect(rows.search({ vector, ...(options as object) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(name) as string,
    })
  })

  it('are forgotten with what was written', async () => {
    const own = await db.collection('own', { indexes: [{ field: 'v', dimensions: 2, metric: 'l2' }] })
    await own.upsert(Array.from({ length: 3000 }, (_, n) => ({ id: `${n}`, n: n % 2, v: [n, 1] })))
    await db.settled()
    const nearest = async () => (await own.search({ vector: [100, 1], where: { n: 0 }, limit: 3 })).hits.map(({ id }) => id)
    expect(await nearest()).toEqual(['100', '102', '98'])
    await own.update('100', { n: 1 })
    await own.delete('98')
    await own.update('99', { n: 0 })
    expect(await nearest()).toEqual(['99', '102', '104'])
    await db.settled()
    expect(await nearest()).toEqual(['99', '102', '104'])
  })
})
