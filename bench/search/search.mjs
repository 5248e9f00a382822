// Question: how fast does each engine find what share of the true nearest neighbours, and what does its index cost?
import { chosenEngines } from '../engines/index.mjs'
import { chosenSets } from '../sets/chosen-sets.mjs'
import { judgeOf, prepareSet } from '../sets/sets.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { median } from '../shared/statistics.mjs'
import { verdictTable } from '../shared/verdicts.mjs'
import { enter, sweep } from './contenders.mjs'
import { runPresets } from './presets.mjs'
import { runScale } from './scale.mjs'
import { costTable, curveTable, speedTable } from './summary.mjs'
import { targetsOf } from './targets.mjs'

const efs = [2, 3, 4, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96, 100, 128, 192, 256, 384, 512, 768, 1_024, 1_536, 2_048, 3_072]
const quickEfs = [4, 10, 24, 64, 100, 192, 512]
const rounds = 3

/** By default an index is for speed while there is memory. */
const modes = ['quiver', 'quiver-balanced', 'quiver-memory']
const peers = ['hnswlib-node', 'hnswlib-node-native', 'usearch', 'zvec', 'zvec-int8', 'lancedb']
const defaults = {
  sets: ['mnist', 'synthetic', 'hard', 'clusters'],
  engines: [...modes, 'quiver-unsettled', ...peers],
}
const quickDefaults = { sets: ['synthetic', 'clusters'], engines: [...modes, 'hnswlib-node', 'usearch', 'zvec-int8'] }

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run(options) {
  if (options.scale) return runScale(options)
  if (options.presets) return runPresets(options)
  const rows = []
  const { sets } = options.quick ? quickDefaults : defaults
  for (const info of chosenSets(options, sets)) {
    prepareSet(info)
    const setRows = await searchSet(info, options)
    rows.push(...setRows)
    report(info, setRows, options)
  }
  const targets = targetsOf(rows)
  if (targets.length > 0)
    print(`\n# Targets, by queries per second at equal recall of the ten nearest\n\n${verdictTable(targets)}`)
  return rows
}

async function searchSet(info, options) {
  const names = chosenEngines(options, (options.quick ? quickDefaults : defaults).engines)
  const { contenders, failures } = await enter(names, info, options, { bench: 'search' })
  const judge = judgeOf(info)
  try {
    for (let round = 1; round <= (options.quick ? 1 : rounds); round++) {
      for (const contender of contenders) {
        progress(`Round ${round}: ${contender.label.engine}`)
        await sweep(contender, settingsOf(contender.engine, options), judge)
      }
    }
  } finally {
    for (const { child } of contenders) await child.end()
  }
  return [...contenders.flatMap(rowsOf), ...failures]
}

/** From k on: no engine keeps fewer candidates than it is to return. */
function settingsOf(engine, { ks, quick }) {
  return ks.flatMap((k) =>
    engine.settings(
      (quick ? quickEfs : efs).filter((ef) => ef >= k),
      k,
    ),
  )
}

/** One row per setting: the medians of the rounds. */
function rowsOf({ label, index, sweeps, failure }) {
  if (failure) return [{ ...label, ...index, error: failure }]
  return sweeps[0].map(({ setting }, place) => {
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

function report(info, rows, { ks }) {
  print(`\n# ${info.name}: ${info.rows} x ${info.dimensions}, ${info.metric}\n`)
  for (const k of ks) {
    const measured = rows.filter((row) => row.k === k)
    if (measured.length === 0) continue
    print(`${curveTable(measured, k)}\n\n${speedTable(measured, k)}\n`)
  }
  print(costTable(rows))
}
