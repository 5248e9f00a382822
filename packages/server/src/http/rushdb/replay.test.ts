import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serving, type Serving } from '../../testing/serving.js'
import { ApiKeys } from '../keys/api-keys.js'
import { type RecordedRequest, sendRaw } from '../../testing/rushdb/raw-request.js'

const folder = new URL('../../testing/rushdb/requests/', import.meta.url)
const versions = readdirSync(folder).map((file) => file.replace('.json', ''))

interface RecordedCall {
  readonly name: string
  readonly requests: readonly RecordedRequest[]
}

const keysFolder = mkdtempSync(join(tmpdir(), 'quiver-replay-'))
let on: Serving
let keys: ApiKeys
beforeAll(async () => {
  keys = await ApiKeys.open(keysFolder)
  await keys.create({ role: 'admin', namespaces: '*' })
  on = await serving({ keys })
})
afterAll(async () => {
  await on.close()
  rmSync(keysFolder, { recursive: true, force: true })
})

const uuid = expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
const record = (fields: object) => expect.objectContaining({ __id: uuid, __proptypes: expect.any(Object), ...fields })
const records = (count?: number) => (count === undefined ? expect.any(Array) : Array.from({ length: count }, () => record({})))
const counted = (data: unknown) => ({ data, success: true, total: expect.any(Number) })
const done = (data: unknown) => ({ data, success: true })
const message = done({ message: expect.any(String) })
const refused = (statusCode: number, error: string) => ({ statusCode, message: expect.any(String), error })
const settings = done(
  expect.objectContaining({
    selfHosted: true,
    dashboardUrl: expect.any(String),
    googleOAuthEnabled: false,
    githubOAuthEnabled: false,
    embeddingEnabled: expect.any(Boolean),
    llmEnabled: false,
  }),
)
const index = (label: string, propertyName: string, dimensions: number) =>
  done({
    id: uuid,
    projectId: expect.any(String),
    label,
    propertyName,
    modelKey: '',
    sourceType: 'external',
    similarityFunction: 'cosine',
    dimensions,
    vectorPropertyName: `_emb_external_cosine_${dimensions}`,
    enabled: true,
    status: 'awaiting_vectors',
    createdAt: expect.any(String),
    updatedAt: expect.any(String),
  })
const property = expect.objectContaining({
  id: expect.any(String),
  name: 'title',
  type: 'string',
  recordsCount: expect.any(Number),
})

type Expected = [status: number, body: unknown]
const found: Expected = [200, counted(expect.any(Array))]
const imported = (version: string): Expected => [201, done(version === '1.8.0' ? [] : true)]
const scored: Expected = [200, done([expect.objectContaining({ __id: uuid, __label: 'Doc', __score: expect.any(Number) })])]

