// The process that one engine lives in, asked through `shared/child.mjs`.
import { answerRequests, childParameters } from '../shared/answer-requests.mjs'
import { bytesRead, cpuStopwatch, residentBytes, stopwatch } from '../shared/meters.mjs'
import { median, percentile } from '../shared/statistics.mjs'
import { baseOf, queriesOf } from '../sets/sets.mjs'
import { engineNamed } from './index.mjs'

const warmUpQueries = 100
/** Queries are asked again and again for so long at least: a thousand take some engines a few hundredths of a second. */
const timedMs = 300
/** Of a limited time as much again goes to the queries before those that count. */
const warmUpShare = 0.25

/** @type {{ engine: string, info: import('../sets/sets.mjs').SetInfo, folder: string }} */
const { engine: name, info, folder } = childParameters()
const engine = engineNamed(name)
/** With re-ranking, where an engine sweeps it: then all that it may need has been touched when its memory is measured. */
const [warmUpSetting] = engine.settings([64], 10).slice(-1)

/** @type {import('./index.mjs').Served} */
let served
let queries
let startBytes = 0

answerRequests({
  runtime: () => process.version,

  async build() {
    await engine.load()
    const base = baseOf(info)
    const cpu = cpuStopwatch()
    const { inMemory, ...built } = await engine.build(info, base, folder)
    const cpuS = cpu()
    served = inMemory
    return { ...built, cpuS }
  },

  /** What `build` left in memory, asked before anything is opened. */
  async measureBuilt({ setting }) {
    queries = queriesOf(info)
    served.prepare(queries)
    return measure(setting)
  },

  /** Opens the index and answers one query. Loading the library and converting the query are not timed. */
  async open() {
    await engine.load()
    queries = queriesOf(info)
    startBytes = residentBytes()
    const readBefore = bytesRead()
    const opening = stopwatch()
    served = await engine.open(info, folder, warmUpSetting)
    const openS = opening()
    served.prepare(queries)
    const answering = stopwatch()
    await served.configure(warmUpSetting)
    await served.search(0)
    return { openMs: 1000 * (openS + answering()), readBytes: bytesRead() - readBefore }
  },

  /** Asks every query once, so that every page is there, and tells what the index then holds in memory. */
  async warmUp() {
    await askAll()
    return { memoryBytes: residentBytes() - startBytes, indexBytes: await served.indexBytes?.() }
  },

  /** Another engine had the core and its caches before: the first questions are not timed. */
  async beginSweep() {
    await served.configure(warmUpSetting)
    await askAll()
  },

  /** From now on these queries alone are asked. @param {{ asked: number[], conditions?: import('./index.mjs').Condition[] }} options */
  choose({ asked, conditions }) {
    queries = queriesOf(info).picked(asked)
    served.prepare(queries, conditions)
  },

  /**
   * @param {{ setting: import('./index.mjs').Setting, limitMs?: number, warmUpMs?: number }} options `limitMs`: then no further query is asked;
   * `warmUpMs`: so long are queries asked before those that count, again and again
   */
  measure: ({ setting, limitMs, warmUpMs }) => measure(setting, limitMs, warmUpMs),

  /** What has become garbage goes now, not while the next engine is timed. */
  endSweep: () => globalThis.gc?.(),

  /** What the engine itself finds wrong with its index. */
  audit: () => served.audit?.(),

  close: () => served?.close(),
})

async function askAll() {
  for (let query = 0; query < queries.rows; query++) await served.search(query)
}

async function measure(setting, limitMs, warmUpMs = 0) {
  await served.configure(setting)
  if (limitMs === undefined) return { found: await findAll(), ...(await timed(() => false)) }
  const start = performance.now()
  const enough = (asked) => (warmUpMs ? performance.now() - start >= warmUpMs : asked >= Math.min(warmUpQueries, queries.rows))
  for (let asked = 0; !enough(asked) && performance.now() - start < limitMs * warmUpShare; asked++) {
    await served.search(asked % queries.rows)
  }
  const found = []
  const speeds = await timed((answer, elapsedMs) => {
    found.push(answer)
    return elapsedMs >= limitMs || found.length === queries.rows
  })
  return { found: found.map(rowsOf), ...speeds }
}

const rowsOf = (answer) => Int32Array.from(served.rows(answer))

/** What every query finds. Not timed: then answers are kept, and a runtime that collects garbage pays for that. */
async function findAll() {
  const found = []
  for (let query = 0; query < queries.rows; query++) found.push(rowsOf(await served.search(query)))
  return found
}

/**
 * Asks all queries, and again until so much time has passed that the clock and single interruptions say nothing.
 *
 * @param {(answer: unknown, elapsedMs: number) => boolean} isLast
 */
async function timed(isLast) {
  const latencies = []
  const cpu = cpuStopwatch()
  const start = performance.now()
  for (let before = start; latencies.length < queries.rows || before - start < timedMs;) {
    const answer = served.search(latencies.length % queries.rows)
    // A synchronous engine does not pay for a promise that it has not made.
    const answered = answer instanceof Promise ? await answer : answer
    const after = performance.now()
    latencies.push(after - before)
    before = after
    if (isLast(answered, after - start)) break
  }
  const wallS = (performance.now() - start) / 1000
  const cpuS = cpu()
  return {
    qps: latencies.length / wallS,
    cpuQps: latencies.length / cpuS,
    p50Ms: median(latencies),
    p99Ms: percentile(latencies, 0.99),
  }
}
