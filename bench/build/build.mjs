// Question: how long does a vector take to get into an index, on one thread and on two, and is the graph as good?
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { checkInstalled, engineChild } from '../engines/built-index.mjs'
import { hnswIndex } from '../engines/hnsw-index.mjs'
import { chosenEngines, engineNamed, isQuiver, runsUnderOthers } from '../engines/index.mjs'
import { chosenSets } from '../sets/chosen-sets.mjs'
import { judgeOf, prepareSet } from '../sets/sets.mjs'
import { withChild } from '../shared/child.mjs'
import { cacheFolder } from '../shared/folders.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { median } from '../shared/statistics.mjs'
import { number, tableWithFailures } from '../shared/table.mjs'

const defaultSets = ['mnist', 'synthetic', 'hard']
const quickSets = ['clusters']
const defaultEngines = ['quiver', hnswIndex.name, 'hnswlib-node', 'usearch', 'zvec-int8']
const reference = 'hnswlib-node'
/** Of each set: enough for a graph of its final shape, few enough for three rounds. */
const rowsMax = 20_000
const rounds = 3
const setting = { k: 10, ef: 64 }
/** Quiver takes as many threads as it sees cores; the others are told to take one. */
const coresOf = (name) => (isQuiver(name) ? [1, 2] : [1])
const microseconds = 1e6

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run(options) {
  const rows = []
  for (const info of chosenSets(options, options.quick ? quickSets : defaultSets, { rows: rowsMax })) {
    prepareSet(info)
    const setRows = await buildSet(info, options)
    rows.push(...setRows)
    print(`\n# Building ${info.name}: ${info.rows} x ${info.dimensions}, M 16, efConstruction 200\n`)
    print(summary(setRows))
  }
  return rows
}

async function buildSet(info, options) {
  const judge = judgeOf(info)
  const entries = chosenEngines(options, defaultEngines).flatMap((name) => entriesOf(name, options))
  for (let round = 1; round <= (options.quick ? 1 : rounds); round++) {
    for (const entry of entries) await buildOnce(entry, info, judge, round)
  }
  return entries.map((entry) => rowOf(entry, info))
}

function entriesOf(name, { node }) {
  const nodes = node === undefined || !runsUnderOthers(name) ? [undefined] : [undefined, node]
  return coresOf(name).flatMap((cores) => nodes.map((node) => ({ engine: engineNamed(name), cores, node, builds: [] })))
}

async function buildOnce(entry, info, judge, round) {
  if (entry.error !== undefined) return
  const { engine, cores, node } = entry
  progress(
    `Round ${round}: ${info.name} with ${engine.name}, ${cores} core${cores > 1 ? 's' : ''}${node ? ` under ${node}` : ''}`,
  )
  const folder = join(cacheFolder, 'build', engine.name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  try {
    checkInstalled(engine)
    const built = await withChild(engineChild(engine, info, folder, { cores, node }), async (child) => ({
      ...(await child.ask('build')),
      runtime: await child.ask('runtime'),
      ...(engine === hnswIndex && (await child.ask('measureBuilt', { setting }))),
    }))
    // The opened index, since an engine that was just built may still keep what it no longer needs.
    const { found } =
      engine === hnswIndex
        ? built
        : await withChild(engineChild(engine, info, folder), async (child) => {
            await child.ask('open')
            return child.ask('measure', { setting })
          })
    entry.builds.push({ ...built, recall: judge.recall(found, setting.k) })
  } catch (error) {
    entry.error = error.message
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function rowOf({ engine, cores, builds, error }, info) {
  const label = { bench: 'build', set: info.name, engine: engine.name, version: engine.version(), variant: engine.variant, cores }
  if (error !== undefined) return { ...label, error }
  const of = (value) => median(builds.map(value))
  return {
    ...label,
    runtime: builds[0].runtime,
    rows: info.rows,
    usPerVector: rounded((microseconds * of((build) => build.settledS)) / info.rows, 1),
    cpuUsPerVector: rounded((microseconds * of((build) => build.cpuS)) / info.rows, 1),
    acceptedUsPerVector: rounded((microseconds * of((build) => build.buildS)) / info.rows, 1),
    ef: setting.ef,
    recall: rounded(
      of((build) => build.recall),
      4,
    ),
    rounds: builds.length,
  }
}

function summary(rows) {
  const referenceUs = rows.find((row) => row.engine === reference)?.usPerVector
  const lines = rows
    .filter((row) => row.error === undefined)
    .map((row) => [
      row.engine,
      `${row.variant}, Node ${row.runtime}`,
      number(row.cores),
      number(row.usPerVector, 1),
      number(row.cpuUsPerVector, 1),
      number(referenceUs / row.usPerVector, 2),
      number(row.recall, 4),
    ])
  const head = [
    'engine',
    'variant',
    'cores',
    'us/vector',
    'CPU us',
    `x as fast as ${reference}`,
    `recall@${setting.k} at ef ${setting.ef}`,
  ]
  return tableWithFailures(head, lines, rows)
}
