import { beforeEach, describe, expect, it } from 'vitest'
import { newLabel, servedApi, type Wire } from '../../../testing/rushdb/api.js'

const api = servedApi()
let a: string
let b: string
let c: string
/** Labels of its own for each test. */
let label: string
beforeEach(async () => {
  label = newLabel()
  const made = ['a', 'b', 'c'].map(async (name) => (await api.create(label, { name })).__id as string)
  ;[a, b, c] = (await Promise.all(made)) as [string, string, string]
})

const message = { data: { message: expect.any(String) }, success: true }
const of = () => ({ source: { labels: [label] } })

/** The relationships of this test, as `source>target:type`, by the names of the records. */
async function edges(query: object = {}): Promise<string[]> {
  const names = new Map([
    [a, 'a'],
    [b, 'b'],
    [c, 'c'],
  ])
  const found: Wire[] = await api.data('POST', '/relationships/search', { ...of(), ...query })
  return found.map(({ sourceId, targetId, type }) => `${names.get(sourceId)}>${names.get(targetId)}:${type}`).sort()
}

describe('attach and detach', () => {
  it('answer 201 and 200, with a message', async () => {
    const attached = await api.ask('POST', `/relationships/${a}`, { targetIds: [b, c], type: 'LIKES' })
    expect([attached.status, attached.json]).toEqual([201, message])
    expect(await edges()).toEqual(['a>b:LIKES', 'a>c:LIKES'])
    const detached = await api.ask('PUT', `/relationships/${a}`, { targetIds: [b], typeOrTypes: 'LIKES' })
    expect([detached.status, detached.json]).toEqual([200, message])
    expect(await edges()).toEqual(['a>c:LIKES'])
  })

  it('take one id as a text', async () => {
    await api.data('POST', `/relationships/${a}`, { targetIds: b, type: 'LIKES' })
    expect(await edges()).toEqual(['a>b:LIKES'])
    await api.data('PUT', `/relationships/${a}`, { targetIds: b })
    expect(await edges()).toEqual([])
  })

  it('have a type where none is said, which clients see by another name', async () => {
    await api.data('POST', `/relationships/${a}`, { targetIds: b })
    expect(await edges()).toEqual(['a>b:RUSHDB_DEFAULT_RELATION'])
  })

  it('go the other way with direction in', async () => {
    await api.data('POST', `/relationships/${a}`, { targetIds: b, type: 'LIKES', direction: 'in' })
    expect(await edges()).toEqual(['b>a:LIKES'])
    await api.data('PUT', `/relationships/${a}`, { targetIds: b, direction: 'out' })
    expect(await edges()).toEqual(['b>a:LIKES'])
    await api.data('PUT', `/relationships/${a}`, { targetIds: b, direction: 'in' })
    expect(await edges()).toEqual([])
  })

  it('replace one of the same type, and leave those of others', async () => {
    await api.data('POST', `/relationships/${a}`, { targetIds: b, type: 'LIKES', properties: { weight: 1 } })
    await api.data('POST', `/relationships/${a}`, { targetIds: b, type: 'KNOWS' })
    await api.data('POST', `/relationships/${a}`, { targetIds: b, type: 'LIKES', properties: { weight: 2 } })
    expect(await edges()).toEqual(['a>b:KNOWS', 'a>b:LIKES'])
    const [one] = await api.data('POST', '/relationships/search', { ...of(), where: { type: 'LIKES' } })
    expect(one.properties).toEqual({ weight: 2 })
  })

  it('take several types', async () => {
    for (const type of ['X', 'Y', 'Z']) await api.data('POST', `/relationships/${a}`, { targetIds: b, type })
    await api.data('PUT', `/relationships/${a}`, { targetIds: [b], typeOrTypes: ['X', 'Z'] })
    expect(await edges()).toEqual(['a>b:Y'])
  })

  it('do nothing with records that are not there', async () => {
    await api.data('POST', `/relationships/${a}`, { targetIds: [api.nobody, b], type: 'LIKES' })
    expect((await api.ask('POST', `/relationships/${api.nobody}`, { targetIds: [a], type: 'LIKES' })).status).toBeLessThan(500)
    expect(await edges()).toEqual(['a>b:LIKES'])
  })

  it('end with a record', async () => {
    await api.data('POST', `/relationships/${a}`, { targetIds: [b, c], type: 'LIKES' })
    await api.data('DELETE', `/records/${b}`)
    expect(await edges()).toEqual(['a>c:LIKES'])
  })

  it.each<[what: string, body: object]>([
    ['no targets', {}],
    ['a target that is a number', { targetIds: 3 }],
    ['a direction nobody knows', { targetIds: ['x'], direction: 'up' }],
    ['a type that is no text', { targetIds: ['x'], type: 7 }],
  ])('refuse %s', async (_, body) => {
    expect((await api.ask('POST', `/relationships/${a}`, body)).status).toBe(400)
  })
})

