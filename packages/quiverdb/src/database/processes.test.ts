import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { open, type Database } from '../index.js'

/** Runs what it is told, one line of JSON each: a path of names from the database on, and arguments. Answers in the same order. */
const source = `
import { createInterface } from 'node:readline'
const { open } = await import(process.argv[2])
const db = await open(process.argv[3], JSON.parse(process.argv[4]))
const collection = async (name) => db.collection(name)
const say = (answer) => process.stdout.write(JSON.stringify(answer) + '\\n')
say({ value: 'ready' })
for await (const line of createInterface({ input: process.stdin })) {
  const { on, method, args } = JSON.parse(line)
  try {
    const target = on === null ? db : await collection(on)
    const value = await target[method](...args)
    say({ value: method === 'collection' ? null : (value ?? null) })
  } catch (error) {
    say({ code: error.code ?? String(error) })
  }
}
await db.close()
`

let folder: string
let script: string
const entry = pathToFileURL(createRequire(import.meta.url).resolve('quiverdb')).href
const children: Peer[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quiver-processes-'))
  script = join(folder, 'peer.mjs')
  await writeFile(script, source)
})
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.end()))
})
afterAll(() => rm(folder, { recursive: true }))

/** Another process with the same database open. */
class Peer {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  #turn: Promise<unknown> = Promise.resolve()

  constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  }

  static async start(path: string, options: object = {}): Promise<Peer> {
    const child = spawn(process.execPath, [script, entry, path, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
    const peer = new Peer(child)
    children.push(peer)
    await peer.#answer()
    return peer
  }

  on(collection: string | null, method: string, ...args: unknown[]): Promise<unknown> {
    this.#child.stdin!.write(`${JSON.stringify({ on: collection, method, args })}\n`)
    const answer = this.#turn.then(() => this.#answer())
    this.#turn = answer.catch(() => undefined)
    return answer
  }

  async end(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.stdin!.end()
    const [code] = (await closed) as [number]
    expect(code).toBe(0)
  }

  async #answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the other process ended')
    const { code, value: result } = JSON.parse(value) as { code?: string; value?: unknown }
    if (code) throw Object.assign(new Error(code), { code })
    return result
  }
}

const tuning = { flushRows: 60, tailRowsMax: 120, graphRowsMin: 60, snapshotCommits: 10, idleMs: 50 }

