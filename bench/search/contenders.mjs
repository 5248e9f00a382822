import { setTimeout } from 'node:timers/promises'
import { builtIndex, engineChild } from '../engines/built-index.mjs'
import { engineNamed, runsUnderOthers } from '../engines/index.mjs'
import { Child } from '../shared/child.mjs'
import { progress, rounded } from '../shared/output.mjs'

const bytesPerMb = 1e6
/** Between two sweeps: what an engine leaves behind, such as freeing memory, must not run into the next one's time. */
const quietMs = 500
/** A setting that finds more than this is followed by none that searches more; */
const recallEnough = 0.995
/** nor is one that found hardly more than the second before it: there is no more to find. */
const recallGainMin = 0.0005

/**
 * An engine with its index open in a process of its own, measured setting by setting.
 *
 * @typedef {object} Contender
 * @property {import('../engines/index.mjs').Engine} engine
 * @property {Child} child
 * @property {object} label
 * @property {object} index columns about the index
 * @property {any[][]} sweeps a list of points per round
 * @property {string | undefined} failure
 */

/**
 * @param {readonly string[]} names @param {import('../engines/index.mjs').SetInfo} info
 * @param {import('../shared/arguments.mjs').BenchOptions} options `node`: some once more under that runtime
 * @param {object} label
 * @returns {Promise<{ contenders: Contender[], failures: object[] }>} `failures`: a row for each that could not be opened
 */
export async function enter(names, info, options, label) {
  const entries = names.map((name) => ({ name, node: undefined }))
  if (options.node !== undefined) {
    for (const name of names.filter(runsUnderOthers)) entries.push({ name, node: options.node })
  }
  const contenders = []
  const failures = []
  for (const { name, node } of entries) {
    const contender = await opened(engineNamed(name), node, info, options, label)
    if ('error' in contender) failures.push(contender)
    else contenders.push(contender)
  }
  return { contenders, failures }
}

/** An engine whose index is built, opened and warm; or its row with the error. */
async function opened(engine, node, info, options, about) {
  const label = { ...about, set: info.name, engine: engine.name, version: engine.version(), variant: engine.variant }
  let child
  try {
    const built = await builtIndex(engine, info, options)
    progress(`Opening ${info.name} with ${engine.name}${node === undefined ? '' : ` under ${node}`}`)
    child = new Child(...engineChild(engine, info, built.folder, { node }))
    if (node !== undefined) label.engine += ` @ ${await child.ask('runtime')}`
    const { openMs } = await child.ask('open')
    const index = indexColumns(built, openMs, await child.ask('warmUp'), info)
    return { engine, child, label, index, sweeps: [], failure: undefined }
  } catch (error) {
    await child?.end()
    return { ...label, error: error.message }
  }
}

/**
 * One round of a contender. The first goes through the settings, of each kind from little search to much, until recall is high enough;
 * the others repeat those.
 *
 * @param {Contender} contender @param {readonly import('../engines/index.mjs').Setting[]} settings
 * @param {import('../sets/recall.mjs').RecallJudge} judge
 */
export async function sweep(contender, settings, judge) {
  if (contender.failure) return
  const { child, sweeps } = contender
  const enough = new Set()
  const points = []
  try {
    await child.ask('beginSweep')
    for (const setting of sweeps.length === 0 ? settings : sweeps[0].map((point) => point.setting)) {
      const kind = kindOf(setting)
      if (enough.has(kind)) continue
      const { found, ...speeds } = await child.ask('measure', { setting })
      const recall = judge.recall(found, setting.k)
      const earlier = points.filter((point) => kindOf(point.setting) === kind)
      const gained = recall - (earlier[earlier.length - 2]?.recall ?? 0)
      if (sweeps.length === 0 && (recall >= recallEnough || gained < recallGainMin)) enough.add(kind)
      points.push({ setting, recall, ...speeds })
    }
    await child.ask('endSweep')
    sweeps.push(points)
    await setTimeout(quietMs)
  } catch (error) {
    contender.failure = error.message
  }
}

/** Settings that differ in nothing but how much they search. */
function kindOf(setting) {
  return JSON.stringify({ ...setting, ef: undefined })
}

function indexColumns(built, openMs, { memoryBytes, indexBytes }, info) {
  const megabytes = (bytes) => (bytes === undefined ? undefined : rounded(bytes / bytesPerMb, 1))
  return {
    rows: info.rows,
    buildS: rounded(built.buildS, 2),
    settledS: rounded(built.settledS, 2),
    buildCpuS: rounded(built.cpuS, 2),
    cached: built.cached,
    graphs: built.graphs?.length,
    graphNodes: built.graphs,
    unindexed: built.unindexed,
    memoryMb: megabytes(memoryBytes),
    memoryPerVector: Math.round(memoryBytes / info.rows),
    indexPerVector: indexBytes === undefined ? undefined : Math.round(indexBytes / info.rows),
    fileMb: megabytes(built.fileBytes),
    uncollectedMb: megabytes(built.uncollectedBytes),
    openMs: rounded(openMs, 2),
  }
}
