import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { QuiverClientError } from '../error.js'
import RushDB, { RushDBError } from '../index.js'

interface Request {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

const seen: Request[] = []
let answers: { status?: number; body: unknown }[] = []
let url: string
const http = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const text = Buffer.concat(chunks).toString()
    const body = text === '' ? undefined : (JSON.parse(text) as unknown)
    seen.push({ method: request.method!, url: request.url!, headers: request.headers, body })
    const answer = answers.shift()
    if (!answer) return // Never answered.
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
  })
})

beforeAll(async () => {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
})
beforeEach(() => {
  seen.length = 0
  answers = []
})
afterAll(() => {
  http.closeAllConnections()
  http.close()
})

function answering(...data: unknown[]): RushDB {
  answers = data.map((one) => ({ body: { data: one, success: true } }))
  return new RushDB('k', { url })
}

const id = '0190b5a0-0000-7000-8000-000000000001'
const wire = { __id: id, __label: 'Doc', __proptypes: { title: 'string' }, title: 'Alpha', __score: 0.75 }

describe('a record', () => {
  it('has its fields, and shorthands for what the server gives', async () => {
    const { data } = await answering(wire).records.findById<{ title: string }>(id)
    expect([data.title, data.__id, data.id, data.label, data.score, data.__proptypes]).toEqual([
      'Alpha',
      id,
      id,
      'Doc',
      0.75,
      { title: 'string' },
    ])
    expect(data.data).toEqual(wire)
    expect({ ...data }).toEqual(wire)
    expect(JSON.parse(JSON.stringify(data))).toEqual(wire)
  })

  it('keeps fields that are called like shorthands', async () => {
    const { data } = await answering({ ...wire, id: 7, data: 'mine', score: 'high', label: 'own' }).records.findById(id)
    expect([data.id, data.data, data.score, data.label, data.__id, data.__label, data.__score]).toEqual([
      7,
      'mine',
      'high',
      'own',
      id,
      'Doc',
      0.75,
    ])
  })

  it('keeps fields that are called like what objects have', async () => {
    answers = [{ body: { data: JSON.parse(`{"__id":"${id}","__proto__":{"a":1},"constructor":"c"}`), success: true } }]
    const { data } = await new RushDB('k', { url }).records.findById(id)
    expect(Object.entries(data)).toEqual([
      ['__id', id],
      ['__proto__', { a: 1 }],
      ['constructor', 'c'],
    ])
    expect(data.id).toBe(id)
  })
})

