import { randomSource } from '@quiverdb/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { Database, MemoryStore, type Collection, type Fusion, type HybridQuery, type Metric } from '../index.js'

const databases: Database[] = []
afterEach(async () => {
  for (const db of databases.splice(0)) await db.close()
})

const words = ['wing', 'layer', 'heat', 'flow', 'shock', 'gas']

/** Rows in two parts and in memory, some without a vector, some without words, some dead, and a graph over part of them. */
async function mixed(metric: Metric): Promise<Collection> {
  const db = await Database.over(new MemoryStore(), { maintenance: 'manual', tuning: { flushRows: 50, graphRowsMin: 50 } })
  databases.push(db)
  const collection = await db.collection('mixed', {
    indexes: [{ field: 'v', dimensions: 4, metric }],
    texts: [{ field: 't', language: 'english' }],
  })
  const random = randomSource(7)
  const record = (n: number): { id: string; n: number } => ({
    id: `r${n}`,
    n,
    ...(n % 5 !== 0 && { v: Array.from({ length: 4 }, () => random() * 2 - 1) }),
    ...(n % 7 !== 0 && { t: Array.from({ length: 1 + (n % 6) }, () => words[Math.floor(random() * 6)]).join(' ') }),
  })
  const first = Array.from({ length: 160 }, (_, n) => record(n))
  await collection.upsert(first)
  await db.settled()
  await collection.delete(['r3', 'r4', 'r100'])
  await collection.upsert(Array.from({ length: 40 }, (_, n) => record(n + 150)))
  return collection
}

/** The same from the two searches by themselves, each of which finds all there is. */
async function fusedByHand(collection: Collection, query: HybridQuery, metric: Metric): Promise<[string, number][]> {
  const { text, vector, where, candidates = 100, fusion = { weights: { vector: 0.5, text: 0.5 } } } = query
  const said = (await collection.searchText({ text, where, limit: 1000 })).hits
  const near = (await collection.search({ vector, where, limit: 1000, exact: true })).hits
  const scores = new Map(said.map(({ id, score }) => [id, score]))
  const likeness = (distance: number): number =>
    metric === 'l2' ? 1 / (1 + distance) : Math.max(0, metric === 'dot' ? -distance : 1 - distance)
  const similar = new Map(near.map(({ id, distance }) => [id, likeness(distance)]))
  const [saidIds, nearIds] = [said, near].map((hits) => hits.slice(0, candidates).map(({ id }) => id)) as [string[], string[]]
  const ids = [...new Set([...saidIds, ...nearIds])]
  const best = (all: Map<string, number>): number => Math.max(...ids.map((id) => all.get(id) ?? 0)) || 1
  const [bestSaid, bestNear] = [best(scores), best(similar)]
  const byRank = (list: string[], id: string): number => (list.includes(id) ? 1 / (61 + list.indexOf(id)) : 0)
  const score = (id: string): number =>
    fusion === 'rrf'
      ? byRank(saidIds, id) + byRank(nearIds, id)
      : fusion.weights.vector * ((similar.get(id) ?? 0) / bestNear) + fusion.weights.text * ((scores.get(id) ?? 0) / bestSaid)
  const all = ids.map((id): [string, number] => [id, score(id)])
  return all.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
}

