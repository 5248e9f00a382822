import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serving, type Serving } from '../../../../testing/serving.js'

let on: Serving
const post = async (path: string, body: unknown): Promise<{ status: number; json: ReturnType<typeof JSON.parse> }> =>
  on.call('POST', `/api/v1${path}`, { body })
const search = (body: unknown): Promise<{ status: number; json: ReturnType<typeof JSON.parse> }> => post('/records/search', body)
const rowsOf = async (body: unknown): Promise<unknown> => {
  const { status, json } = await search(body)
  expect([status, json.message]).toEqual([200, undefined])
  return json.data
}

beforeAll(async () => {
  on = await serving()
  await post('/records/import/json', {
    label: 'COMPANY',
    data: [
      {
        name: 'TechCorp',
        stage: 'seed',
        EMPLOYEE: [
          { name: 'John', salary: 550, tags: ['a', 'b'], since: '2023-02-14T10:00:00Z' },
          { name: 'Jane', salary: 600, tags: ['b', 'c'], since: '2023-05-01' },
        ],
        DEPARTMENT: [
          { name: 'Engineering', PROJECT: [{ name: 'Web', EMPLOYEE: [{ name: 'Bob', salary: 300 }] }, { name: 'App' }] },
        ],
      },
      { name: 'Solo', stage: 'seed', EMPLOYEE: [{ name: 'Ann', salary: 100, since: '2024-02-29T23:59:59+02:00' }] },
      { name: 'Empty', stage: 'late' },
    ],
  })
})
afterAll(() => on.close())

