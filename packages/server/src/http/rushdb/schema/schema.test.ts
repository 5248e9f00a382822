import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Answer, serving, type Serving } from '../../../testing/serving.js'

let on: Serving
beforeAll(async () => {
  on = await serving()
  await post('/records/import/json', { label: 'Paper', data: papers, options: { relationshipType: 'WROTE' } })
  await post('/records', { data: { without: 'a label' } })
})
afterAll(() => on.close())

const papers = [
  { title: 'On | bars', year: 1958, tags: ['b', 'a'], at: '1965-08-01', open: true, Author: [{ name: 'Ada' }, { name: 'Bo' }] },
  { title: 'x'.repeat(300), year: 1961.5, tags: 'c', at: '2024-01-01T01:00:00.5+01:00', open: true },
  { title: 'On | bars', year: 'unknown' },
]
const call = (method: string, path: string, body?: object, headers = {}): Promise<Answer> =>
  on.call(method, `/api/v1${path}`, { ...(body && { body }), headers })
const post = (path: string, body?: object, headers = {}): Promise<Answer> => call('POST', path, body, headers)
const schema = async (body?: object, headers = {}): Promise<Answer['json']> => (await post('/ai/schema', body, headers)).json.data

it('a schema says what the records of each label are like', async () => {
  const id = expect.stringMatching(/^[0-9a-f-]{36}$/)
  const long = `${'x'.repeat(200)}...`
  expect(await schema()).toEqual([
    {
      label: 'Paper',
      count: 3,
      properties: [
        { id, name: 'title', type: 'string', values: ['On | bars', long], recordsCount: 3 },
        { id, name: 'open', type: 'boolean', values: ['true', 'false'], recordsCount: 2 },
        { id, name: 'at', type: 'datetime', min: '1965-08-01T00:00:00Z', max: '2024-01-01T00:00:00.500Z', recordsCount: 2 },
        { id, name: 'year', type: 'number', min: 1958, max: 1961.5, recordsCount: 2 },
        { id, name: 'tags', type: 'string', isArray: true, values: ['b', 'a', 'c'], recordsCount: 2 },
        { id, name: 'year', type: 'string', values: ['unknown'], recordsCount: 1 },
      ],
      relationships: [{ label: 'Author', type: 'WROTE', direction: 'out', count: 2 }],
    },
    {
      label: 'Author',
      count: 2,
      properties: [{ id, name: 'name', type: 'string', values: ['Ada', 'Bo'], recordsCount: 2 }],
      relationships: [{ label: 'Paper', type: 'WROTE', direction: 'in', count: 2 }],
    },
  ])
  const found = (await post('/properties/search', { labels: ['Author'] })).json.data[0]
  expect((await schema({ labels: ['Author'] }))[0].properties[0].id).toBe(found.id)
  expect((await post('/ai/ontology', { labels: ['Author', 'None'], force: true })).json.data).toHaveLength(1)
})

it('a schema knows of what was written, by a transaction in that alone', async () => {
  const count = async (headers = {}): Promise<number | undefined> =>
    (await schema({ labels: ['Later'] }, headers)).map((item: { count: number }) => item.count)[0]
  expect(await count()).toBeUndefined()
  await post('/records', { label: 'Later', data: {} })
  expect(await count()).toBe(1)
  const { id } = (await post('/tx', {})).json.data
  await post('/records', { label: 'Later', data: {} }, { 'x-transaction-id': id })
  expect([await count({ 'x-transaction-id': id }), await count()]).toEqual([2, 1])
  await post(`/tx/${id}/commit`, {})
  expect(await count()).toBe(2)
})

it('a schema names the AI indexes of properties, and the properties of relationships', async () => {
  await post('/ai/indexes', { label: 'Doc', propertyName: 'body', external: true, dimensions: 2 })
  const vectors = [{ propertyName: 'body', vector: [1, 0] }]
  const ids = [
    (await post('/records', { label: 'Doc', data: { body: 'a' }, vectors })).json.data.__id,
    (await post('/records', { label: 'Doc', data: {} })).json.data.__id,
  ]
  const properties = { since: '2024-01-01', weight: 2 }
  expect((await post(`/relationships/${ids[0]}`, { targetIds: ids[1], properties })).status).toBe(201)
  const [{ properties: found, relationships }] = await schema({ labels: ['Doc'] })
  expect(found).toMatchObject([
    {
      name: 'body',
      vectorIndexes: [{ sourceType: 'external', similarityFunction: 'cosine', dimensions: 2, status: 'ready', modelKey: '' }],
    },
  ])
  const edge = { label: 'Doc', type: 'RUSHDB_DEFAULT_RELATION', count: 1 }
  const ofEdge = [
    { name: 'since', type: 'datetime', min: '2024-01-01', max: '2024-01-01', relationshipsCount: 1 },
    { name: 'weight', type: 'number', min: 2, max: 2, relationshipsCount: 1 },
  ]
  expect(relationships).toEqual([
    { ...edge, direction: 'out', properties: ofEdge },
    { ...edge, direction: 'in', properties: ofEdge },
  ])
})

it('a schema is written as tables', async () => {
  for (const name of ['schema', 'ontology']) {
    const { status, json } = await post(`/ai/${name}/md`, { labels: ['Paper', 'Author'] })
    expect([status, typeof json.data]).toEqual([200, 'string'])
    expect(json.data).toContain('\n## Paper (3)\n')
    expect(json.data).toContain('\n| year | number | 2 | 1958 to 1961.5 |  |\n')
    expect(json.data).toContain('"On \\| bars"')
    expect(json.data).toContain('\n| WROTE | in | Paper | 2 |  |\n')
  }
  expect((await post('/ai/schema/md', { labels: ['None'] })).json.data).toContain('no records')
})
