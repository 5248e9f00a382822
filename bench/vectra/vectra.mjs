// Question: what does an index of Vectra cost, and what does the same index cost here?
import { withChild } from '../shared/child.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { number, table, tableWithFailures } from '../shared/table.mjs'
import { verdictTable } from '../shared/verdicts.mjs'

const sizes = [1_000, 10_000, 60_000]
const quickSizes = [1_000]
/** What Vectra cannot save: a text of more than half a gigabyte. */
const largeSize = 200_000
const dimensions = 384
const k = 10
const queries = 50
const judgedSize = 10_000

const engines = [
  { engine: 'quiver', variant: 'index file' },
  { engine: 'quiver', variant: 'journal', journal: true },
  { engine: 'vectra', variant: 'index file' },
]

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run(options) {
  const rows = []
  for (const items of options.quick ? quickSizes : sizes) {
    const sizeRows = []
    for (const engine of engines) sizeRows.push(await measured(engine, items))
    print(`\n# An index of ${items.toLocaleString('en-US')} x ${dimensions}, one thread\n`)
    print(summary(sizeRows))
    rows.push(...sizeRows)
  }
  if (!options.quick) {
    const large = await measured(engines[0], largeSize)
    print(`\n# What does not fit into one text: ${largeSize.toLocaleString('en-US')} x ${dimensions}\n`)
    print(summary([large]))
    print(`\n${verdictTable(targets(rows, large))}`)
    rows.push(large)
  }
  // What was answered is for comparing, not for reading.
  return rows.map(({ answers: _, ...row }) => row)
}

async function measured({ engine, variant, journal }, items) {
  progress(`${items} items: ${engine}, ${variant}`)
  const label = { bench: 'vectra', engine, variant, items, dimensions }
  const script = ['vectra/process.mjs', { engine, journal: journal === true, items, dimensions, k, queries }]
  try {
    const written = await withChild(script, (child) => child.ask('write'))
    // A new process, so that memory is that of an index which was loaded.
    const read = await withChild(script, (child) => child.ask('read'))
    return { ...label, ...roundedAll(written), ...roundedAll(read) }
  } catch (error) {
    return { ...label, error: error.message }
  }
}

const roundedAll = (values) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === 'number' ? rounded(value, 3) : value]))

const columns = [
  ['save ms', 'saveMs', 0],
  ['file MB', 'fileMb', 1],
  ['load ms', 'loadMs', 0],
  ['first query ms', 'firstQueryMs', 1],
  ['query ms', 'queryMs', 3],
  ['filtered ms', 'filteredMs', 3],
  ['new filter ms', 'newFilterMs', 3],
  ['insert ms', 'insertMs', 1],
  ['insert CPU ms', 'insertCpuMs', 1],
  ['100 at once ms', 'batchMs', 1],
  ['memory MB', 'memoryMb', 0],
]

function summary(rows) {
  const lines = rows
    .filter((row) => row.error === undefined)
    .map((row) => [row.engine, row.variant, ...columns.map(([, name, digits]) => number(row[name], digits))])
  const text = tableWithFailures(['engine', 'variant', ...columns.map(([title]) => title)], lines, rows)
  const [first, ...others] = rows.filter(({ answers }) => answers)
  const equal = others.map(({ engine, variant, answers }) => [
    engine,
    variant,
    `${answers.filter((answer, i) => answer === first.answers[i]).length} of ${answers.length}`,
  ])
  return equal.length ? `${text}\n\n${table(['engine', 'variant', `same ids and scores as ${first.engine}`], equal)}` : text
}

function targets(rows, large) {
  const of = (engine, variant) => rows.find((row) => row.items === judgedSize && row.engine === engine && row.variant === variant)
  const [ours, journal, theirs] = engines.map(({ engine, variant }) => of(engine, variant))
  const name = `${judgedSize} items`
  return [
    { what: 'query, times faster', of: name, measured: theirs.queryMs / ours.queryMs, wanted: 20 },
    { what: 'insert, file current', of: name, measured: theirs.insertMs / ours.insertMs, wanted: 5 },
    { what: 'insert, journal', of: name, measured: theirs.insertMs / journal.insertMs, wanted: 50 },
    { what: 'items that load', of: `${largeSize} items`, measured: large.loaded, wanted: largeSize },
  ]
}
