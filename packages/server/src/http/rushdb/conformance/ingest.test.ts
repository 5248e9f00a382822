import { beforeEach, describe, expect, it } from 'vitest'
import { newLabel, refusal, servedApi, type Wire } from '../../../testing/rushdb/api.js'

const api = servedApi()
let label: string
beforeEach(() => {
  label = newLabel()
})

const importJson = (body: object): Promise<Wire> => api.data('POST', '/records/import/json', body)
const importCsv = (body: object): Promise<Wire> => api.data('POST', '/records/import/csv', body)

describe('types that are found out', () => {
  it.each<[what: string, value: unknown, type: string | undefined, stored?: unknown]>([
    ['a text', 'abc', 'string'],
    ['a number', 1.5, 'number'],
    ['a boolean', false, 'boolean'],
    ['a moment', '2020-02-29T12:00:00Z', 'datetime'],
    ['a moment with an offset', '2020-02-29T12:00:00.123456789+02:00', 'datetime'],
    ['a moment without a zone', '2020-02-29T12:00:00', 'datetime'],
    ['a day', '2020-02-29', 'datetime'],
    ['a day that there is not', '2021-02-29', 'string'],
    ['a month that there is not', '2021-13-01', 'string'],
    ['a year', '2020', 'string'],
    ['a month', '2020-02', 'string'],
    ['a text with a date in it', 'on 2020-02-29', 'string'],
    ['a number as a text', '12', 'string'],
    ['null', null, undefined],
    ['a list of texts', ['a', 'b'], 'string'],
    ['a list of numbers', [1, 2], 'number'],
    ['a list of days', ['2020-01-01', '2020-01-02'], 'datetime'],
    ['a list of several types', [1, 'a', true], 'string', ['1', 'a', 'true']],
    ['a list with null', [1, null, 2], 'number', [1, 2]],
    ['a list of null', [null, null], undefined],
    ['an empty list', [], 'string'],
    ['an empty text', '', 'string'],
  ])('%s', async (_, value, type, stored = value) => {
    const made = await api.create(label, { f: value })
    expect(made.__proptypes).toEqual(type === undefined ? {} : { f: type })
    if (type === undefined) expect(made).not.toHaveProperty('f')
    else expect(made.f).toEqual(stored)
    expect(await api.data('GET', `/records/${made.__id}`)).toEqual(made)
  })

  it('are all texts where none should be found out', async () => {
    const made = await api.create(label, { n: 1, b: true, d: '2020-01-01' }, { options: { suggestTypes: false } })
    expect(made).toMatchObject({ __proptypes: { n: 'string', b: 'string', d: 'string' }, n: '1', b: 'true', d: '2020-01-01' })
  })

  it('are found out in imports too, with other options', async () => {
    const [made] = await importJson({ label, data: [{ n: 1, d: '2020-01-01' }], options: { returnResult: true } })
    expect(made).toMatchObject({ __proptypes: { n: 'number', d: 'datetime' }, n: 1 })
  })

  it('numbers in texts become numbers where that is asked for', async () => {
    const options = { convertNumericValuesToNumbers: true, returnResult: true }
    const [made] = await importJson({ label, data: [{ a: '12', b: '1.5', c: 'x1' }], options })
    expect(made).toMatchObject({ a: 12, b: 1.5, c: 'x1' })
  })

  it('what is empty is left out where that is asked for', async () => {
    const made = await api.create(label, { a: '', b: [], c: 0 }, { options: { skipEmptyValues: true } })
    expect(made.__proptypes).toEqual({ c: 'number' })
  })
})