describe('a search by words and a vector', () => {
  const fusions: (Fusion | undefined)[] = [
    undefined,
    'rrf',
    { weights: { vector: 3, text: 1 } },
    { weights: { vector: 0, text: 1 } },
  ]
  it.each(['cosine', 'dot', 'l2'] as const)('is what both searches say together: %s', async (metric) => {
    const collection = await mixed(metric)
    for (const fusion of fusions)
      for (const [text, candidates, where] of [
        ['wing heat', 100, undefined],
        ['wings', 15, { n: { $lt: 90 } }],
        ['shock of gas', 4, undefined],
        ['the of', 10, undefined],
        ['wing', 10, { n: -1 }],
      ] as const) {
        const query: HybridQuery = { text, vector: [0.3, -1, 0.2, 0.7], candidates, where, limit: 4, exact: true, fusion }
        const expected = await fusedByHand(collection, { ...query, candidates: Math.max(4, candidates) }, metric)
        const { hits, complete } = await collection.searchHybrid(query)
        expect(complete).toBe(true)
        expect(
          hits.map(({ id }) => id),
          JSON.stringify(query),
        ).toEqual(expected.slice(0, 4).map(([id]) => id))
        hits.forEach(({ score }, i) => expect(score).toBeCloseTo(expected[i]![1], 12))
      }
  })

  it('tells the score and the rank that each search gave', async () => {
    const collection = await mixed('cosine')
    const query = { text: 'layer gas', vector: [1, 0, 0, 0], limit: 60, exact: true, candidates: 60 }
    const said = (await collection.searchText({ text: query.text, limit: 200 })).hits
    const near = (await collection.search({ vector: query.vector, limit: 200, exact: true })).hits
    const { hits } = await collection.searchHybrid({ ...query, fields: ['n'] })
    expect(hits.length).toBe(60)
    for (const { id, text, vector, record } of hits) {
      const [rankSaid, rankNear] = [said.findIndex((hit) => hit.id === id), near.findIndex((hit) => hit.id === id)]
      expect(text?.score).toBe(said[rankSaid]?.score)
      expect(vector?.distance).toBe(near[rankNear]?.distance)
      expect(text?.rank).toBe(rankSaid >= 0 && rankSaid < 60 ? rankSaid + 1 : undefined)
      expect(vector?.rank).toBe(rankNear >= 0 && rankNear < 60 ? rankNear + 1 : undefined)
      expect(Object.keys(record).sort()).toEqual(['id', 'n'])
    }
    const { hits: behind } = await collection.searchHybrid({ ...query, limit: 5, offset: 7, fields: ['n'] })
    expect(behind).toEqual(hits.slice(7, 12))
  })

  it('sees what a transaction wrote, and an older version as it was', async () => {
    const collection = await mixed('cosine')
    const [db] = databases
    const version = await db!.version()
    const query = { text: 'unheard', vector: [1, 0, 0, 0], limit: 1 }
    const before = await collection.searchHybrid(query)
    await db!.transaction(async (tx) => {
      await tx.collection('mixed').upsert([{ id: 'new', v: [1, 0, 0, 0], t: 'unheard' }])
      const { hits } = await tx.collection('mixed').searchHybrid(query)
      expect(hits).toMatchObject([{ id: 'new', score: 1, text: { rank: 1 }, vector: { distance: 0, rank: 1 } }])
    })
    expect((await collection.searchHybrid(query)).hits[0]!.id).toBe('new')
    const then = await collection.at(version)
    expect((await then.searchHybrid(query)).hits).toEqual(before.hits)
    await then.close()
  })

  it.each([
    [{ text: 'x' }, 'INVALID_ARGUMENT'],
    [{ text: 'x', vector: ['a', 0, 0, 0] }, 'INVALID_VECTOR'],
    [{ text: 'x', vector: [1] }, 'DIMENSION_MISMATCH'],
    [{ text: 'x', vector: [1, 0, 0, 0], index: 'w' }, 'NOT_FOUND'],
    [{ text: 'x', vector: [1, 0, 0, 0], field: 'v' }, 'NOT_FOUND'],
    [{ vector: [1, 0, 0, 0] }, 'INVALID_ARGUMENT'],
    [{ text: 'x', vector: [1, 0, 0, 0], fusion: 'sum' }, 'INVALID_ARGUMENT'],
    [{ text: 'x', vector: [1, 0, 0, 0], fusion: { weights: { vector: -1, text: 1 } } }, 'INVALID_ARGUMENT'],
    [{ text: 'x', vector: [1, 0, 0, 0], where: { $what: 1 } }, 'INVALID_FILTER'],
    [{ text: 'x', vector: [1, 0, 0, 0], signal: AbortSignal.abort() }, 'ABORTED'],
  ])('is refused where it makes no sense: %j', async (query, code) => {
    const collection = await mixed('cosine')
    await expect(collection.searchHybrid(query as never)).rejects.toMatchObject({ code })
  })

  it('stops when its time is up', async () => {
    const collection = await mixed('cosine')
    const { complete } = await collection.searchHybrid({ text: 'wing', vector: [1, 0, 0, 0], timeoutMs: 0 })
    expect(complete).toBe(false)
  })
})
