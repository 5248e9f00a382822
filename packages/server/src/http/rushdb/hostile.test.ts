import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anyBody, nested, pathWith, raw, routesOf, withChange } from '../../testing/hostile.js'
import { type Answer, rushPaths, serving, type Serving } from '../../testing/serving.js'
import { ApiKeys } from '../keys/api-keys.js'

const folder = mkdtempSync(join(tmpdir(), 'quiver-rushdb-'))
const log: string[] = []
let on: Serving
let key = ''
beforeAll(async () => {
  const keys = await ApiKeys.open(folder)
  ;({ key } = await keys.create({ role: 'write', namespaces: ['project'], name: 'e2e' }))
  on = await serving({ keys, bodyBytesMax: 256 * 1024, logLevel: 'debug', logTo: { write: (line) => void log.push(line) } })
})
afterAll(async () => {
  await on.close()
  rmSync(folder, { recursive: true, force: true })
})

const api = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
  on.call(method, `/api/v1${path}`, { body, headers: { authorization: `Bearer ${key}`, ...headers } })

/** What these answer is what they are not able to do: ask a language model, or Cypher. */
const beyondUs = [501, 503]

function expectProblem(answer: Answer, status: number | readonly number[] = answer.status): void {
  expect([status].flat()).toContain(answer.status)
  expect(answer.json).toMatchObject({ statusCode: answer.status, message: expect.any(String) })
}

describe('bodies', () => {
  it('that are too large, compressed, or of another type', async () => {
    expectProblem(await api('POST', '/records', { label: 'Doc', data: { text: 'x'.repeat(300_000) } }), 413)
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/xml'])
      expectProblem(await api('POST', '/records/search', '{}', { 'content-type': type }), 415)
    expectProblem(await api('POST', '/records/search', gzipSync('{}'), { 'content-encoding': 'gzip' }), [400, 415])
  })

  it('that are no JSON, or no UTF-8', async () => {
    for (const body of ['{', '{"a":}', 'undefined', '[1,2', '{"a":1}}', '\u0000', "{'a':1}", '{"a":NaN}'])
      expectProblem(await api('POST', '/records/search', body), 400)
    expectProblem(await api('POST', '/records/search', Uint8Array.of(0x22, 0xff, 0xfe, 0x22)), 400)
  })

  it('that are empty though they say they are JSON, in one piece or none', async () => {
    const head = (method: string, path: string, more: string) =>
      `${method} /api/v1${path} HTTP/1.1\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\n${more}`
    expect((await raw(on, head('POST', '/tx', 'transfer-encoding: chunked'), '0\r\n\r\n')).status).toBe(200)
    expect((await raw(on, head('POST', '/tx', 'content-length: 0'))).status).toBe(200)
    expect((await raw(on, head('GET', '/ai/indexes', 'x-a: b'))).status).toBe(200)
    expect((await raw(on, head('DELETE', '/records/0190b5a0-0000-7000-8000-000000000001', 'content-length: 0'))).status).toBe(200)
    expectProblem(await raw(on, head('POST', '/records', 'transfer-encoding: chunked'), '0\r\n\r\n'), 400)
    expectProblem(await raw(on, head('POST', '/relationships/search', 'transfer-encoding: chunked'), 'zz\r\n'), [200, 400])
  })

  it('that are nested deeply', async () => {
    for (const levels of [100, 10_000, 50_000]) {
      expectProblem(await api('POST', '/records', `{"label":"Doc","data":{"a":${nested(levels)}}}`), [400, 413])
      expectProblem(await api('POST', '/records/search', `{"where":{"a":${nested(levels)}}}`), [400, 413])
    }
    for (const name of ['$not', '$and', '$or', 'Doc', 'constructor', '__proto__'])
      expectProblem(await api('POST', '/records/search', `{"where":${nested(10_000, name, '{}')}}`), [400, 413])
    for (const path of [
      '/relationships/search',
      '/labels/search',
      '/properties/search',
      '/records/delete',
      '/records/export/csv',
    ])
      expectProblem(await api('POST', path, `{"where":${nested(10_000, '$not', '{}')}}`), [400, 413])
    expectProblem(await api('POST', '/records/search', `{"select":${nested(10_000, '$sum')}}`), [400, 413])
    const imported = await api('POST', '/records/import/json', `{"label":"Deep","data":${nested(20_000, 'a')}}`)
    expect([200, 201, 400, 413, 422]).toContain(imported.status)
  })

  it('with names of prototypes, which are names like others', async () => {
    const before = Object.keys(Object.prototype).length
    const made = await api('POST', '/records', '{"label":"Proto","data":{"constructor":"a","toString":"b","hasOwnProperty":1}}')
    expect(made.status).toBe(201)
    expect(made.json.data).toMatchObject({ constructor: 'a', toString: 'b', hasOwnProperty: 1 })
    const own = await api('POST', '/records', '{"label":"__proto__","data":{"__proto__":"c"}}')
    expect([own.status, own.text.includes('"__proto__":"c"')]).toEqual([201, true])
    const found = await api('POST', '/records/search', '{"labels":["Proto"],"where":{"constructor":"a"}}')
    expect([found.status, found.json.total]).toEqual([200, 1])
    expect((await api('POST', '/records/search', '{"labels":["Proto"],"where":{"valueOf":{"$exists":true}}}')).json.total).toBe(0)
    expect((await api('POST', '/records/search', '{"where":{"__proto__":"c"}}')).json.total).toBe(1)
    const labels = await api('POST', '/labels/search', {})
    expect(labels.text).toContain('"__proto__":1')
    expect(Object.keys(Object.prototype).length).toBe(before)
    expect(({} as Record<string, unknown>)['c']).toBeUndefined()
  })

  it('with numbers out of range', async () => {
    for (const limit of ['0', '-1', '1.5', '1e308', '1001', '"5"'])
      expectProblem(await api('POST', '/records/search', `{"limit":${limit}}`), 400)
    for (const skip of ['-1', '1.5', '"5"']) expectProblem(await api('POST', '/records/search', `{"skip":${skip}}`), 400)
    expect((await api('POST', '/records/search', '{"skip":9007199254740991}')).json.data).toEqual([])
    expectProblem(await api('POST', '/records', '{"label":"Doc","data":{"n":1e400}}'), 400)
    for (const dimensions of [0, -1, 1.5, 4_097, 1e300, '3'])
      expectProblem(await api('POST', '/ai/indexes', { label: 'Doc', propertyName: 'n', external: true, dimensions }), 400)
    for (const number of ['1e400', '1e39', '"1"', 'null'])
      expectProblem(
        await api('POST', '/ai/search', `{"labels":["Doc"],"propertyName":"p","queryVector":[${number}]}`),
        [400, 404, 422],
      )
  })
})

