// Question: how near does an exact search come to the rate at which memory can be read?
import { chosenSets } from '../sets/chosen-sets.mjs'
import { judgeOf, prepareSet } from '../sets/sets.mjs'
import { withChild } from '../shared/child.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { number, tableWithFailures } from '../shared/table.mjs'

const defaultSets = ['mnist', 'synthetic']
const quickSets = ['synthetic']
const k = 10
/** Queries of a batch. */
const together = 32
const plainQueries = 4
const rounds = 5
const quickRounds = 2

/** What is read of every row, in bytes; the re-ranking of the few nearest is not counted. */
const scans = [
  { name: 'float32', engine: 'quiver', variant: 'float32', bytesOf: (dimensions) => 4 * dimensions },
  { name: 'int8', engine: 'quiver', variant: 'int8 codes, proven', bytesOf: (dimensions) => dimensions },
  { name: 'bit', engine: 'quiver', variant: 'one-bit sketches, re-ranked', bytesOf: (dimensions) => dimensions / 8 },
  { name: 'usearch', engine: 'usearch', variant: 'exactSearch, float32', bytesOf: (dimensions) => 4 * dimensions },
  { name: 'plain', engine: 'plain loop', variant: 'JavaScript', bytesOf: (dimensions) => 4 * dimensions },
]

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run(options) {
  const rows = []
  for (const info of chosenSets(options, options.quick ? quickSets : defaultSets)) {
    prepareSet(info)
    const judge = judgeOf(info)
    const setRows = []
    for (const scan of scans) setRows.push(await scanned(scan, info, judge, options.quick ? quickRounds : rounds))
    rows.push(...setRows)
    print(`\n# Exact search of ${info.name}: ${info.rows} x ${info.dimensions}, the ${k} nearest, one thread\n`)
    print(summary(setRows))
  }
  return rows
}

async function scanned({ name, engine, variant, bytesOf }, info, judge, rounds) {
  progress(`${info.name}: ${engine}, ${variant}`)
  const label = { bench: 'exact', set: info.name, engine, variant, rows: info.rows, dimensions: info.dimensions }
  try {
    return await withChild(['exact/process.mjs', { info, k, queries: together }], async (child) => {
      const readRate = await child.ask('readRate', { rounds })
      await child.ask('open', { name })
      const queries = name === 'plain' ? plainQueries : together
      const one = await child.ask('measure', { rounds, queries, together: false })
      const many = await child.ask('measure', { rounds, queries: together, together: true })
      const gigabytes = (seconds) => rounded((info.rows * bytesOf(info.dimensions)) / seconds / 1e9, 2)
      return {
        ...label,
        ms: rounded(1000 * one.seconds, 3),
        gbPerS: gigabytes(one.seconds),
        readGbPerS: rounded(readRate / 1e9, 2),
        batch: together,
        batchMs: many && rounded(1000 * many.seconds, 3),
        batchGbPerS: many && gigabytes(many.seconds),
        recall: rounded(judge.recall(one.found, k), 4),
        batchRecall: many && rounded(judge.recall(many.found, k), 4),
      }
    })
  } catch (error) {
    return { ...label, error: error.message }
  }
}

function summary(rows) {
  const plainMs = rows.find((row) => row.engine === 'plain loop')?.ms
  const lines = rows
    .filter((row) => row.error === undefined)
    .map((row) => [
      row.engine,
      row.variant,
      number(row.ms, 2),
      number(row.gbPerS, 1),
      number(row.readGbPerS, 1),
      number(plainMs / row.ms, 1),
      number(row.batchMs, 2),
      number(row.batchGbPerS, 1),
      number(row.recall, 4),
    ])
  const head = [
    'engine',
    'variant',
    'ms/query',
    'GB/s',
    'memory GB/s',
    'x plain',
    `ms/query, ${together} at once`,
    'GB/s',
    `recall@${k}`,
  ]
  return tableWithFailures(head, lines, rows)
}
