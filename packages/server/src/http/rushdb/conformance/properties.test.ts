import { beforeAll, describe, expect, it } from 'vitest'
import { apiOf, servedApi, type Wire } from '../../../testing/rushdb/api.js'
import { serving } from '../../../testing/serving.js'

const api = servedApi()
beforeAll(async () => {
  await api.create('BOOK', { title: 'Ulysses', year: 1922, tags: ['novel', 'long'], read: true, published: '1922-02-02' })
  await api.create('BOOK', { title: 'Dubliners', year: 1914, tags: ['stories'] })
  await api.create('FILM', { title: 'Nosferatu', year: '1922' })
  await api.index('BOOK', 'title', 3)
})

async function property(name: string, type: string): Promise<Wire> {
  const found: Wire[] = await api.data('POST', '/properties/search', {})
  return found.find((one) => one.name === name && one.type === type)
}

async function values(name: string, type: string, query: object = {}): Promise<Wire> {
  return api.data('POST', `/properties/${(await property(name, type)).id}/values`, query)
}

const spell = (found: Wire[]) => found.map(({ name, type, recordsCount }) => `${name} ${type} ${recordsCount}`).sort()

describe('properties', () => {
  it.each<[what: string, query: object, expected: string[]]>([
    [
      'all, one for each name and type',
      {},
      ['published datetime 1', 'read boolean 1', 'tags string 2', 'title string 3', 'year number 2', 'year string 1'],
    ],
    ['of a label, counted in the whole project', { labels: ['FILM'] }, ['title string 3', 'year string 1']],
    ['of what matches', { where: { title: 'Dubliners' } }, ['tags string 2', 'title string 3', 'year number 2']],
    ['of nothing', { labels: ['NONE'] }, []],
  ])('%s', async (_, query, expected) => {
    const { status, json } = await api.ask('POST', '/properties/search', query)
    expect([status, spell(json.data)]).toEqual([200, expected])
  })

  it('are found by their id', async () => {
    const one = await property('year', 'number')
    expect(await api.data('GET', `/properties/${one.id}`)).toMatchObject({
      id: one.id,
      name: 'year',
      type: 'number',
      recordsCount: 2,
    })
    expect((await api.ask('GET', `/properties/${api.nobody}`)).status).toBe(404)
  })
})

describe('values of a property', () => {
  it.each<[what: string, name: string, type: string, query: object, expected: object]>([
    [
      'numbers with their bounds',
      'year',
      'number',
      { orderBy: 'asc' },
      { values: [1914, 1922], min: 1914, max: 1922, type: 'number' },
    ],
    ['downwards', 'year', 'number', { orderBy: 'desc' }, { values: [1922, 1914], min: 1914, max: 1922, type: 'number' }],
    ['of lists, each once', 'tags', 'string', { orderBy: 'asc' }, { values: ['long', 'novel', 'stories'], type: 'string' }],
    ['that contain a text', 'title', 'string', { query: 'ULY' }, { values: ['Ulysses'], type: 'string' }],
    ['a page', 'tags', 'string', { orderBy: 'asc', skip: 1, limit: 1 }, { values: ['novel'], type: 'string' }],
    ['of a label', 'title', 'string', { labels: ['FILM'] }, { values: ['Nosferatu'], type: 'string' }],
    ['of what matches', 'title', 'string', { where: { year: { $gt: 1920 } } }, { values: ['Ulysses'], type: 'string' }],
    ['of nothing', 'title', 'string', { where: { title: 'none' } }, {}],
  ])('%s', async (_, name, type, query, expected) => {
    expect(await values(name, type, query)).toEqual(expected)
  })
})

describe('labels', () => {
  it.each<[what: string, query: object, expected: object]>([
    ['all with their counts', {}, { BOOK: 2, FILM: 1 }],
    ['of what matches', { where: { title: { $contains: 'u' } } }, { BOOK: 2, FILM: 1 }],
    ['of what matches, others left out', { where: { year: { $type: 'string' } } }, { FILM: 1 }],
    ['whatever labels are asked for', { labels: ['FILM'] }, { BOOK: 2, FILM: 1 }],
  ])('%s', async (_, query, expected) => {
    const { status, json } = await api.ask('POST', '/labels/search', query)
    expect([status, json]).toEqual([200, { data: expected, success: true }])
  })
})

describe('the schema', () => {
  it('tells labels, the frequent first, with their properties', async () => {
    const { status, json } = await api.ask('POST', '/ai/schema', { force: true })
    expect([status, json.data.map(({ label, count }: Wire) => `${label} ${count}`)]).toEqual([200, ['BOOK 2', 'FILM 1']])
    const [book] = json.data
    const named = new Map<string, Wire>(book.properties.map((one: Wire) => [one.name, one]))
    expect([...named.keys()].sort()).toEqual(['published', 'read', 'tags', 'title', 'year'])
    expect(named.get('year')).toMatchObject({ type: 'number', min: 1914, max: 1922, recordsCount: 2 })
    expect(named.get('read')).toMatchObject({ type: 'boolean', values: ['true', 'false'] })
    expect(named.get('tags')).toMatchObject({ type: 'string', isArray: true })
    expect(named.get('published')).toMatchObject({ type: 'datetime', min: '1922-02-02T00:00:00Z', max: '1922-02-02T00:00:00Z' })
    expect([...named.get('title').values].sort()).toEqual(['Dubliners', 'Ulysses'])
    expect(named.get('title').vectorIndexes).toEqual([
      {
        id: expect.any(String),
        sourceType: 'external',
        similarityFunction: 'cosine',
        dimensions: 3,
        status: 'awaiting_vectors',
        modelKey: '',
      },
    ])
    expect(book.relationships).toEqual([])
  })

  it('of some labels', async () => {
    expect((await api.data('POST', '/ai/schema', { labels: ['FILM'] })).map(({ label }: Wire) => label)).toEqual(['FILM'])
  })

  it('answers by its old name', async () => {
    expect(await api.data('POST', '/ai/ontology', {})).toEqual(await api.data('POST', '/ai/schema', {}))
  })

  it.each(['/ai/schema/md', '/ai/ontology/md'])('as Markdown at %s', async (path) => {
    expect(await api.data('POST', path, {})).toMatch(/BOOK[^]*title/)
  })
})

describe('a property that is deleted', () => {
  it('is taken from every record, with its values', async () => {
    const own = await serving()
    const other = apiOf(own)
    await other.create('A', { gone: 1, kept: 2 })
    await other.create('B', { gone: 3 })
    const [one] = (await other.data('POST', '/properties/search', {})).filter(({ name }: Wire) => name === 'gone')
    const { status, json } = await other.ask('DELETE', `/properties/${one.id}`)
    expect([status, json]).toEqual([200, { data: { message: expect.any(String) }, success: true }])
    const [b, a] = await other.find({})
    expect([a.__proptypes, b.__proptypes, a.kept]).toEqual([{ kept: 'number' }, {}, 2])
    expect((await other.ask('GET', `/properties/${one.id}`)).status).toBe(404)
    await own.close()
  })
})