describe('headers', () => {
  it('that name no transaction, or another project', async () => {
    for (const id of ['x', '0190b5a0-0000-7000-8000-000000000777', '__proto__', 'a, b', '*'.repeat(5_000)])
      expectProblem(await api('POST', '/records', { label: 'Doc', data: { a: 1 } }, { 'x-transaction-id': id }), 404)
    const { id } = (await api('POST', '/tx', {})).json.data
    expect((await api('POST', '/records/search', {}, { 'x-transaction-id': id })).status).toBe(200)
    // A request that fails ends its transaction.
    expectProblem(await api('POST', '/records', { data: 7 }, { 'x-transaction-id': id }), 400)
    expectProblem(await api('POST', '/records/search', {}, { 'x-transaction-id': id }), 404)
  })

  it('that are no key', async () => {
    for (const bad of [
      '',
      'x',
      `${key}x`,
      'a.b.c',
      'null',
      '__proto__',
      'quiver__',
      '😀'.repeat(3).normalize('NFD').length.toString(),
    ]) {
      expectProblem(await on.call('GET', '/api/v1/ai/indexes', { headers: { authorization: `Bearer ${bad}` } }), 403)
      expectProblem(await on.call('GET', '/api/v1/ai/indexes', { headers: { token: bad } }), 403)
    }
    expectProblem(await on.call('POST', '/api/v1/records', { body: {} }), 403)
    expect((await on.call('GET', '/api/v1/ai/indexes', { headers: { token: key } })).status).toBe(200)
  })
})