describe('requests', () => {
  it('are those of RushDB', async () => {
    const transaction = '0190b5a0-0000-7000-8000-000000000777'
    const vectors = [{ propertyName: 'content', vector: Float32Array.of(1, 0, 0) }]
    const sentVectors = [{ propertyName: 'content', vector: [1, 0, 0] }]
    const cases: [call: (db: RushDB) => Promise<unknown>, method: string, path: string, body: unknown][] = [
      [
        (db) => db.ai.indexes.create({ label: 'A', propertyName: 'b', external: true, dimensions: 3 }),
        'POST',
        '/ai/indexes',
        { label: 'A', propertyName: 'b', dimensions: 3, sourceType: 'external' },
      ],
      [(db) => db.ai.indexes.find(), 'GET', '/ai/indexes', undefined],
      [(db) => db.ai.indexes.stats('i'), 'GET', '/ai/indexes/i/stats', undefined],
      [(db) => db.ai.indexes.delete('i'), 'DELETE', '/ai/indexes/i', undefined],
      [
        (db) => db.ai.indexes.upsertVectors('i', { items: [{ recordId: id, vector: Float32Array.of(1, 2) }] }),
        'POST',
        '/ai/indexes/i/vectors/upsert',
        { items: [{ recordId: id, vector: [1, 2] }] },
      ],
      [
        (db) => db.ai.search({ label: 'Doc', propertyName: 'content', queryVector: [1, 0, 0], limit: 3 }),
        'POST',
        '/ai/search',
        { label: 'Doc', propertyName: 'content', queryVector: [1, 0, 0], limit: 3 },
      ],
      [
        (db) => db.records.create({ label: 'Doc', data: { ...wire, title: 'x' }, vectors }),
        'POST',
        '/records',
        { label: 'Doc', data: { title: 'x' }, vectors: sentVectors },
      ],
      [
        (db) => db.records.create({ label: 'Doc', data: [{ name: 'n', type: 'number', value: 1 }] }),
        'POST',
        '/records',
        { label: 'Doc', properties: [{ name: 'n', type: 'number', value: 1 }] },
      ],
      [
        (db) => db.records.createMany({ label: 'Doc', data: [{ t: 1 }, { t: 2 }], vectors: [vectors] }),
        'POST',
        '/records/import/json',
        { label: 'Doc', data: [{ t: 1, $vectors: sentVectors }, { t: 2 }] },
      ],
      [
        (db) => db.records.importJson({ data: { Doc: [{ a: 1 }] }, options: { returnResult: true } }),
        'POST',
        '/records/import/json',
        { data: { Doc: [{ a: 1 }] }, options: { returnResult: true } },
      ],
      [
        (db) => db.records.importCsv({ label: 'Doc', data: 'a\n1', vectors: [vectors] }),
        'POST',
        '/records/import/csv',
        { label: 'Doc', data: 'a\n1', vectors: [sentVectors] },
      ],
      [
        (db) => db.records.upsert({ label: 'Doc', data: { a: 1 }, options: { mergeBy: ['a'], mergeStrategy: 'rewrite' } }),
        'POST',
        '/records',
        { label: 'Doc', data: { a: 1 }, options: { mergeBy: ['a'], mergeStrategy: 'rewrite' } },
      ],
      [(db) => db.records.upsert({ data: { a: 1 } }), 'POST', '/records', { data: { a: 1 }, options: { mergeBy: [] } }],
      [
        (db) => db.records.set({ target: id, label: 'D', data: { a: 1 } }),
        'PUT',
        `/records/${id}`,
        { label: 'D', data: { a: 1 } },
      ],
      [(db) => db.records.update({ target: { __id: id }, data: { a: 1 } }), 'PATCH', `/records/${id}`, { data: { a: 1 } }],
      [(db) => db.records.find({ labels: ['Doc'] }), 'POST', '/records/search', { labels: ['Doc'] }],
      [(db) => db.records.find({ id, labels: ['Doc'] }), 'POST', `/records/${id}/search`, { labels: ['Doc'] }],
      [(db) => db.records.findOne({ where: { a: 1 } }), 'POST', '/records/search', { where: { a: 1 }, limit: 1, skip: 0 }],
      [(db) => db.records.findUniq({ where: { a: 1 } }), 'POST', '/records/search', { where: { a: 1 }, limit: 1, skip: 0 }],
      [(db) => db.records.findById([id]), 'POST', '/records', { ids: [id] }],
      [(db) => db.records.delete({ labels: ['Doc'] }), 'POST', '/records/delete', { labels: ['Doc'] }],
      [(db) => db.records.deleteById(id), 'DELETE', `/records/${id}`, undefined],
      [(db) => db.records.deleteById([id]), 'POST', '/records/delete', { limit: 1000, where: { $id: { $in: [id] } } }],
      [
        (db) => db.records.attach({ source: id, target: ['t'], options: { type: 'HAS', properties: { w: 1 } } }),
        'POST',
        `/relationships/${id}`,
        { targetIds: ['t'], type: 'HAS', properties: { w: 1 } },
      ],
      [
        (db) => db.records.detach({ source: id, target: { data: { __id: 't' } }, options: { typeOrTypes: ['HAS'] } }),
        'PUT',
        `/relationships/${id}`,
        { targetIds: ['t'], typeOrTypes: ['HAS'] },
      ],
      [(db) => db.records.export({ labels: ['Doc'] }), 'POST', '/records/export/csv', { labels: ['Doc'] }],
      [(db) => db.relationships.find({ limit: 5 }), 'POST', '/relationships/search', { limit: 5 }],
      [
        (db) => db.relationships.createMany({ source: { label: 'A', key: 'a' }, target: { label: 'B', key: 'b' } }),
        'POST',
        '/relationships/create-many',
        { source: { label: 'A', key: 'a' }, target: { label: 'B', key: 'b' } },
      ],
      [
        (db) => db.relationships.deleteMany({ source: { label: 'A' }, target: { label: 'B' }, type: 'R' }),
        'POST',
        '/relationships/delete-many',
        { source: { label: 'A' }, target: { label: 'B' }, type: 'R' },
      ],
      [(db) => db.properties.find(), 'POST', '/properties/search', {}],
      [(db) => db.properties.findById('p'), 'GET', '/properties/p', undefined],
      [(db) => db.properties.values('p', { query: 'a' }), 'POST', '/properties/p/values', { query: 'a' }],
      [(db) => db.properties.delete('p'), 'DELETE', '/properties/p', undefined],
      [(db) => db.labels.find({ where: { a: 1 } }), 'POST', '/labels/search', { where: { a: 1 } }],
      [(db) => db.ai.getSchema({ labels: ['Doc'] }), 'POST', '/ai/schema', { labels: ['Doc'] }],
      [(db) => db.ai.getSchemaMarkdown(), 'POST', '/ai/schema/md', {}],
      [(db) => db.settings.get(), 'GET', '/settings', undefined],
      [(db) => db.tx.begin({ ttl: 9 }), 'POST', '/tx', { ttl: 9 }],
      [(db) => db.tx.get(transaction), 'GET', `/tx/${transaction}`, undefined],
      [(db) => db.tx.commit({ id: transaction }), 'POST', `/tx/${transaction}/commit`, {}],
      [(db) => db.tx.rollback(transaction), 'POST', `/tx/${transaction}/rollback`, {}],
    ]
    for (const [call, method, path, body] of cases) {
      seen.length = 0
      await call(answering({}))
      expect(seen.map((request) => [request.method, request.url, request.body])).toEqual([[method, `/api/v1${path}`, body]])
      expect(seen[0]!.headers.authorization).toBe('Bearer k')
    }
  })

  it('name their transaction', async () => {
    const db = answering({ id: 'tx' }, wire, {})
    const tx = await db.tx.begin()
    await db.records.create({ label: 'Doc', data: { a: 1 } }, tx)
    await tx.commit()
    expect(seen.map(({ url: path, headers }) => [path, headers['x-transaction-id']])).toEqual([
      ['/api/v1/tx', undefined],
      ['/api/v1/records', 'tx'],
      ['/api/v1/tx/tx/commit', undefined],
    ])
  })

  it('take key and address from the environment', async () => {
    vi.stubEnv('QUIVER_URL', `${url}/`)
    vi.stubEnv('RUSHDB_API_KEY', 'second')
    try {
      answers = [{ body: { data: {}, success: true } }, { body: { data: {}, success: true } }]
      await new RushDB().settings.get()
      vi.stubEnv('QUIVER_API_KEY', 'first')
      await new RushDB().settings.get()
      expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer second', 'Bearer first'])
    } finally {
      vi.unstubAllEnvs()
    }
  })
})

