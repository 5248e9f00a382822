import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anyBody, nested, pathWith, raw as rawOn, routesOf } from '../testing/hostile.js'
import { type Answer, nativePaths, papersPath, serving, type Serving } from '../testing/serving.js'

let on: Serving
beforeAll(async () => {
  on = await serving({ bodyBytesMax: 256 * 1024, searchTimeoutMs: 2_000, corsOrigins: ['https://app.example'] })
  await on.call('PUT', papersPath, { body: { indexes: [{ field: 'embedding', dimensions: 2 }], fields: ['year'] } })
  await on.call('POST', `${papersPath}/records`, { body: { records: [{ id: 'a', year: 1, embedding: [1, 0] }] } })
})
afterAll(() => on.close())

const raw = (head: string) => rawOn(on, head)
const post = (path: string, body: unknown, type?: string) => on.call('POST', papersPath + path, { body, type })

/** A refusal in the form of all refusals. */
function expectRefusal(answer: Answer, status: number | readonly number[]): void {
  expect([status].flat()).toContain(answer.status)
  expect(answer.json).toMatchObject({
    error: { code: expect.any(String), message: expect.any(String) },
    requestId: expect.any(String),
  })
}

describe('bodies', () => {
  it('that are too large', async () => {
    expectRefusal(await post('/records', { records: [{ text: 'x'.repeat(300_000) }] }), 413)
  })

  it('of other types, or compressed', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/xml',
      'application/json/x',
    ])
      expectRefusal(await post('/search', '{}', type), 415)
    expectRefusal(
      await on.call('POST', `${papersPath}/search`, { body: gzipSync('{}'), headers: { 'content-encoding': 'gzip' } }),
      [400, 415],
    )
  })

  it('that are no JSON, or no UTF-8', async () => {
    for (const body of ['{', '{"a":}', 'undefined', '[1,2', '{"a":1}}', '\u0000', "{'a':1}", '{"a":NaN}'])
      expectRefusal(await post('/search', body), 400)
    expectRefusal(await post('/search', Uint8Array.of(0x22, 0xff, 0xfe, 0x22)), 400)
    for (const body of ['7', 'null', '"x"', '[]', 'true']) expectRefusal(await post('/search', body), 400)
  })

  it('that are nested deeply', async () => {
    for (const levels of [100, 10_000, 100_000])
      expectRefusal(await post('/records', `{"records":[{"id":"x","a":${nested(levels)}}]}`), [400, 413])
    expectRefusal(await post('/records', `{"records":[{"id":"x","a":${nested(20_000, 'a')}}]}`), 400)
    expectRefusal(await post('/records/count', `{"where":${nested(20_000, '$not', '{}')}}`), 400)
    expectRefusal(await post('/search', `{"vector":${nested(50_000)}}`), 400)
    expectRefusal(await post('/records/list', `{"orderBy":[${nested(50_000)}]}`), 400)
  })

  it('with names of prototypes, which are names like others', async () => {
    const before = Object.keys(Object.prototype).length
    const body = '{"id":"proto","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"text"}'
    expect((await post('/records', `{"records":[${body}]}`)).status).toBe(200)
    expect((await on.call('GET', `${papersPath}/records/proto`)).text).toBe(body)
    expect(Object.keys(Object.prototype).length).toBe(before)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect((await on.call('PUT', `${papersPath}/records/proto2`, { body })).status).toBe(400)
    const put = await on.call('PUT', `${papersPath}/records/proto2`, { body: '{"__proto__":{"a":1},"b":2}' })
    expect(put.status).toBe(200)
    expect((await on.call('GET', `${papersPath}/records/proto2`)).text).toContain('"__proto__":{"a":1}')
    expect((await post('/records/count', '{"where":{"__proto__.polluted":1}}')).json).toEqual({ count: 1 })
    expectRefusal(await post('/search', '{"vector":[1,0],"__proto__":{"limit":5}}'), 400)
    const facets = await post('/records/facets', '{"fields":["__proto__"]}')
    expect(facets.status).toBeLessThan(500)
  })

  it('with numbers out of range', async () => {
    for (const limit of [0, -1, 1.5, 1e308, 10_001, '5', null])
      expectRefusal(await post('/search', { vector: [1, 0], limit }), 400)
    for (const number of ['1e400', '-1e400', '1e39']) expectRefusal(await post('/search', `{"vector":[${number},0]}`), 400)
    expectRefusal(await post('/records', '{"records":[{"id":"x","embedding":[1e400,1]}]}'), 400)
    expectRefusal(await on.call('GET', '/v1/namespaces/default/log?limit=99999999999999999999'), 400)
    expectRefusal(await on.call('GET', '/v1/namespaces/default/log?limit=1&limit=2'), 400)
  })
})

