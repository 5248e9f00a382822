import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Answer, serving, type Serving } from '../../../testing/serving.js'
import { Project } from '../project.js'
import type { StoredIndex } from '../stored.js'

let on: Serving
let project: Project
let label: string
let numbered = 0
beforeAll(async () => {
  on = await serving()
  project = await Project.open(await on.db.namespace('default'))
})
beforeEach(() => {
  label = `Row${numbered++}`
})
afterAll(() => on.close())

type Row = Answer['json']
const importJson = (body: object, headers = {}): Promise<Answer> =>
  on.call('POST', '/api/v1/records/import/json', { body, headers })
const imported = async (
  data: unknown,
  { options, ...more }: { options?: object; [key: string]: unknown } = {},
): Promise<Row[]> => {
  const { status, json } = await importJson({ label, data, options: { returnResult: true, ...options }, ...more })
  expect([status, json.success]).toEqual([201, true])
  return json.data
}
const csv = async (data: string, more: object = {}): Promise<Row[]> => {
  const body = { label, data, ...more, options: { returnResult: true, ...(more as { options?: object }).options } }
  const { status, json } = await on.call('POST', '/api/v1/records/import/csv', { body })
  expect([status, json.success]).toEqual([201, true])
  return json.data
}
const brief = ({ __id, __label, __proptypes, ...values }: Row): unknown[] => [__label, values]
const edges = async (): Promise<{ source: string; target: string; type: string }[]> =>
  (await project.run((unit) => unit.relationships.list({ limit: 1000 }))).records.slice()
const stored = (): Promise<number> => project.run(({ records }) => records.count({ where: { label } }))

describe('an import', () => {
  it('of rows stores them all, and says so', async () => {
    const { status, json } = await importJson({ label, data: [{ n: 1 }, { n: 2 }] })
    expect([status, json]).toEqual([201, { data: true, success: true }])
    expect(await stored()).toBe(2)
    const rows = await imported([{ a: 1, when: '2024-01-01' }, {}, { b: ['x', null] }])
    expect(rows.map(brief)).toEqual([
      [label, { a: 1, when: '2024-01-01' }],
      [label, {}],
      [label, { b: ['x'] }],
    ])
    expect(rows[0].__proptypes).toEqual({ a: 'number', when: 'datetime' })
  })

  it('of nested data makes records of each level, with relationships', async () => {
    const data = {
      name: 'Co',
      DEPARTMENT: [
        { name: 'd1', PROJECT: [{ name: 'p1' }, { name: 'p2' }] },
        { name: 'd2', LEAD: { name: 'l' } },
      ],
    }
    const rows = await imported(data, { options: { relationshipType: 'HAS' } })
    expect(rows.map(brief)).toEqual([
      [label, { name: 'Co' }],
      ['DEPARTMENT', { name: 'd1' }],
      ['DEPARTMENT', { name: 'd2' }],
      ['PROJECT', { name: 'p1' }],
      ['PROJECT', { name: 'p2' }],
      ['LEAD', { name: 'l' }],
    ])
    const ids = rows.map(({ __id }) => __id)
    const found = (await edges()).filter(({ source }) => ids.includes(source))
    const pairs = found.map(({ source, target, type }) => [ids.indexOf(source), ids.indexOf(target), type])
    expect(pairs.sort()).toEqual([
      [0, 1, 'HAS'],
      [0, 2, 'HAS'],
      [1, 3, 'HAS'],
      [1, 4, 'HAS'],
      [2, 5, 'HAS'],
    ])
  })

  it('makes no record of what only holds others', async () => {
    expect((await imported({ CHILD: [{ a: 1 }, { a: 2 }] })).map(brief)).toEqual([
      ['CHILD', { a: 1 }],
      ['CHILD', { a: 2 }],
    ])
    expect((await imported({ A: { a: 1 }, B: [{ b: 1 }] })).map(brief)).toEqual([
      [label, {}],
      ['A', { a: 1 }],
      ['B', { b: 1 }],
    ])
    const { json } = await importJson({
      data: { A: [{ a: 1 }], B: { b: 1 } },
      options: { returnResult: true, capitalizeLabels: true },
    })
    expect(json.data.map(brief)).toEqual([
      ['A', { a: 1 }],
      ['B', { b: 1 }],
    ])
  })

  it('reads values as it is told', async () => {
    const [row] = await imported([{ a: '1.5', b: '1x', c: '', d: 2, e: ['1', '2'] }], {
      options: { convertNumericValuesToNumbers: true, skipEmptyValues: true, capitalizeLabels: true },
    })
    expect(brief(row)).toEqual([label.toUpperCase(), { a: 1.5, b: '1x', d: 2, e: [1, 2] }])
    expect(brief((await imported([{ a: 1, b: true }], { options: { suggestTypes: false } }))[0])[1]).toEqual({
      a: '1',
      b: 'true',
    })
  })

  it('takes texts of JSON, and of a value in each line', async () => {
    expect((await imported('[{"a":1}]')).map(brief)).toEqual([[label, { a: 1 }]])
    for (const format of ['jsonl', 'ndjson', undefined])
      expect((await imported('{"a":1}\n\n{"a":2}\r\n', { format })).map(brief)).toEqual([
        [label, { a: 1 }],
        [label, { a: 2 }],
      ])
    for (const [data, format] of [
      ['nothing', undefined],
      ['{"a":1}\nnothing', undefined],
      ['{', 'jsonl'],
      ['{"a":1}\n{"a":2}', 'json'],
    ]) {
      const { status, json } = await importJson({ label, data, format })
      expect([status, json.message]).toEqual([400, expect.stringMatching(/import failed|invalid/i)])
    }
  })

  it('counts what is too much to send back', async () => {
    const data = Array.from({ length: 1_001 }, (_, n) => ({ n }))
    const { json } = await importJson({ label, data, options: { returnResult: true } })
    expect(json.data).toEqual({ message: expect.any(String), count: 1_001 })
    expect(await stored()).toBe(1_001)
  })

  it('always answers clients of 1.x with a list', async () => {
    const headers = { token: 'anything' }
    expect((await importJson({ label, data: [{ a: 1 }] }, headers)).json.data).toEqual([])
    const { json } = await importJson({ label, data: [{ a: 1 }], options: { returnResult: true } }, headers)
    expect(json.data.map(brief)).toEqual([[label, { a: 1 }]])
  })

  it.each<[object, string]>([
    [{ data: [{ a: 1 }] }, 'needs a label'],
    [{ data: { a: 1, B: { b: 1 } } }, 'needs a label'],
    [{ label: 'X', data: [1] }, 'Invalid import'],
    [{ label: 'X', data: { A: [{ a: 1 }, 1] } }, 'Invalid import'],
    [{ label: 'X', data: [{ a: [[1]] }] }, '"data.a"'],
    [{ label: 'X' }, '"data" is required'],
    [{ label: 'X', data: [{ A: { B: [{ $gt: 1 }] } }] }, '"$gt" is a reserved name'],
    [{ label: 'X', data: '[{"__id": 1}]' }, '"__id" is a reserved name'],
    [{ label: 'X', data: [{}], options: { mergeStrategy: 'other' } }, '"options'],
    [{ label: 'X', data: [{}], vectors: [[], []] }, 'vectors for 2 rows'],
  ])('is refused as a whole: %j', async (body, reason) => {
    const { status, json } = await importJson(body)
    expect(json).toEqual({ statusCode: 400, message: expect.stringContaining(reason), error: 'Bad Request' })
    expect(status).toBe(400)
  })
})

