import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serving, type Serving } from '../../../testing/serving.js'

let on: Serving
const post = async (path: string, body: unknown): Promise<{ status: number; json: ReturnType<typeof JSON.parse> }> =>
  on.call('POST', `/api/v1${path}`, { body })
const search = (body: unknown): Promise<{ status: number; json: ReturnType<typeof JSON.parse> }> => post('/records/search', body)

beforeAll(async () => {
  on = await serving()
})
afterAll(() => on.close())

describe('searches for records', () => {
  beforeAll(async () => {
    await post('/records/import/json', {
      label: 'Author',
      data: [
        {
          name: 'Alice',
          seniority: 10,
          Post: [
            { title: 'Graphs', views: 1200, tags: ['a', 'b'] },
            { title: 'Draft', views: 0 },
          ],
        },
        { name: 'Bob', seniority: 3, Post: [{ title: 'Learning', views: 500, published: '2024-01-02T03:04:05Z' }] },
        { name: 'Cy, "the" other' },
      ],
    })
  })

  it('are newest first, counted, and paged', async () => {
    const { json, status } = await search({ labels: ['Author'] })
    expect(status).toBe(200)
    expect(json.total).toBe(3)
    expect(json.data.map(({ name }: { name: string }) => name)).toEqual(['Cy, "the" other', 'Bob', 'Alice'])
    const second = await search({ labels: ['Author'], orderBy: 'asc', skip: 1, limit: 1 })
    expect(second.json).toMatchObject({ success: true, total: 3, data: [{ __label: 'Author', name: 'Bob' }] })
    expect((await search({ labels: ['Author'], skip: 3 })).json).toEqual({ success: true, total: 3, data: [] })
    expect((await search({ labels: [null, 'Nobody'] })).json.total).toBe(0)
    expect((await search({ labels: [] })).json.total).toBe(6)
  })

  it.each([
    ['asc', ['Bob', 'Alice', 'Cy, "the" other']],
    ['desc', ['Cy, "the" other', 'Alice', 'Bob']],
  ])('sort what has no value as the largest: %s', async (order, names) => {
    const { json } = await search({ labels: ['Author'], orderBy: { seniority: order } })
    expect(json.data.map(({ name }: { name: string }) => name)).toEqual(names)
  })

  it('find by related records, and what is related to one', async () => {
    const { json } = await search({ labels: ['Author'], where: { Post: { views: { $gte: 1000 } } } })
    expect(json.data.map(({ name }: { name: string }) => name)).toEqual(['Alice'])
    const id = json.data[0].__id
    const posts = await post(`/records/${id}/search`, { where: { views: 0 } })
    expect(posts.json).toMatchObject({ total: 1, data: [{ title: 'Draft' }] })
    expect((await post(`/records/${id}/search`, {})).json.total).toBe(2)
    expect((await post('/records/0190b5a0-0000-7000-8000-000000000000/search', {})).json).toMatchObject({ total: 0, data: [] })
  })

  it('are exported as a table', async () => {
    const { json } = await post('/records/export/csv', { labels: ['Post'], orderBy: 'asc', where: { published: null } })
    const [header, ...rows] = json.data.fileContent.split('\r\n')
    expect(header).toBe('__id,__label,tags,title,views')
    expect(rows.map((row: string) => row.slice(37))).toEqual(['Post,"[""a"",""b""]",Graphs,1200', 'Post,,Draft,0'])
    expect(Date.parse(json.data.dateTime)).toBeGreaterThan(0)
    expect((await post('/records/export/csv', { labels: ['Nobody'] })).json.data.fileContent).toBe('__id,__label')
  })

  it.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 1001 }, 'limit'],
    [{ skip: -1 }, 'skip'],
    [{ orderBy: 'up' }, 'orderBy'],
    [{ orderBy: { name: 'up' } }, 'orderBy'],
    [{ labels: [7] }, 'labels'],
    [{ where: [] }, 'where'],
    [{ where: { n: { $in: [] } } }, 'where.n.$in'],
    [{ where: { n: { $in: [1, 'a'] } } }, 'where.n.$in'],
    [{ where: { n: { $gt: 'x' } } }, 'where.n.$gt'],
    [{ where: { n: { $gte: true } } }, 'where.n.$gte'],
    [{ where: { d: { $month: 2 } } }, 'where.d'],
    [{ where: { d: { $year: 2023, $month: 2, $day: 30 } } }, 'ISO8601'],
    [{ where: { n: { $type: 'list' } } }, 'where.n.$type'],
    [{ where: { n: [] } }, 'where.n'],
    [{ where: { n: { $or: [] } } }, 'where.n.$or'],
    [{ where: { $or: [] } }, 'where.$or'],
    [{ where: { $regex: 'a' } }, 'where.$regex'],
    [{ where: { Post: { $relation: { hops: 0 } } } }, 'hops'],
    [{ where: { Post: { $relation: { hops: { min: 3, max: 2 } } } } }, 'hops'],
    [{ where: { Post: { $relation: { direction: 'up' } } } }, 'direction'],
    [{ where: { $cycle: true } }, 'where.$cycle'],
    [{ where: { $cycle: { hops: 1 } } }, 'hops'],
    [{ where: { Post: { $alias: 'post' } } }, '$alias'],
    [{ where: { v: { $vector: { fn: 'nearest', query: [1], threshold: 1 } } } }, 'where.v.$vector.fn'],
  ])('refuse %j', async (body, said) => {
    const { status, json } = await search(body)
    expect([status, json.error, json.message]).toEqual([400, 'Bad Request', expect.stringContaining(said)])
  })

  it('refuse what is nested too deep, and take names of prototypes as names', async () => {
    for (const [opening, closing] of [
      ['{"$not":', '}'],
      ['{"n":{"$or":', '}}'],
      ['{"$or":[', ']}'],
      ['{"Post":', '}'],
      ['{"$not":{"Post":{"n":{"$not":', '}}}}'],
    ] as const) {
      const where = `${opening.repeat(20_000)}{}${closing.repeat(20_000)}`
      expect([opening, (await search(`{"where":${where}}`)).status]).toEqual([opening, 400])
    }
    for (const name of ['__proto__', 'constructor', 'toString', 'a.b', 'hasOwnProperty']) {
      const { status, json } = await search(JSON.parse(`{"where": {"${name}": 1}, "orderBy": {"${name}": "desc"}, "limit": 1}`))
      expect([name, status, json.total]).toEqual([name, 200, 0])
    }
  })
})

