// Question: how fast does each engine find what share of the true nearest neighbours, and what does its index cost?
import { setTimeout } from 'node:timers/promises'
import { builtIndex } from '../engines/built-index.mjs'
import { EngineProcess } from '../engines/engine-process.mjs'
import { engineNamed, engineNames } from '../engines/index.mjs'
import { chosenSets } from '../shared/chosen-sets.mjs'
import { print, progress, rounded, writeRows } from '../shared/output.mjs'
import { prepareSet } from '../shared/sets.mjs'
import { median } from '../shared/statistics.mjs'
import { curveTable, summaryTable } from './summary.mjs'

const efs = [10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256]
const quickEfs = [10, 24, 64, 128]
const rounds = 3
const bytesPerMb = 1e6
/** Between two sweeps: what an engine leaves behind, such as freeing memory, must not run into the next one's time. */
const quietMs = 500

/** @param {import('../shared/arguments.mjs').BenchOptions} options */
export async function run(options) {
  const rows = []
  for (const info of chosenSets(options)) {
    prepareSet(info)
    const setRows = await searchSet(info, options)
    rows.push(...setRows)
    print(`\n# ${info.name}: ${info.rows} x ${info.dimensions}, ${info.metric}\n`)
    if (setRows.some((row) => row.error === undefined)) print(`${curveTable(setRows)}\n`)
    print(summaryTable(setRows))
  }
  writeRows(options.out, rows)
}

async function searchSet(info, options) {
  const contenders = []
  const rows = []
  try {
    for (const name of options.engines ?? engineNames) {
      const engine = engineNamed(name)
      const label = { bench: 'search', set: info.name, engine: name, version: engine.version(), variant: engine.variant }
      const contender = await entered(engine, info, options, label)
      if ('error' in contender) rows.push(contender)
      else contenders.push(contender)
    }
    for (let round = 1; round <= (options.quick ? 1 : rounds); round++) {
      for (const contender of contenders) await sweep(contender, round, options.quick ? quickEfs : efs)
    }
  } finally {
    for (const { child } of contenders) await child.end()
  }
  return [...contenders.flatMap(rowsOf), ...rows]
}

/** An engine whose index is built, opened and warm; or its row with the error. */
async function entered(engine, info, options, label) {
  let child
  try {
    const built = await builtIndex(engine, info, options)
    progress(`Opening ${info.name} with ${engine.name}`)
    child = new EngineProcess(engine, info, built.folder)
    const { openMs } = await child.ask('open')
    const { memoryBytes } = await child.ask('warmUp')
    return { engine, child, label, index: indexColumns(built, openMs, memoryBytes), sweeps: [], failure: undefined }
  } catch (error) {
    await child?.end()
    return { ...label, error: error.message }
  }
}

async function sweep(contender, round, efs) {
  if (contender.failure) return
  progress(`Round ${round}: ${contender.engine.name}`)
  try {
    contender.sweeps.push(await contender.child.ask('sweep', { settings: contender.engine.settings(efs) }))
    await setTimeout(quietMs)
  } catch (error) {
    contender.failure = error.message
  }
}

function indexColumns(built, openMs, memoryBytes) {
  return {
    buildS: rounded(built.buildS, 2),
    settledS: rounded(built.settledS, 2),
    buildCpuS: rounded(built.cpuS, 2),
    cached: built.cached,
    graphs: built.graphs?.length,
    graphNodes: built.graphs,
    unindexed: built.unindexed,
    memoryMb: rounded(memoryBytes / bytesPerMb, 1),
    fileMb: rounded(built.fileBytes / bytesPerMb, 1),
    ...(built.uncollectedBytes !== undefined && { uncollectedMb: rounded(built.uncollectedBytes / bytesPerMb, 1) }),
    openMs: rounded(openMs, 2),
  }
}

/** One row per setting: the medians of the rounds. */
function rowsOf({ label, index, sweeps, failure }) {
  if (failure) return [{ ...label, ...index, error: failure }]
  const settings = sweeps[0].map((point) => point.setting)
  return settings.map((setting, place) => {
    const of = (key) => median(sweeps.map((points) => points[place][key]))
    return {
      ...label,
      ...setting,
      recall: rounded(of('recall'), 4),
      qps: rounded(of('qps'), 1),
      cpuQps: rounded(of('cpuQps'), 1),
      p50Ms: rounded(of('p50Ms'), 4),
      p99Ms: rounded(of('p99Ms'), 4),
      rounds: sweeps.length,
      ...index,
    }
  })
}
