import { beforeAll, describe, expect, it } from 'vitest'
import { servedApi } from '../../../testing/rushdb/api.js'

const api = servedApi()
beforeAll(async () => {
  const companies = [
    {
      name: 'acme',
      DEPARTMENT: [
        { name: 'research', PROJECT: [{ name: 'p1', budget: 10, EMPLOYEE: [{ name: 'ann', age: 30 }] }] },
        {
          name: 'sales',
          PROJECT: [
            { name: 'p2', budget: 90 },
            { name: 'p3', budget: 95 },
          ],
        },
      ],
    },
    { name: 'bolt', DEPARTMENT: [{ name: 'research', PROJECT: [{ name: 'p4', budget: 20 }] }] },
    { name: 'core' },
  ]
  await api.data('POST', '/records/import/json', { label: 'COMPANY', data: companies })
  // A ring of three, and one that only points at it.
  const node = async (name: string): Promise<string> => (await api.create('NODE', { name })).__id
  const [n1, n2, n3, n4] = [await node('n1'), await node('n2'), await node('n3'), await node('n4')]
  const edges = [
    [n1, n2],
    [n2, n3],
    [n3, n1],
    [n4, n1],
  ] as const
  for (const [from, to] of edges) await api.data('POST', `/relationships/${from}`, { targetIds: to, type: 'NEXT' })
  await api.data('POST', `/relationships/${n4}`, { targetIds: [n2], type: 'KNOWS' })
})

type Found = [what: string, label: string, where: object, names: string[]]

describe('records that are related', () => {
  it.each<Found>([
    ['there is one', 'COMPANY', { DEPARTMENT: {} }, ['acme', 'bolt']],
    ['there is none', 'COMPANY', { $not: { DEPARTMENT: {} } }, ['core']],
    ['one that matches', 'COMPANY', { DEPARTMENT: { name: 'sales' } }, ['acme']],
    ['none that matches', 'COMPANY', { $not: { DEPARTMENT: { name: 'sales' } } }, ['bolt', 'core']],
    ['two steps away', 'COMPANY', { DEPARTMENT: { PROJECT: { budget: { $gt: 50 } } } }, ['acme']],
    ['three steps away', 'COMPANY', { DEPARTMENT: { PROJECT: { EMPLOYEE: { age: { $gte: 30 } } } } }, ['acme']],
    ['against the direction', 'PROJECT', { DEPARTMENT: { name: 'research' } }, ['p1', 'p4']],
    [
      'conditions of one step are of one record',
      'COMPANY',
      { DEPARTMENT: { name: 'research', PROJECT: { budget: { $gt: 50 } } } },
      [],
    ],
    ['groups of steps', 'COMPANY', { $or: [{ DEPARTMENT: { name: 'sales' } }, { name: 'core' }] }, ['acme', 'core']],
    ['groups in a step', 'COMPANY', { DEPARTMENT: { $or: [{ name: 'sales' }, { name: 'law' }] } }, ['acme']],
    ['a name in a step is none of a label', 'COMPANY', { DEPARTMENT: { $alias: '$d', name: 'sales' } }, ['acme']],
    ['by type', 'NODE', { NODE: { $relation: 'KNOWS' } }, ['n2', 'n4']],
    ['by type and direction', 'NODE', { NODE: { $relation: { type: 'KNOWS', direction: 'out' } } }, ['n4']],
    ['by type against the direction', 'NODE', { NODE: { $relation: { type: 'KNOWS', direction: 'in' } } }, ['n2']],
    ['by type, with a condition', 'NODE', { NODE: { $relation: { type: 'NEXT', direction: 'out' }, name: 'n1' } }, ['n3', 'n4']],
    ['so many steps', 'NODE', { NODE: { $relation: { type: 'NEXT', direction: 'out', hops: 2 }, name: 'n3' } }, ['n1']],
    [
      'from so many steps to so many',
      'NODE',
      { NODE: { $relation: { type: 'NEXT', direction: 'out', hops: { min: 1, max: 2 } }, name: 'n3' } },
      ['n1', 'n2'],
    ],
    ['a type nobody has', 'NODE', { NODE: { $relation: 'NOTHING' } }, []],
  ])('%s', async (_, label, where, names) => {
    expect(await api.names({ labels: [label], where, orderBy: { name: 'asc' } })).toEqual(names)
  })

  it('paths that end where they begin', async () => {
    const where = { $cycle: { type: 'NEXT', direction: 'out', hops: { min: 2, max: 4 } } }
    expect(await api.names({ labels: ['NODE'], where, orderBy: { name: 'asc' } })).toEqual(['n1', 'n2', 'n3'])
    const two = { $cycle: { type: 'NEXT', direction: 'out', hops: 2 } }
    expect(await api.names({ labels: ['NODE'], where: two })).toEqual([])
  })

  it('one record is one result, however many lead to it', async () => {
    const where = { DEPARTMENT: { PROJECT: { budget: { $gt: 0 } } } }
    const { json } = await api.ask('POST', '/records/search', { labels: ['COMPANY'], where, limit: 1, orderBy: { name: 'asc' } })
    expect([json.data.map(({ name }: { name: string }) => name), json.total]).toEqual([['acme'], 2])
    expect(await api.names({ labels: ['COMPANY'], where, skip: 1, orderBy: { name: 'asc' } })).toEqual(['bolt'])
  })

  it('those of one record', async () => {
    const [acme] = await api.find({ labels: ['COMPANY'], where: { name: 'acme' } })
    const { status, json } = await api.ask('POST', `/records/${acme.__id}/search`, { orderBy: { name: 'asc' } })
    expect([status, json.data.map(({ name }: { name: string }) => name), json.total]).toEqual([200, ['research', 'sales'], 2])
    const some = await api.data('POST', `/records/${acme.__id}/search`, { where: { PROJECT: { budget: 95 } } })
    expect(some.map(({ name }: { name: string }) => name)).toEqual(['sales'])
  })
})

describe('what is refused', () => {
  it.each<[what: string, where: object]>([
    ['no steps', { NODE: { $relation: { hops: 0 } } }],
    ['fewer than no steps', { NODE: { $relation: { hops: -1 } } }],
    ['steps from more to fewer', { NODE: { $relation: { hops: { min: 3, max: 2 } } } }],
    ['a direction nobody knows, with steps', { NODE: { $relation: { direction: 'up', hops: 2 } } }],
    ['a cycle that says no steps', { $cycle: { type: 'NEXT' } }],
    ['a cycle that is no object', { $cycle: true }],
    ['a cycle of one step', { $cycle: { hops: { min: 1, max: 3 } } }],
  ])('%s', async (_, where) => {
    const { status, json } = await api.ask('POST', '/records/search', { where })
    expect([status, json.error]).toEqual([400, 'Bad Request'])
  })
})