describe('select', () => {
  it('adds keys to records: statistics of related ones, arithmetic, references', async () => {
    const rows = await rowsOf({
      labels: ['COMPANY'],
      where: { EMPLOYEE: { $alias: '$employee', salary: { $gte: 500 } } },
      select: {
        companyName: '$record.name',
        headcount: { $count: '$employee' },
        total: { $sum: '$employee.salary' },
        average: { $avg: '$employee.salary', $precision: 0 },
        least: { $min: '$employee.salary' },
        most: { $max: '$employee.name' },
        each: { $divide: [{ $ref: 'total' }, { $ref: 'headcount' }] },
        percent: { $multiply: [{ $divide: ['$employee.salary', { $sum: '$employee.salary' }] }, 0] },
        names: { $collect: { from: '$employee', select: { name: '$employee.name' } } },
        tags: { $count: '$employee.name' },
        one: { $count: '*' },
        yes: true,
      },
    })
    expect(rows).toEqual([
      {
        __id: expect.any(String),
        __label: 'COMPANY',
        __proptypes: { name: 'string', stage: 'string' },
        name: 'TechCorp',
        stage: 'seed',
        companyName: 'TechCorp',
        headcount: 2,
        total: 1150,
        average: 575,
        least: 550,
        most: 'John',
        each: 575,
        percent: 0,
        names: [{ name: 'Jane' }, { name: 'John' }],
        tags: 2,
        one: 1,
        yes: true,
      },
    ])
  })

  it('collects by label, level in level', async () => {
    const rows = await rowsOf({
      labels: ['COMPANY'],
      where: { name: 'TechCorp' },
      select: {
        departments: {
          $collect: {
            label: 'DEPARTMENT',
            select: {
              name: '$self.name',
              company: '$record.name',
              projects: {
                $collect: {
                  label: 'PROJECT',
                  orderBy: { name: 'asc' },
                  select: { name: '$self.name', staff: { $collect: { label: 'EMPLOYEE', limit: 3 } }, paid: { $count: '*' } },
                },
              },
            },
          },
        },
        seniors: { $collect: { label: 'EMPLOYEE', where: { salary: { $gt: 550 } }, select: { name: '$self.name' } } },
        second: {
          $collect: { label: 'EMPLOYEE', orderBy: { salary: 'asc' }, skip: 1, limit: 1, select: { pay: '$self.salary' } },
        },
      },
    })
    expect(rows).toMatchObject([
      {
        departments: [
          {
            name: 'Engineering',
            company: 'TechCorp',
            projects: [
              { name: 'App', staff: [] },
              { name: 'Web', staff: [{ __label: 'EMPLOYEE', name: 'Bob', salary: 300 }] },
            ],
          },
        ],
        seniors: [{ name: 'Jane' }],
        second: [{ pay: 600 }],
      },
    ])
  })

  it('groups by properties, and by keys of its own', async () => {
    const byStage = { labels: ['COMPANY'], select: { n: { $count: '*' } }, groupBy: ['$record.stage'] }
    const { json } = await search({ ...byStage, orderBy: { n: 'desc' } })
    expect(json).toEqual({
      data: [
        { stage: 'seed', n: 2 },
        { stage: 'late', n: 1 },
      ],
      total: 3,
      success: true,
    })
    expect((await search({ ...byStage, orderBy: { stage: 'asc' }, skip: 1, limit: 1 })).json.data).toEqual([
      { stage: 'seed', n: 2 },
    ])
    expect(
      await rowsOf({
        labels: ['EMPLOYEE'],
        select: { quarter: { $timeBucket: { field: '$record.since', unit: 'quarter' } }, pay: { $sum: '$record.salary' } },
        groupBy: ['quarter'],
        orderBy: { quarter: 'asc' },
      }),
    ).toEqual([
      { quarter: Date.UTC(2023, 0), pay: 550 },
      { quarter: Date.UTC(2023, 3), pay: 600 },
      { quarter: Date.UTC(2024, 0), pay: 100 },
      { quarter: null, pay: 300 },
    ])
  })

  it('has one row for totals, where nothing matches too', async () => {
    const totals = {
      select: { pay: { $sum: '$record.salary' }, n: { $count: '*' }, mean: { $divide: [{ $ref: 'pay' }, { $ref: 'n' }] } },
      groupBy: ['pay', 'n'],
    }
    expect(await rowsOf({ labels: ['EMPLOYEE'], ...totals })).toEqual([{ pay: 1550, n: 4, mean: 387.5 }])
    expect(await rowsOf({ labels: ['NOBODY'], ...totals })).toEqual([{ pay: 0, n: 0, mean: null }])
  })

  it('groups by what is related, each record once in a group', async () => {
    const rows = await rowsOf({
      labels: ['COMPANY'],
      where: { EMPLOYEE: { $alias: '$e' } },
      select: {
        n: { $count: '*' },
        pay: { $sum: '$e.salary' },
        names: { $collect: { from: '$e', select: { name: '$e.name' } } },
      },
      groupBy: ['$record.stage'],
    })
    expect(rows).toEqual([{ stage: 'seed', n: 2, pay: 1250, names: [{ name: 'Ann' }, { name: 'Jane' }, { name: 'John' }] }])
    const byName = await rowsOf({
      labels: ['COMPANY'],
      where: { EMPLOYEE: { $alias: '$e' } },
      select: { n: { $count: '*' } },
      groupBy: ['$e.name'],
      orderBy: { name: 'desc' },
    })
    expect(byName).toEqual(['John', 'Jane', 'Ann'].map((name) => ({ name, n: 1 })))
  })

  it('sorts records by what it computes', async () => {
    const query = {
      labels: ['COMPANY'],
      where: { $or: [{ EMPLOYEE: { $alias: '$e' } }, { name: 'Empty' }] },
      select: { most: { $max: '$e.salary' } },
    }
    const names = async (orderBy: unknown, page = {}): Promise<unknown> =>
      ((await rowsOf({ ...query, orderBy, ...page })) as { name: string }[]).map(({ name }) => name)
    expect(await names({ most: 'asc' })).toEqual(['Solo', 'TechCorp', 'Empty'])
    expect(await names({ most: 'desc' }, { skip: 1 })).toEqual(['TechCorp', 'Solo'])
    expect(await names({ stage: 'asc', most: 'desc' })).toEqual(['Empty', 'TechCorp', 'Solo'])
  })

  it.each([
    [{ select: { n: { $count: '*' } }, aggregate: { n: { fn: 'count' } } }, 'aggregate'],
    [{ select: { n: '$who.name' } }, '$who'],
    [{ select: { n: { $ref: 'm' } } }, 'select.n'],
    [{ select: { n: { $add: [{ $ref: 'm' }, 1] }, m: { $ref: 'n' } } }, 'circular'],
    [{ select: { n: { $sum: { $sum: '$record.a' } } } }, 'one aggregate within another'],
    [{ select: { n: { $add: [1] } } }, 'two'],
    [{ select: { n: 'text' } }, 'select.n'],
    [{ select: { n: { $nothing: 1 } } }, '$nothing'],
    [{ select: { n: {} } }, 'select.n'],
    [{ select: { n: { $collect: {} } } }, 'from'],
    [{ select: { n: { $collect: { from: '$x' } } } }, '$x'],
    [{ select: { n: { $timeBucket: { field: '$record.d', unit: 'hours' } } } }, 'size'],
    [{ select: { n: { $timeBucket: { field: '$record.d', unit: 'age' } } } }, 'unit'],
    [{ select: { n: { $count: '*' } }, groupBy: ['$record'] }, 'groupBy.0'],
    [{ select: { n: { $count: '*' } }, groupBy: ['$who.name'] }, '$who'],
    [{ select: { n: { $count: '*' } }, groupBy: ['stage'] }, 'groupBy.0'],
    [{ aggregate: { n: { fn: 'median', field: 'a' } } }, 'aggregate.n.fn'],
    [{ aggregate: { n: { fn: 'sum' } } }, 'aggregate.n.field'],
    [{ where: { A: { $alias: '$a', B: { $alias: '$a' } } }, select: { n: { $count: '$a' } } }, 'twice'],
  ])('refuses %j', async (body, said) => {
    const { status, json } = await search(body)
    expect([status, json.message]).toEqual([400, expect.stringContaining(said)])
  })

  it('is ignored where there is nothing to group', async () => {
    expect((await search({ labels: ['COMPANY'], groupBy: ['$record.stage'] })).json.data).toHaveLength(3)
  })
})