describe('an import that upserts', () => {
  it('finds what is stored, and what came before in the same import', async () => {
    const [first] = await imported([{ slug: 'a', n: 1 }])
    const rows = await imported(
      [
        { slug: 'a', n: 2 },
        { slug: 'b', n: 3 },
        { slug: 'b', m: 4 },
        { slug: 'a', m: 5 },
      ],
      { options: { mergeBy: ['slug'] } },
    )
    expect(rows[0]).toEqual({ ...first, n: 2, m: 5, __proptypes: { slug: 'string', n: 'number', m: 'number' } })
    expect(rows[3]).toEqual(rows[0])
    expect(brief(rows[2])[1]).toEqual({ slug: 'b', n: 3, m: 4 })
    expect(await stored()).toBe(2)
  })

  it('uses a child again, and links it to its new parent', async () => {
    const tag = `tag of ${label}`
    const options = { mergeStrategy: 'append' }
    const [parent, child] = await imported([{ name: 'p1', TAG: [{ tag }] }], { options })
    const [other, again] = await imported([{ name: 'p2', TAG: [{ tag }] }], { options })
    expect(again.__id).toBe(child.__id)
    const parents = (await edges()).filter(({ target }) => target === child.__id).map(({ source }) => source)
    expect(parents.sort()).toEqual([parent.__id, other.__id].sort())
  })
})

