import { speedAtRecall } from '../shared/statistics.mjs'
import { number, table, tableWithFailures } from '../shared/table.mjs'

const recalls = [0.95, 0.99]
const reference = 'hnswlib-node'

const byWall = (row) => row.qps
/** The median query is hardly ever interrupted, even on a busy machine. */
const byMedian = (row) => 1 / row.p50Ms
const byCpu = (row) => row.cpuQps

/** @param {readonly any[]} rows of one set @returns {string} every measured point */
export function curveTable(rows) {
  const lines = rows
    .filter((row) => row.error === undefined)
    .map((row) => [
      row.engine,
      settingOf(row),
      number(row.recall, 4),
      number(row.qps),
      number(row.p50Ms, 3),
      number(row.p99Ms, 3),
    ])
  return table(['engine', 'setting', 'recall@10', 'QPS', 'p50 ms', 'p99 ms'], lines)
}

/**
 * @param {readonly any[]} rows of one set
 * @returns {string} a line per engine: QPS at equal recall, how many times that of hnswlib-node (by wall clock, median query, CPU time), its costs
 */
export function summaryTable(rows) {
  const engines = grouped(rows)
  const complete = [...engines.values()].filter(([row]) => row.error === undefined)
  const lines = complete.map((of) => summaryLine(of, engines.get(reference)))
  const speeds = recalls.flatMap((recall) => [`QPS @${recall}`, 'x ref', 'x p50', 'x CPU'])
  const costs = ['build s', 'settled s', 'CPU s', 'graphs', 'memory MB', 'file MB', 'open ms']
  return tableWithFailures(['engine', 'variant', ...speeds, ...costs], lines, rows)
}

function summaryLine(rows, referenceRows = []) {
  const speeds = recalls.flatMap((recall) => {
    const wall = speedAt(rows, byWall, recall)
    if (!wall) return [`max ${number(Math.max(...rows.map((row) => row.recall)), 3)}`, '-', '-', '-']
    const ratio = (speedOf) => {
      const mine = speedAt(rows, speedOf, recall)
      const theirs = speedAt(referenceRows, speedOf, recall)
      return mine && theirs ? number(mine.speed / theirs.speed, 2) : '-'
    }
    return [`${wall.atLeast ? '>= ' : ''}${number(wall.speed)}`, ratio(byWall), ratio(byMedian), ratio(byCpu)]
  })
  const [row] = rows
  const kept = row.cached ? ' *' : ''
  const graphs = number(row.graphs) + (row.unindexed > 0 ? ` + ${number(row.unindexed)} rows` : '')
  const file = number(row.fileMb) + (row.uncollectedMb === undefined ? '' : ` (${number(row.uncollectedMb)})`)
  const costs = [number(row.buildS, 1) + kept, number(row.settledS, 1) + kept, number(row.buildCpuS, 1) + kept, graphs]
  return [row.engine, row.variant, ...speeds, ...costs, number(row.memoryMb), file, number(row.openMs, 1)]
}

function speedAt(rows, speedOf, recall) {
  const points = rows.filter((row) => row.error === undefined).map((row) => ({ recall: row.recall, speed: speedOf(row) }))
  return speedAtRecall(points, recall)
}

function settingOf(row) {
  const extras = ['refiner', 'refine'].filter((name) => row[name] === true || row[name] > 0)
  return [`ef ${row.ef}`, ...extras.map((name) => `${name}${row[name] === true ? '' : ` ${row[name]}`}`)].join(', ')
}

function grouped(rows) {
  const groups = new Map()
  for (const row of rows) groups.set(row.engine, [...(groups.get(row.engine) ?? []), row])
  return groups
}
