import { speedAtRecall } from '../shared/statistics.mjs'
import { number, table, tableWithFailures } from '../shared/table.mjs'

export const recalls = [0.95, 0.99]
export const reference = 'hnswlib-node'

const byWall = (row) => row.qps
/** The median query is hardly ever interrupted, even on a busy machine. */
const byMedian = (row) => 1 / row.p50Ms
const byCpu = (row) => row.cpuQps

/** @param {readonly any[]} rows of one set and k @param {number} k @returns {string} every measured point */
export function curveTable(rows, k) {
  const lines = rows.map((row) => [
    row.engine,
    settingOf(row),
    number(row.recall, 4),
    number(row.qps),
    number(row.p50Ms, 3),
    number(row.p99Ms, 3),
  ])
  return table(['engine', 'setting', `recall@${k}`, 'QPS', 'p50 ms', 'p99 ms'], lines)
}

/**
 * @param {readonly any[]} rows of one set and k @param {number} k
 * @returns {string} a line per engine: QPS at equal recall, and how many times that of hnswlib-node (by wall clock, median query, CPU time)
 */
export function speedTable(rows, k) {
  const engines = byEngine(rows)
  const lines = [...engines.values()].map((of) => speedLine(of, engines.get(reference)))
  const speeds = recalls.flatMap((recall) => [`QPS @${recall}`, 'x ref', 'x p50', 'x CPU'])
  return table([`engine, k ${k}`, 'variant', ...speeds], lines)
}

/** @param {readonly any[]} rows of one set @returns {string} a line per engine: what its index costs */
export function costTable(rows) {
  const lines = [...byEngine(rows.filter((row) => row.error === undefined)).values()].map(([row]) => costLine(row))
  const head = ['engine', 'variant', 'build s', 'settled s', 'CPU s', 'graphs', 'memory MB', 'B/vector', 'index B/vector']
  return tableWithFailures([...head, 'file MB', 'open ms'], lines, rows)
}

/** @param {readonly any[]} rows of one engine, set and k @param {number} recall @returns {number | undefined} queries per second */
export function speedOf(rows, recall) {
  return speedAt(rows, byWall, recall)?.speed
}

/** @param {readonly any[]} rows @returns {Map<string, any[]>} */
export function byEngine(rows) {
  const groups = new Map()
  for (const row of rows) groups.set(row.engine, [...(groups.get(row.engine) ?? []), row])
  return groups
}

function speedLine(rows, referenceRows = []) {
  const speeds = recalls.flatMap((recall) => {
    const wall = speedAt(rows, byWall, recall)
    if (!wall) return [`max ${number(Math.max(...rows.map((row) => row.recall)), 3)}`, '-', '-', '-']
    const ratio = (measureOf) => {
      const mine = speedAt(rows, measureOf, recall)
      const theirs = speedAt(referenceRows, measureOf, recall)
      return mine && theirs ? number(mine.speed / theirs.speed, 2) : '-'
    }
    return [`${wall.atLeast ? '>= ' : ''}${number(wall.speed)}`, ratio(byWall), ratio(byMedian), ratio(byCpu)]
  })
  return [rows[0].engine, rows[0].variant, ...speeds]
}

function costLine(row) {
  const kept = row.cached ? ' *' : ''
  const graphs = number(row.graphs) + (row.unindexed > 0 ? ` + ${number(row.unindexed)} rows` : '')
  const file = number(row.fileMb) + (row.uncollectedMb === undefined ? '' : ` (${number(row.uncollectedMb)})`)
  const costs = [number(row.buildS, 1) + kept, number(row.settledS, 1) + kept, number(row.buildCpuS, 1) + kept, graphs]
  const memory = [number(row.memoryMb), number(row.memoryPerVector), number(row.indexPerVector)]
  return [row.engine, row.variant, ...costs, ...memory, file, number(row.openMs, 1)]
}

function speedAt(rows, measureOf, recall) {
  return speedAtRecall(
    rows.map((row) => ({ recall: row.recall, speed: measureOf(row) })),
    recall,
  )
}

function settingOf(row) {
  const extras = ['refiner', 'refine'].filter((name) => row[name] === true || row[name] > 0)
  return [`ef ${row.ef}`, ...extras.map((name) => `${name}${row[name] === true ? '' : ` ${row[name]}`}`)].join(', ')
}
