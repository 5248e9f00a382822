// Question: what does each measure cost, for one pair of vectors and for a search of all, beside the loop that one would write?
import { recipes } from '../sets/recipes.mjs'
import { withChild } from '../shared/child.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { plainMeasures } from '../shared/plain-loops.mjs'
import { number, table } from '../shared/table.mjs'

const rowsFull = 100_000
const rowsQuick = 5_000
const k = 10
/** As of a bag of words. */
const sparse = { dimensions: 30_000, values: 60 }

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run({ quick }) {
  const count = quick ? rowsQuick : rowsFull
  const rows = []
  for (const name of Object.keys(plainMeasures)) {
    progress(`Measuring ${name}`)
    const parameters = { name, rows: count, k }
    rows.push(rowOf(name, count, await withChild(['metrics/process.mjs', parameters], (child) => child.ask('measure'))))
  }
  print(`\n# The measures: exact search of ${count} x ${recipes.scale.dimensions} for the ${k} nearest, one thread\n`)
  print(summary(rows))
  const sparseRows = await withChild(['metrics/sparse-process.mjs', { rows: count, k, ...sparse }], async (child) => {
    const measured = []
    for (const name of await child.ask('names')) {
      progress(`Measuring sparse ${name}`)
      measured.push(sparseRow(name, count, await child.ask('measure', { name })))
    }
    return measured
  })
  print(
    `\n# Sparse vectors: ${count} x ${sparse.dimensions}, ${sparse.values} of them not zero, the ${k} nearest by an inverted index\n`,
  )
  print(sparseSummary(sparseRows))
  return [...rows, ...sparseRows]
}

function rowOf(measure, rows, { searchS, plainSearchS, rawS, plainRawS }) {
  return {
    bench: 'metrics',
    measure,
    rows,
    dimensions: recipes.scale.dimensions,
    searchMs: rounded(1e3 * searchS, 3),
    searchNsPerDistance: rounded((1e9 * searchS) / rows, 1),
    plainSearchMs: rounded(1e3 * plainSearchS, 3),
    plainNsPerDistance: rounded((1e9 * plainSearchS) / rows, 1),
    rawNs: rounded(1e9 * rawS, 1),
    plainRawNs: rounded(1e9 * plainRawS, 1),
  }
}

/** `measure.raw` is JavaScript too, and exact in float64 for any input; a search is the kernel's. */
function summary(rows) {
  const lines = rows.map((row) => [
    row.measure,
    'search',
    number(row.searchMs, 2),
    number(row.searchNsPerDistance, 1),
    number(row.plainSearchMs, 2),
    number(row.plainNsPerDistance, 1),
    number(row.plainSearchMs / row.searchMs, 1),
    number(row.rawNs, 1),
    number(row.plainRawNs, 1),
  ])
  const head = ['measure', '', 'ms', 'ns/distance', 'plain loop ms', 'ns/distance', 'x plain', 'raw() ns', 'plain loop ns']
  return table(head, lines)
}

function sparseRow(measure, rows, { searchS, pairS }) {
  const searchMs = searchS === undefined ? undefined : rounded(1e3 * searchS, 3)
  return { bench: 'metrics', kind: 'sparse', measure, rows, ...sparse, searchMs, pairNs: rounded(1e9 * pairS, 1) }
}

function sparseSummary(rows) {
  const lines = rows.map((row) => [row.measure, '', number(row.searchMs, 2), number(row.pairNs, 1)])
  return table(['measure', '', 'search ms', 'pair ns'], lines)
}
