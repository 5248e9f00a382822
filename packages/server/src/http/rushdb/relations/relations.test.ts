import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serving, type Serving } from '../../../testing/serving.js'

let on: Serving
beforeAll(async () => {
  on = await serving()
})
afterAll(() => on.close())

const api = async (method: string, path: string, body?: object) => {
  const { status, json } = await on.call(method, `/api/v1${path}`, { body })
  return { status, ...json }
}
const create = async (label: string, data: object): Promise<string> => (await api('POST', '/records', { label, data })).data.__id
const search = (query: object, url = '') => api('POST', `/relationships/search${url}`, query)
const unknown = '0190b5a0-0000-7000-8000-000000000777'

/** Relationships of one type as `source>target`. */
async function pairs(type: string, nameOf: (id: string) => string = (id) => id): Promise<string[]> {
  const { data } = await search({ where: { type } })
  return data.map(({ sourceId, targetId }: Record<string, string>) => `${nameOf(sourceId!)}>${nameOf(targetId!)}`).sort()
}

describe('one by one', () => {
  it('are made and shown with what is known of them', async () => {
    const [film, actor] = [await create('Film', { title: 'A' }), await create('Actor', { name: 'B' })]
    const made = await api('POST', `/relationships/${film}`, {
      targetIds: [actor],
      type: 'STARS',
      properties: { role: 'lead', since: '2020-01-01', pay: [1, 2], none: null },
    })
    expect(made).toEqual({ status: 201, data: { message: expect.any(String) }, success: true })
    expect(await search({ where: { type: 'STARS' } })).toEqual({
      status: 200,
      data: [
        {
          sourceId: film,
          sourceLabel: 'Film',
          targetId: actor,
          targetLabel: 'Actor',
          type: 'STARS',
          direction: 'out',
          properties: { role: 'lead', since: '2020-01-01', pay: [1, 2] },
        },
      ],
      success: true,
      total: 1,
    })
    // One of each type and direction: a second one replaces the first.
    await api('POST', `/relationships/${film}`, {
      targetIds: actor,
      type: 'STARS',
      direction: 'out',
      properties: { role: 'villain' },
    })
    await api('POST', `/relationships/${film}`, { targetIds: actor, type: 'STARS', direction: 'in' })
    const both = await search({ where: { type: 'STARS' }, orderBy: { role: 'asc' } })
    expect(both.data.map(({ sourceId, properties }: Record<string, unknown>) => [sourceId, properties])).toEqual([
      [film, { role: 'villain' }],
      [actor, {}],
    ])
    // Labels are those of now.
    await api('PATCH', `/records/${actor}`, { label: 'Person', data: {} })
    expect((await search({ where: { type: 'STARS' }, target: { labels: ['Person'] } })).data[0].targetLabel).toBe('Person')
  })

  it('have a type of their own where none is given', async () => {
    const [a, b] = [await create('Default', {}), await create('Default', {})]
    await api('POST', `/relationships/${a}`, { targetIds: [b] })
    for (const type of ['RUSHDB_DEFAULT_RELATION', '__RUSHDB__RELATION__DEFAULT__']) {
      for (const where of [{ type }, { $or: [{ type }] }, { type: { $in: [type, 'X'] } }, { type: { $startsWith: type } }])
        expect((await search({ source: { where: { $id: a } }, where })).data).toMatchObject([
          { sourceId: a, targetId: b, type: 'RUSHDB_DEFAULT_RELATION' },
        ])
      await api('PUT', `/relationships/${a}`, { targetIds: b, typeOrTypes: type })
      expect((await search({ where: { type } })).total).toBe(0)
      await api('POST', `/relationships/${a}`, { targetIds: [b], type })
    }
  })

  it('are ended by type and direction, or all', async () => {
    const [a, b] = [await create('Ended', {}), await create('Ended', {})]
    const names = new Map([
      [a, 'a'],
      [b, 'b'],
    ])
    const left = async () => [
      ...(await pairs('E1', (id) => names.get(id)!)).map((pair) => `E1 ${pair}`),
      ...(await pairs('E2', (id) => names.get(id)!)).map((pair) => `E2 ${pair}`),
    ]
    const connectAll = async () => {
      for (const type of ['E1', 'E2'])
        for (const direction of ['in', 'out']) await api('POST', `/relationships/${a}`, { targetIds: [b], type, direction })
    }
    const all = ['E1 a>b', 'E1 b>a', 'E2 a>b', 'E2 b>a']
    for (const [body, gone] of [
      [{}, all],
      [{ typeOrTypes: [] }, all],
      [{ typeOrTypes: 'E1' }, ['E1 a>b', 'E1 b>a']],
      [{ typeOrTypes: ['E1', 'E2'], direction: 'in' }, ['E1 b>a', 'E2 b>a']],
      [{ direction: 'out' }, ['E1 a>b', 'E2 a>b']],
      [{ typeOrTypes: 'E3' }, []],
    ] as const) {
      await connectAll()
      expect((await api('PUT', `/relationships/${a}`, { targetIds: [b, unknown], ...body })).status).toBe(200)
      expect(await left()).toEqual(all.filter((one) => !(gone as readonly string[]).includes(one)))
    }
  })

  it('with records that are not there, or are deleted, are none', async () => {
    const [a, b] = [await create('Gone', {}), await create('Gone', {})]
    for (const [from, to] of [
      [a, unknown],
      [unknown, b],
      [a, 'x'],
    ])
      expect((await api('POST', `/relationships/${from}`, { targetIds: [to], type: 'GONE' })).status).toBe(201)
    expect((await api('PUT', `/relationships/${unknown}`, { targetIds: [a] })).status).toBe(200)
    expect(await pairs('GONE')).toEqual([])
    for (const direction of ['in', 'out']) await api('POST', `/relationships/${a}`, { targetIds: [b], type: 'GONE', direction })
    expect(await pairs('GONE')).toHaveLength(2)
    await api('DELETE', `/records/${b}`)
    expect(await pairs('GONE')).toEqual([])
  })

  it('belong to a transaction as records do', async () => {
    const [a, b] = [await create('Tx', {}), await create('Tx', {})]
    const inTransaction = async (end: string) => {
      const headers = { 'x-transaction-id': (await api('POST', '/tx', {})).data.id as string }
      await on.call('POST', `/api/v1/relationships/${a}`, { body: { targetIds: [b], type: 'TX' }, headers })
      const inside = await on.call('POST', '/api/v1/relationships/search', { body: { where: { type: 'TX' } }, headers })
      expect([inside.json.total, (await pairs('TX')).length]).toEqual([1, 0])
      await api('POST', `/tx/${headers['x-transaction-id']}/${end}`, {})
    }
    await inTransaction('rollback')
    expect(await pairs('TX')).toEqual([])
    await inTransaction('commit')
    expect(await pairs('TX')).toEqual([`${a}>${b}`])
  })

  it('are refused where they are malformed', async () => {
    const a = await create('Bad', {})
    for (const body of [
      {},
      { targetIds: 7 },
      { targetIds: [7] },
      { targetIds: [a], direction: 'up' },
      { targetIds: [a], type: 5 },
    ])
      expect(await api('POST', `/relationships/${a}`, body)).toMatchObject({
        status: 400,
        message: expect.stringContaining('Request validation of body failed, because'),
      })
    for (const properties of [{ $gt: 1 }, { __id: 'x' }, { a: {} }, { a: [[1]] }, 'x', { ['n'.repeat(101)]: 1 }])
      expect((await api('POST', `/relationships/${a}`, { targetIds: [a], properties })).status).toBe(400)
  })
})

