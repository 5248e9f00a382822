import { beforeEach, describe, expect, it } from 'vitest'
import { apiOf, newLabel, refusal, servedApi, type Wire } from '../../../testing/rushdb/api.js'
import { serving } from '../../../testing/serving.js'

const api = servedApi()
/** A label of its own for each test. */
let label: string
beforeEach(() => {
  label = newLabel()
})

const uuid7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/
const message = { data: { message: expect.any(String) }, success: true }

describe('create', () => {
  it('answers 201 and the record', async () => {
    const { status, json } = await api.ask('POST', '/records', { label, data: { title: 'Alpha', n: 1 } })
    expect([status, json]).toEqual([
      201,
      {
        data: {
          __id: expect.stringMatching(uuid7),
          __label: label,
          __proptypes: { title: 'string', n: 'number' },
          title: 'Alpha',
          n: 1,
        },
        success: true,
      },
    ])
  })

  it('takes properties with their types', async () => {
    const properties = [
      { name: 'a', type: 'string', value: '1' },
      { name: 'b', type: 'number', value: 2 },
      { name: 'c', type: 'boolean', value: true },
      { name: 'd', type: 'datetime', value: '2020-01-01T00:00:00Z' },
      { name: 'e', type: 'number', value: [1, 2] },
    ]
    expect(await api.data('POST', '/records', { label, properties })).toMatchObject({
      __proptypes: { a: 'string', b: 'number', c: 'boolean', d: 'datetime', e: 'number' },
      a: '1',
      b: 2,
      c: true,
      e: [1, 2],
    })
  })

  it('cuts a text at its separator', async () => {
    const properties = [
      { name: 'tags', type: 'string', value: 'x, y ,,z', valueSeparator: ',' },
      { name: 'nums', type: 'number', value: '1;2', valueSeparator: ';' },
    ]
    expect(await api.data('POST', '/records', { label, properties })).toMatchObject({ tags: ['x', 'y', 'z'], nums: [1, 2] })
  })

  it('puts values of one name and type together', async () => {
    const properties = [
      { name: 'a', type: 'number', value: 1 },
      { name: 'a', type: 'number', value: 2 },
    ]
    expect(await api.data('POST', '/records', { label, properties })).toMatchObject({ a: [1, 2] })
  })

  it('makes a record of nothing', async () => {
    const { status, json } = await api.ask('POST', '/records', { label, data: {} })
    expect([status, json.data]).toEqual([201, { __id: expect.any(String), __label: label, __proptypes: {} }])
  })

  it('makes a record without a label', async () => {
    const made = await api.data('POST', '/records', { data: { unlabelled: label } })
    expect(made).not.toHaveProperty('__label')
    expect(await api.find({ where: { unlabelled: label } })).toEqual([made])
  })

  it('tolerates what it does not know', async () => {
    const body = { label, data: { a: 1 }, options: { someday: true }, traceId: 'x' }
    expect((await api.ask('POST', '/records', body)).status).toBe(201)
  })

  it.each<[what: string, body: object]>([
    ['neither data nor properties', {}],
    ['an object as a value', { data: { a: { b: 1 } } }],
    ['objects in a list', { data: { a: [{ b: 1 }] } }],
    ['a name of more than 100 signs', { data: { ['x'.repeat(101)]: 1 } }],
    ['a property whose value is of another type', { properties: [{ name: 'a', type: 'number', value: 'x' }] }],
    ['a property of no type', { properties: [{ name: 'a', type: 'color', value: 'x' }] }],
    [
      'one name with two types',
      {
        properties: [
          { name: 'a', type: 'number', value: 1 },
          { name: 'a', type: 'string', value: 'x' },
        ],
      },
    ],
    ['an operator as a name', { data: { $or: 'x' } }],
    ['a comparison as a name', { data: { $gte: 1 } }],
    ['a part of a date as a name', { data: { $year: 1 } }],
    ['a name of the server', { data: { __id: 'x' } }],
    ['the score as a name', { data: { __score: 1 } }],
    ['$alias as a name', { data: { $alias: 'x' } }],
    ['$id as the name of a property', { properties: [{ name: '$id', type: 'string', value: 'x' }] }],
    ['a label that is none', { label: 3, data: { a: 1 } }],
    ['a list of data', { data: [1] }],
  ])('refuses %s', async (_, body) => {
    const { status, json } = await api.ask('POST', '/records', { label, ...body })
    expect([status, json]).toEqual([400, { statusCode: 400, message: expect.any(String), error: 'Bad Request' }])
    expect(await api.find({ labels: [label] })).toEqual([])
  })

  it('says which part of a date is wrong, as ISO8601', async () => {
    const properties = [{ name: 'a', type: 'datetime', value: 'yesterday' }]
    const { status, json } = await api.ask('POST', '/records', { label, properties })
    expect([status, json]).toEqual([400, refusal(400, /^Request validation of body failed, because[^]*ISO8601/, 'Bad Request')])
  })
})

