import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { packed, papersPath, serving, type Serving } from '../testing/serving.js'

let on: Serving
beforeAll(async () => {
  on = await serving({ bodyBytesMax: 64 * 1024 })
})
afterAll(() => on.close())
beforeEach(async () => {
  await on.call('DELETE', papersPath)
  await on.call('PUT', papersPath, {
    body: {
      indexes: [
        { field: 'embedding', dimensions: 2 },
        { name: 'beside', field: 'x', source: 'external', dimensions: 2 },
      ],
    },
  })
})

const type = 'application/x-ndjson'
const lines = (records: readonly unknown[]) => records.map((record) => JSON.stringify(record)).join('\n')
const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ id: `r${String(from + i).padStart(6, '0')}`, n: from + i }))
const count = async () => (await on.call('POST', `${papersPath}/records/count`, { body: {} })).json.count as number
const ends = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('import', () => {
  it('stores lines in commits of the size that is asked for', async () => {
    const { status, text } = await on.call('POST', `${papersPath}/import?batch=10`, {
      type,
      body: `\n${lines(numbered(25))}\r\n\n`,
    })
    expect(status).toBe(200)
    const answer = ends(text)
    expect(answer.map(({ stored, line }) => [stored, line])).toEqual([
      [10, 11],
      [20, 21],
      [25, 26],
    ])
    expect(answer.at(-1)).toMatchObject({ done: true, version: expect.stringMatching(/^main@/) })
    expect(await count()).toBe(25)
  })

  it('takes more than a body may have, in pieces cut anywhere', async () => {
    const bytes = Buffer.from(lines(numbered(5_000).map((record) => ({ ...record, text: 'ä'.repeat(20) }))))
    const pieces = function* () {
      for (let at = 0; at < bytes.length; at += 1_237) yield bytes.subarray(at, at + 1_237)
    }
    const answer = await fetch(`${on.url}${papersPath}/import`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: Readable.toWeb(Readable.from(pieces())) as ReadableStream,
      duplex: 'half',
    })
    expect(ends(await answer.text()).at(-1)).toMatchObject({ stored: 5_000, line: 5_000, done: true })
    expect(await count()).toBe(5_000)
  })

  it('takes vectors in every form', async () => {
    const records = [
      { id: 'a', embedding: [1, 0] },
      { id: 'b', $packed: { embedding: packed([0, 1]) } },
      { id: 'c', $vectors: { beside: packed([1, 1]) } },
    ]
    expect(ends((await on.call('POST', `${papersPath}/import`, { type, body: lines(records) })).text)).toMatchObject([
      { done: true, stored: 3 },
    ])
    const indexes = (await on.call('GET', `${papersPath}/indexes`)).json.indexes as { records: number }[]
    expect(indexes.map(({ records }) => records)).toEqual([2, 1])
  })

  it('says exactly what was stored when it fails half way', async () => {
    const body = `${lines(numbered(25))}\n{"id": 7}\n${lines(numbered(5, 100))}`
    const { status, text } = await on.call('POST', `${papersPath}/import?batch=10`, { type, body })
    expect(status).toBe(200)
    expect(ends(text).at(-1)).toMatchObject({ stored: 20, line: 20, done: false, error: { code: 'INVALID_ID' } })
    expect(await count()).toBe(20)
    const broken = `${lines(numbered(12))}\n{"id"`
    const answer = ends((await on.call('POST', `${papersPath}/import?batch=10`, { type, body: broken })).text)
    expect(answer.at(-1)).toMatchObject({
      stored: 12,
      line: 12,
      done: false,
      error: { code: 'INVALID_RECORD', details: { line: 13 } },
    })
  })

  it('is an error like others where nothing was stored', async () => {
    const refused = async (body: string | Uint8Array, path = `${papersPath}/import`) => {
      const answer = await on.call('POST', path, { type, body })
      return [answer.status, answer.json.error.code]
    }
    expect(await refused('[]')).toEqual([400, 'INVALID_RECORD'])
    expect(await refused('{"id":"a"}\n7'.slice(11))).toEqual([400, 'INVALID_RECORD'])
    expect(await refused(Uint8Array.of(0x7b, 0xff, 0x7d))).toEqual([400, 'INVALID_RECORD'])
    expect(await refused(`{"text":"${'x'.repeat(200_000)}`)).toEqual([413, 'LIMIT_EXCEEDED'])
    expect(await refused('{"id":"a","embedding":[1,2,3]}')).toEqual([400, 'DIMENSION_MISMATCH'])
    expect(await refused('{}', '/v1/namespaces/default/collections/none/import')).toEqual([404, 'NOT_FOUND'])
    expect(await refused('{}', `${papersPath}/import?batch=0`)).toEqual([400, 'INVALID_ARGUMENT'])
    expect((await on.call('POST', `${papersPath}/import`, { body: { id: 'a' } })).status).toBe(400)
    expect((await on.call('POST', `${papersPath}/records`, { type, body: '{"records":[]}' })).status).toBe(415)
    expect(await count()).toBe(0)
    expect(ends((await on.call('POST', `${papersPath}/import`, { type, body: '' })).text)).toEqual([
      { stored: 0, line: 0, done: true },
    ])
  })

  it('stops where the sender goes away', async () => {
    const ended = new AbortController()
    const endless = Readable.from(
      (async function* () {
        for (let n = 0; ; n++) {
          await new Promise(setImmediate)
          yield Buffer.from(`${lines(numbered(100, n * 100))}\n`)
        }
      })(),
    )
    const sending = fetch(`${on.url}${papersPath}/import?batch=100`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: Readable.toWeb(endless) as ReadableStream,
      duplex: 'half',
      signal: ended.signal,
    }).then((answer) => answer.text())
    sending.catch(() => undefined)
    await expect.poll(count).toBeGreaterThan(200)
    ended.abort()
    await expect(sending).rejects.toThrow()
    // Whole batches are there, nothing of another, and it does not go on.
    let after = -1
    await expect
      .poll(async () => {
        const before = after
        after = await count()
        return after === before
      })
      .toBe(true)
    expect(after % 100).toBe(0)
    expect((await on.call('GET', '/health')).status).toBe(200)
  })
})