/** What each call must be answered, by the name it was recorded under; a list where it made several requests. */
const expectations: Record<string, (version: string) => Expected | Expected[]> = {
  '(constructor)': () => [200, settings],
  'settings.get': () => [200, settings],
  'ai.indexes.create external shorthand': () => [201, index('Article', 'body', 768)],
  // The one before is there already.
  'ai.indexes.create explicit': () => [409, refused(409, 'Conflict')],
  'ai.indexes.create managed': () => [201, done(expect.objectContaining({ sourceType: 'managed', status: 'pending' }))],
  'ai.indexes.create dup (409)': () => [409, refused(409, 'Conflict')],
  'ai.indexes.find': () => [
    200,
    done(expect.arrayContaining([expect.objectContaining({ label: 'Doc', propertyName: 'content' })])),
  ],
  'ai.indexes.upsertVectors': () => [200, done({ updated: 1, requested: 1 })],
  'ai.indexes.stats': () => [200, done({ totalRecords: expect.any(Number), indexedRecords: expect.any(Number) })],
  'ai.indexes.delete': () => [202, done({ deleted: true, queued: true })],
  'ai.search({label,...}) seed form': (version) =>
    version === '2.11.0'
      ? [[200, done({ searchQuery: expect.any(Object), warnings: [] })], found]
      : [200, done(expect.arrayContaining([expect.objectContaining({ __label: 'Doc', __score: expect.any(Number) })]))],
  'ai.search({labels,...}, similarityFunction)': (version) =>
    version === '2.11.0'
      ? [[200, done({ searchQuery: expect.any(Object), warnings: [] })], found]
      : [200, done(expect.any(Array))],
  'ai.search(prompt)': () => [[503, expect.objectContaining({ statusCode: 503 })], found],
  'ai.getSchema': () => [200, done([expect.objectContaining({ label: 'Doc', count: expect.any(Number) })])],
  'ai.getOntology': () => [200, done([expect.objectContaining({ label: 'Doc', count: expect.any(Number) })])],
  'ai.getSchemaMarkdown': () => [200, done(expect.stringContaining('Doc'))],
  'ai.getOntologyMarkdown': () => [200, done(expect.stringContaining('Doc'))],
  'records.vectorSearch': () => scored,
  'records.vectorSearch in tx': () => [422, refused(422, 'Unprocessable Entity')],
  'records.create': () => [
    201,
    done({
      __id: uuid,
      __label: 'Doc',
      __proptypes: { title: 'string', content: 'string', n: 'number', arr: 'number' },
      title: 'Alpha',
      content: 'First',
      n: 1,
      arr: [1, 2],
    }),
  ],
  'records.create + vectors': () => [201, done(record({ __label: 'Doc', title: 'Alpha', content: 'First article' }))],
  'records.create + ambiguous vectors (422)': (version) =>
    version === '1.8.0' ? [201, done(record({ name: 'Gadget' }))] : [422, refused(422, 'Unprocessable Entity')],
  'records.create property drafts': () => [201, done(record({ __proptypes: { title: 'string' }, title: 'x' }))],
  'records.create in tx': () => [201, done(record({ a: 1 }))],
  'records.createMany no options': imported,
  'records.createMany returnResult': () => [201, done([record({ title: 'A' }), record({ title: 'B' })])],
  'records.createMany + vectors': imported,
  'records.createMany + flat vectors': imported,
  'records.importJson label': () => [
    201,
    done([
      record({ __label: 'Company', name: 'X' }),
      record({ __label: 'DEPARTMENT', name: 'd' }),
      record({ __label: 'PROJECT', name: 'p' }),
    ]),
  ],
  'records.importJson container': imported,
  'records.importCsv': () => [201, done([record({ __label: 'Doc', title: 'A', content: 'B' })])],
  'records.upsert': () => [201, done(record({ __label: 'Doc', slug: 's', title: 't' }))],
  'records.upsert no options': () => [201, done(record({ slug: 's' }))],
  'records.find': () => found,
  'records.find seed __label': () => [200, { data: [], success: true, total: 0 }],
  'records.find from id': () => [200, { data: [], success: true, total: 0 }],
  'records.findOne': () => [200, counted(records(1))],
  'records.findUniq': () => [200, counted(records(1))],
  'records.findById': () => [200, done(record({ __label: 'Doc' }))],
  'records.findById many': () => [200, done(records(2))],
  'records.set': () => [201, done(record({ __label: 'Doc', __proptypes: { title: 'string' }, title: 'new' }))],
  'records.update': () => [201, done(record({ title: 'upd', content: 'Content' }))],
  'records.update non-uuid target': () => [404, expect.objectContaining({ statusCode: 404 })],
  'records.delete': () => [201, message],
  'records.delete no where': () => [201, message],
  'records.deleteById': () => [200, message],
  'records.deleteById many': () => [201, message],
  'records.attach': () => [201, message],
  'records.detach': () => [200, message],
  'records.export': () => [200, done({ fileContent: expect.stringMatching(/^__id,__label/), dateTime: expect.any(String) })],
  'relationships.find': () => found,
  'relationships.createMany': () => [201, message],
  'relationships.deleteMany': () => [200, message],
  'properties.find': () => [200, done(expect.arrayContaining([property]))],
  'properties.findById': () => [200, done(property)],
  'properties.values': () => [200, done({ values: ['A'], type: 'string' })],
  'properties.delete': () => [200, message],
  'labels.find': () => [200, done({})],
  'tx.begin': () => [200, done({ id: expect.any(String) })],
  'tx.get': () => [200, done({ id: expect.any(String) })],
  'tx.commit': () => [200, message],
  'tx.rollback': () => [200, message],
  'query.raw': () => [501, refused(501, 'Not Implemented')],
  'relationships.patterns.list': () => [200, done({ patterns: [], relationships: [] })],
  // Needs a language model.
  'relationships.patterns.analyze': () => [503, refused(503, 'Service Unavailable')],
  'relationships.patterns.delete': () => [404, expect.objectContaining({ statusCode: 404 })],
}

