// Question: what does each measure cost, for one pair of vectors and for a search of all, beside the loop that one would write?
import { recipes } from '../sets/recipes.mjs'
import { withChild } from '../shared/child.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { plainMeasures } from '../shared/plain-loops.mjs'
import { number, table } from '../shared/table.mjs'

const rowsFull = 100_000
const rowsQuick = 5_000
const k = 10

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
  return rows
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