describe('read', () => {
  it('is by id, or 404', async () => {
    const made = await api.create(label, { a: 1 })
    expect((await api.ask('GET', `/records/${made.__id}`)).json).toEqual({ data: made, success: true })
    const { status, json } = await api.ask('GET', `/records/${api.nobody}`)
    expect([status, json]).toEqual([404, expect.objectContaining({ statusCode: 404, message: expect.any(String) })])
    expect((await api.ask('GET', '/records/undefined')).status).toBe(404)
  })

  it('is by several ids, in their order, without those that are not there', async () => {
    const [a, b] = [await api.create(label, { a: 1 }), await api.create(label, { b: 1 })]
    const { status, json } = await api.ask('POST', '/records', { ids: [b.__id, api.nobody, a.__id] })
    expect([status, json.data]).toEqual([200, [b, a]])
  })
})

describe('change', () => {
  it('PUT answers 201 and replaces all properties', async () => {
    const { __id } = await api.create(label, { a: 1, b: 2 })
    const { status, json } = await api.ask('PUT', `/records/${__id}`, { data: { b: 'x', c: true } })
    const expected = { __id, __label: label, __proptypes: { b: 'string', c: 'boolean' }, b: 'x', c: true }
    expect([status, json.data]).toEqual([201, expected])
    expect(await api.data('GET', `/records/${__id}`)).toEqual(expected)
  })

  it('PATCH answers 201 and keeps what it does not name', async () => {
    const { __id } = await api.create(label, { a: 1, b: 2, c: 3 })
    const { status, json } = await api.ask('PATCH', `/records/${__id}`, { data: { b: 'x', c: null } })
    const expected = { __id, __label: label, __proptypes: { a: 'number', b: 'string', c: 'number' }, a: 1, b: 'x', c: 3 }
    expect([status, json.data]).toEqual([201, expected])
    expect(await api.data('GET', `/records/${__id}`)).toEqual(expected)
  })

  it('may give another label', async () => {
    const { __id } = await api.create(label, { a: 1 })
    expect(await api.data('PATCH', `/records/${__id}`, { label: `${label}b`, data: {} })).toMatchObject({
      __label: `${label}b`,
      a: 1,
    })
    expect(await api.find({ labels: [label] })).toEqual([])
  })

  it.each(['PUT', 'PATCH'])('%s of what is not there is 404', async (method) => {
    expect((await api.ask(method, `/records/${api.nobody}`, { data: { a: 1 } })).status).toBe(404)
  })

  it.each(['PUT', 'PATCH'])('%s refuses names of the server', async (method) => {
    const { __id } = await api.create(label, { a: 1 })
    expect((await api.ask(method, `/records/${__id}`, { data: { __proptypes: 'x' } })).status).toBe(400)
  })
})

