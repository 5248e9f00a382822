// Question: what recall does each preset give to someone who sets nothing, also where graphs fall to pieces?
import { chosenEngines } from '../engines/index.mjs'
import { chosenSets } from '../sets/chosen-sets.mjs'
import { judgeOf, prepareSet } from '../sets/sets.mjs'
import { print, rounded } from '../shared/output.mjs'
import { number, tableWithFailures } from '../shared/table.mjs'
import { verdictTable } from '../shared/verdicts.mjs'
import { enter } from './contenders.mjs'

const defaultSets = ['mnist', 'synthetic', 'hard', 'clusters', 'duplicates']
const recallWanted = { 'quiver-highSpeed': 0.85, quiver: 0.95, 'quiver-highRecall': 0.99 }
const recallAmongDuplicates = { quiver: 0.98 }
const k = 10

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function runPresets(options) {
  const rows = []
  for (const info of chosenSets(options, defaultSets)) {
    prepareSet(info)
    rows.push(...(await presetRows(info, options)))
  }
  print('\n# Recall of the presets: no ef, no option\n')
  print(presetTable(rows))
  print(`\n${verdictTable(rows.filter((row) => row.error === undefined).flatMap(targets))}`)
  return rows
}

async function presetRows(info, options) {
  const names = chosenEngines(options, Object.keys(recallWanted))
  const { contenders, failures } = await enter(names, info, options, { bench: 'search-presets' })
  const judge = judgeOf(info)
  const rows = []
  for (const { child, label, index } of contenders) {
    try {
      const { found, qps, p50Ms } = await child.ask('measure', { setting: { k } })
      const recall = rounded(judge.recall(found, k), 4)
      rows.push({
        ...label,
        k,
        recall,
        qps: rounded(qps, 1),
        p50Ms: rounded(p50Ms, 4),
        problems: await child.ask('audit'),
        ...index,
      })
    } catch (error) {
      rows.push({ ...label, error: error.message })
    } finally {
      await child.end()
    }
  }
  return [...rows, ...failures]
}

function targets({ set, engine, recall, problems }) {
  const of = `${set}, ${engine}`
  const wanted = (set === 'duplicates' ? recallAmongDuplicates : undefined)?.[engine] ?? recallWanted[engine]
  return [
    ...(wanted === undefined ? [] : [{ what: `recall@${k}`, of, measured: recall, wanted }]),
    ...(problems === undefined ? [] : [{ what: 'problems found by a check', of, measured: problems, wanted: 0, atMost: true }]),
  ]
}

function presetTable(rows) {
  const lines = rows
    .filter((row) => row.error === undefined)
    .map((row) => [
      row.set,
      row.engine,
      number(row.recall, 4),
      number(row.qps),
      number(row.p50Ms, 3),
      number(row.settledS, 1),
      number(row.memoryPerVector),
      number(row.problems),
    ])
  return tableWithFailures(['set', 'engine', `recall@${k}`, 'QPS', 'p50 ms', 'settled s', 'B/vector', 'problems'], lines, rows)
}