/** Ids of the recording. */
const recorded = {
  key: 'my-api-key',
  first: '0190b5a0-0000-7000-8000-000000000001',
  second: '0190b5a0-0000-7000-8000-000000000002',
  index: '0190b5a0-0000-7000-8000-000000000901',
  transaction: '0190b5a0-0000-7000-8000-000000000777',
}

describe.each(versions)('requests of the client %s', (version) => {
  const calls = JSON.parse(readFileSync(new URL(`${version}.json`, folder), 'utf8')) as RecordedCall[]
  let key: string

  async function api(method: string, path: string, body?: unknown): Promise<ReturnType<typeof JSON.parse>> {
    return (await on.call(method, `/api/v1${path}`, { key, ...(body !== undefined && { body }) })).json.data
  }

  const indexes = [
    { label: 'Doc', propertyName: 'content' },
    { label: 'Dup', propertyName: 'x' },
    { label: 'Product', propertyName: 'embedding', similarityFunction: 'euclidean' },
    { label: 'Product', propertyName: 'ambiguous' },
    { label: 'Product', propertyName: 'ambiguous', similarityFunction: 'euclidean' },
  ]

  beforeAll(async () => {
    key = (await keys.create({ role: 'write', namespaces: [`sdk-${version.replaceAll('.', '-')}`] })).key
    await api('POST', '/ai/indexes', { ...indexes[0], sourceType: 'external', dimensions: 3 })
    for (const other of indexes.slice(1)) await api('POST', '/ai/indexes', { ...other, sourceType: 'external', dimensions: 3 })
  })

  /** Makes what the requests name, and puts its ids and the key in the place of those of the recording. All else stays as it was sent. */
  async function living(requests: readonly RecordedRequest[]): Promise<RecordedRequest[]> {
    const text = JSON.stringify(requests)
    await api('POST', '/records/delete', { labels: ['Doc'] })
    await api('POST', '/ai/indexes', { ...indexes[0], sourceType: 'external', dimensions: 3 })
    const vectors = [{ propertyName: 'content', vector: [1, 0, 0] }]
    const doc = { label: 'Doc', data: { title: 'A', content: 'Content', tenantId: 't' }, vectors }
    const first = (await api('POST', '/records', doc)).__id as string
    const second = (await api('POST', '/records', { label: 'Other', data: { title: 'A' } })).__id as string
    const properties = text.includes('/properties/') ? await api('POST', '/properties/search', { labels: ['Doc'] }) : []
    const title = (properties as { id: string; name: string }[]).find(({ name }) => name === 'title')?.id ?? ''
    const declared = (await api('GET', '/ai/indexes')) as { id: string; label: string }[]
    const transaction = /"x-transaction-id"|[/]tx[/]/.test(text) ? ((await api('POST', '/tx', {})).id as string) : ''
    return requests.map(({ method, url, headers, body }) => {
      const alive = (part: string): string =>
        part
          .replaceAll(`/properties/${recorded.first}`, `/properties/${title}`)
          .replaceAll(recorded.first, first)
          .replaceAll(recorded.second, second)
          .replaceAll(recorded.index, declared.find(({ label }) => label === 'Doc')!.id)
          .replaceAll(recorded.transaction, transaction)
          .replaceAll(recorded.key, key)
      const sent = Object.entries(headers).map(([name, value]) => [
        name,
        name === 'x-transaction-id' ? transaction : alive(value),
      ])
      return { method, url: alive(url), headers: Object.fromEntries(sent), body: alive(body) }
    })
  }

  it.each(calls.map(({ name, requests }) => [name, requests] as const))('%s', async (name, recordedRequests) => {
    const expected = expectations[name]!(version)
    const each = Array.isArray(expected[0]) ? (expected as Expected[]) : [expected as Expected]
    expect(each).toHaveLength(recordedRequests.length)
    for (const [at, request] of (await living(recordedRequests)).entries()) {
      const { status, json } = await sendRaw(on.url, request)
      expect([status, json]).toEqual(each[at])
    }
  })
})