describe('a search', () => {
  beforeAll(async () => {
    const people = []
    for (let n = 0; n < 5; n++) people.push(await create('Node', { n, even: n % 2 === 0 }))
    for (let n = 0; n < 5; n++)
      await api('POST', `/relationships/${people[n]}`, {
        targetIds: [people[(n + 1) % 5]],
        type: 'RING',
        properties: { weight: n, name: `edge ${n}`, at: `2020-01-0${n + 1}`, ...(n > 2 && { flag: true }) },
      })
  })
  const weights = async (query: { where?: object; [other: string]: unknown }, url?: string) => {
    const { data, total } = await search({ ...query, where: { type: 'RING', ...query.where } }, url)
    expect(data.length).toBeLessThanOrEqual(total)
    return data.map(({ properties }: { properties: { weight: number } }) => properties.weight)
  }

  it('asks for the properties of relationships as for those of records', async () => {
    const orderBy = { weight: 'asc' }
    for (const [where, expected] of [
      [{ weight: { $gte: 2 } }, [2, 3, 4]],
      [{ weight: '2' }, []],
      [{ flag: { $exists: false } }, [0, 1, 2]],
      [{ flag: { $ne: true } }, []],
      [{ name: { $contains: 'EDGE 1' } }, [1]],
      [{ at: { $gt: '2020-01-03' } }, [3, 4]],
      [{ at: { $lt: { $year: 2020, $month: 1, $day: 2 } } }, [0]],
      [{ at: { $type: 'datetime' } }, [0, 1, 2, 3, 4]],
      [{ $or: [{ weight: 0 }, { $not: { weight: { $lt: 4 } } }] }, [0, 4]],
      [{ $nor: [{ flag: true }, { weight: 0 }] }, []],
    ] as const)
      expect([where, await weights({ where, orderBy })]).toEqual([where, expected])
  })

  it('asks for the records at both ends', async () => {
    const orderBy = { weight: 'asc' }
    expect(await weights({ source: { labels: ['Node'], where: { even: true } }, orderBy })).toEqual([0, 2, 4])
    expect(await weights({ target: { where: { n: { $in: [0, 1] } } }, orderBy })).toEqual([0, 4])
    expect(await weights({ source: { where: { n: 1 } }, target: { where: { n: 3 } } })).toEqual([])
    expect(await weights({ source: { where: { Node: { $relation: { type: 'RING', direction: 'out' }, n: 0 } } } })).toEqual([4])
    // From the other end the same relationships are seen the other way.
    const { data } = await search({ source: { where: { n: 1 } }, where: { type: 'RING', direction: 'in' } })
    expect(data).toMatchObject([{ direction: 'in', properties: { weight: 0 } }])
    expect((await search({ source: { where: { $id: data[0].targetId } }, where: { type: 'RING' } })).data).toMatchObject([
      { sourceId: data[0].targetId, targetId: data[0].sourceId, direction: 'out' },
    ])
  })

  it('comes in an order and in pages, with the number of all', async () => {
    expect(await weights({ orderBy: { weight: 'desc' }, skip: 1, limit: 2 })).toEqual([3, 2])
    expect((await search({ where: { type: 'RING' }, limit: 2 })).total).toBe(5)
    expect(await weights({ orderBy: { flag: 'desc', weight: 'asc' } })).toEqual([0, 1, 2, 3, 4])
    expect(await weights({ orderBy: { flag: 'asc', weight: 'asc' } })).toEqual([3, 4, 0, 1, 2])
    expect(await weights({ skip: 5 })).toEqual([])
    // The newest sources come first.
    expect(await weights({})).toEqual([4, 3, 2, 1, 0])
    expect(await weights({ orderBy: 'asc' })).toEqual([0, 1, 2, 3, 4])
    // Clients up to 2.3 have the page in the URL.
    expect(await weights({ orderBy: { weight: 'asc' } }, '?limit=2&skip=1')).toEqual([1, 2])
    expect((await on.call('POST', '/api/v1/relationships/search')).json).toMatchObject({ success: true, data: expect.any(Array) })
  })

  it('is refused where it makes no sense', async () => {
    for (const query of [
      { limit: 0 },
      { limit: 1_001 },
      { skip: -1 },
      { orderBy: 'up' },
      { orderBy: { weight: 'up' } },
      { where: { direction: 'up' } },
      { where: { Node: { n: 1 } } },
      { where: { weight: { $gt: true } } },
      { source: { where: { n: { $gt: 'x' } } } },
      { source: [] },
    ])
      expect([query, (await search(query)).status]).toEqual([query, 400])
    expect((await search({}, '?limit=x')).status).toBe(400)
  })
})