describe('aggregate', () => {
  it('is the older way', async () => {
    const rows = await rowsOf({
      labels: ['COMPANY'],
      where: { name: 'TechCorp', EMPLOYEE: { $alias: '$e' }, DEPARTMENT: { $alias: '$d', PROJECT: { $alias: '$p' } } },
      aggregate: {
        companyName: '$record.name',
        count: { fn: 'count', alias: '$e', unique: true },
        total: { fn: 'sum', field: 'salary', alias: '$e' },
        mean: { fn: 'avg', field: 'salary', alias: '$e', precision: 1 },
        names: { fn: 'collect', field: 'name', alias: '$e', orderBy: { name: 'asc' } },
        tags: { fn: 'collect', field: 'tags', alias: '$e' },
        departments: {
          fn: 'collect',
          alias: '$d',
          aggregate: { projects: { fn: 'collect', alias: '$p', orderBy: { name: 'asc' } } },
        },
      },
    })
    expect(rows).toMatchObject([
      {
        companyName: 'TechCorp',
        count: 2,
        total: 1150,
        mean: 575,
        names: ['Jane', 'John'],
        tags: ['b', 'c', 'a'],
        departments: [{ __label: 'DEPARTMENT', name: 'Engineering', projects: [{ name: 'App' }, { name: 'Web' }] }],
      },
    ])
  })

  it('makes intervals as texts', async () => {
    const rows = await rowsOf({
      labels: ['EMPLOYEE'],
      where: { since: { $exists: true } },
      aggregate: { month: { fn: 'timeBucket', field: 'since', granularity: 'months', size: 2 }, n: { fn: 'count' } },
      groupBy: ['month'],
      orderBy: { month: 'asc' },
    })
    expect(rows).toEqual(
      ['2023-01-01T00:00:00Z', '2023-05-01T00:00:00Z', '2024-01-01T00:00:00Z'].map((month) => ({ month, n: 1 })),
    )
  })
})

describe('vectors among the properties', () => {
  beforeAll(async () => {
    for (const [name, embedding] of Object.entries({ x: [1, 0], xy: [1, 1], y: [0, 2], zero: [0, 0], long: [1, 0, 0] }))
      await post('/records', { label: 'Vec', data: { name, embedding }, options: { castNumberArraysToVectors: true } })
    await post('/records', { label: 'Vec', data: { name: 'numbers', embedding: [1, 0] } })
  })
  const names = async (embedding: unknown): Promise<unknown> =>
    ((await rowsOf({ labels: ['Vec'], where: { embedding }, orderBy: 'asc' })) as { name: string }[]).map(({ name }) => name)
  const vector = (fn: string, threshold: unknown): unknown => ({
    $vector: { fn: `gds.similarity.${fn}`, query: [1, 0], threshold },
  })

  it('are filtered by how alike they are', async () => {
    expect(await names(vector('cosine', 0.5))).toEqual(['x', 'xy'])
    expect(await names(vector('cosine', { $gt: 0, $lt: 0.9 }))).toEqual(['xy'])
    expect(await names(vector('euclideanDistance', 1))).toEqual(['x', 'xy', 'zero'])
    expect(await names(vector('euclidean', 0.4))).toEqual(['y'])
    expect(await names({ $not: vector('cosine', 0.5) })).toEqual(['y', 'zero', 'long', 'numbers'])
    expect(await names({ $or: [vector('overlap', 1), { $exists: false }] })).toEqual(['x'])
  })

  it.each([
    ['gds.similarity.cosine', [1, Math.SQRT1_2, 0, null, null, 1]],
    ['gds.similarity.euclidean', [1, 0.5, 1 / (1 + Math.sqrt(5)), 0.5, null, 1]],
    ['gds.similarity.euclideanDistance', [0, 1, Math.sqrt(5), 1, null, 0]],
    ['gds.similarity.jaccard', [1, 1 / 3, 1 / 3, 1 / 3, null, 1]],
    ['gds.similarity.overlap', [1, 0.5, 0.5, 0.5, null, 1]],
    ['gds.similarity.pearson', [1, null, -1, null, null, 1]],
    ['vector.similarity.cosine', [1, (1 + Math.SQRT1_2) / 2, 0.5, null, null, 1]],
    ['vector.similarity.euclidean', [1, 0.5, 1 / 6, 0.5, null, 1]],
  ])('are scored by %s', async (fn, expected) => {
    const rows = await rowsOf({
      labels: ['Vec'],
      orderBy: 'asc',
      aggregate: { score: { fn, field: 'embedding', query: [1, 0], alias: '$record' } },
    })
    const scores = (rows as { score: number | null }[]).map(({ score }) => score)
    expect(scores.map((score) => score?.toFixed(9))).toEqual(expected.map((score) => score?.toFixed(9)))
  })

  it('rank records', async () => {
    const rows = await rowsOf({
      labels: ['Vec'],
      where: { name: { $in: ['x', 'xy', 'y'] } },
      aggregate: { score: { fn: 'gds.similarity.cosine', field: 'embedding', query: [0, 1] } },
      orderBy: { score: 'desc' },
      limit: 2,
    })
    expect(rows).toMatchObject([{ name: 'y', score: 1 }, { name: 'xy' }])
  })
})
