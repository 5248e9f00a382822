import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, serving, type Serving } from '../../../testing/serving.js'

let on: Serving
let label: string
let numbered = 0
beforeAll(async () => {
  on = await serving()
})
beforeEach(() => {
  label = `Label${numbered++}`
})
afterAll(() => on.close())

const post = (path: string, body: unknown): Promise<Answer> => on.call('POST', `/api/v1${path}`, { body })
const create = async (data: unknown, more: object = {}): Promise<Answer['json']> => {
  const { status, json } = await post('/records', { label, data, ...more })
  expect([status, json.success]).toEqual([201, true])
  return json.data
}
const get = (id: string): Promise<Answer> => on.call('GET', `/api/v1/records/${id}`)
const unknownId = '0190b5a0-0000-7000-8000-000000000777'

describe('a record', () => {
  it('comes back as it was written, with the types of its properties', async () => {
    const data = {
      title: 'Alpha',
      n: 1.5,
      yes: true,
      born: '1815-12-10',
      at: '2024-01-01T10:00:00.5+02:00',
      tags: ['a', 'b'],
      nul: null,
    }
    const record = await create(data)
    const { nul: _, ...kept } = data
    const expected = {
      __id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      __label: label,
      __proptypes: { title: 'string', n: 'number', yes: 'boolean', born: 'datetime', at: 'datetime', tags: 'string' },
      ...kept,
    }
    expect(record).toEqual(expected)
    expect((await get(record.__id)).json).toEqual({ data: expected, success: true })
    expect(Math.abs(Number.parseInt(record.__id.replace('-', '').slice(0, 12), 16) - Date.now())).toBeLessThan(60_000)
  })

  it('may have no properties, no label, and names that mean something to programs', async () => {
    expect(await create({})).toEqual({ __id: expect.any(String), __label: label, __proptypes: {} })
    const text = '{"data":{"__proto__":"x","constructor":["y"],"a.b":1,"$c":2,"50%":3,"to string`":4}}'
    const { json } = await on.call('POST', '/api/v1/records', { body: text })
    const read = await get(json.data.__id)
    expect(JSON.parse(read.text).data).not.toHaveProperty('__label')
    expect(read.text).toContain('"__proto__":"x","constructor":["y"],"a.b":1,"$c":2,"50%":3,"to string`":4')
  })

  it('may come as drafts that say their types', async () => {
    const properties = [
      { name: 'n', type: 'number', value: 1 },
      { name: 'n', type: 'number', value: [2, 3] },
      { name: 'tags', type: 'string', value: 'a, b,,c', valueSeparator: ',' },
      { name: 'when', type: 'datetime', value: '2024-02-29' },
      { name: 'text', type: 'string', value: '2024-02-29' },
      { name: 'f', type: 'vector', value: [1, 2] },
    ]
    const { json } = await post('/records', { label, properties })
    expect(json.data).toMatchObject({ n: [1, 2, 3], tags: ['a', 'b', 'c'], when: '2024-02-29', text: '2024-02-29', f: [1, 2] })
    expect(json.data.__proptypes).toEqual({ n: 'number', tags: 'string', when: 'datetime', text: 'string', f: 'vector' })
  })

  it.each([
    [{ data: { a: { b: 1 } } }, '"data.a" must be'],
    [{ data: { a: [[1]] } }, '"data.a" must be'],
    [{ data: { ['x'.repeat(101)]: 1 } }, '1 to 100 characters'],
    [{ data: { '': 1 } }, '1 to 100 characters'],
    [{ label: 'X' }, '"data" is required'],
    [{ data: 'text' }, '"data"'],
    [{ data: { __id: 1 } }, '"__id" is a reserved name'],
    [{ data: { a: { $and: 1 } } }, '"$and" is a reserved name'],
    [{ properties: [{ name: '__score', type: 'number', value: 1 }] }, '"__score" is a reserved name'],
    [{ properties: [{ name: 'a', type: 'datetime', value: '2023-02-29' }] }, 'ISO8601'],
    [{ properties: [{ name: 'a', type: 'number', value: '1' }] }, '"properties.0.value" must be a finite number'],
    [{ properties: [{ name: 'a', type: 'n', value: 1 }] }, '"properties.0.type"'],
    [
      {
        properties: [
          { name: 'a', type: 'string', value: 'x' },
          { name: 'a', type: 'number', value: 1 },
        ],
      },
      '"properties.1.type"',
    ],
  ])('is refused: %j', async (body, reason) => {
    const { status, json } = await post('/records', body)
    expect(json).toEqual({ statusCode: 400, message: expect.stringContaining(reason), error: 'Bad Request' })
    expect(status).toBe(400)
  })

  it('is found by several ids, in their order', async () => {
    const [a, b] = [await create({ a: 1 }), await create({ b: 1 })]
    const { status, json } = await post('/records', { ids: [b.__id, unknownId, 'none', a.__id] })
    expect([status, json.data]).toEqual([200, [b, a]])
  })

  it('is added to by PATCH and replaced by PUT', async () => {
    const { __id } = await create({ a: 1, b: 'x', c: true })
    const patched = await on.call('PATCH', `/api/v1/records/${__id}`, { body: { data: { b: 2, c: null, d: 'new' } } })
    expect([patched.status, patched.json.data]).toEqual([
      201,
      {
        __id,
        __label: label,
        __proptypes: { a: 'number', b: 'number', c: 'boolean', d: 'string' },
        a: 1,
        b: 2,
        c: true,
        d: 'new',
      },
    ])
    const put = await on.call('PUT', `/api/v1/records/${__id}`, { body: { label: 'Other', data: { e: 1 } } })
    expect([put.status, put.json.data]).toEqual([201, { __id, __label: 'Other', __proptypes: { e: 'number' }, e: 1 }])
    expect((await get(__id)).json.data).toEqual(put.json.data)
  })

  it('that is not there is told', async () => {
    for (const id of [unknownId, 'none', encodeURIComponent('\0'), 'x'.repeat(3000)]) {
      expect((await get(id)).status).toBe(404)
      expect((await on.call('PATCH', `/api/v1/records/${id}`, { body: { data: {} } })).status).toBe(404)
      expect((await on.call('PUT', `/api/v1/records/${id}`, { body: { data: {} } })).status).toBe(404)
      expect((await on.call('DELETE', `/api/v1/records/${id}`)).status).toBe(200)
    }
  })

  it('can be deleted', async () => {
    const { __id } = await create({ a: 1 })
    const { status, json } = await on.call('DELETE', `/api/v1/records/${__id}`)
    expect([status, json.data.message]).toEqual([200, expect.any(String)])
    expect((await get(__id)).status).toBe(404)
  })
})

