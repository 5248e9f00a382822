import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ApiKeys, createServer, type QuiverServer } from '@quiverdb/server'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, open } from 'quiverdb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { QuiverClient, QuiverClientError } from './index.js'

let db: Database
let server: QuiverServer
let url: string
let key: string
const folder = mkdtempSync(join(tmpdir(), 'quiver-client-'))
beforeAll(async () => {
  db = await open('memory:')
  const keys = await ApiKeys.open(folder)
  key = (await keys.create({ role: 'admin', namespaces: '*' })).key
  server = await createServer(db, { keys, logLevel: 'silent' })
  url = await server.listen({ port: 0 })
})
afterAll(async () => {
  await server.close()
  await db.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Paper {
  title?: string
  year: number
  embedding?: readonly number[] | Float32Array
}

const indexes = [
  { field: 'embedding', dimensions: 3 },
  { name: 'title', field: 'title', source: 'external' as const, dimensions: 2 },
]

describe('against a server', () => {
  it('searches texts that the server embedded', async () => {
    const client = new QuiverClient(url, { key })
    const notes = await client.collection('notes', { indexes: [{ field: 'body', source: 'managed' }] })
    await notes.upsert([
      { id: 'pets', body: 'cats and dogs' },
      { id: 'flight', body: 'the wing of a plane' },
    ])
    await expect
      .poll(async () => (await notes.indexes())[0]?.managed, { timeout: 10_000 })
      .toMatchObject({ status: 'ready', embedded: 2 })
    expect((await notes.search({ text: 'a dog', limit: 1 })).hits[0]?.id).toBe('pets')
    expect((await notes.searchMany([{ text: 'wings', limit: 1 }]))[0]?.hits[0]?.id).toBe('flight')
  })

  it('writes, reads, searches and goes back in time', async () => {
    const client = new QuiverClient(`${url}/`, { key })
    const papers = await client.collection<Paper>('papers', { indexes, fields: ['year'] })
    const { ids } = await papers.upsert([
      { id: 'p1', year: 1958, embedding: Float32Array.of(1, 0, 0), $vectors: { title: Float32Array.of(1, 0) } },
      { id: 'p2', year: 1961, embedding: [0, 1, 0] },
    ])
    expect(ids).toEqual(['p1', 'p2'])
    const first = await client.commit('first')
    expect(await papers.get('p1', { vectors: true })).toEqual({
      id: 'p1',
      year: 1958,
      embedding: [1, 0, 0],
      $vectors: { title: [1, 0] },
    })
    expect(await papers.get('none')).toBeNull()
    const { hits } = await papers.search({
      field: 'embedding',
      vector: Float32Array.of(1, 0.1, 0),
      where: { year: { $gte: 1900 } },
      limit: 1,
    })
    expect(hits[0]).toMatchObject({ id: 'p1', record: { year: 1958 } })
    const many = await papers.searchMany([
      { field: 'embedding', vector: [0, 1, 0], limit: 1 },
      { index: 'title', vector: [1, 0] },
    ])
    expect(many.map((result) => result.hits[0]?.id)).toEqual(['p2', 'p1'])
    expect(await papers.update([{ id: 'p2', year: 1962 }])).toMatchObject({ updated: 1 })
    expect(await papers.updateWhere({ year: 1962 }, { title: 'On graphs' })).toMatchObject({ updated: 1 })
    await papers.setVectors('title', [{ id: 'p2', vector: Float32Array.of(0, 1) }])
    expect(await papers.delete(['p1'])).toMatchObject({ deleted: 1 })
    expect([await papers.count(), await papers.at(first).count({ where: { year: 1958 } })]).toEqual([1, 1])
    expect(await papers.distinct('year')).toEqual([{ value: 1962, count: 1 }])
    expect(await papers.facets({ fields: ['title'] })).toEqual({ title: [{ value: 'On graphs', count: 1 }] })
    expect((await papers.list({ orderBy: ['year'] })).records.map(({ id }) => id)).toEqual(['p2'])
    expect((await papers.evaluate({ field: 'embedding', vectors: [Float32Array.of(0, 1, 0)], k: 1 })).queries).toBe(1)
    expect((await client.log({ limit: 1 }))[0]?.kind).toBe('write')
    expect(await papers.deleteWhere({})).toMatchObject({ deleted: 1 })
  })

  it('knows structure, transactions and namespaces', async () => {
    const tenant = new QuiverClient(url, { key }).namespace('tenant/7')
    const notes = await tenant.collection('notes', { indexes: [indexes[0]!] })
    await notes.createIndex({ name: 'l2', field: 'embedding', dimensions: 3, metric: 'l2' })
    expect((await notes.indexes()).map(({ name }) => name)).toEqual(['embedding', 'l2'])
    await notes.dropIndex('l2')
    expect((await notes.declareFields(['a'])).map(({ path }) => path)).toEqual(['a'])
    const { results } = await tenant.transaction([
      { op: 'expect', collection: 'notes', where: {}, count: 0 },
      { op: 'upsert', collection: 'notes', records: [{ id: 'n', embedding: Float32Array.of(1, 1, 1) }] },
    ])
    expect(results).toEqual([{}, { ids: ['n'] }])
    expect((await notes.info()).records).toBe(1)
    expect(await tenant.settle()).toBe(true)
    expect(await tenant.version()).toMatch(/^main@/)
    expect(await tenant.collections()).toEqual(['notes'])
    expect(await new QuiverClient(url, { key }).namespaces()).toContain('tenant/7')
    await tenant.dropCollection('notes')
    await expect(notes.count()).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 })
  })

  it('streams records in and out', async () => {
    const bulk = await new QuiverClient(url, { key }).collection<Paper>('bulk', { indexes: [indexes[0]!] })
    const seen: number[] = []
    const made = async function* () {
      for (let n = 0; n < 2_500; n++) yield { id: `r${String(n).padStart(4, '0')}`, year: n, embedding: Float32Array.of(1, n, 0) }
    }
    expect(await bulk.import(made(), { onProgress: ({ stored }) => seen.push(stored) })).toMatchObject({
      stored: 2_500,
      line: 2_500,
    })
    expect(seen).toEqual([1_000, 2_000, 2_500])
    const years: number[] = []
    for await (const record of bulk.export({ fields: ['year'], where: { year: { $lt: 3 } } })) years.push(record.year)
    expect(years).toEqual([0, 1, 2])
    for await (const _ of bulk.export()) break
    const bad = [
      { id: 'ok', year: 1 },
      { id: '', year: 2 },
    ]
    await expect(bulk.import(bad, { batch: 1 })).rejects.toMatchObject({ code: 'INVALID_ID', details: { stored: 1, line: 1 } })
  })

  it('throws what the server says', async () => {
    const client = new QuiverClient(url, { key })
    const papers = await client.collection<Paper>('papers', { indexes })
    const failed = await papers.search({ field: 'embedding', vector: [1] }).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(QuiverClientError)
    expect(failed).toMatchObject({
      code: 'DIMENSION_MISMATCH',
      status: 400,
      details: { expected: 3, actual: 1 },
      requestId: expect.any(String),
    })
    await expect(new QuiverClient(url).collections()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', status: 401 })
    await expect(new QuiverClient('http://127.0.0.1:1', { retries: 0 }).version()).rejects.toMatchObject({
      code: 'UNREACHABLE',
      status: 0,
    })
    await expect(papers.count({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
  })
})

describe('what is repeated', () => {
  /** A server that breaks or refuses so many requests, then answers. */
  async function flaky(failures: number, how: 'break' | 429 | 500) {
    let requests = 0
    const http = createHttpServer((request, response) => {
      request.resume()
      request.on('end', () => {
        if (requests++ >= failures)
          response.setHeader('content-type', 'application/json').end('{"version":"main@1","ids":[],"deleted":0}')
        else if (how === 'break') request.socket.destroy()
        else
          response.writeHead(how, { 'retry-after': '0' }).end('{"error":{"code":"X","message":"x","details":{}},"requestId":"1"}')
      })
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const client = new QuiverClient(`http://127.0.0.1:${(http.address() as AddressInfo).port}`)
    return { client, requests: () => requests, close: () => http.close() }
  }

  it('is what may be, and only that', async () => {
    const cases: ['break' | 429 | 500, (client: QuiverClient) => Promise<unknown>, number][] = [
      ['break', (client) => client.version(), 3],
      ['break', (client) => client.open('c').upsert([{ id: 'a' }]), 3],
      ['break', (client) => client.open('c').upsert([{ name: 'an id would be made twice' }]), 1],
      ['break', (client) => client.transaction([]), 1],
      ['break', (client) => client.commit('x'), 1],
      [429, (client) => client.commit('x'), 3],
      [500, (client) => client.version(), 1],
    ]
    for (const [how, call, tries] of cases) {
      const on = await flaky(2, how)
      const outcome = await call(on.client).then(
        () => 'done',
        (error: QuiverClientError) => error.code,
      )
      expect([how, outcome, on.requests()]).toEqual([how, tries === 3 ? 'done' : how === 'break' ? 'UNREACHABLE' : 'X', tries])
      on.close()
    }
  })
})