describe('export', () => {
  beforeEach(async () => {
    await on.call('POST', `${papersPath}/import`, {
      type,
      body: lines(numbered(600).map((record) => ({ ...record, embedding: [1, record.n] }))),
    })
  })

  it('gives all records, which can be imported again', async () => {
    const { text, headers } = await on.call('GET', `${papersPath}/export?vectors=true`)
    expect(headers.get('content-type')).toContain(type)
    const copy = '/v1/namespaces/default/collections/copy'
    await on.call('PUT', copy)
    expect(ends((await on.call('POST', `${copy}/import`, { type, body: text })).text).at(-1)).toMatchObject({
      stored: 600,
      done: true,
    })
    expect((await on.call('GET', `${copy}/export?vectors=true`)).text).toBe(text)
  })

  it('is of one version, whatever is written meanwhile', async () => {
    const answer = await fetch(`${on.url}${papersPath}/export?fields=n`)
    await on.call('POST', `${papersPath}/records/update`, { body: { where: {}, set: { n: -1 } } })
    const records = ends(await answer.text())
    expect(records.map(({ n }) => n)).toEqual(Array.from({ length: 600 }, (_, n) => n))
    const at = answer.headers.get('x-quiver-version')!
    expect(ends((await on.call('GET', `${papersPath}/export?fields=n&at=${at}`)).text)).toEqual(records)
  })

  it('takes a filter, and refuses what is none', async () => {
    const where = encodeURIComponent(JSON.stringify({ n: { $lt: 2 } }))
    expect((await on.call('GET', `${papersPath}/export?fields=n&where=${where}`)).text).toBe(
      '{"id":"r000000","n":0}\n{"id":"r000001","n":1}\n',
    )
    for (const bad of ['{', '{"$x":1}', '7']) {
      const { status, json } = await on.call('GET', `${papersPath}/export?where=${encodeURIComponent(bad)}`)
      expect([status, json.error.code]).toEqual([400, 'INVALID_FILTER'])
    }
    expect((await on.call('GET', `${papersPath}/export?at=main@99999`)).status).toBe(404)
    const none = encodeURIComponent('{"n":-5}')
    expect((await on.call('GET', `${papersPath}/export?where=${none}`)).text).toBe('')
  })
})