describe('values', () => {
  it.each<[unknown, object, unknown, string | undefined]>([
    [1, { suggestTypes: false }, '1', 'string'],
    ['2024-01-01', { suggestTypes: false }, '2024-01-01', 'string'],
    [[1, null, 2], {}, [1, 2], 'number'],
    [[null], {}, undefined, undefined],
    [[], {}, [], 'string'],
    [[], { skipEmptyValues: true }, undefined, undefined],
    ['', { skipEmptyValues: true }, undefined, undefined],
    [[1, 'a', true], {}, ['1', 'a', 'true'], 'string'],
    [['2024-01-01', 'a'], {}, ['2024-01-01', 'a'], 'string'],
    [['2024-01-01', '2024-01-02'], {}, ['2024-01-01', '2024-01-02'], 'datetime'],
    [[1, 2], { castNumberArraysToVectors: true }, [1, 2], 'vector'],
    ['2024-13-01', {}, '2024-13-01', 'string'],
    ['2024-01-01T25:00:00Z', {}, '2024-01-01T25:00:00Z', 'string'],
    ['1900-02-29', {}, '1900-02-29', 'string'],
    ['2000-02-29T23:59:59.123456789', {}, '2000-02-29T23:59:59.123456789', 'datetime'],
  ])('%j with %j is %j', async (value, options, stored, type) => {
    const record = await create({ f: value }, { options })
    expect([record.f, record.__proptypes.f]).toEqual([stored, type])
  })
})

describe('an upsert', () => {
  const upsert = (data: unknown, options: object): Promise<Answer['json']> => create(data, { options })

  it('changes the record that has the same values under the names', async () => {
    const first = await upsert({ slug: 's', 'odd `name`': 1, a: 1 }, { mergeBy: ['slug', 'odd `name`'] })
    const second = await upsert({ slug: 's', 'odd `name`': 1, b: 2 }, { mergeBy: ['slug', 'odd `name`'] })
    expect(second).toMatchObject({ __id: first.__id, a: 1, b: 2 })
    const third = await upsert({ slug: 's', c: 3 }, { mergeBy: ['slug'], mergeStrategy: 'rewrite' })
    expect(third).toEqual({ __id: first.__id, __label: label, __proptypes: { slug: 'string', c: 'number' }, slug: 's', c: 3 })
    expect((await get(first.__id)).json.data).toEqual(third)
  })

  it('makes one where none is the same', async () => {
    const { __id } = await upsert({ slug: '1' }, { mergeBy: ['slug'] })
    const others = [
      await upsert({ slug: 1 }, { mergeBy: ['slug'] }),
      await upsert({ slug: ['1'] }, { mergeBy: ['slug'] }),
      await upsert({ slug: '1' }, { mergeBy: ['slug', 'absent'] }),
      await create({ slug: '1' }, { label: 'Another', options: { mergeBy: ['slug'] } }),
      await upsert({}, { mergeBy: [] }),
    ]
    expect(new Set([__id, ...others.map((record) => record.__id)]).size).toBe(6)
  })

  it('goes by all names where none are said, and by arrays as a whole', async () => {
    const first = await upsert({ a: 1, tags: ['x', 'y'] }, { mergeBy: [] })
    expect((await upsert({ a: 1, tags: ['x', 'y'] }, { mergeStrategy: 'append' })).__id).toBe(first.__id)
    expect((await upsert({ tags: ['x', 'y'] }, { mergeStrategy: 'append' })).__id).toBe(first.__id)
    expect((await upsert({ tags: ['y', 'x'] }, { mergeBy: ['tags'] })).__id).not.toBe(first.__id)
    expect((await upsert({ tags: 'x' }, { mergeBy: ['tags'] })).__id).not.toBe(first.__id)
  })

  it('without a label finds records of any, and keeps theirs', async () => {
    const slug = `of ${label}`
    const first = await upsert({ slug }, { mergeBy: ['slug'] })
    const second = await post('/records', { data: { slug, n: 1 }, options: { mergeBy: ['slug'] } })
    expect(second.json.data).toMatchObject({ __id: first.__id, __label: label, n: 1 })
  })

  it('changes all that match', async () => {
    const [first, second] = [await create({ slug: 's', n: 1 }), await create({ slug: 's', n: 2 })]
    expect(await upsert({ slug: 's', n: 3 }, { mergeBy: ['slug'] })).toMatchObject({ __id: first.__id, n: 3 })
    expect((await get(second.__id)).json.data.n).toBe(3)
  })

  it('of one value at the same time makes one record', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, n) => upsert({ slug: 'one', [`n${n}`]: n }, { mergeBy: ['slug'] })),
    )
    expect(new Set(all.map(({ __id }) => __id)).size).toBe(1)
    expect(Object.keys((await get(all[0].__id)).json.data)).toHaveLength(3 + 1 + 8)
  })
})