describe('upsert', () => {
  const upsert = (data: object, options: object): Promise<Wire> => api.data('POST', '/records', { label, data, options })

  it('creates, then changes the same record', async () => {
    const first = await upsert({ slug: 's', title: 'one', kept: true }, { mergeBy: ['slug'] })
    const second = await upsert({ slug: 's', title: 'two' }, { mergeBy: ['slug'], mergeStrategy: 'append' })
    expect(second).toMatchObject({ __id: first.__id, slug: 's', title: 'two', kept: true })
    expect(await api.find({ labels: [label] })).toHaveLength(1)
  })

  it('replaces all with rewrite', async () => {
    await upsert({ slug: 's', gone: true }, { mergeBy: ['slug'] })
    expect(await upsert({ slug: 's', title: 'two' }, { mergeBy: ['slug'], mergeStrategy: 'rewrite' })).not.toHaveProperty('gone')
  })

  it('matches by everything where nothing is said', async () => {
    const first = await upsert({ a: 1, b: 2 }, { mergeBy: [] })
    expect((await upsert({ a: 1, b: 2 }, { mergeStrategy: 'append' })).__id).toBe(first.__id)
    expect((await upsert({ a: 1, b: 3 }, { mergeBy: [] })).__id).not.toBe(first.__id)
  })

  it('creates where a key is missing from the data', async () => {
    const first = await upsert({ a: 1 }, { mergeBy: ['slug'] })
    expect((await upsert({ a: 1 }, { mergeBy: ['slug'] })).__id).not.toBe(first.__id)
  })

  it('matches strictly, lists as a whole', async () => {
    const first = await upsert({ key: 1, list: ['a', 'b'] }, { mergeBy: ['key'] })
    expect((await upsert({ key: '1' }, { mergeBy: ['key'] })).__id).not.toBe(first.__id)
    expect((await upsert({ list: ['a'] }, { mergeBy: ['list'] })).__id).not.toBe(first.__id)
    expect((await upsert({ list: ['a', 'b'] }, { mergeBy: ['list'] })).__id).toBe(first.__id)
  })

  it('takes names of any signs', async () => {
    const first = await upsert({ 'my `key`.x': 'v' }, { mergeBy: ['my `key`.x'] })
    expect(await upsert({ 'my `key`.x': 'v', n: 1 }, { mergeBy: ['my `key`.x'] })).toMatchObject({ __id: first.__id, n: 1 })
  })

  it('keeps to its label', async () => {
    await upsert({ slug: 's' }, { mergeBy: ['slug'] })
    const other = await api.data('POST', '/records', { label: `${label}b`, data: { slug: 's' }, options: { mergeBy: ['slug'] } })
    expect(other.__label).toBe(`${label}b`)
    expect(await api.find({ labels: [label] })).toHaveLength(1)
  })

  it('changes all that match, and answers one', async () => {
    await api.create(label, { slug: 's', n: 1 })
    await api.create(label, { slug: 's', n: 2 })
    await upsert({ slug: 's', seen: true }, { mergeBy: ['slug'] })
    expect((await api.find({ labels: [label], where: { seen: true } })).length).toBe(2)
  })
})

describe('delete', () => {
  it('by id answers 200, also where nothing was', async () => {
    const { __id } = await api.create(label, { a: 1 })
    for (const id of [__id, __id, api.nobody]) {
      const { status, json } = await api.ask('DELETE', `/records/${id}`)
      expect([status, json]).toEqual([200, message])
    }
    expect((await api.ask('GET', `/records/${__id}`)).status).toBe(404)
  })

  it('by query answers 201 and takes all that match, whatever its limit', async () => {
    await api.data('POST', '/records/import/json', { label, data: [{ n: 1 }, { n: 2 }, { n: 3 }] })
    const { status, json } = await api.ask('POST', '/records/delete', { labels: [label], where: { n: { $gte: 2 } }, limit: 1 })
    expect([status, json]).toEqual([201, message])
    expect((await api.find({ labels: [label] })).map(({ n }) => n as number)).toEqual([1])
  })

  it('by ids', async () => {
    const [a, b] = [await api.create(label, { a: 1 }), await api.create(label, { b: 1 })]
    await api.data('POST', '/records/delete', { limit: 1000, where: { $id: { $in: [a.__id, api.nobody] } } })
    expect((await api.find({ labels: [label] })).map(({ __id }) => __id as string)).toEqual([b.__id])
  })

  it('of everything takes everything', async () => {
    const own = await serving()
    const other = apiOf(own)
    await other.create('A', { a: 1 })
    await other.create('B', { a: 1 })
    expect((await other.ask('POST', '/records/delete', {})).status).toBe(201)
    expect(await other.find({})).toEqual([])
    await own.close()
  })
})

describe('a table of them', () => {
  it('has ids and labels, then properties by name, in lines that end with CR LF', async () => {
    await api.create(label, { z: 'a "quoted", text', b: 1 })
    await api.create(label, { c: true })
    const { status, json } = await api.ask('POST', '/records/export/csv', { labels: [label], orderBy: 'asc' })
    expect(status).toBe(200)
    const lines = json.data.fileContent.split('\r\n')
    expect(lines[0]).toBe('__id,__label,b,c,z')
    expect(lines[1]).toMatch(new RegExp(`^[\\w-]{36},${label},1,,"a ""quoted"", text"$`))
    expect(lines[2]).toMatch(new RegExp(`^[\\w-]{36},${label},,true,$`))
    expect(json.data.dateTime).toMatch(/^\d{4}-\d\d-\d\dT/)
  })
})
