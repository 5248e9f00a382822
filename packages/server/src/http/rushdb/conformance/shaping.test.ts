import { beforeAll, describe, expect, it } from 'vitest'
import { servedApi, type Wire } from '../../../testing/rushdb/api.js'

const api = servedApi()
beforeAll(async () => {
  await api.data('POST', '/records/import/json', {
    label: 'SHOP',
    data: [
      {
        name: 'north',
        ORDER: [
          { name: 'o1', status: 'open', amount: 10, at: '2024-01-15T10:30:00Z' },
          { name: 'o2', status: 'done', amount: 20.5, at: '2024-01-20T08:00:00Z' },
          { name: 'o3', status: 'open', amount: 30, at: '2024-02-01T00:00:00Z' },
        ],
      },
      { name: 'south', ORDER: [{ name: 'o4', status: 'done', amount: 40, at: '2024-05-31T23:59:59Z' }] },
      { name: 'empty' },
    ],
  })
  await api.create('ORDER', { name: 'o5', status: 'open', amount: 'much' })
})

const shops = (query: object): Promise<Wire[]> => api.find({ labels: ['SHOP'], orderBy: { name: 'asc' }, ...query })
const orders = (query: object): Promise<Wire[]> =>
  api.find({ labels: ['ORDER'], where: { amount: { $gte: 0 } }, orderBy: { name: 'asc' }, ...query })
/** All orders of a shop, by a name for the step. */
const withOrders = { ORDER: { $alias: '$order' } }
const month = (text: string) => Date.parse(text)

describe('keys of a record', () => {
  it.each<[what: string, select: object, values: unknown[]]>([
    ['a field of its own', { k: '$record.amount' }, [10, 20.5, 30, 40]],
    ['a number', { k: 7 }, [7, 7, 7, 7]],
    ['a boolean', { k: true }, [true, true, true, true]],
    ['a sum of two', { k: { $add: ['$record.amount', 1] } }, [11, 21.5, 31, 41]],
    ['a difference', { k: { $subtract: ['$record.amount', 10] } }, [0, 10.5, 20, 30]],
    ['a product', { k: { $multiply: ['$record.amount', 2] } }, [20, 41, 60, 80]],
    ['a quotient', { k: { $divide: ['$record.amount', 4] } }, [2.5, 5.125, 7.5, 10]],
    [
      'another key',
      { k: { $multiply: [{ $ref: 'twice' }, 2] }, twice: { $multiply: ['$record.amount', 2] } },
      [40, 82, 120, 160],
    ],
    [
      'what is in what',
      { k: { $add: [{ $multiply: ['$record.amount', 2] }, { $divide: ['$record.amount', 10] }] } },
      [21, 43.05, 63, 84],
    ],
    [
      'the beginning of its month',
      { k: { $timeBucket: { field: '$record.at', unit: 'month' } } },
      [
        month('2024-01-01T00:00:00Z'),
        month('2024-01-01T00:00:00Z'),
        month('2024-02-01T00:00:00Z'),
        month('2024-05-01T00:00:00Z'),
      ],
    ],
    [
      'the beginning of its day',
      { k: { $timeBucket: { field: '$record.at', unit: 'day' } } },
      ['2024-01-15', '2024-01-20', '2024-02-01', '2024-05-31'].map(month),
    ],
    [
      'the beginning of its quarter',
      { k: { $timeBucket: { field: '$record.at', unit: 'quarter' } } },
      ['2024-01-01', '2024-01-01', '2024-01-01', '2024-04-01'].map(month),
    ],
    [
      'no beginning of what is no date',
      { k: { $timeBucket: { field: '$record.amount', unit: 'day' } } },
      [null, null, null, null],
    ],
  ])('%s', async (_, select, values) => {
    const found = await orders({ select })
    expect(found.map(({ k }) => (typeof k === 'number' ? Number(k.toFixed(9)) : (k ?? null)) as unknown)).toEqual(values)
    expect(found[0]).toMatchObject({ __id: expect.any(String), __label: 'ORDER', name: 'o1', status: 'open' })
  })

  it.each<[what: string, select: object, values: unknown[]]>([
    ['how many are related', { k: { $count: '$order' } }, [3, 1]],
    ['their sum', { k: { $sum: '$order.amount' } }, [60.5, 40]],
    ['their least', { k: { $min: '$order.amount' } }, [10, 40]],
    ['their most', { k: { $max: '$order.amount' } }, [30, 40]],
    ['their mean', { k: { $avg: '$order.amount', $precision: 2 } }, [20.17, 40]],
    ['their mean as a whole number', { k: { $avg: '$order.amount', $precision: 0 } }, [20, 40]],
    ['of what is computed', { k: { $sum: { $multiply: ['$order.amount', 2] } } }, [121, 80]],
  ])('%s', async (_, select, values) => {
    const found = await shops({ where: withOrders, select })
    expect(found.map(({ k }) => k as unknown)).toEqual(values)
  })

  it('the related records themselves', async () => {
    const select = { list: { $collect: { from: '$order', orderBy: { amount: 'desc' }, limit: 2 } } }
    const [north] = await shops({ where: withOrders, select })
    expect(north.list.map(({ name }: Wire) => name)).toEqual(['o3', 'o2'])
    expect(north.list[0]).toMatchObject({ __label: 'ORDER', status: 'open', amount: 30 })
  })

  it('the related records by their label', async () => {
    const select = { list: { $collect: { label: 'ORDER', where: { status: 'open' }, orderBy: { amount: 'asc' } } } }
    const found = await shops({ select })
    expect(found.map(({ name, list }) => [name, list.map((one: Wire) => one.name)])).toEqual([
      ['empty', []],
      ['north', ['o1', 'o3']],
      ['south', []],
    ])
  })

  it('of them only some fields', async () => {
    const select = {
      list: {
        $collect: {
          label: 'ORDER',
          select: { what: '$self.name', twice: { $multiply: ['$self.amount', 2] } },
          orderBy: { name: 'asc' },
        },
      },
    }
    const [south] = await shops({ where: { name: 'south' }, select })
    expect(south.list).toEqual([{ what: 'o4', twice: 80 }])
  })
})

