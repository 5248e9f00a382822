import { v7 as newId } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serving, type Serving } from '../../../testing/serving.js'
import { Project } from '../project.js'
import { recordsName, type StoredRecord } from '../stored.js'
import { tidyIndexes } from './opening.js'

let on: Serving
beforeAll(async () => {
  on = await serving()
})
afterAll(() => on.close())

const path = '/api/v1/ai/indexes'
const wanted = { label: 'Doc', propertyName: 'body', external: true, dimensions: 3 }
const unknown = '0190b5a0-0000-7000-8000-000000000777'

const create = (body: object) => on.call('POST', path, { body })
const created = async (body: object): Promise<string> => (await create(body)).json.data.id
const find = async (id: string) => (await on.call('GET', path)).json.data.find((index: { id: string }) => index.id === id)
const stats = async (id: string) => (await on.call('GET', `${path}/${id}/stats`)).json.data
const remove = (id: string) => on.call('DELETE', `${path}/${id}`)
const upsert = (id: string, items: unknown) => on.call('POST', `${path}/${id}/vectors/upsert`, { body: { items } })

async function put(label: string, data: StoredRecord['data'], type = 'string'): Promise<string> {
  const id = newId()
  const records = await on.db.collection<StoredRecord>(recordsName)
  await records.upsert([{ id, label, props: Object.keys(data).map((name) => `${type}:${name}`), data }])
  return id
}

describe('an external index', () => {
  it('is declared, found and deleted', async () => {
    const { status, json } = await create(wanted)
    expect(status).toBe(201)
    expect(json).toEqual({
      data: {
        ...{
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          projectId: 'default',
          label: 'Doc',
          propertyName: 'body',
          modelKey: '',
        },
        ...{ sourceType: 'external', similarityFunction: 'cosine', dimensions: 3, vectorPropertyName: '_emb_external_cosine_3' },
        ...{ enabled: true, status: 'awaiting_vectors', createdAt: expect.any(String), updatedAt: expect.any(String) },
      },
      success: true,
    })
    const { id } = json.data
    expect(await find(id)).toEqual(json.data)
    const removed = await remove(id)
    expect([removed.status, removed.json]).toEqual([202, { data: { deleted: true, queued: true }, success: true }])
    expect(await find(id)).toBeUndefined()
    expect((await remove(id)).status).toBe(404)
    expect(await (await on.db.collection(recordsName)).indexes()).toEqual([])
  })

  it('is the only one of its five fields', async () => {
    const ids = [await created(wanted)]
    const { status, json } = await create({
      ...wanted,
      external: undefined,
      sourceType: 'external',
      similarityFunction: 'cosine',
    })
    expect([status, json]).toEqual([
      409,
      { statusCode: 409, message: expect.stringContaining('already exists'), error: 'Conflict' },
    ])
    const others = [{ label: 'Page' }, { propertyName: 'title' }, { similarityFunction: 'euclidean' }, { dimensions: 4 }]
    for (const other of others) ids.push(await created({ ...wanted, ...other }))
    expect(new Set(ids).size).toBe(5)
    for (const id of ids) await remove(id)
  })

  it('is the only one when many are declared at the same time', async () => {
    const statuses = (await Promise.all(Array.from({ length: 8 }, () => create(wanted)))).map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([201, 409, 409, 409, 409, 409, 409, 409])
    const { data } = (await on.call('GET', path)).json
    expect(data).toHaveLength(1)
    expect((await (await on.db.collection(recordsName)).indexes()).map(({ name }) => name)).toEqual([data[0].id])
    await remove(data[0].id)
  })

  it.each([
    [400, { ...wanted, label: '' }],
    [400, { ...wanted, propertyName: 7 }],
    [400, { ...wanted, dimensions: 0 }],
    [400, { ...wanted, dimensions: 4_097 }],
    [400, { ...wanted, dimensions: 1.5 }],
    [400, { ...wanted, similarityFunction: 'dot' }],
    [400, { ...wanted, sourceType: 'field' }],
    [400, 'text'],
    [400, undefined],
    [422, { ...wanted, dimensions: undefined }],
  ])('is refused with %i: %j', async (status, body) => {
    expect((await on.call('POST', path, { body })).status).toBe(status)
  })

  it('is not of a property with values that are no texts, in whatever label', async () => {
    const id = await put('Other', { count: 7 }, 'number')
    expect((await create({ ...wanted, propertyName: 'count' })).status).toBe(422)
    await (await on.db.collection(recordsName)).delete(id)
    const index = await created({ ...wanted, propertyName: 'count' })
    await remove(index)
  })

  it('is declared outside of transactions', async () => {
    const { json } = await on.call('POST', '/api/v1/tx', { body: {} })
    const headers = { 'x-transaction-id': json.data.id }
    expect((await on.call('POST', path, { body: wanted, headers })).status).toBe(400)
    expect((await on.call('DELETE', `${path}/${unknown}`, { headers })).status).toBe(400)
  })

  it('is refused beyond those that a project can have', async () => {
    const records = await on.db.collection(recordsName)
    const names = Array.from({ length: 64 }, (_, i) => `index ${i}`)
    await Promise.all(names.map((name) => records.createIndex({ name, field: 'data.body', source: 'external', dimensions: 3 })))
    expect((await create(wanted)).status).toBe(422)
    await Promise.all(names.map((name) => records.dropIndex(name)))
  })
})

