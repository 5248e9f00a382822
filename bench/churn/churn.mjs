// Question: what is left of recall and memory after vectors have come and gone for long?
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { BenchError } from '../shared/errors.mjs'
import { withChild } from '../shared/child.mjs'
import { cacheFolder } from '../shared/folders.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { number, tableWithFailures } from '../shared/table.mjs'
import { verdictTable } from '../shared/verdicts.mjs'
import { chosenEngines, isQuiver } from '../engines/index.mjs'
import { churningEngines, ef } from './churning.mjs'

const workloads = [
  { name: '5 % out and in', kind: 'outAndIn', share: 0.05, cycles: 20 },
  { name: '20 % replaced', kind: 'replace', share: 0.2, cycles: 10 },
]
const k = 10
const full = { rows: 50_000, queries: 1_000 }
const quick = { rows: 4_000, queries: 100 }
const quickCycles = 3
/** After all cycles, against an index freshly built of the same vectors. */
const recallLossMost = 0.01
const memoryTimesMost = 1.1
const bytesPerMb = 1e6

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run(options) {
  const names = Object.keys(churningEngines)
  const chosen = chosenEngines(options, names)
  for (const name of chosen) if (!names.includes(name)) throw new BenchError(`churn knows ${names.join(', ')}, not ${name}.`)
  const size = options.quick ? quick : full
  const rows = []
  for (const workload of workloads) {
    const cycles = options.quick ? quickCycles : workload.cycles
    for (const engine of chosen) rows.push(await churned(engine, { ...workload, cycles }, size))
  }
  print(`\n# Vectors that come and go: ${size.rows} x 128, recall@${k} at ef ${ef}\n`)
  print(summary(rows))
  print(`\n${verdictTable(rows.filter(({ engine, error }) => isQuiver(engine) && error === undefined).flatMap(targets))}`)
  return rows
}

async function churned(engine, { name, kind, share, cycles }, size) {
  progress(`${engine}: ${cycles} cycles of ${name}`)
  const label = { bench: 'churn', engine, workload: name, cycles, rows: size.rows }
  const folder = join(cacheFolder, 'churn')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  try {
    return await withChild(['churn/process.mjs', { engine, folder, k, ...size }], async (child) => {
      const built = await child.ask('build')
      const sums = { changed: 0, removeS: 0, addS: 0, settleS: 0 }
      for (let cycle = 0; cycle < cycles; cycle++) {
        const costs = await child.ask(kind, { share })
        for (const key of Object.keys(sums)) sums[key] += costs[key]
      }
      return { ...label, ...columns(built, await child.ask('state'), sums, await child.ask('fresh')) }
    })
  } catch (error) {
    return { ...label, error: error.message }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function columns(built, after, { changed, removeS, addS, settleS }, fresh) {
  const each = (seconds) => rounded((1e6 * seconds) / changed, 1)
  const megabytes = (bytes) => rounded(bytes / bytesPerMb, 1)
  return {
    insertUs: rounded(built.usPerInsert, 1),
    removeUs: each(removeS),
    addUs: each(addS),
    settleUs: each(settleS),
    recallBefore: rounded(built.recall, 4),
    recall: rounded(after.recall, 4),
    recallFresh: rounded(fresh.recall, 4),
    dead: after.dead,
    memoryMbBefore: megabytes(built.memoryBytes),
    memoryMb: megabytes(after.memoryBytes),
    memoryMbFresh: megabytes(fresh.memoryBytes),
    problems: after.problems,
  }
}

function targets({ engine, workload, recall, recallFresh, memoryMb, memoryMbBefore, problems }) {
  const of = `${engine}, ${workload}`
  return [
    { what: 'recall less than fresh by', of, measured: recallFresh - recall, wanted: recallLossMost, atMost: true },
    { what: 'memory / before', of, measured: memoryMb / memoryMbBefore, wanted: memoryTimesMost, atMost: true },
    { what: 'unreachable, or problems', of, measured: problems, wanted: 0, atMost: true },
  ]
}

/** `dead`: answers that are no longer there, or are no id at all. */
function summary(rows) {
  const lines = rows
    .filter((row) => row.error === undefined)
    .map((row) => [
      row.engine,
      row.workload,
      ...[row.recallBefore, row.recall, row.recallFresh].map((recall) => number(recall, 4)),
      number(row.dead),
      ...[row.insertUs, row.removeUs, row.addUs, row.settleUs].map((us) => number(us, 1)),
      ...[row.memoryMbBefore, row.memoryMb, row.memoryMbFresh].map((megabytes) => number(megabytes)),
      number(row.problems),
    ])
  const recalls = ['recall before', 'after', 'fresh', 'dead']
  const costs = ['insert us', 'remove us', 'add us', 'settle us']
  return tableWithFailures(['engine', 'workload', ...recalls, ...costs, 'MB before', 'after', 'fresh', 'problems'], lines, rows)
}