describe('groups', () => {
  const byName = (rows: Wire[], key: string) => [...rows].sort((a, b) => String(a[key]).localeCompare(String(b[key])))

  it.each<[what: string, query: object, key: string, rows: object[]]>([
    [
      'counts by a field',
      { select: { n: { $count: '*' } }, groupBy: ['$record.status'] },
      'status',
      [
        { status: 'done', n: 2 },
        { status: 'open', n: 2 },
      ],
    ],
    [
      'several keys',
      { select: { sum: { $sum: '$record.amount' }, most: { $max: '$record.amount' } }, groupBy: ['$record.status'] },
      'status',
      [
        { status: 'done', sum: 60.5, most: 40 },
        { status: 'open', sum: 40, most: 30 },
      ],
    ],
    [
      'by a key that is computed',
      { select: { month: { $timeBucket: { field: '$record.at', unit: 'month' } }, n: { $count: '*' } }, groupBy: ['month'] },
      'month',
      [
        { month: month('2024-01-01'), n: 2 },
        { month: month('2024-02-01'), n: 1 },
        { month: month('2024-05-01'), n: 1 },
      ],
    ],
    [
      'by two fields',
      { select: { n: { $count: '*' } }, groupBy: ['$record.status', '$record.name'], where: { amount: { $gt: 20 } } },
      'name',
      [
        { status: 'done', name: 'o2', n: 1 },
        { status: 'open', name: 'o3', n: 1 },
        { status: 'done', name: 'o4', n: 1 },
      ],
    ],
  ])('%s', async (_, query, key, rows) => {
    const { status, json } = await api.ask('POST', '/records/search', {
      labels: ['ORDER'],
      where: { amount: { $gte: 0 } },
      ...query,
    })
    expect([status, byName(json.data, key)]).toEqual([200, rows])
    expect(json.total).toEqual(expect.any(Number))
  })

  it('in one row, where only sums are asked for', async () => {
    const query = {
      labels: ['ORDER'],
      where: { amount: { $gte: 0 } },
      select: { sum: { $sum: '$record.amount' } },
      groupBy: ['sum'],
    }
    expect(await api.find(query)).toEqual([{ sum: 100.5 }])
  })

  it('in the order of a key, by pages', async () => {
    const query = {
      labels: ['ORDER'],
      where: { amount: { $gte: 0 } },
      select: { sum: { $sum: '$record.amount' } },
      groupBy: ['$record.status'],
    }
    expect(await api.find({ ...query, orderBy: { sum: 'asc' } })).toEqual([
      { status: 'open', sum: 40 },
      { status: 'done', sum: 60.5 },
    ])
    expect(await api.find({ ...query, orderBy: { sum: 'desc' }, limit: 1 })).toEqual([{ status: 'done', sum: 60.5 }])
  })
})