describe('two processes on one folder', () => {
  it('see each other’s commits at once', async () => {
    const path = join(folder, 'turns')
    const db = await open(path)
    const peer = await Peer.start(path)
    const notes = await db.collection('notes', { indexes: [{ field: 'v', dimensions: 2, metric: 'l2' }] })
    for (let n = 0; n < 25; n++) {
      await notes.upsert([{ id: `mine${n}`, n, v: [n, 1] }])
      expect(await peer.on('notes', 'get', `mine${n}`)).toEqual({ id: `mine${n}`, n, v: [n, 1] })
      await peer.on('notes', 'upsert', [{ id: `theirs${n}`, n, v: [n, 2] }])
      expect(await notes.get(`theirs${n}`)).toEqual({ id: `theirs${n}`, n, v: [n, 2] })
      expect((await notes.search({ vector: [n, 2], limit: 1 })).hits[0]).toMatchObject({ id: `theirs${n}` })
      await peer.on('notes', 'update', `mine${n}`, { n: n + 1000 })
      expect(await notes.get(`mine${n}`)).toEqual({ id: `mine${n}`, n: n + 1000, v: [n, 1] })
    }
    expect(await db.version()).toBe(await peer.on(null, 'version'))
    expect(await peer.on('notes', 'delete', ['mine3', 'theirs3'])).toMatchObject({ deleted: 2 })
    expect(await notes.count()).toBe(48)
    await db.close()
  })

  it('write at the same time, and nothing is lost', async () => {
    const path = join(folder, 'race')
    const db = await open(path, { tuning })
    const notes = await db.collection('notes', { indexes: [{ field: 'v', dimensions: 2 }] })
    const peers = await Promise.all([Peer.start(path, { tuning }), Peer.start(path, { tuning })])
    const writes: Promise<unknown>[] = []
    for (let n = 0; n < 150; n++) {
      writes.push(notes.upsert([{ id: `a${n}`, v: [n, 1] }]))
      peers.forEach((peer, p) =>
        writes.push(
          peer.on('notes', 'upsert', [
            { id: `p${p}-${n}`, v: [n, p + 2] },
            { id: 'shared', p, n },
          ]),
        ),
      )
    }
    await Promise.all(writes)
    await Promise.all([db.settled(), ...peers.map((peer) => peer.on(null, 'settled'))])
    expect(await notes.count()).toBe(451)
    for (const peer of peers) expect(await peer.on('notes', 'count')).toBe(451)
    const listed = (await notes.list({ limit: 1000 })).records
    for (const peer of peers) expect(await peer.on('notes', 'list', { limit: 1000 })).toEqual({ records: listed })
    const mine = (await notes.search({ vector: [70, 3], limit: 5, exact: true })).hits
    const theirs = (await peers[0].on('notes', 'search', { vector: [70, 3], limit: 5, exact: true })) as { hits: unknown }
    expect(theirs.hits).toEqual(mine)
    expect(await db.check()).toMatchObject({ ok: true, problems: [] })
    await db.close()
  })

  it('make the same collection and the same index at the same time', async () => {
    const path = join(folder, 'create')
    const peers = await Promise.all([Peer.start(path), Peer.start(path)])
    const options = {
      indexes: [
        { field: 'v', dimensions: 2 },
        { field: 'w', dimensions: 3 },
      ],
    }
    for (let n = 0; n < 6; n++) {
      await Promise.all(peers.map((peer) => peer.on(null, 'collection', `c${n}`, options)))
      await Promise.all(peers.map((peer, p) => peer.on(`c${n}`, 'upsert', [{ id: `${p}`, v: [1, p], w: [1, p, 0] }])))
    }
    const index = { name: 'x', field: 'x', dimensions: 2 }
    const outcomes = await Promise.allSettled(peers.map((peer) => peer.on('c0', 'createIndex', index)))
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'ALREADY_EXISTS' } })
    const db: Database = await open(path)
    expect(await db.collections()).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5'])
    for (const name of await db.collections()) {
      const collection = await db.collection(name)
      expect(await collection.count()).toBe(2)
      expect((await collection.indexes()).map(({ name }) => name)).toEqual(name === 'c0' ? ['v', 'w', 'x'] : ['v', 'w'])
    }
    await db.close()
  })

  it('run transactions that see each other’s changes as conflicts', async () => {
    const path = join(folder, 'transactions')
    const db = await open(path)
    const accounts = await db.collection('accounts')
    await accounts.upsert([
      { id: 'a', n: 0 },
      { id: 'b', n: 0 },
    ])
    const peer = await Peer.start(path)
    const add = (id: string, meanwhile: () => Promise<unknown>): Promise<void> =>
      db.transaction(async (tx) => {
        const { n } = (await tx.collection<{ n: number }>('accounts').get(id))!
        await meanwhile()
        await tx.collection('accounts').update(id, { n: n + 1 })
      })
    await expect(add('a', () => peer.on('accounts', 'update', 'a', { n: 10 }))).rejects.toMatchObject({ code: 'CONFLICT' })
    await add('a', () => peer.on('accounts', 'update', 'b', { n: 5 }))
    expect(await peer.on('accounts', 'getMany', ['a', 'b'])).toEqual([
      { id: 'a', n: 11 },
      { id: 'b', n: 5 },
    ])
    await db.close()
  })

  it('a reader follows a writer through all of its upkeep', async () => {
    const path = join(folder, 'follow')
    const retention = { versionsMs: 0, uploadMs: 0 }
    const writer = await Peer.start(path, { tuning, maintenance: 'manual', retention })
    await writer.on(null, 'collection', 'notes', { indexes: [{ field: 'v', dimensions: 2 }] })
    const db = await open(path, { maintenance: 'manual', retention })
    const notes = await db.collection('notes')
    const named = (await writer.on(null, 'commit', 'empty')) as string
    for (let round = 0; round < 8; round++) {
      const rows = Array.from({ length: 50 }, (_, n) => ({ id: `r${round * 50 + n}`, round, v: [round * 50 + n, 1] }))
      await writer.on('notes', 'upsert', rows)
      expect(await notes.count()).toBe(50 * (round + 1))
      if (round % 2) await writer.on(null, 'maintain')
      if (round === 5) await writer.on(null, 'maintain', { only: ['collect'] })
      expect(await notes.count({ where: { round } })).toBe(50)
      expect((await notes.search({ vector: [round * 50 + 7, 1], limit: 1, exact: true })).hits[0]!.id).toBe(`r${round * 50 + 7}`)
    }
    expect((await notes.indexes())[0]).toMatchObject({ records: 400, graphs: [300], unindexed: 100 })
    const empty = await notes.at(named)
    expect(await empty.count()).toBe(0)
    await empty.close()
    await db.close()
  })

  it('notices that another process, which keeps less, collected the log behind it', async () => {
    const path = join(folder, 'passed')
    const db = await open(path, { maintenance: 'manual' })
    const notes = await db.collection('notes')
    const peer = await Peer.start(path, { maintenance: 'manual', retention: { versionsMs: 0, uploadMs: 0 } })
    for (const turn of ['read', 'write', 'transaction']) {
      await notes.upsert([{ id: `before ${turn}` }])
      for (let n = 0; n < 5; n++) await peer.on('notes', 'upsert', [{ id: `${turn} ${n}` }])
      await peer.on(null, 'maintain', { only: ['collect'] })
      if (turn === 'write') await notes.upsert([{ id: 'written after' }])
      if (turn === 'transaction') await db.transaction((tx) => tx.collection('notes').upsert([{ id: 'written in one' }]))
      expect(await notes.count({ where: { id: { $gte: turn, $lt: `${turn}~` } } })).toBe(5)
    }
    expect(await peer.on('notes', 'count')).toBe(20)
    await db.close()
    const again = await open(path)
    expect(await (await again.collection('notes')).getMany(['written after', 'written in one'])).toEqual([
      { id: 'written after' },
      { id: 'written in one' },
    ])
    await again.close()
  })

  it('keeps what another process reads until it is done', async () => {
    const path = join(folder, 'pins')
    const options = { maintenance: 'manual' as const, retention: { versionsMs: 0, uploadMs: 0 } }
    const db = await open(path, options)
    const notes = await db.collection('notes')
    const { version } = await notes.upsert(Array.from({ length: 100 }, (_, n) => ({ id: `r${n}`, n })))
    const reader = await notes.at(version)
    const writer = await Peer.start(path, options)
    for (let round = 0; round < 3; round++) {
      await writer.on(
        'notes',
        'upsert',
        Array.from({ length: 100 }, (_, n) => ({ id: `r${n}`, n: -round })),
      )
      await writer.on(null, 'maintain')
      await writer.on(null, 'maintain', { only: ['flush', 'compact', 'snapshot', 'collect'] })
    }
    const again = await notes.at(version)
    expect(await again.get('r7')).toEqual({ id: 'r7', n: 7 })
    await again.close()
    expect(await reader.count({ where: { n: { $gt: 0 } } })).toBe(99)
    await reader.close()
    await writer.on(null, 'maintain', { only: ['collect'] })
    await expect(notes.at(version)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await db.close()
  })
})
