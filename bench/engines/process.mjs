// The process that one engine lives in. It answers one message after another; see `engine-process.mjs` for the other end.
import { existsSync, readFileSync } from 'node:fs'
import { median, percentile, recallOf } from '../shared/statistics.mjs'
import { baseOf, k, queriesOf, truthOf } from '../shared/sets.mjs'
import { engineNamed } from './index.mjs'

const warmUpQueries = 100

const [name, setJson, folder] = process.argv.slice(2)
const engine = engineNamed(name)
/** With re-ranking, where an engine sweeps it: then all that it may need has been touched when its memory is measured. */
const [warmUpSetting] = engine.settings([64]).slice(-1)
/** @type {import('../shared/sets.mjs').SetInfo} */
const info = JSON.parse(setJson)

/** @type {import('./index.mjs').Served} */
let served
let queries
let truth
let startBytes = 0

const requests = {
  async build() {
    await engine.load()
    const base = baseOf(info)
    const cpuBefore = process.cpuUsage()
    const built = await engine.build(info, base, folder)
    return { ...built, cpuS: cpuSecondsSince(cpuBefore) }
  },

  /** Opens the index and answers one query. Loading the library and converting the query are not timed. */
  async open() {
    await engine.load()
    queries = queriesOf(info)
    truth = truthOf(info)
    startBytes = residentBytes()
    const readBefore = bytesRead()
    const openMs = await timed(async () => (served = await engine.open(info, folder, warmUpSetting)))
    served.prepare(queries)
    const answerMs = await timed(async () => {
      await served.configure(warmUpSetting)
      await served.search(0)
    })
    return { openMs: openMs + answerMs, readBytes: bytesRead() - readBefore }
  },

  /** Asks every query once, so that every page is there, and tells what the index then holds in memory. */
  async warmUp() {
    await askAll()
    return { memoryBytes: residentBytes() - startBytes }
  },

  /** Another engine had the core and its caches before: the first questions are not timed. */
  async sweep({ settings }) {
    await served.configure(warmUpSetting)
    await askAll()
    const points = []
    for (const setting of settings) points.push({ setting, ...(await measure(setting)) })
    globalThis.gc?.() // now, not while the next engine is timed
    return points
  },

  async close() {
    await served?.close()
  },
}

async function askAll() {
  for (let query = 0; query < queries.rows; query++) await served.search(query)
}

async function measure(setting) {
  await served.configure(setting)
  for (let query = 0; query < Math.min(warmUpQueries, queries.rows); query++) await served.search(query)
  const answers = new Array(queries.rows)
  const latencies = new Float64Array(queries.rows)
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  for (let query = 0, before = start; query < queries.rows; query++) {
    const answer = served.search(query)
    // A synchronous engine does not pay for a promise that it has not made.
    answers[query] = answer instanceof Promise ? await answer : answer
    const after = performance.now()
    latencies[query] = after - before
    before = after
  }
  const wallS = (performance.now() - start) / 1000
  const cpuS = cpuSecondsSince(cpuBefore)
  return {
    recall: recallOf(
      answers.map((answer) => served.rows(answer)),
      truth,
      k,
    ),
    qps: queries.rows / wallS,
    cpuQps: queries.rows / cpuS,
    p50Ms: median(latencies),
    p99Ms: percentile(latencies, 0.99),
  }
}

/** Of all threads of this process. */
function cpuSecondsSince(before) {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

function residentBytes() {
  globalThis.gc?.()
  return process.memoryUsage.rss()
}

/** Bytes that this process has read through system calls; memory-mapped reads do not count. NaN where the system does not tell. */
function bytesRead() {
  if (!existsSync('/proc/self/io')) return Number.NaN
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}

process.on('message', async ({ id, kind, ...rest }) => {
  try {
    process.send?.({ id, value: await requests[kind](rest) })
  } catch (error) {
    process.send?.({ id, error: (error instanceof Error ? error.message : String(error)).split('\n')[0] })
  }
})
process.on('disconnect', () => process.exit())