describe('vectors', () => {
  it('make an index ready, and are counted', async () => {
    const id = await created(wanted)
    const [a, b, c] = [await put('Doc', { body: 'a' }), await put('Doc', { body: 'b' }), await put('Doc', { title: 'c' })]
    const other = await put('Page', { body: 'd' })
    expect(await stats(id)).toEqual({ totalRecords: 2, indexedRecords: 0 })
    const { status, json } = await upsert(id, [{ recordId: a, vector: [1, 0, 0] }])
    expect([status, json]).toEqual([200, { data: { updated: 1, requested: 1 }, success: true }])
    expect((await find(id)).status).toBe('ready')
    expect(await stats(id)).toEqual({ totalRecords: 2, indexedRecords: 1 })
    const again = await upsert(id, [
      { recordId: b, vector: [1, 0, 0] },
      { recordId: c, vector: [1, 1, 0] },
      { recordId: b, vector: [0, 1, 0] },
    ])
    expect(again.json.data).toEqual({ updated: 2, requested: 3 })
    expect(await stats(id)).toEqual({ totalRecords: 3, indexedRecords: 3 })
    expect((await (await on.db.collection(recordsName)).get(b, { vectors: true }))!['$vectors']).toEqual({ [id]: [0, 1, 0] })
    await (await on.db.collection(recordsName)).delete([a, b, c, other])
    expect([await stats(id), (await find(id)).status]).toEqual([{ totalRecords: 0, indexedRecords: 0 }, 'awaiting_vectors'])
    await remove(id)
    expect(await stats(id)).toEqual({ totalRecords: 0, indexedRecords: 0 })
  })

  it('are stored all or none', async () => {
    const id = await created(wanted)
    const [a, page] = [await put('Doc', { body: 'a' }), await put('Page', { body: 'b' })]
    const good = { recordId: a, vector: [1, 0, 0] }
    for (const [status, bad] of [
      [422, { recordId: a, vector: [1, 0] }],
      [422, { recordId: a, vector: [0, 0, 0] }],
      [422, { recordId: a, vector: [1e300, 0, 0] }],
      [422, { recordId: unknown, vector: [1, 0, 0] }],
      [422, { recordId: page, vector: [1, 0, 0] }],
      [400, { recordId: a, vector: [null, 0, 0] }],
      [400, { recordId: a }],
      [400, { vector: [1, 0, 0] }],
    ] as const)
      expect((await upsert(id, [good, bad])).status, JSON.stringify(bad)).toBe(status)
    expect((await upsert(unknown, [good])).status).toBe(404)
    expect((await upsert('no id', [good])).status).toBe(404)
    expect((await upsert(id, [])).json.data).toEqual({ updated: 0, requested: 0 })
    expect((await stats(id)).indexedRecords).toBe(0)
    await remove(id)
  })

  it('may be more than the log takes at once', async () => {
    const dimensions = 2_000
    const [id, other] = [await created({ ...wanted, dimensions }), await created({ ...wanted, similarityFunction: 'euclidean' })]
    const ids = newIds(400)
    const records = await on.db.collection<StoredRecord>(recordsName)
    await records.upsert(ids.map((record, i) => ({ id: record, label: 'Doc', props: ['string:body'], data: { body: `${i}` } })))
    await upsert(other, [{ recordId: ids[7], vector: [1, 2, 3] }])
    const vectorOf = (i: number) => Array.from({ length: dimensions }, (_, place) => (place === i ? 1 : 0.5))
    const { status } = await upsert(
      id,
      ids.map((recordId, i) => ({ recordId, vector: vectorOf(i) })),
    )
    expect([status, (await stats(id)).indexedRecords]).toEqual([200, 400])
    expect(await records.get(ids[7]!, { vectors: true })).toMatchObject({
      data: { body: '7' },
      $vectors: { [id]: vectorOf(7), [other]: [1, 2, 3] },
    })
    await records.delete(ids)
    await remove(id)
    await remove(other)
  })

  it('go with their transaction', async () => {
    const id = await created(wanted)
    const record = await put('Doc', { body: 'a' })
    const { json } = await on.call('POST', '/api/v1/tx', { body: {} })
    const headers = { 'x-transaction-id': json.data.id }
    const items = [{ recordId: record, vector: [1, 0, 0] }]
    expect((await on.call('POST', `${path}/${id}/vectors/upsert`, { body: { items }, headers })).status).toBe(200)
    expect((await find(id)).status).toBe('awaiting_vectors')
    await on.call('POST', `/api/v1/tx/${json.data.id}/commit`, { body: {} })
    expect((await find(id)).status).toBe('ready')
    await remove(id)
  })
})

it('what a crash left of a declaration is dropped, once it is old', async () => {
  const id = await created(wanted)
  const project = await Project.open(await on.db.namespace('default'))
  const orphan = newId()
  await project.records.createIndex({
    name: orphan,
    field: 'data.body',
    source: 'external',
    dimensions: 3,
    where: { label: 'Doc' },
  })
  const names = async () => (await project.records.indexes()).map(({ name }) => name)
  await tidyIndexes(project)
  expect(await names()).toEqual([id, orphan])
  await tidyIndexes(project, Date.now() + 3_700_000)
  expect(await names()).toEqual([id])
  await remove(id)
})

function newIds(count: number): string[] {
  return Array.from({ length: count }, () => newId())
}
