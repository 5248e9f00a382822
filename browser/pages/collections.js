import { HnswIndex, MemoryPool, open, ScanThreads } from 'quiverdb/browser'
import { clusteredVectors, nearestByForce, recallOf } from './vectors.js'

const dimensions = 48
const vectors = clusteredVectors(6000, dimensions, 1)
const queries = clusteredVectors(20, dimensions, 1).map((vector) => vector.map((x) => x * 1.01 + 0.01))
const kinds = ['article', 'book', 'letter']
const records = vectors.map((embedding, i) => ({ id: `r${i}`, year: 1900 + (i % 100), kind: kinds[i % 3], embedding }))

const numberOf = ({ id }) => Number(id.slice(1))

async function filled(count) {
  const db = await open('memory:')
  const notes = await db.collection('notes', { indexes: [{ field: 'embedding', dimensions }], fields: ['year'] })
  for (let i = 0; i < count; i += 1000) await notes.upsert(records.slice(i, Math.min(i + 1000, count)))
  return { db, notes }
}

async function meanRecall(notes, count, where, allowed) {
  let sum = 0
  for (const vector of queries) {
    const { hits } = await notes.search({ vector, limit: 10, ...(where && { where }) })
    sum += recallOf(hits.map(numberOf), nearestByForce(vectors.slice(0, count), vector, 10, allowed))
  }
  return sum / queries.length
}

/** What a page does, in pieces that a test asks for. Results are plain values. */
globalThis.checks = {
  environment: () => ({ isolated: globalThis.crossOriginIsolated, sharesMemory: typeof SharedArrayBuffer === 'function' }),

  async collection() {
    const { db, notes } = await filled(2000)
    const recall = await meanRecall(notes, 2000)
    const filtered = await meanRecall(
      notes,
      2000,
      { year: { $gte: 1990 }, kind: { $regex: '^b' } },
      (i) => i % 100 >= 90 && i % 3 === 1,
    )
    const version = await db.commit('first')
    const [query] = queries
    const before = await notes.search({ vector: query, limit: 1 })
    await notes.delete(before.hits[0].id)
    const after = await notes.search({ vector: query, limit: 1 })
    const past = await notes.at(version)
    const then = await past.search({ vector: query, limit: 1 })
    const counts = [await notes.count(), await past.count(), await notes.count({ where: { year: 1950 } })]
    await past.close()
    const problems = (await db.check()).problems.length
    await db.close()
    const again = await open('memory:')
    const collections = await again.collections()
    await again.close()
    const [first, changed, old] = [before, after, then].map(({ hits }) => hits[0].id)
    return { recall, filtered, counts, isGone: first !== changed, isKept: first === old, problems, collections }
  },

  async settle() {
    const { db, notes } = await filled(vectors.length)
    const tasks = new Set()
    await db.settled({ onProgress: ({ task }) => tasks.add(task) })
    const [{ status, graphs, unindexed }] = await notes.indexes()
    const recall = await meanRecall(notes, vectors.length)
    const problems = (await db.check()).problems.length
    await db.close()
    return { status, graphs, unindexed, recall, problems, tasks: [...tasks] }
  },

  /** Builds on its own while the page goes on: the longest time that it could not. */
  async background() {
    const { db, notes } = await filled(5000)
    const began = performance.now()
    let [last, longest] = [began, 0]
    while ((await notes.indexes())[0].graphs.length === 0 && performance.now() - began < 30_000) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }
    const [{ graphs }] = await notes.indexes()
    await db.close()
    return { graphs, longestMs: longest, totalMs: performance.now() - began }
  },

  async folders() {
    try {
      await open('./data')
    } catch ({ code, message }) {
      return { code, message }
    }
  },

  /** A graph that threads build, and its searches; the thread of a page may not wait, so it scans alone. */
  async threads() {
    const pool = await MemoryPool.create({ shared: true })
    const index = new HnswIndex(pool, { dimensions, metric: 'cosine', capacityMax: vectors.length })
    const added = []
    await index.addAll(Float32Array.from(vectors.flat()), { threads: 2, onProgress: (done) => added.push(done) })
    const recalls = queries.map((query) =>
      recallOf([...index.search(Float32Array.from(query), 10).ids], nearestByForce(vectors, query, 10)),
    )
    const scan = await ScanThreads.start(pool)
    const { lanes } = scan
    await scan.close()
    pool.close()
    return { added: added.at(-1), recall: recalls.reduce((sum, one) => sum + one) / recalls.length, lanes }
  },

  async refusedThreads() {
    try {
      await MemoryPool.create({ shared: true })
    } catch ({ code }) {
      return code
    }
  },

  /** More databases, one after the other, than a tab may have memories. */
  async memory(times) {
    for (let i = 0; i < times; i++) {
      const { db, notes } = await filled(50)
      await notes.search({ vector: queries[0], limit: 1 })
      await db.close()
    }
    return times
  },
}
