// The server's end: one process on one core, with the database, its server, and a server of the same framework that does nothing.
import { fastify } from 'fastify'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'quiverdb'
import { createServer } from '@quiverdb/server'
import { answerRequests, childParameters } from '../shared/answer-requests.mjs'

const { folder, fresh } = childParameters()
/** Writers wait at 50,000 rows without a graph. That is the time of a graph, which `build` measures, not that of HTTP. */
const backPressureRows = 1_000_000

let db
let server
let empty

answerRequests({
  async open() {
    if (fresh) {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder, { recursive: true })
    }
    db = fresh ? await open(folder, { tuning: { backPressureRows } }) : await open(join(folder, 'data'))
    server = await createServer(db, { logLevel: 'error' })
    empty = fastify()
    empty.get('/', async () => ({ ok: true }))
    return { url: await server.listen({ port: 0 }), emptyUrl: await empty.listen({ port: 0, host: '127.0.0.1' }) }
  },
  /** Searches without HTTP, one after the other: what the engine itself does on this core. */
  async engine({ queries, recall, seconds }) {
    const vectors = queries.map((query) => Float32Array.from(query))
    const collection = await db.collection('vectors')
    const search = (i) => collection.search({ vector: vectors[i % vectors.length], limit: 10, fields: [], recall })
    for (let i = 0; i < vectors.length; i++) await search(i)
    const durations = []
    const began = performance.now()
    for (let last = began; last < began + seconds * 1000;) {
      await search(durations.length)
      const now = performance.now()
      durations.push((now - last) * 1000)
      last = now
    }
    const perSecond = (durations.length * 1000) / (performance.now() - began)
    durations.sort((a, b) => a - b)
    const percentile = (share) => durations[Math.floor(share * (durations.length - 1))]
    return { perSecond, p50Us: percentile(0.5), p99Us: percentile(0.99) }
  },
  async settle() {
    await db.settled()
  },
  async close() {
    await server.close()
    await empty.close()
    await db.close()
  },
})