describe('paths', () => {
  it('that try to leave', async () => {
    const tries = [
      '/../../etc/passwd',
      '/v1/../../etc/passwd',
      '/v1/namespaces/..%2f..%2fetc',
      '/v1/namespaces/%2e%2e/collections',
      '//etc/passwd',
      '/docs/../../x',
    ]
    for (const path of tries) expectRefusal(await raw(`GET ${path} HTTP/1.1`), 404)
    for (const path of ['/v1/namespaces/%zz/log', '/%']) expectRefusal(await raw(`GET ${path} HTTP/1.1`), 400)
    for (const name of ['..', '.', '../x', '%00', 'a%00b', '%F0%9F%98%80', 'x'.repeat(200)]) {
      const answer = await on.call('PUT', `/v1/namespaces/default/collections/${encodeURIComponent(name)}`)
      expect([200, 400, 404]).toContain(answer.status)
    }
    expectRefusal(await on.call('PUT', `/v1/namespaces/${'n'.repeat(100)}/collections/x`), 400)
    expectRefusal(await on.call('GET', `${papersPath}/records/${'x'.repeat(1_100)}`), 400)
    expectRefusal(await on.call('GET', `${papersPath}/records/${'x'.repeat(8_000)}`), [400, 404, 414])
  })

  it('with ids of any kind', async () => {
    for (const id of ['a/b', '..', '%', '?x=1', '#', 'ä ö', '__proto__', '😀', 'update']) {
      const path = `${papersPath}/records/${encodeURIComponent(id)}`
      // URL parsers take away a segment of dots; the other routes take such an id in their bodies.
      if (id === '..') continue
      expect((await on.call('PUT', path, { body: { year: 5 } })).json.ids).toEqual([id])
      expect((await on.call('GET', path)).json).toEqual({ id, year: 5 })
    }
  })

  it('that are no HTTP', async () => {
    for (const text of [
      'GARBAGE',
      'GET / HTTP/9.9',
      `GET /${'x'.repeat(40_000)} HTTP/1.1`,
      'POST / HTTP/1.1\r\ncontent-length: -5',
    ])
      expect((await raw(text)).status).toBeGreaterThanOrEqual(400)
    expect((await on.call('GET', '/health')).status).toBe(200)
  })
})

describe('limits', () => {
  it('of requests in a minute are those of one key or address', async () => {
    const limited = await serving({ requestsPerMinute: 3 })
    const statuses = []
    for (let i = 0; i < 5; i++) statuses.push(await limited.call('GET', '/v1/namespaces'))
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429])
    expectRefusal(statuses[4]!, 429)
    expect(statuses[4]!.json.error.code).toBe('RATE_LIMITED')
    expect(Number(statuses[4]!.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await limited.call('GET', '/health')).status).toBe(200)
    await limited.close()
  })

  it('of origins hold', async () => {
    const origin = async (from: string) =>
      (await on.call('GET', '/health', { headers: { origin: from } })).headers.get('access-control-allow-origin')
    expect(await origin('https://app.example')).toBe('https://app.example')
    expect(await origin('https://evil.example')).toBeNull()
    const preflight = await on.call('OPTIONS', `${papersPath}/search`, {
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization')
  })
})

describe('anything', () => {
  it('that fits no description is refused, and never an error of the server', async () => {
    const routes = routesOf(await nativePaths(on))
    const name = fc.oneof(
      fc.constantFrom('default', 'papers', 'a', 'embedding', 'main@1', '..', '*', '__proto__'),
      fc.string({ maxLength: 20 }),
    )
    const body = anyBody(
      [
        'records',
        'where',
        'set',
        'ids',
        'vector',
        'field',
        'index',
        'limit',
        'queries',
        'operations',
        'op',
        'collection',
        'paths',
        'indexes',
        'dimensions',
        'message',
        'orderBy',
        'fields',
        'items',
        'id',
        '$packed',
        '$vectors',
        '$and',
        'year',
      ],
      [
        'default',
        'papers',
        'upsert',
        'delete',
        'update',
        'expect',
        'embedding',
        'year',
        'AACAPwAAAAA=',
        0,
        1,
        2,
        -1,
        1e300,
        null,
        true,
        [1, 0],
      ],
    )
    const query = fc.option(
      fc.dictionary(fc.constantFrom('at', 'limit', 'fields', 'vectors', 'where', 'batch', 'x'), fc.string({ maxLength: 8 }), {
        maxKeys: 2,
      }),
      { nil: {} },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...routes),
        fc.array(name, { minLength: 3, maxLength: 3 }),
        query,
        body,
        async ([method, template], names, search, sent) => {
          const path = pathWith(template, names)
          const sends = method !== 'GET' && method !== 'HEAD'
          const type = path.endsWith('/import') ? 'application/x-ndjson' : 'application/json'
          const answer = await on.call(
            method,
            `${path}?${new URLSearchParams(search ?? {}).toString()}`,
            sends ? { body: JSON.stringify(sent) ?? 'null', type } : {},
          )
          expect(answer.status).toBeLessThan(500)
          if (answer.status >= 400) expectRefusal(answer, answer.status)
        },
      ),
      { numRuns: 600 },
    )
    expect((await on.call('GET', '/ready')).status).toBe(200)
  })
})
