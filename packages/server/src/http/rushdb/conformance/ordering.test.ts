import { beforeAll, describe, expect, it } from 'vitest'
import { servedApi } from '../../../testing/rushdb/api.js'

const api = servedApi()
beforeAll(async () => {
  const records: [label: string, data: object][] = [
    ['P', { name: 'a', n: 2, g: 'x' }],
    ['P', { name: 'b', n: 1, g: 'y' }],
    ['Q', { name: 'c', g: 'x' }],
    ['P', { name: 'd', n: 3, g: 'x' }],
  ]
  for (const [label, data] of records) await api.create(label, data)
})

describe('order', () => {
  it.each<[what: string, query: object, names: string]>([
    ['newest first', {}, 'dcba'],
    ['oldest first', { orderBy: 'asc' }, 'abcd'],
    ['newest first, said', { orderBy: 'desc' }, 'dcba'],
    ['by a field; what is missing comes last', { orderBy: { n: 'asc' } }, 'badc'],
    ['by a field downwards; what is missing comes first', { orderBy: { n: 'desc' } }, 'cdab'],
    ['by several fields, in their order', { orderBy: { g: 'asc', n: 'desc' } }, 'cdab'],
    ['by several fields, the other way round', { orderBy: { g: 'desc', n: 'asc' } }, 'badc'],
    ['by id', { orderBy: { __id: 'asc' } }, 'abcd'],
  ])('%s', async (_, query, names) => {
    expect((await api.names(query)).join('')).toBe(names)
  })
})

describe('labels and pages', () => {
  it.each<[what: string, query: object, names: string, total: number]>([
    ['a label', { labels: ['Q'] }, 'c', 1],
    ['any of several labels', { labels: ['Q', 'P'], orderBy: 'asc' }, 'abcd', 4],
    ['no labels: all', { labels: [], orderBy: 'asc' }, 'abcd', 4],
    ['null is no label', { labels: [null, 'Q'] }, 'c', 1],
    ['a label nobody has', { labels: ['Z'] }, '', 0],
    ['so many', { orderBy: 'asc', limit: 2 }, 'ab', 4],
    ['after so many', { orderBy: 'asc', skip: 1, limit: 2 }, 'bc', 4],
    ['after all', { orderBy: 'asc', skip: 9 }, '', 4],
    ['the total is of what matches', { where: { g: 'x' }, limit: 1, orderBy: 'asc' }, 'a', 3],
  ])('%s', async (_, query, names, total) => {
    const { status, json } = await api.ask('POST', '/records/search', query)
    expect([status, json.data.map(({ name }: { name: string }) => name).join(''), json.total]).toEqual([200, names, total])
  })

  it('a hundred are a page, a thousand the most', async () => {
    const data = Array.from({ length: 1_100 }, (_, n) => ({ n }))
    await api.data('POST', '/records/import/json', { label: 'MANY', data })
    expect(await api.find({ labels: ['MANY'] })).toHaveLength(100)
    expect(await api.find({ labels: ['MANY'], limit: 1_000 })).toHaveLength(1_000)
    const rest = await api.find({ labels: ['MANY'], limit: 1_000, skip: 1_000, orderBy: { n: 'asc' } })
    expect(rest.map(({ n }) => n as number)).toEqual(Array.from({ length: 100 }, (_, n) => 1_000 + n))
  })
})

describe('what is refused', () => {
  it.each<[what: string, query: object]>([
    ['a limit of nothing', { limit: 0 }],
    ['a limit above a thousand', { limit: 1_001 }],
    ['a skip below nothing', { skip: -1 }],
    ['an order that is none', { orderBy: 'up' }],
    ['an order of a field that is none', { orderBy: { n: 'sideways' } }],
    ['an order that is a number', { orderBy: 3 }],
  ])('%s', async (_, query) => {
    const { status, json } = await api.ask('POST', '/records/search', query)
    expect([status, json.statusCode, json.error]).toEqual([400, 400, 'Bad Request'])
  })
})
