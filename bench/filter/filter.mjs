// Question: what does a search cost whose hits have to match a filter, whatever the share that matches and wherever the matches lie?
import { builtIndex, engineChild } from '../engines/built-index.mjs'
import { chosenEngines, filteringEngine, filteringNames, isQuiver } from '../engines/index.mjs'
import { chosenSets } from '../sets/chosen-sets.mjs'
import { Child } from '../shared/child.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { median } from '../shared/statistics.mjs'
import { kinds, shares } from './cells.mjs'
import { filterTable, withRatios } from './summary.mjs'
import { bestOf, curve, leastEfforts, recallWanted } from './tuning.mjs'
import { k, prepareWorkload } from './workload.mjs'

const efs = [10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1_024, 1_536, 2_048, 4_096]
const quickEfs = [12, 32, 128, 512, 2_048]
const rounds = 3
const everyRow = 100
/** A measurement asks no further query after this long; */
const measureLimitMs = 10_000
/** and a kind of setting tries no further effort in a cell. */
const tuneLimitMs = 60_000
/** Every cell asks other code of a runtime that compiles what runs often, so a round begins with queries that are not timed. */
const warmUpMs = 300

const defaults = { sets: ['mnist', 'synthetic'], shares }
const quickDefaults = { sets: ['synthetic'], shares: [0.1, 10, 90] }

/**
 * An engine in a process of its own.
 *
 * @typedef {object} Contender
 * @property {import('../engines/index.mjs').Engine} engine
 * @property {Child} child
 * @property {object} label
 * @property {Map<string, import('./tuning.mjs').Point[]>} unfiltered of Quiver, by the kind whose queries they are
 */

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run(options) {
  const rows = []
  const usual = options.quick ? quickDefaults : defaults
  for (const info of chosenSets(options, usual.sets)) {
    const workload = prepareWorkload(info, options)
    rows.push(...(await filterSet(info, workload, options, options.shares ?? usual.shares)))
  }
  return rows
}

async function filterSet(info, workload, options, shares) {
  const { contenders, failures } = await enter(info, options)
  const rows = []
  try {
    for (const kind of options.kinds ?? kinds) {
      for (const contender of contenders) await measureUnfiltered(contender, workload.cellOf(kind, everyRow), options)
      const kindRows = []
      for (const share of shares) kindRows.push(...(await measureCell(contenders, workload.cellOf(kind, share), options)))
      print(`\n# ${info.name}: ${info.rows} x ${info.dimensions}, ${kind} filters, recall@${k} >= ${recallWanted}\n`)
      print(filterTable(kindRows))
      rows.push(...kindRows)
    }
  } finally {
    for (const { child } of contenders) await child.end()
  }
  if (failures.length > 0) print(`\n${filterTable(failures)}`)
  return [...rows, ...failures]
}

async function enter(info, options) {
  const contenders = []
  const failures = []
  for (const name of chosenEngines(options, filteringNames)) {
    const label = { bench: 'filter', set: info.name, engine: name }
    let child
    try {
      const engine = filteringEngine(name)
      const { folder } = await builtIndex(engine, info, options)
      progress(`Opening ${info.name} with ${name}`)
      child = new Child(...engineChild(engine, info, folder))
      await child.ask('open')
      const about = { ...label, version: engine.version(), variant: engine.variant }
      contenders.push({ engine, child, label: about, unfiltered: new Map() })
    } catch (error) {
      await child?.end()
      failures.push({ ...label, error: error.message })
    }
  }
  return { contenders, failures }
}

/** The same queries without a filter: what Quiver's filters are compared with. */
async function measureUnfiltered(contender, { kind, asked, recall }, options) {
  if (!isQuiver(contender.label.engine)) return
  progress(`${contender.label.engine}: the ${kind} queries without a filter`)
  await contender.child.ask('choose', { asked })
  contender.unfiltered.set(kind, await curve(settingsOf(contender, options), measureWith(contender, recall, warmUpMs)))
}

/** All engines with one kind and share: efforts first, then the rounds, in turns. */
async function measureCell(contenders, cell, options) {
  const runs = []
  for (const contender of contenders) runs.push(await tuned(contender, cell, options))
  for (let round = 1; round <= (options.quick ? 1 : rounds); round++) {
    for (const run of runs) await repeat(run, cell, round)
  }
  return withRatios(runs.map((run) => ({ ...rowOf(run, cell), unfiltered: run.contender.unfiltered.get(cell.kind) })))
}

async function tuned(contender, cell, options) {
  progress(`${contender.label.engine}: ${cell.share} %, ${cell.kind}: how much effort it needs`)
  try {
    await contender.child.ask('choose', { asked: cell.asked, conditions: cell.conditions })
    const measure = measureWith(contender, cell.recall)
    const points = await leastEfforts(settingsOf(contender, options), measure, tuneLimitMs)
    return { contender, settings: points.map(({ setting }) => ({ setting, points: [] })) }
  } catch (error) {
    return { contender, settings: [], error: error.message }
  }
}

/** @param {{ settings: { setting: import('./tuning.mjs').Setting, points: import('./tuning.mjs').Point[] }[] }} run its points, by setting */
async function repeat(run, cell, round) {
  if (run.error !== undefined) return
  progress(`Round ${round}: ${run.contender.label.engine}`)
  try {
    const measure = measureWith(run.contender, cell.recall, warmUpMs)
    for (const { setting, points } of run.settings) points.push(await measure(setting))
  } catch (error) {
    run.error = error.message
  }
}

const measureWith =
  ({ child }, recallOf, warmUpMs) =>
  async (setting) => {
    const { found, qps, p50Ms } = await child.ask('measure', { setting, limitMs: measureLimitMs, warmUpMs })
    await child.ask('endSweep')
    return { setting, recall: recallOf(found), qps, p50Ms, answered: found.length }
  }

function settingsOf({ engine }, { quick }) {
  return engine.settings(quick ? quickEfs : efs, k)
}

/** The medians of the rounds, at the best setting. */
function rowOf({ contender, settings, error }, { kind, share, matches }) {
  const label = { ...contender.label, kind, share, matches, k }
  if (error !== undefined) return { ...label, error }
  const medians = settings.map(({ setting, points }) => {
    const of = (key) => median(points.map((point) => point[key]))
    return { setting, recall: of('recall'), qps: of('qps'), p50Ms: of('p50Ms'), answered: of('answered') }
  })
  const { setting, recall, qps, p50Ms, answered } = bestOf(medians)
  return {
    ...label,
    ...setting,
    recall: rounded(recall, 4),
    reached: recall >= recallWanted,
    qps: rounded(qps, 1),
    p50Ms: rounded(p50Ms, 4),
    answered,
    rounds: settings[0].points.length,
  }
}