describe('aggregates of older clients', () => {
  it.each<[what: string, aggregate: object, values: unknown[]]>([
    ['count', { k: { fn: 'count', alias: '$order' } }, [3, 1]],
    ['sum', { k: { fn: 'sum', field: 'amount', alias: '$order' } }, [60.5, 40]],
    ['min', { k: { fn: 'min', field: 'amount', alias: '$order' } }, [10, 40]],
    ['max', { k: { fn: 'max', field: 'amount', alias: '$order' } }, [30, 40]],
    ['avg with its precision', { k: { fn: 'avg', field: 'amount', alias: '$order', precision: 1 } }, [20.2, 40]],
    ['a field of the record', { k: '$record.name' }, ['north', 'south']],
  ])('%s', async (_, aggregate, values) => {
    const found = await shops({ where: withOrders, aggregate })
    expect(found.map(({ k }) => k as unknown)).toEqual(values)
  })

  it('collect', async () => {
    const aggregate = {
      names: { fn: 'collect', field: 'name', alias: '$order' },
      all: { fn: 'collect', alias: '$order', orderBy: { name: 'asc' } },
    }
    const [north] = await shops({ where: withOrders, aggregate })
    expect([...north.names].sort()).toEqual(['o1', 'o2', 'o3'])
    expect(north.all.map(({ name }: Wire) => name)).toEqual(['o1', 'o2', 'o3'])
  })

  it('order by one of them', async () => {
    const aggregate = { sum: { fn: 'sum', field: 'amount', alias: '$order' } }
    const found = await shops({ where: withOrders, aggregate, orderBy: { sum: 'asc' } })
    expect(found.map(({ name }) => name as string)).toEqual(['south', 'north'])
  })

  it('beginnings of times are dates', async () => {
    const aggregate = { month: { fn: 'timeBucket', field: 'at', granularity: 'month', alias: '$record' } }
    const [first] = await orders({ aggregate })
    expect(Date.parse(first.month as string)).toBe(month('2024-01-01'))
    expect(first.month).toEqual(expect.any(String))
  })
})

describe('what is refused', () => {
  it.each<[what: string, query: object]>([
    ['keys of both kinds', { select: { a: '$record.name' }, aggregate: { b: { fn: 'count', alias: '$record' } } }],
    ['a name of a step that is not there', { select: { a: '$nobody.name' } }],
    ['a key that is not there', { select: { a: { $ref: 'nobody' } } }],
    ['keys in a circle', { select: { a: { $ref: 'b' }, b: { $ref: 'a' } } }],
    ['a group of no field', { select: { n: { $count: '*' } }, groupBy: ['$record'] }],
    ['several units of no size', { select: { a: { $timeBucket: { field: '$record.at', unit: 'days' } } } }],
    ['half a unit', { select: { a: { $timeBucket: { field: '$record.at', unit: 'days', size: 0.5 } } } }],
  ])('%s', async (_, query) => {
    const { status, json } = await api.ask('POST', '/records/search', { labels: ['ORDER'], ...query })
    expect([status, json.error]).toEqual([400, 'Bad Request'])
  })
})