describe('vectors of an import', () => {
  const index = {
    propertyName: 'body',
    sourceType: 'external',
    similarityFunction: 'cosine',
    dimensions: 2,
    modelKey: '',
    createdAt: '',
    updatedAt: '',
  } as const
  const declare = async (): Promise<string> => {
    const id = `index-${label}`
    await project.records.createIndex({ name: id, field: `vectors-of-${label}`, source: 'external', dimensions: 2 })
    await project.run(({ indexes }) => indexes.upsert([{ ...index, id, label } satisfies StoredIndex]))
    return id
  }
  const vectorsOf = async (rows: Row[]): Promise<unknown[]> => {
    const read = await project.run(({ records }) =>
      records.getMany(
        rows.map(({ __id }) => __id),
        { vectors: true },
      ),
    )
    return read.map((record) => Object.values((record as unknown as { $vectors: object }).$vectors)[0])
  }

  it('come with a row, at any depth, or beside the rows', async () => {
    await declare()
    const own = (x: number, y: number): object => ({ $vectors: [{ propertyName: 'body', vector: [x, y] }] })
    const rows = await imported([{ body: 'a', ...own(1, 0) }, { body: 'b' }, { body: 'c' }], {
      vectors: [null, [{ propertyName: 'body', vector: [0, 1], dimensions: 2 }]],
    })
    expect(await vectorsOf(rows)).toEqual([[1, 0], [0, 1], undefined])
    expect(rows[0]).not.toHaveProperty('$vectors')
    const nested = await importJson({
      data: { PARENT: [{ a: 1, [label]: [{ body: 'd', ...own(3, 4) }] }] },
      options: { returnResult: true },
    })
    expect(await vectorsOf(nested.json.data)).toEqual([undefined, [3, 4]])
    const cells = await csv('body\na\nb', { vectors: [[{ propertyName: 'body', vector: [1, 2] }]] })
    expect(await vectorsOf(cells)).toEqual([[1, 2], undefined])
  })

  it('that fit no index leave nothing stored', async () => {
    await declare()
    const { status, json } = await importJson({ label, data: [{ a: 1 }, { $vectors: [{ propertyName: 'body', vector: [1] }] }] })
    expect([status, json.error]).toEqual([404, 'Not Found'])
    const tooMany = await on.call('POST', '/api/v1/records/import/csv', { body: { label, data: 'a\n1', vectors: [[], []] } })
    expect(tooMany.status).toBe(400)
    expect(await stored()).toBe(0)
  })

  it('stay when values change, and go with their property and their label', async () => {
    await declare()
    const vectors = [{ propertyName: 'body', vector: [1, 0] }]
    const one = async (method: string, path: string, body: object): Promise<Row> =>
      (await on.call(method, `/api/v1/records${path}`, { body })).json.data
    const { __id } = await one('POST', '', { label, data: { body: 'a', slug: label }, vectors })
    const kept = async (): Promise<unknown> => (await vectorsOf([{ __id }]))[0]
    await one('PATCH', `/${__id}`, { data: { body: 'b', n: 1 } })
    expect(await kept()).toEqual([1, 0])
    await one('POST', '', { label, data: { slug: label, body: 'c' }, options: { mergeBy: ['slug'], mergeStrategy: 'rewrite' } })
    expect(await kept()).toEqual([1, 0])
    await one('PATCH', `/${__id}`, { data: {}, vectors: [{ propertyName: 'body', vector: [0, 2] }] })
    expect(await kept()).toEqual([0, 2])
    await one('PUT', `/${__id}`, { data: { slug: label } })
    expect(await kept()).toBeUndefined()
    await one('PATCH', `/${__id}`, { data: {}, vectors })
    await one('PUT', `/${__id}`, { data: { n: 2 } })
    expect(await kept()).toEqual([1, 0])
    await one('PATCH', `/${__id}`, { label: 'Elsewhere', data: {} })
    expect(await kept()).toBeUndefined()
  })
})

describe('an import of a table', () => {
  it('has a record for each row, by cleaned names', async () => {
    const rows = await csv(' first name ,1st,,a,a\n"x, ""y""",2,z,1,\n\nq,,,,2\n')
    expect(rows.map(brief)).toEqual([
      [label, { first_name: 'x, "y"', _1st: '2', column_3: 'z', a: '1', a_2: '' }],
      [label, { first_name: 'q', _1st: '', column_3: '', a: '', a_2: '2' }],
    ])
  })

  it('reads cells as it is told', async () => {
    const options = { suggestTypes: true }
    const [row] = await csv('n,b,d,t,e\n1.5,true,2024-01-01T10:00:00Z,007x,', { options })
    expect(brief(row)[1]).toEqual({ n: 1.5, b: true, d: '2024-01-01T10:00:00.000Z', t: '007x' })
    expect(row.__proptypes).toEqual({ n: 'number', b: 'boolean', d: 'datetime', t: 'string' })
    expect((await csv('1;x', { parseConfig: { delimiter: ';', header: false, download: true } })).map(brief)).toEqual([
      [label, { column_1: '1', column_2: 'x' }],
    ])
    expect(brief((await csv('a,b\n1,2', { parseConfig: { dynamicTyping: { b: true } } }))[0])[1]).toEqual({ a: '1', b: 2 })
  })

  it('of nothing but names stores nothing', async () => {
    expect(await csv('a,b\n')).toBe(true)
    expect(await csv('')).toBe(true)
  })

  it.each<[object, string]>([
    [{ data: 'a\n1' }, '"label" is required'],
    [{ label: 'X', data: 'a,b\n1,2,3' }, 'CSV import failed'],
    [{ label: 'X', data: 'a\n"x' }, 'CSV import failed'],
    [{ label: 'X', data: [['a']] }, '"data" must be string'],
  ])('is refused: %j', async (body, reason) => {
    const { status, json } = await on.call('POST', '/api/v1/records/import/csv', { body })
    expect([status, json.message]).toEqual([400, expect.stringContaining(reason)])
  })
})
