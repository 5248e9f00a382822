// One index, written or read in a process of its own, asked through `shared/child.mjs`.
import { mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { LocalIndex } from 'quiverdb/vectra'
import { answerRequests, childParameters } from '../shared/answer-requests.mjs'
import { cacheFolder, sizeBytes } from '../shared/folders.mjs'
import { cpuStopwatch, residentBytes, stopwatch } from '../shared/meters.mjs'
import { median } from '../shared/statistics.mjs'

const { engine, journal, items, dimensions, k, queries } = childParameters()
const require = createRequire(import.meta.url)
const folder = join(cacheFolder, 'vectra', `${engine}${journal ? '-journal' : ''}`)
/** Every tenth item passes. */
const groups = 10
const inserts = items > 20_000 ? 3 : 10
const batch = 100
const rounds = 5
const megabyte = 1e6

const open = () =>
  engine === 'vectra'
    ? new (require('vectra').LocalIndex)(folder)
    : new LocalIndex(folder, undefined, undefined, undefined, { journal })

answerRequests({
  async write() {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(cacheFolder, { recursive: true })
    const index = open()
    await index.createIndex()
    const all = Array.from({ length: items }, (_, i) => itemOf(`${i}`))
    const [saveMs] = await timed(() => index.batchInsertItems(all))
    await index.close?.()
    const fileMb = sizeBytes(folder) / megabyte
    const single = []
    const cpu = []
    for (let i = 0; i < inserts; i++) {
      const cpuSeconds = cpuStopwatch()
      single.push((await timed(() => index.insertItem(itemOf(`single ${i}`))))[0])
      cpu.push(1000 * cpuSeconds())
    }
    const more = Array.from({ length: batch }, (_, i) => itemOf(`more ${i}`))
    const [batchMs] = await timed(() => index.batchInsertItems(more))
    await index.close?.()
    return { saveMs, fileMb, insertMs: median(single), insertCpuMs: median(cpu), batchMs }
  },

  async read() {
    const before = residentBytes()
    const loads = []
    let index
    for (let round = 0; round < (items > 20_000 ? 1 : rounds); round++) {
      index = open()
      loads.push((await timed(() => index.getIndexStats()))[0])
    }
    const loaded = (await index.getIndexStats()).items - inserts - batch
    const asked = Array.from({ length: queries }, () => vector())
    const [firstQueryMs] = await timed(() => index.queryItems(asked[0], '', k))
    const answers = []
    const plain = []
    const filtered = []
    const newFilter = []
    for (let round = 0; round < rounds; round++) {
      for (const [i, query] of asked.entries()) {
        const [ms, found] = await timed(() => index.queryItems(query, '', k))
        plain.push(ms)
        filtered.push((await timed(() => index.queryItems(query, '', k, { group: { $eq: i % groups } })))[0])
        if (round === 0) answers.push(found.map(({ item, score }) => `${item.id} ${score}`).join())
        // One that no query had before.
        const bound = 1 + 1e-9 * (round * queries + i)
        newFilter.push((await timed(() => index.queryItems(query, '', k, { group: { $lt: bound } })))[0])
      }
    }
    return {
      loadMs: Math.min(...loads),
      loaded,
      firstQueryMs,
      queryMs: median(plain),
      filteredMs: median(filtered),
      newFilterMs: median(newFilter),
      memoryMb: (residentBytes() - before) / megabyte,
      answers,
    }
  },
})

/** @returns {Promise<[ms: number, value: any]>} */
async function timed(work) {
  const seconds = stopwatch()
  const value = await work()
  return [1000 * seconds(), value]
}

let state = 1

/** The same numbers for every engine (mulberry32). */
function random() {
  state = (state + 0x6d2b79f5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

/** Numbers as an embedding model gives them: with the precision of float32. */
function vector() {
  return Array.from({ length: dimensions }, () => Math.fround(random() + random() + random() - 1.5))
}

function itemOf(id) {
  return { id, vector: vector(), metadata: { group: Math.floor(groups * random()), text: `item ${id}` } }
}
