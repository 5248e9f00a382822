import { attributesOf, distancesTo, pivotRows, prepareAttributes } from '../sets/attributes.mjs'
import { RecallJudge } from '../sets/recall.mjs'
import { baseOf, isKept, keep, keptBytes, prepareSet, queriesOf } from '../sets/sets.mjs'
import { Nearest, scanAll, truthOf } from '../sets/truth.mjs'
import { progress } from '../shared/output.mjs'
import { conditionsOf, filterCount, kinds, shares } from './cells.mjs'

/** Nearest to be found. */
export const k = 10
const queriesPerFilter = 20
const quickQueriesPerFilter = 5

/**
 * Queries with their filters, and what they should find.
 *
 * @typedef {object} Cell
 * @property {import('./cells.mjs').Kind} kind
 * @property {number} share
 * @property {number} matches rows that match, for each of its filters
 * @property {number[]} asked numbers of queries; neighbouring ones have different filters, so that a run cut short has asked with all
 * @property {import('./cells.mjs').Condition[]} conditions of each of these
 * @property {(found: readonly Int32Array[]) => number} recall of answers to the first of them: a row that does not match is no hit
 */

/**
 * Everything of one set that is not measured; the attributes, and the neighbours of all cells, are kept.
 *
 * @param {import('../sets/sets.mjs').SetInfo} info @param {{ quick: boolean }} options
 * @returns {{ cellOf: (kind: import('./cells.mjs').Kind, share: number) => Cell }}
 */
export function prepareWorkload(info, { quick }) {
  prepareSet(info)
  prepareAttributes(info)
  const set = { info, base: baseOf(info), queries: queriesOf(info), attributes: attributesOf(info) }
  const perFilter = quick ? quickQueriesPerFilter : queriesPerFilter
  const asked = new Map(kinds.map((kind) => [kind, kind === 'independent' ? spread(perFilter) : nearPivots(set, perFilter)]))
  for (const kind of kinds) prepareTruth(set, kind, asked.get(kind))
  return { cellOf: (kind, share) => cell(set, kind, share, asked.get(kind)) }
}

/** The first queries, since they are in no order. */
function spread(perFilter) {
  return Array.from({ length: filterCount * perFilter }, (_, query) => query)
}

/** For each pivot the queries nearest to it. */
function nearPivots({ base, queries, info }, perFilter) {
  const groups = pivotRows(base.rows).map((pivot) => {
    const nearest = new Nearest(perFilter)
    distancesTo(base.row(pivot), queries, info.metric).forEach((distance, query) => nearest.offer(query, distance))
    return nearest.rows
  })
  return Array.from({ length: filterCount * perFilter }, (_, i) => groups[i % filterCount][Math.floor(i / filterCount)])
}

function prepareTruth(set, kind, asked) {
  const { info, base, queries, attributes } = set
  if (isKept(info, truthFile(kind, asked, 'f64'))) return
  progress(`Finding the exact neighbours of ${asked.length} ${kind} queries in ${info.name} (once)`)
  const nearest = shares.map(() => asked.map(() => new Nearest(k)))
  const wanted = asked.map((_, i) => {
    const filters = shares.map((share, s) => ({
      ...testOf(conditionsOf(kind, share)[i % filterCount], attributes),
      nearest: nearest[s][i],
    }))
    return {
      offer(row, distance) {
        for (const { values, from, to, nearest } of filters) {
          const value = values[row]
          if (value >= from && value < to) nearest.offer(row, distance)
        }
      },
    }
  })
  scanAll(base, queries.picked(asked), info.metric, wanted)
  const truth = truthOf(nearest.flat())
  keep(info, truthFile(kind, asked, 'i32'), truth.rows)
  keep(info, truthFile(kind, asked, 'f64'), truth.distances)
}

function cell(set, kind, share, asked) {
  const { info, base, queries, attributes } = set
  const conditions = asked.map((_, i) => conditionsOf(kind, share)[i % filterCount])
  const tests = conditions.map((condition) => testOf(condition, attributes))
  const matches = tests[0].values.reduce((count, value) => count + (value >= tests[0].from && value < tests[0].to), 0)
  const judge = new RecallJudge({
    base,
    queries: queries.picked(asked),
    metric: info.metric,
    truth: keptTruth(info, kind, share, asked),
  })
  const matching = (rows, { values, from, to }) => rows.filter((row) => values[row] >= from && values[row] < to)
  return {
    kind,
    share,
    matches,
    asked,
    conditions,
    recall: (found) =>
      judge.recall(
        found.map((rows, i) => matching(rows, tests[i])),
        Math.min(k, matches),
      ),
  }
}

function testOf({ field, from, to }, attributes) {
  return { values: attributes[field], from, to }
}

function keptTruth(info, kind, share, asked) {
  const length = asked.length * k
  const first = shares.indexOf(share) * length
  const rows = new Int32Array(keptBytes(info, truthFile(kind, asked, 'i32')))
  const distances = new Float64Array(keptBytes(info, truthFile(kind, asked, 'f64')))
  return { k, rows: rows.subarray(first, first + length), distances: distances.subarray(first, first + length) }
}

function truthFile(kind, asked, type) {
  return `${kind}-${asked.length}-neighbours.${type}`
}
