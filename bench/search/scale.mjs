// Question: what does a query cost at equal recall when there are two hundred times as many vectors?
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { recipes } from '../sets/recipes.mjs'
import { withChild } from '../shared/child.mjs'
import { cacheFolder } from '../shared/folders.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { writeLinePlot } from '../shared/plot.mjs'
import { median, speedAtRecall } from '../shared/statistics.mjs'
import { number, table } from '../shared/table.mjs'
import { verdictTable } from '../shared/verdicts.mjs'
import { recalls } from './summary.mjs'

const sizes = [10_000, 30_000, 100_000, 300_000, 1_000_000, 2_000_000]
const quickSizes = [2_500, 5_000, 10_000]
const efs = [10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768]
const rounds = 3
const quickQueries = 100
const k = 10
/** Beyond this no larger ef is tried. */
const recallEnough = 0.995
/** A hundred times as many vectors may make a query so many times as expensive. */
const target = { from: 10_000, to: 1_000_000, timesMost: 2.5 }
const microseconds = 1e6
const bytesPerMb = 1e6

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function runScale(options) {
  const folder = join(cacheFolder, 'scale')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const queries = options.quick ? quickQueries : recipes.scale.queries
  const rows = []
  try {
    await withChild(['search/scale-process.mjs', { folder, index: {}, queries, k }], async (child) => {
      for (const size of options.quick ? quickSizes : sizes) {
        if (size <= options.rowsMax) rows.push(await measured(child, size, options.quick ? 1 : rounds))
      }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  report(rows, options)
  return rows
}

async function measured(child, size, rounds) {
  progress(`Growing to ${size} vectors`)
  const growth = await child.ask('grow', { rows: size })
  progress(`Finding the exact neighbours among ${size}`)
  const { exactMs } = await child.ask('findTruth')
  progress(`Searching ${size}`)
  const points = await curve(child, rounds)
  const { memoryBytes, indexBytes } = await child.ask('memory')
  const [at95, at99] = recalls.map((recall) => costAt(points, recall))
  return {
    bench: 'search-scale',
    set: 'scale',
    engine: 'quiver',
    rows: size,
    at95Us: at95?.us,
    at95AtMost: at95?.atMost,
    at99Us: at99?.us,
    at99AtMost: at99?.atMost,
    exactMs: rounded(exactMs, 3),
    settledS: rounded(growth.settledS, 1),
    graphs: growth.graphs,
    unindexed: growth.unindexed,
    memoryMb: rounded(memoryBytes / bytesPerMb, 1),
    indexPerVector: Math.round(indexBytes / size),
    points,
  }
}

async function curve(child, rounds) {
  const points = []
  for (const ef of efs) {
    const measurements = []
    for (let round = 0; round < rounds; round++) measurements.push(await child.ask('measure', { ef }))
    const of = (key) => median(measurements.map((measurement) => measurement[key]))
    points.push({ ef, recall: of('recall'), qps: rounded(of('qps'), 1), p50Ms: rounded(of('p50Ms'), 4) })
    if (points[points.length - 1].recall >= recallEnough) break
  }
  return points
}

function costAt(points, recall) {
  const found = speedAtRecall(
    points.map((point) => ({ recall: point.recall, speed: point.qps })),
    recall,
  )
  return found && { us: rounded(microseconds / found.speed, 1), atMost: found.atLeast }
}

function report(rows, options) {
  print(`\n# What a query costs against the number of vectors: ${recipes.scale.dimensions} dimensions, the ${k} nearest\n`)
  print(scaleTable(rows))
  const series = recalls.map((recall, i) => ({
    name: `recall ${recall}`,
    points: rows.map((row) => ({ x: row.rows, y: [row.at95Us, row.at99Us][i] })).filter(({ y }) => y !== undefined),
  }))
  const file = options.out.replace(/(\.json)?$/, '.svg')
  writeLinePlot(file, series, { title: 'Cost of a query', x: 'vectors (logarithmic)', y: 'microseconds' })
  print(`\nPlotted in ${file}`)
  const costOf = (size) => rows.find((row) => row.rows === size)?.at95Us
  const of = `${number(target.to)} vectors / ${number(target.from)}`
  const measuredTimes = costOf(target.to) / costOf(target.from)
  const measured = Number.isNaN(measuredTimes) ? undefined : measuredTimes
  print(`\n${verdictTable([{ what: 'cost at recall 0.95', of, measured, wanted: target.timesMost, atMost: true }])}`)
}

/** `x` is the cost over that of the smallest size; if it grew like the logarithm of the number of vectors, it would be `log n`. */
function scaleTable(rows) {
  const [least] = rows
  const cost = (us, atMost) => (us === undefined ? '-' : `${atMost ? '<= ' : ''}${number(us, 1)}`)
  const times = (us, leastUs) => (us === undefined || leastUs === undefined ? '-' : number(us / leastUs, 2))
  const lines = rows.map((row) => [
    number(row.rows),
    number(row.graphs),
    cost(row.at95Us, row.at95AtMost),
    times(row.at95Us, least.at95Us),
    cost(row.at99Us, row.at99AtMost),
    times(row.at99Us, least.at99Us),
    number(Math.log(row.rows) / Math.log(least.rows), 2),
    number(row.exactMs, 2),
    number(row.settledS, 1),
    number(row.memoryMb),
    number(row.indexPerVector),
  ])
  const head = [
    'vectors',
    'graphs',
    'us @0.95',
    'x',
    'us @0.99',
    'x',
    'log n',
    'exact ms',
    'settled s',
    'memory MB',
    'index B/vector',
  ]
  return table(head, lines)
}
