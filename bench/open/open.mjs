// Question: how long after a start does the first answer come, and how much has to be read for it?
import { builtIndex, engineChild } from '../engines/built-index.mjs'
import { chosenEngines, engineNamed } from '../engines/index.mjs'
import { chosenSets } from '../sets/chosen-sets.mjs'
import { prepareSet } from '../sets/sets.mjs'
import { withChild } from '../shared/child.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { median } from '../shared/statistics.mjs'
import { number, tableWithFailures } from '../shared/table.mjs'
import { verdictTable } from '../shared/verdicts.mjs'

const defaultSets = ['synthetic']
const defaultEngines = ['quiver', 'quiver-memory', 'hnswlib-node']
const reference = 'hnswlib-node'
/** The mode that keeps most on disk answers before others have read their file. */
const targetEngine = 'quiver-memory'
const shareWanted = 0.1
const starts = 7
const quickStarts = 3
const bytesPerMb = 1e6

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run(options) {
  const rows = []
  for (const info of chosenSets(options, defaultSets)) {
    prepareSet(info)
    const setRows = await openSet(info, options)
    rows.push(...setRows)
    print(`\n# First answer after opening ${info.name}: ${info.rows} x ${info.dimensions}\n`)
    print(`${summary(setRows)}\n\n${verdictTable(targetsOf(setRows))}`)
  }
  return rows
}

async function openSet(info, options) {
  const contenders = []
  for (const name of chosenEngines(options, defaultEngines)) contenders.push(await contender(info, engineNamed(name), options))
  for (let start = 0; start <= (options.quick ? quickStarts : starts); start++) {
    progress(start === 0 ? 'A first start that does not count: it fills the page cache' : `Start ${start}`)
    for (const each of contenders) await startOnce(info, each, start > 0)
  }
  return contenders.map(rowOf)
}

async function contender(info, engine, options) {
  const label = { bench: 'open', set: info.name, engine: engine.name, version: engine.version(), variant: engine.variant }
  try {
    return { engine, label, built: await builtIndex(engine, info, options), opens: [], error: undefined }
  } catch (error) {
    return { engine, label, opens: [], error: error.message }
  }
}

/** In a fresh process. */
async function startOnce(info, contender, counts) {
  if (contender.error !== undefined) return
  const { engine, built } = contender
  try {
    const open = await withChild(engineChild(engine, info, built.folder, { cores: 'all' }), (child) => child.ask('open'))
    if (counts) contender.opens.push(open)
  } catch (error) {
    contender.error = error.message
  }
}

function rowOf({ label, built, opens, error }) {
  if (error !== undefined) return { ...label, error }
  return {
    ...label,
    openMs: rounded(median(opens.map((open) => open.openMs)), 2),
    openMsMin: rounded(Math.min(...opens.map((open) => open.openMs)), 2),
    readMb: rounded(median(opens.map((open) => open.readBytes)) / bytesPerMb, 2),
    fileMb: rounded(built.fileBytes / bytesPerMb, 1),
    starts: opens.length,
  }
}

function targetsOf(rows) {
  const timeOf = (name) => rows.find((row) => row.engine === name)?.openMs
  const [mine, theirs] = [timeOf(targetEngine), timeOf(reference)]
  const measured = mine === undefined || theirs === undefined ? undefined : mine / theirs
  return [{ what: `first answer / ${reference}'s`, of: targetEngine, measured, wanted: shareWanted, atMost: true }]
}

function summary(rows) {
  const referenceMs = rows.find((row) => row.engine === reference)?.openMs
  const lines = rows
    .filter((row) => row.error === undefined)
    .map((row) => {
      const times = referenceMs === undefined ? '-' : number(referenceMs / row.openMs, 2)
      return [
        row.engine,
        row.variant,
        number(row.openMs, 1),
        number(row.openMsMin, 1),
        times,
        number(row.readMb, 1),
        number(row.fileMb),
      ]
    })
  const head = ['engine', 'variant', 'first answer ms', 'least ms', `x as fast as ${reference}`, 'read MB', 'file MB']
  return tableWithFailures(head, lines, rows)
}