describe('imports of JSON', () => {
  it('answer true, or the records', async () => {
    const { status, json } = await api.ask('POST', '/records/import/json', { label, data: [{ a: 1 }, { a: 2 }] })
    expect([status, json]).toEqual([201, { data: true, success: true }])
    const made = await importJson({ label, data: [{ a: 3 }], options: { returnResult: true } })
    expect(made).toEqual([{ __id: expect.any(String), __label: label, __proptypes: { a: 'number' }, a: 3 }])
  })

  it('answer how many, where they are too many', async () => {
    const data = Array.from({ length: 1_001 }, (_, n) => ({ n }))
    expect(await importJson({ label, data, options: { returnResult: true } })).toEqual({
      message: expect.any(String),
      count: 1_001,
    })
    expect((await api.ask('POST', '/records/search', { labels: [label] })).json.total).toBe(1_001)
  })

  it('make records of what is nested, from the root on, and relate them', async () => {
    const data = { name: 'X', [`${label}D`]: [{ name: 'd', [`${label}P`]: { name: 'p', tags: ['t'] } }, { name: 'e' }] }
    const made = await importJson({ label, data, options: { returnResult: true } })
    expect(made.map(({ name, __label }: Wire) => `${__label}:${name}`)).toEqual([
      `${label}:X`,
      `${label}D:d`,
      `${label}D:e`,
      `${label}P:p`,
    ])
    const { data: relations } = (await api.ask('POST', '/relationships/search', { where: {} })).json
    const [root, d, e, p] = made
    const edges = relations
      .filter(({ sourceLabel }: Wire) => sourceLabel.startsWith(label))
      .map(({ sourceId, targetId }: Wire) => `${sourceId}>${targetId}`)
    expect(edges.sort()).toEqual([`${root.__id}>${d.__id}`, `${root.__id}>${e.__id}`, `${d.__id}>${p.__id}`].sort())
  })

  it('relate with the type that is said', async () => {
    await importJson({
      label,
      data: { name: 'X', [`${label}D`]: [{ name: 'd' }] },
      options: { relationshipType: `${label}_HAS` },
    })
    const found = await api.find({
      labels: [label],
      where: { [`${label}D`]: { $relation: { type: `${label}_HAS`, direction: 'out' } } },
    })
    expect(found).toHaveLength(1)
  })

  it('take labels from keys, where there is no root', async () => {
    await importJson({ data: { [`${label}A`]: [{ a: 1 }, { a: 2 }], [`${label}B`]: { b: 1 } } })
    expect(await api.find({ labels: [`${label}A`] })).toHaveLength(2)
    expect(await api.find({ labels: [`${label}B`] })).toHaveLength(1)
  })

  it('write labels in capitals where that is asked for', async () => {
    await importJson({ label: `${label}x`, data: [{ a: 1 }], options: { capitalizeLabels: true } })
    expect(await api.find({ labels: [`${label}X`] })).toHaveLength(1)
  })

  it.each([
    ['JSON as a text', '[{"a":1},{"a":2}]', undefined],
    ['lines of JSON', '{"a":1}\n{"a":2}\n', 'jsonl'],
    ['lines of JSON that nobody announced', '{"a":1}\n{"a":2}', undefined],
    ['lines of JSON by their other name', '{"a":1}\n{"a":2}', 'ndjson'],
  ])('read %s', async (_, data, format) => {
    await importJson({ label, data, ...(format && { format }) })
    expect((await api.find({ labels: [label], orderBy: { a: 'asc' } })).map(({ a }) => a as number)).toEqual([1, 2])
  })

  it('merge what is there', async () => {
    const options = { mergeBy: ['slug'], mergeStrategy: 'append', returnResult: true }
    const [first] = await importJson({ label, data: [{ slug: 'a', n: 1 }], options })
    const again = await importJson({ label, data: [{ slug: 'a', m: 2 }, { slug: 'b' }], options })
    expect(again[0]).toMatchObject({ __id: first.__id, n: 1, m: 2 })
    expect(await api.find({ labels: [label] })).toHaveLength(2)
  })

  it('relate to a nested record that is there already', async () => {
    const options = { mergeBy: ['name'], mergeStrategy: 'append' }
    for (const name of ['one', 'two']) await importJson({ label, data: { name, [`${label}T`]: [{ name: 'shared' }] }, options })
    expect(await api.find({ labels: [`${label}T`] })).toHaveLength(1)
    expect(await api.find({ labels: [label], where: { [`${label}T`]: { name: 'shared' } } })).toHaveLength(2)
  })

  it('are all or nothing', async () => {
    const { status } = await api.ask('POST', '/records/import/json', { label, data: [{ a: 1 }, { $or: 'x' }] })
    expect(status).toBe(400)
    expect(await api.find({ labels: [label] })).toEqual([])
  })

  it.each<[what: string, body: object, message: RegExp]>([
    ['a list without a label', { data: [{ a: 1 }] }, /./],
    ['an object with properties without a label', { data: { a: 1, B: [{ b: 1 }] } }, /./],
    ['a text that is no JSON', { label: 'X', data: 'nothing' }, /(import failed|invalid)/i],
    ['reserved names deep within', { label: 'X', data: { a: { b: { $gte: 1 } } } }, /./],
  ])('refuse %s', async (_, body, said) => {
    const { status, json } = await api.ask('POST', '/records/import/json', body)
    expect([status, json]).toEqual([400, refusal(400, said, 'Bad Request')])
  })
})

describe('imports of tables', () => {
  const rows = async (query: object = {}): Promise<Wire[]> => {
    const found = await api.find({ labels: [label], orderBy: 'asc', ...query })
    return found.map(({ __id, __label, __proptypes, ...fields }) => fields)
  }

  it('are read with their names', async () => {
    const { status, json } = await api.ask('POST', '/records/import/csv', {
      label,
      data: 'title,content\nA,"B, C"\nD,"say ""E"""',
    })
    expect([status, json]).toEqual([201, { data: true, success: true }])
    expect(await rows()).toEqual([
      { title: 'A', content: 'B, C' },
      { title: 'D', content: 'say "E"' },
    ])
  })

  it('answer the records', async () => {
    const made = await importCsv({ label, data: 'a\n1', options: { returnResult: true } })
    expect(made).toEqual([expect.objectContaining({ __label: label, a: '1' })])
  })

  it('leave texts texts, or find types out where that is asked for', async () => {
    await importCsv({ label, data: 'n,b\n1,true' })
    await importCsv({ label, data: 'n,b\n1,true', options: { suggestTypes: true } })
    expect(await rows()).toEqual([
      { n: '1', b: 'true' },
      { n: 1, b: true },
    ])
  })

  it('have names that can be names', async () => {
    const [made] = await importCsv({ label, data: ' first name ,1st,,a,a\nA,B,C,D,E', options: { returnResult: true } })
    expect(Object.keys(made.__proptypes).sort()).toEqual(['_1st', 'a', 'a_2', 'column_3', 'first_name'].sort())
  })

  it('are cut as they say, and leave empty lines out', async () => {
    await importCsv({ label, data: 'a;b\n1;2\n\n3;4\n', parseConfig: { delimiter: ';' } })
    expect(await rows()).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ])
  })

  it('of no rows are true', async () => {
    expect(await importCsv({ label, data: 'a,b' })).toBe(true)
  })

  it('need a label', async () => {
    expect((await api.ask('POST', '/records/import/csv', { data: 'a\n1' })).status).toBe(400)
  })
})