describe('paths of several relationships', () => {
  const ids = new Map<string, string>()
  const link = async (from: string, to: string, type = 'REPORTS_TO'): Promise<void> => {
    const body = { targetIds: ids.get(to), type, direction: 'out' }
    expect((await post(`/relationships/${ids.get(from)}`, body)).status).toBe(201)
  }
  const found = async (where: unknown): Promise<unknown> => {
    const { status, json } = await search({ labels: ['Person'], where, orderBy: { name: 'asc' } })
    expect([status, json.message]).toEqual([200, undefined])
    return json.data.map(({ name }: { name: string }) => name).join('')
  }
  const to = (name: string, $relation: unknown): unknown => ({ Person: { name, $relation } })

  // a -> b -> c -> d -> b, and e -> a twice, of two types.
  beforeAll(async () => {
    for (const name of 'abcde') ids.set(name, (await post('/records', { label: 'Person', data: { name } })).json.data.__id)
    for (const [from, end] of ['ab', 'bc', 'cd', 'db', 'ea']) await link(from!, end!)
    await link('e', 'a', 'KNOWS')
  })

  it('end at a record, so far away', async () => {
    expect(await found(to('d', { type: 'REPORTS_TO', direction: 'out', hops: 1 }))).toBe('c')
    expect(await found(to('d', { type: 'REPORTS_TO', direction: 'out', hops: 3 }))).toBe('ad')
    expect(await found(to('d', { type: 'REPORTS_TO', direction: 'out', hops: { max: 3 } }))).toBe('abcd')
    expect(await found(to('d', { direction: 'out', hops: { min: 4, max: 4 } }))).toBe('e')
    expect(await found(to('a', { direction: 'in', hops: { max: 2 } }))).toBe('bc')
    expect(await found({ $not: to('d', { direction: 'out', hops: { max: 25 } }) })).toBe('')
    expect(await found({ $not: to('a', { direction: 'out', hops: { max: 25 } }) })).toBe('abcd')
  })

  it('go along no relationship twice', async () => {
    expect(await found(to('a', { type: 'REPORTS_TO', hops: 2 }))).toBe('cd')
    expect(await found(to('a', { hops: 2 }))).toBe('acd')
    expect(await found(to('e', { type: 'KNOWS', hops: { max: 5 } }))).toBe('a')
  })

  it('are cycles', async () => {
    expect(await found({ $cycle: { type: 'REPORTS_TO', direction: 'out', hops: { min: 2, max: 3 } } })).toBe('bcd')
    expect(await found({ $cycle: { hops: { min: 2, max: 2 } } })).toBe('ae')
    expect(await found({ $cycle: { direction: 'out', hops: 2 } })).toBe('')
    expect(await found({ $not: { RING: { $cycle: true, $relation: { hops: { max: 3 } } } } })).toBe('')
    expect(await found({ $not: { $cycle: { type: 'REPORTS_TO', hops: { max: 3 } } } })).toBe('ae')
  })

  it('join every record at their ends, once', async () => {
    const { json } = await search({
      labels: ['Person'],
      where: { Person: { $alias: '$boss', $relation: { direction: 'out', hops: { max: 3 } } } },
      select: { bosses: { $collect: { from: '$boss', select: { name: '$boss.name' }, orderBy: { name: 'asc' } } } },
      orderBy: { name: 'asc' },
    })
    const bosses = json.data.map((row: { bosses: { name: string }[] }) => row.bosses.map(({ name }) => name).join(''))
    expect(bosses).toEqual(['bcd', 'bcd', 'bcd', 'bcd', 'abc'])
  })

  it('are refused where there are too many to try', async () => {
    const nodes = Array.from({ length: 20 }, (_, n) => ({ n }))
    await post('/records/import/json', { label: 'Node', data: nodes })
    const [low, high] = [{ $lt: 10 }, { $gte: 10 }].map((n) => ({ label: 'Node', where: { n } }))
    await post('/relationships/create-many', { source: low, target: high, manyToMany: true, type: 'NEXT' })
    const cyclesOf = (hops: number): unknown => ({ labels: ['Node'], where: { n: 0, $cycle: { type: 'NEXT', hops } } })
    expect((await search(cyclesOf(24))).json.total).toBe(1)
    // Between two halves there is no cycle of an odd length, which only trying all paths would tell.
    const { status, json } = await search(cyclesOf(25))
    expect([status, json.message]).toEqual([400, expect.stringContaining('paths')])
  })
})