describe('many', () => {
  it('join records that have a value in common, and are ended alike', async () => {
    const names = new Map<string, string>()
    const add = async (label: string, name: string, data: object) => names.set(await create(label, data), name)
    const nameOf = (id: string) => names.get(id)!
    await add('User', 'u1', { id: 'u1', tags: ['a', 'b'] })
    await add('User', 'u2', { id: 'u2', tags: ['c'] })
    await add('User', 'u3', { id: 3 })
    await add('Order', 'o1', { userId: 'u1', tag: 'b' })
    await add('Order', 'o2', { userId: 'u2', tag: ['a', 'c'] })
    await add('Order', 'o3', { userId: '3' })
    await add('Order', 'o4', { userId: ['u1', 'u2'] })
    const byId = { source: { label: 'User', key: 'id' }, target: { label: 'Order', key: 'userId' }, type: 'ORDERED' }
    expect(await api('POST', '/relationships/create-many', { ...byId, properties: { via: 'join' } })).toMatchObject({
      status: 201,
      data: { message: expect.stringContaining('4') },
    })
    expect(await pairs('ORDERED', nameOf)).toEqual(['u1>o1', 'u1>o4', 'u2>o2', 'u2>o4'])
    expect((await search({ where: { type: 'ORDERED', via: 'join' } })).total).toBe(4)
    const byTag = { source: { label: 'User', key: 'tags' }, target: { label: 'Order', key: 'tag' }, type: 'TAG', direction: 'in' }
    await api('POST', '/relationships/create-many', byTag)
    expect(await pairs('TAG', nameOf)).toEqual(['o1>u1', 'o2>u1', 'o2>u2'])

    const some = { ...byId, source: { ...byId.source, where: { id: 'u1' } } }
    expect(await api('POST', '/relationships/delete-many', some)).toMatchObject({
      status: 200,
      data: { message: expect.stringContaining('2') },
    })
    expect(await pairs('ORDERED', nameOf)).toEqual(['u2>o2', 'u2>o4'])
    await api('POST', '/relationships/delete-many', { ...byTag, direction: 'out' })
    expect(await pairs('TAG', nameOf)).toHaveLength(3)
    await api('POST', '/relationships/delete-many', { ...byTag, type: undefined, direction: undefined })
    expect(await pairs('TAG', nameOf)).toEqual([])
    expect(await pairs('ORDERED', nameOf)).toEqual(['u2>o4'])
  })

  it('never join a record with itself', async () => {
    for (const parent of ['x', 'x', 'y']) await create('Sibling', { parent })
    const siblings = { source: { label: 'Sibling', key: 'parent' }, target: { label: 'Sibling', key: 'parent' }, type: 'SIBLING' }
    await api('POST', '/relationships/create-many', siblings)
    expect(await pairs('SIBLING')).toHaveLength(2)
    await api('POST', '/relationships/delete-many', siblings)
    expect(await pairs('SIBLING')).toEqual([])
  })

  it('join all with all where that is said', async () => {
    for (const n of [1, 2, 3]) await create('Left', { n, tenant: 't' })
    for (const n of [1, 2]) await create('Right', { n, tenant: 't' })
    const sides = {
      source: { label: 'Left', where: { tenant: 't' } },
      target: { label: 'Right', where: { tenant: 't' } },
      type: 'ALL',
    }
    for (const route of ['create-many', 'delete-many']) {
      for (const body of [
        sides,
        { ...sides, manyToMany: false },
        { ...sides, manyToMany: true, source: { label: 'Left' } },
        { ...sides, manyToMany: true, target: { label: 'Right', where: {} } },
        { ...sides, source: { label: 'Left', key: 'n' } },
        { ...sides, manyToMany: true, source: { where: { tenant: 't' } } },
      ])
        expect((await api('POST', `/relationships/${route}`, body)).status).toBe(400)
    }
    await api('POST', '/relationships/create-many', { ...sides, manyToMany: true })
    expect(await pairs('ALL')).toHaveLength(6)
    await api('POST', '/relationships/delete-many', { ...sides, manyToMany: true, source: { label: 'Left', where: { n: 1 } } })
    expect(await pairs('ALL')).toHaveLength(4)
  })

  it('are refused where they were too many', async () => {
    const rows = Array.from({ length: 500 }, () => ({ tenant: 'many' }))
    for (const label of ['ManyA', 'ManyB']) await api('POST', '/records/import/json', { label, data: rows })
    const side = (label: string) => ({ label, key: 'tenant' })
    expect(
      await api('POST', '/relationships/create-many', { source: side('ManyA'), target: side('ManyB'), type: 'MANY' }),
    ).toMatchObject({ status: 400, message: expect.stringContaining('200000') })
    expect(await pairs('MANY')).toEqual([])
  })
})

it('patterns are never suggested', async () => {
  expect(await api('GET', '/relationships/patterns')).toEqual({
    status: 200,
    data: { patterns: [], relationships: [] },
    success: true,
  })
  expect((await api('POST', '/relationships/patterns/analyze', {})).status).toBe(503)
  expect((await api('DELETE', '/relationships/patterns/p%2F1?deleteExisting=true')).status).toBe(404)
})
