import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serving, type Serving } from '../../testing/serving.js'

let on: Serving
beforeAll(async () => {
  on = await serving()
})
afterAll(() => on.close())

const unknown = '0190b5a0-0000-4000-8000-000000000777'

describe('transactions', () => {
  it('begin, are there, and end once', async () => {
    const begun = await on.call('POST', '/api/v1/tx', { body: { ttl: 5_000 } })
    expect([begun.status, begun.json]).toEqual([200, { data: { id: expect.any(String) }, success: true }])
    const { id } = begun.json.data
    expect((await on.call('GET', `/api/v1/tx/${id}`)).json).toEqual({ data: { id }, success: true })
    const committed = await on.call('POST', `/api/v1/tx/${id}/commit`, { body: {} })
    expect([committed.status, committed.json.data.message]).toEqual([200, expect.any(String)])
    expect((await on.call('GET', `/api/v1/tx/${id}`)).status).toBe(404)
    expect((await on.call('POST', `/api/v1/tx/${id}/commit`, { body: {} })).status).toBe(404)
    expect((await on.call('POST', `/api/v1/tx/${unknown}/rollback`, { body: {} })).status).toBe(200)
  })

  it('end by themselves', async () => {
    const { json } = await on.call('POST', '/api/v1/tx', { body: { ttl: 1 } })
    await expect.poll(async () => (await on.call('GET', `/api/v1/tx/${json.data.id}`)).status).toBe(404)
  })

  it('refuse what is no time', async () => {
    const { status, json } = await on.call('POST', '/api/v1/tx', { body: { ttl: 'soon' } })
    expect([status, json]).toEqual([
      400,
      { statusCode: 400, message: 'Request validation of body failed, because: "ttl" must be number', error: 'Bad Request' },
    ])
  })
})

it('requests that change one record at the same time all do', async () => {
  const writers = Array.from({ length: 100 }, (_, n) => n)
  const answers = await Promise.all(
    writers.map((n) =>
      on.call('POST', '/api/v1/records', {
        body: {
          label: 'Contended',
          data: { slug: 'one', [`writer${n}`]: n },
          options: { mergeBy: ['slug'], mergeStrategy: 'append' },
        },
      }),
    ),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
  const { json } = await on.call('POST', '/api/v1/records/search', { body: { labels: ['Contended'] } })
  expect(json.total).toBe(1)
  expect(json.data[0]).toMatchObject(Object.fromEntries(writers.map((n) => [`writer${n}`, n])))
})

it('an unknown path is told in the shape of this API', async () => {
  expect((await on.call('GET', '/api/v1/nothing')).json).toEqual({
    statusCode: 404,
    message: 'Cannot GET /api/v1/nothing',
    error: 'Not Found',
  })
})
