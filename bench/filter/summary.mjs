import { isQuiver } from '../engines/index.mjs'
import { rounded } from '../shared/output.mjs'
import { number, tableWithFailures } from '../shared/table.mjs'
import { speedAt } from './tuning.mjs'

/**
 * @param {readonly any[]} rows of one cell, Quiver's with `unfiltered`: what it does without the filter, point by point
 * @returns {any[]} Quiver's with `timesBest`, its speed over that of the fastest peer that found enough, and `timesUnfiltered`, over its
 *   own without a filter at the same recall
 */
export function withRatios(rows) {
  const peers = rows.filter(({ engine, reached }) => !isQuiver(engine) && reached)
  const best = Math.max(...peers.map(({ qps }) => qps))
  return rows.map(({ unfiltered, ...row }) => {
    if (unfiltered === undefined || !row.reached) return row
    return {
      ...row,
      ...(peers.length > 0 && { timesBest: rounded(row.qps / best, 3) }),
      timesUnfiltered: rounded(row.qps / speedAt(unfiltered, row.recall), 3),
    }
  })
}

/** @param {readonly any[]} rows of one set and kind @returns {string} a line per share and engine */
export function filterTable(rows) {
  const lines = rows
    .filter(({ error }) => error === undefined)
    .map((row) => [
      row.engine,
      effortOf(row),
      `${row.share} %`,
      number(row.matches),
      `${number(row.recall, 3)}${row.reached ? '' : ' !'}`,
      number(row.qps, 1),
      number(row.p50Ms, 3),
      number(row.timesBest, 2),
      number(row.timesUnfiltered, 2),
    ])
  const head = ['engine', 'effort', 'share', 'matches', 'recall', 'QPS', 'p50 ms', 'x best peer', 'x unfiltered']
  return tableWithFailures(head, lines, rows)
}

function effortOf({ ef, linear, refiner, refine }) {
  if (linear) return 'linear'
  if (ef === undefined) return 'scan'
  return `ef ${ef}${refiner ? ', refiner' : ''}${refine > 0 ? `, refine ${refine}` : ''}`
}