describe('search', () => {
  beforeEach(async () => {
    await api.data('POST', `/relationships/${a}`, { targetIds: [b], type: 'LIKES', properties: { weight: 1, note: 'x' } })
    await api.data('POST', `/relationships/${a}`, { targetIds: [c], type: 'LIKES', properties: { weight: 5 } })
    await api.data('POST', `/relationships/${b}`, { targetIds: [c], type: 'KNOWS' })
  })

  it('answers both ends, type, direction, properties, and how many', async () => {
    const { status, json } = await api.ask('POST', '/relationships/search', { ...of(), where: { type: 'KNOWS' } })
    expect([status, json]).toEqual([
      200,
      {
        data: [
          { sourceId: b, sourceLabel: label, targetId: c, targetLabel: label, type: 'KNOWS', direction: 'out', properties: {} },
        ],
        success: true,
        total: 1,
      },
    ])
  })

  it.each<[what: string, query: () => object, expected: string[]]>([
    ['all', () => ({}), ['a>b:LIKES', 'a>c:LIKES', 'b>c:KNOWS']],
    ['by type', () => ({ where: { type: 'LIKES' } }), ['a>b:LIKES', 'a>c:LIKES']],
    ['by a property', () => ({ where: { weight: { $gt: 2 } } }), ['a>c:LIKES']],
    ['by type and property', () => ({ where: { type: 'LIKES', note: 'x' } }), ['a>b:LIKES']],
    ['by where it begins', () => ({ source: { labels: [label], where: { name: 'b' } } }), ['b>c:KNOWS']],
    ['by where it ends', () => ({ target: { labels: [label], where: { name: 'c' } } }), ['a>c:LIKES', 'b>c:KNOWS']],
    [
      'by both ends',
      () => ({ source: { where: { name: 'a' } }, target: { labels: [label], where: { name: 'b' } } }),
      ['a>b:LIKES'],
    ],
  ])('%s', async (_, query, expected) => {
    expect(await edges(query())).toEqual(expected)
  })

  it('pages in the body, and in the URL as older clients do', async () => {
    const inBody = await api.ask('POST', '/relationships/search', { ...of(), limit: 2 })
    expect([inBody.json.data.length, inBody.json.total]).toEqual([2, 3])
    const inUrl = await api.ask('POST', '/relationships/search?limit=2&skip=2', of())
    expect([inUrl.json.data.length, inUrl.json.total]).toEqual([1, 3])
  })
})

describe('by keys', () => {
  const users = () => `${label}U`
  const orders = () => `${label}O`
  const type = 'ORDERED'
  const joined = () => ({ source: { label: users(), key: 'id' }, target: { label: orders(), key: 'userId' }, type })
  const pairs = async (): Promise<string[]> => {
    const found: Wire[] = await api.data('POST', '/relationships/search', { source: { labels: [users()] } })
    const records: Wire[] = await api.find({ labels: [users(), orders()] })
    const names = new Map(records.map(({ __id, name }) => [__id as string, name as string]))
    return found.map(({ sourceId, targetId }) => `${names.get(sourceId)}>${names.get(targetId)}`).sort()
  }

  beforeEach(async () => {
    await api.data('POST', '/records/import/json', {
      label: users(),
      data: [
        { name: 'u1', id: 1 },
        { name: 'u2', id: 2 },
        { name: 'u3', id: '1' },
      ],
    })
    await api.data('POST', '/records/import/json', {
      label: orders(),
      data: [
        { name: 'o1', userId: 1, paid: true },
        { name: 'o2', userId: 1 },
        { name: 'o3', userId: 2 },
        { name: 'o4', userId: [1, 2] },
        { name: 'o5' },
      ],
    })
  })

  it('relates what has a value in common, of one type', async () => {
    const { status, json } = await api.ask('POST', '/relationships/create-many', joined())
    expect([status, json]).toEqual([201, message])
    expect(await pairs()).toEqual(['u1>o1', 'u1>o2', 'u1>o4', 'u2>o3', 'u2>o4'])
  })

  it('of those that match', async () => {
    const query = joined()
    await api.data('POST', '/relationships/create-many', { ...query, target: { ...query.target, where: { paid: true } } })
    expect(await pairs()).toEqual(['u1>o1'])
  })

  it('ends them again', async () => {
    await api.data('POST', '/relationships/create-many', joined())
    const query = joined()
    const { status, json } = await api.ask('POST', '/relationships/delete-many', {
      ...query,
      source: { ...query.source, where: { name: 'u1' } },
    })
    expect([status, json]).toEqual([200, message])
    expect(await pairs()).toEqual(['u2>o3', 'u2>o4'])
  })

  it('never relates a record to itself', async () => {
    const self = { label: users(), key: 'id' }
    await api.data('POST', '/relationships/create-many', { source: self, target: self, type })
    expect(await pairs()).toEqual([])
  })

  it('relates all to all only where that is said, and both sides are narrowed', async () => {
    const source = { label: users(), where: { name: 'u2' } }
    const target = { label: orders(), where: { name: { $in: ['o1', 'o5'] } } }
    const refused = [
      { source, target, type },
      { source: { label: users() }, target, type, manyToMany: true },
      { source, target: { label: orders(), where: {} }, type, manyToMany: true },
    ]
    for (const body of refused) expect((await api.ask('POST', '/relationships/create-many', body)).status).toBe(400)
    expect(await pairs()).toEqual([])
    await api.data('POST', '/relationships/create-many', { source, target, type, manyToMany: true })
    expect(await pairs()).toEqual(['u2>o1', 'u2>o5'])
  })
})
