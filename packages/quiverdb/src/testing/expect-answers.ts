import { expect } from 'vitest'
import type { CollectionReader } from '../collection/read/reader.js'
import type { Hit, SearchQuery } from '../collection/types.js'
import type { WhereInput } from '../filter/where.js'
import type { ReferenceCollection } from './reference-collection.js'

/** Distances come from float32 vectors summed in another order than the reference sums them. */
const tolerance = (distance: number): number => 1e-6 * Math.max(1, Math.abs(distance))

/** Every record of a collection, page by page, with its external vectors, is what the reference holds. */
export async function expectRecords(reader: CollectionReader, reference: ReferenceCollection, limit = 37): Promise<void> {
  const found = new Map<string, unknown>()
  for (let after: string | undefined; ;) {
    const page = await reader.list({ limit, after, vectors: true })
    for (const { id, ...record } of page.records) {
      expect(found.has(id), `record ${id} is listed once`).toBe(false)
      found.set(id, record)
    }
    if (!(after = page.next)) break
  }
  expect([...found.keys()]).toEqual(reference.ids())
  for (const [id, record] of found) {
    const { fields, external } = reference.records.get(id)!
    expect(record, `record ${id}`).toEqual({ ...fields, $vectors: external })
  }
  expect(await reader.count()).toBe(reference.records.size)
}

/** Filters over fields with and without indexes: scalars, texts, lists, a path through objects, ids, and a field that may hold vectors. */
function randomWhere(random: () => number): WhereInput {
  const n = Math.floor(random() * 20)
  const wheres: readonly WhereInput[] = [
    { n: { $gte: n, $lt: n + 5 } },
    { tag: { $in: ['a', 'c', 'none'] }, n: { $ne: n } },
    { $not: { tag: 'b' }, $or: [{ n }, { text: { $gt: 'ä€' } }] },
    { $xor: [{ tag: 'a' }, { n: { $lte: n } }, { 'nested.list': 1 }] },
    { 'nested.list': { $exists: false }, text: { $exists: true } },
    { $nor: [{ 'nested.list': [2, null] }, { tag: { $nin: ['a', 'b'] } }] },
    { id: { $in: [`r${n}`, 'r3', 'w1', 'absent'] } },
    { $or: [{ id: `r${n}` }, { n }] },
    { e: { $exists: true }, tag: 'a' },
    { e: { $gt: n / 10 } },
    { e: null },
    { 'e.x': 1 },
  ]
  return wheres[Math.floor(random() * wheres.length)]!
}

/** Counts and lists by some filters are what the reference says. */
export async function expectFiltered(
  reader: CollectionReader,
  reference: ReferenceCollection,
  random: () => number,
): Promise<void> {
  for (let i = 0; i < 2; i++) {
    const where = randomWhere(random)
    const expected = reference.ids(where)
    const listed = async (): Promise<string[]> =>
      (await reader.list({ where, limit: 10_000, fields: [] })).records.map(({ id }) => id)
    // A list reads what it shows, a count all that matters; each is asked first now and then.
    if (random() < 0.5) expect(await listed(), JSON.stringify(where)).toEqual(expected)
    expect(await reader.count({ where }), JSON.stringify(where)).toBe(expected.length)
    expect(await listed(), JSON.stringify(where)).toEqual(expected)
  }
}

/** Words of which some are one term in English, one is none, and some are in no record. */
export const vocabulary = [
  'layer',
  'layers',
  'the',
  'Heated',
  'heat',
  'naïve',
  'wing',
  'wings',
  '東京都',
  'rare',
  'absent',
] as const

/** Searches by words find the records that the reference finds, with its scores to the last bit. */
export async function expectWords(reader: CollectionReader, reference: ReferenceCollection, random: () => number): Promise<void> {
  for (const field of reference.texts.keys()) {
    const pick = (): string => vocabulary[Math.floor(random() * vocabulary.length)]!
    const text = Array.from({ length: 1 + Math.floor(random() * 3) }, pick).join(' ')
    const operator = random() < 0.3 ? 'and' : 'or'
    const where = random() < 0.4 ? randomWhere(random) : undefined
    const query = {
      text,
      field,
      operator,
      limit: 1 + Math.floor(random() * 30),
      offset: Math.floor(random() * 3),
      where,
    } as const
    const expected = reference.wordRanking(field, text, query)
    const { hits, matches, complete } = await reader.searchText(query)
    expect(complete).toBe(true)
    expect(matches, JSON.stringify(query)).toBe(expected.length)
    expect(
      hits.map(({ id, score }) => ({ id, score })),
      JSON.stringify(query),
    ).toEqual(expected.slice(query.offset, query.offset + query.limit))
  }
}

/** The hits are the nearest records: the right number, true distances, ties by id, and nothing nearer was left out. */
export function expectExact(hits: readonly Hit[], reference: ReferenceCollection, index: string, query: SearchQuery): void {
  const { limit = 10, offset = 0, maxDistance = Infinity, vector, where } = query
  const ranking = reference.ranking(index, vector!, where)
  const truth = new Map(ranking.map((row) => [row.id, row]))
  const sure = ranking.filter(({ distance }) => distance <= maxDistance - tolerance(maxDistance)).length
  const possible = ranking.filter(({ distance }) => distance <= maxDistance + tolerance(maxDistance)).length
  const expected = (count: number): number => Math.max(0, Math.min(limit, count - offset))
  expect(hits.length, `hits of ${index} for ${JSON.stringify(query)}`).toBeGreaterThanOrEqual(expected(sure))
  expect(hits.length).toBeLessThanOrEqual(expected(possible))
  hits.forEach(({ id, distance, record }, rank) => {
    const row = truth.get(id)
    expect(row, `hit ${id} belongs to the answer`).toBeDefined()
    expect(Math.abs(distance - row!.distance), `distance of ${id}: ${distance}, ${row!.distance}`).toBeLessThanOrEqual(
      tolerance(distance),
    )
    const expectedHere = ranking[offset + rank]!.distance
    expect(
      Math.abs(distance - expectedHere),
      `rank ${rank} of ${index} for ${JSON.stringify(query)} has ${distance}, not ${expectedHere}`,
    ).toBeLessThanOrEqual(tolerance(distance))
    expect(record).toEqual({ id, ...reference.records.get(id)!.fields })
    const next = hits[rank + 1]
    if (next)
      expect(distance < next.distance || (distance === next.distance && id < next.id), `${id} before ${next.id}`).toBe(true)
  })
  expectTiesById(hits, ranking, offset > 0)
}

/** Of records with one and the same vector, those with smaller ids come first, so none is missing before one that is there. */
function expectTiesById(hits: readonly Hit[], ranking: readonly { id: string; vector: Float32Array }[], skipped: boolean): void {
  if (skipped) return
  const shown = new Set(hits.map(({ id }) => id))
  const missing = new Map<string, string>()
  for (const { id, vector } of [...ranking].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const key = vector.join()
    if (shown.has(id))
      expect(missing.get(key), `${id} is there and a record with the same vector and a smaller id is not`).toBeUndefined()
    else missing.set(key, id)
  }
}

/** The share of the `limit` nearest that an approximate answer has, by distance, so that it does not matter which of equal ones it chose. */
export function recall(
  hits: readonly Hit[],
  reference: ReferenceCollection,
  index: string,
  vector: ArrayLike<number>,
  limit: number,
): number {
  const nearest = reference.ranking(index, vector).slice(0, limit)
  if (nearest.length === 0) return 1
  const worst = nearest.at(-1)!.distance
  return hits.filter(({ distance }) => distance <= worst + tolerance(worst)).length / nearest.length
}