describe('errors', () => {
  it('say status, message and body', async () => {
    const body = { statusCode: 409, message: 'An embedding index is there already', error: 'Conflict' }
    answers = [
      { status: 409, body },
      { status: 400, body: { statusCode: 400, message: ['one', 'two'] } },
      { status: 500, body: {} },
    ]
    const db = new RushDB('k', { url })
    const create = () => db.ai.indexes.create({ label: 'a', propertyName: 'b' }).catch((error: unknown) => error)
    const error = await create()
    expect(error).toBeInstanceOf(RushDBError)
    expect(error).toMatchObject({ status: 409, code: 'CONFLICT', message: '409 An embedding index is there already', body })
    expect(await create()).toMatchObject({ status: 400, message: '400 one; two' })
    expect(await create()).toMatchObject({ status: 500, code: 'INTERNAL' })
  })

  it('tell what is wrong before anything is sent', async () => {
    const db = new RushDB('k', { url })
    const entry = { propertyName: 'p', vector: [1] }
    const wrong: (() => Promise<unknown>)[] = [
      () => db.records.create({ label: 'Doc', data: { nested: { a: 1 } } }),
      () => db.records.createMany({ label: 'Doc', data: [{ a: 1, nested: [{ b: 1 }] }] }),
      () => db.records.createMany({ label: 'Doc', data: [{ a: 1 }], vectors: [[entry], [entry]] }),
      () => db.records.createMany({ label: 'Doc', data: [{ a: 1 }], vectors: [entry] as unknown as [] }),
      () => db.records.delete({ where: {} }),
      () => db.records.delete({}),
    ]
    for (const call of wrong) await expect(call()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', status: 0 })
    expect(seen).toEqual([])
    answers = [{ body: { data: {}, success: true } }]
    await new RushDB('k', { url, allowForceDelete: true }).records.delete({})
    expect(seen).toHaveLength(1)
  })

  it('are told when one was looked for and several are there', async () => {
    answers = [{ body: { data: [wire], success: true, total: 2 } }]
    await expect(new RushDB('k', { url }).records.findUniq({})).rejects.toMatchObject({ code: 'NOT_UNIQUE' })
  })

  it('are told when nothing answers, or not in time', async () => {
    await expect(new RushDB('k', { url: 'http://127.0.0.1:1', retries: 0 }).settings.get()).rejects.toMatchObject({
      code: 'UNREACHABLE',
    })
    const late = await new RushDB('k', { url, timeoutMs: 20 }).settings.get().catch((error: unknown) => error)
    expect(late).toBeInstanceOf(QuiverClientError)
    expect(late).toMatchObject({ code: 'TIMEOUT', status: 0 })
  })
})