describe('anything', () => {
  it('that fits no description is refused, and never an error of the server', async () => {
    const { id: recordId } = { id: (await api('POST', '/records', { label: 'Doc', data: { content: 'a' } })).json.data.__id }
    const index = await api('POST', '/ai/indexes', { label: 'Doc', propertyName: 'content', external: true, dimensions: 2 })
    const { id: indexId } = index.json.data
    const routes = routesOf(await rushPaths(on))
    expect(routes.length).toBeGreaterThan(35)
    const name = fc.oneof(
      fc.constantFrom(recordId, indexId, 'Doc', 'content', '..', '*', '__proto__'),
      fc.string({ maxLength: 20 }),
    )
    const names =
      'label labels data where source target type direction properties targetIds typeOrTypes key manyToMany orderBy skip limit select ' +
      'groupBy aggregate options mergeBy mergeStrategy vectors $vectors propertyName vector queryVector items recordId external dimensions ' +
      'similarityFunction sourceType content Doc $and $or $not $xor $in $gt $contains $relation $alias $id $cycle hops $exists $type $vector ' +
      'fn $sum $count $collect $timeBucket field from unit name value prompt parseConfig returnResult __id __label ids'
    const body = anyBody(names.split(' '), [
      ...[
        'Doc',
        'content',
        'asc',
        'out',
        'in',
        'append',
        'a,b\n1,2',
        '$record.content',
        '$record',
        'cosine',
        '2024-01-01',
        'string',
      ],
      ...[recordId, indexId, '__proto__', 0, 1, 2, -1, 1e300, null, true, [1, 0]],
    ])
    const query = fc.option(
      fc.dictionary(fc.constantFrom('limit', 'skip', 'deleteExisting', 'x'), fc.string({ maxLength: 4 }), { maxKeys: 2 }),
      { nil: {} },
    )
    const transaction = fc.constantFrom(undefined, undefined, undefined, 'open', 'x')
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...routes),
        fc.array(name, { minLength: 2, maxLength: 2 }),
        query,
        body,
        transaction,
        async ([method, template], given, search, sent, tx) => {
          const opened = tx === 'open' ? (await api('POST', '/tx', { ttl: 500 })).json.data.id : tx
          const path = pathWith(template, given).replace('/api/v1', '')
          const answer = await api(
            method,
            `${path}?${new URLSearchParams(search ?? {}).toString()}`,
            method === 'GET' ? undefined : (JSON.stringify(sent) ?? 'null'),
            opened === undefined ? {} : { 'x-transaction-id': opened },
          )
          if (!beyondUs.includes(answer.status))
            expect([template, answer.status < 500, answer.text]).toEqual([template, true, answer.text])
          if (answer.status >= 400) expectProblem(answer)
        },
      ),
      { numRuns: 600 },
    )
    expect((await on.call('GET', '/ready')).status).toBe(200)
  })

  it('that is nearly right is refused or right, and never an error of the server', async () => {
    const ids: string[] = []
    for (const n of [1, 2]) ids.push((await api('POST', '/records', { label: 'Near', data: { n, text: 'a' } })).json.data.__id)
    const index = { label: 'Near', propertyName: 'text', external: true, dimensions: 2, similarityFunction: 'cosine' }
    const indexId = (await api('POST', '/ai/indexes', index)).json.data.id
    const vectors = [{ propertyName: 'text', vector: [1, 0], similarityFunction: 'cosine' }]
    const hops = { type: 'T', direction: 'out', hops: { min: 1, max: 2 } }
    const where = {
      n: { $gte: 1, $lt: 5, $in: [1, 2], $ne: 7, $exists: true, $type: 'number' },
      text: { $contains: 'a', $not: { $startsWith: 'b' } },
      at: { $lt: { $year: 2020, $month: 1 } },
      $or: [{ n: 1 }, { $nor: [{ text: ['a', 'b'] }] }, { $xor: { n: null, text: 'a' } }],
      Near: { $alias: '$near', $relation: hops, n: { $gt: 0 }, $cycle: { hops: { min: 2, max: 3 } } },
    }
    const search = { labels: ['Near'], where, orderBy: { n: 'asc', __id: 'desc' }, skip: 0, limit: 10 }
    const select = {
      n: '$record.n',
      sum: { $sum: { $add: ['$record.n', 1] } },
      near: { $collect: { from: '$near', select: { n: '$self.n' }, orderBy: { n: 'asc' }, limit: 2, unique: true } },
      at: { $timeBucket: { field: '$record.at', unit: 'months', size: 2 } },
      count: { $count: '*' },
      avg: { $avg: '$record.n', $precision: 1 },
      twice: { $ref: 'sum' },
    }
    const aggregate = {
      total: { fn: 'sum', field: 'n', alias: '$record' },
      near: { fn: 'vector.similarity.cosine', field: 'v', query: [1, 0] },
      all: { fn: 'collect', field: 'n', alias: '$near', unique: true, limit: 2 },
      bucket: { fn: 'timeBucket', field: 'at', granularity: 'month', size: 1 },
    }
    const options = { suggestTypes: true, mergeBy: ['n'], mergeStrategy: 'append', relationshipType: 'T', returnResult: true }
    const side = { label: 'Near', key: 'n', where: { n: { $gt: 0 } } }
    const joins = { source: side, target: side, type: 'T', direction: 'out' }
    const requests: readonly (readonly [method: string, path: string, body: unknown])[] = [
      ['POST', '/records', { label: 'Near', data: { n: 1, tags: ['a', 'b'], at: '2020-01-01' }, options, vectors }],
      ['POST', '/records', { label: 'Near', properties: [{ name: 'a', type: 'string', value: 'x,y', valueSeparator: ',' }] }],
      ['PATCH', `/records/${ids[0]}`, { data: { n: 3 }, vectors }],
      ['PUT', `/records/${ids[1]}`, { label: 'Near', data: { n: 2, text: 'b' } }],
      [
        'POST',
        '/records/import/json',
        { label: 'Near', data: [{ n: 1, Sub: [{ m: 1 }], $vectors: vectors }], options, vectors: [vectors] },
      ],
      ['POST', '/records/import/json', { data: '{"n":1}', label: 'Near', format: 'jsonl' }],
      [
        'POST',
        '/records/import/csv',
        { label: 'Near', data: 'n,text\n1,a', options, parseConfig: { delimiter: ',', header: true } },
      ],
      ['POST', '/records/search', search],
      ['POST', '/records/search', { ...search, select, groupBy: ['$record.n', 'at'] }],
      ['POST', '/records/search', { ...search, aggregate, groupBy: ['$record.n'] }],
      ['POST', `/records/${ids[0]}/search`, search],
      ['POST', '/records/export/csv', search],
      ['POST', '/records/delete', { labels: ['Nobody'], where }],
      [
        'POST',
        '/ai/search',
        { label: 'Near', propertyName: 'text', queryVector: [1, 0], where, limit: 3, similarityFunction: 'cosine' },
      ],
      ['POST', '/ai/indexes', index],
      ['POST', `/ai/indexes/${indexId}/vectors/upsert`, { items: [{ recordId: ids[0], vector: [1, 0] }] }],
      [
        'POST',
        '/relationships/search',
        { source: { labels: ['Near'], where }, where: { type: 'T', n: { $gt: 1 } }, orderBy: { n: 'asc' } },
      ],
      ['POST', `/relationships/${ids[0]}`, { targetIds: ids, type: 'T', direction: 'in', properties: { n: 1 } }],
      ['PUT', `/relationships/${ids[0]}`, { targetIds: ids, typeOrTypes: ['T'], direction: 'out' }],
      ['POST', '/relationships/create-many', { ...joins, properties: { n: 1 } }],
      ['POST', '/relationships/delete-many', { ...joins, manyToMany: true }],
      ['POST', '/properties/search', search],
      ['POST', '/labels/search', { where }],
      ['POST', '/ai/schema', { labels: ['Near'], force: true }],
      ['POST', '/tx', { ttl: 100 }],
    ]
    const change = fc.oneof(
      fc.constantFrom<unknown>(
        undefined,
        null,
        '',
        'x',
        '$x',
        -1,
        0,
        1.5,
        1e300,
        true,
        [],
        {},
        [[]],
        [null],
        '__proto__',
        ids,
        hops,
      ),
      fc.constantFrom<unknown>(
        { $gt: 1 },
        { constructor: 1 },
        JSON.parse('{"__proto__":{"a":1}}'),
        { $and: [] },
        [{}],
        'x'.repeat(2_000),
      ),
      fc.string({ maxLength: 5 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...requests), fc.nat(), change, async ([method, path, body], place, value) => {
        const answer = await api(method, path, JSON.stringify(withChange(body, place, value)) ?? '')
        if (!beyondUs.includes(answer.status)) expect([path, answer.status < 500, answer.text]).toEqual([path, true, answer.text])
        if (answer.status >= 400) expectProblem(answer)
      }),
      { numRuns: 600 },
    )
  })

  it('leaves no key in the log', () => {
    expect(log.length).toBeGreaterThan(100)
    expect(log.join('')).not.toContain(key.slice(-43))
  })
})
