// Question: how long after a start does the first answer come, and how much has to be read for it?
import { builtIndex } from '../engines/built-index.mjs'
import { EngineProcess } from '../engines/engine-process.mjs'
import { engineNamed } from '../engines/index.mjs'
import { chosenSets } from '../shared/chosen-sets.mjs'
import { print, progress, rounded, writeRows } from '../shared/output.mjs'
import { prepareSet } from '../shared/sets.mjs'
import { median } from '../shared/statistics.mjs'
import { number, tableWithFailures } from '../shared/table.mjs'

const engineNames = ['quiver', 'hnswlib-node']
const reference = 'hnswlib-node'
const starts = 7
const quickStarts = 3
const bytesPerMb = 1e6

/** @param {import('../shared/arguments.mjs').BenchOptions} options */
export async function run(options) {
  const rows = []
  for (const info of options.sets ? chosenSets(options) : chosenSets(options).slice(0, 1)) {
    prepareSet(info)
    const setRows = await openSet(info, options)
    rows.push(...setRows)
    print(`\n# First answer after opening ${info.name}: ${info.rows} x ${info.dimensions}\n`)
    print(summary(setRows))
  }
  writeRows(options.out, rows)
}

async function openSet(info, options) {
  const contenders = []
  for (const name of options.engines ?? engineNames) contenders.push(await contender(info, engineNamed(name), options))
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
  const child = new EngineProcess(contender.engine, info, contender.built.folder, { pinned: false })
  try {
    const open = await child.ask('open')
    if (counts) contender.opens.push(open)
  } catch (error) {
    contender.error = error.message
  } finally {
    await child.end()
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
