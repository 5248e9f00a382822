import { beforeAll, describe, expect, it } from 'vitest'
import { servedApi, type Wire } from '../../../testing/rushdb/api.js'

/** Vectors as fields, as there were before there were indexes. */
const api = servedApi()
const token = { token: 'any' }
const options = { suggestTypes: true, castNumberArraysToVectors: true }
beforeAll(async () => {
  const data = [
    { name: 'a', e: [1, 0, 0] },
    { name: 'b', e: [1, 1, 0] },
    { name: 'c', e: [-1, 0, 0] },
    { name: 'd', e: [1, 0] },
    { name: 'e' },
  ]
  await api.data('POST', '/records/import/json', { label: 'Doc', data, options }, token)
  await api.create('Doc', { name: 'f', e: [1, 0, 0] })
})

const query = [1, 0, 0]
const near = (fn: string, threshold: unknown) => ({ where: { e: { $vector: { fn: `gds.similarity.${fn}`, query, threshold } } } })

describe('fields', () => {
  it('get the type vector where that is asked for, and stay in the record', async () => {
    const [made] = await api.find({ where: { name: 'a' } })
    expect([made.__proptypes.e, made.e]).toEqual(['vector', [1, 0, 0]])
    expect((await api.create('Doc', { name: 'g', v: [1, 2] }, { options })).__proptypes.v).toBe('vector')
    await api.data('POST', '/records/delete', { where: { name: 'g' } })
  })

  it('are numbers where nothing is asked for', async () => {
    expect((await api.find({ where: { name: 'f' } }))[0].__proptypes.e).toBe('number')
  })

  it('may be said to be vectors', async () => {
    const properties = [{ name: 'e', type: 'vector', value: [3, 4] }]
    const made = await api.data('POST', '/records', { label: 'Said', properties })
    expect([made.__proptypes.e, made.e]).toEqual(['vector', [3, 4]])
    expect(await api.find({ labels: ['Said'], where: { e: { $type: 'vector' } } })).toHaveLength(1)
  })
})

describe('conditions', () => {
  it.each<[what: string, query: object, names: string]>([
    ['a cosine of at least', near('cosine', 0.75), 'a'],
    ['a lower cosine', near('cosine', 0.7), 'ab'],
    ['a cosine between', near('cosine', { $gt: -0.5, $lt: 0.9 }), 'b'],
    ['not a cosine', near('cosine', { $ne: 1 }), 'bc'],
    ['a nearness', near('euclidean', { $gte: 1 }), 'a'],
    ['a number is the most of a distance', near('euclideanDistance', 1), 'ab'],
    ['a distance beyond', near('euclideanDistance', { $gt: 1 }), 'c'],
    ['with other conditions', { where: { ...near('cosine', 0.7).where, name: 'b' } }, 'b'],
  ])('%s', async (_, condition, names) => {
    expect((await api.names({ labels: ['Doc'], orderBy: { name: 'asc' }, ...condition })).join('')).toBe(names)
  })
})

describe('scores', () => {
  async function scores(fn: string): Promise<Record<string, number>> {
    const aggregate = { score: { fn, field: 'e', query, alias: '$record' } }
    const found: Wire[] = await api.find({ labels: ['Doc'], where: { name: { $in: ['a', 'b', 'c'] } }, aggregate })
    return Object.fromEntries(found.map(({ name, score }) => [name, score]))
  }

  it.each<[fn: string, a: number, b: number, c: number]>([
    ['gds.similarity.cosine', 1, Math.SQRT1_2, -1],
    ['gds.similarity.euclidean', 1, 1 / 2, 1 / 3],
    ['gds.similarity.euclideanDistance', 0, 1, 2],
    ['vector.similarity.cosine', 1, (1 + Math.SQRT1_2) / 2, 0],
    ['vector.similarity.euclidean', 1, 1 / 2, 1 / 5],
  ])('%s', async (fn, a, b, c) => {
    const found = await scores(fn)
    expect([found['a'], found['b'], found['c']]).toEqual([a, b, c].map((value) => expect.closeTo(value, 6)))
  })

  it('rank', async () => {
    const aggregate = { score: { fn: 'gds.similarity.cosine', field: 'e', query, alias: '$record' } }
    const where = { name: { $in: ['a', 'b', 'c'] } }
    expect((await api.names({ labels: ['Doc'], where, aggregate, orderBy: { score: 'desc' } })).join('')).toBe('abc')
  })

  it('are none where there is no vector, or one of another length', async () => {
    const aggregate = { score: { fn: 'gds.similarity.cosine', field: 'e', query, alias: '$record' } }
    const found = await api.find({ labels: ['Doc'], where: { name: { $in: ['d', 'e'] } }, aggregate })
    expect(found.map(({ score }) => (score ?? null) as unknown)).toEqual([null, null])
  })
})

describe('clients that send their key as token', () => {
  it.each<[what: string, body: object, expected: unknown]>([
    ['a list where they did not ask for records', { label: 'L', data: [{ a: 1 }] }, []],
    [
      'records where they did',
      { label: 'L', data: [{ a: 1 }], options: { returnResult: true } },
      [expect.objectContaining({ a: 1 })],
    ],
  ])('get %s', async (_, body, expected) => {
    const { status, json } = await api.ask('POST', '/records/import/json', body, token)
    expect([status, json.data]).toEqual([201, expected])
  })
})
