// Question: how well are the right texts found by words, how quickly, and what does an index of them cost, beside what others do in memory?
import { stopwatch } from '../shared/meters.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { median } from '../shared/statistics.mjs'
import { number, tableWithFailures } from '../shared/table.mjs'
import { verdictTable } from '../shared/verdicts.mjs'
import { ndcg, readCranfield } from './cranfield.mjs'
import { textEngines } from './engines.mjs'
import { questionKinds, syntheticTexts } from './synthetic.mjs'

const textsFull = 200_000
const textsQuick = 5_000
const rounds = 15
const roundsQuick = 3
const limit = 10
const qualityWanted = 0.49

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run({ data, quick }) {
  const cranfield = readCranfield(data)
  if (!cranfield)
    print(`There is no folder cranfield in ${data} (--data DIR): how well the right texts are found is not measured.`)
  const quality = cranfield ? await each(textEngines, (engine) => qualityOf(engine, cranfield)) : []
  const texts = syntheticTexts(quick ? textsQuick : textsFull)
  const speed = await each(
    textEngines.filter(({ onlyQuality }) => !onlyQuality),
    (engine) => speedOf(engine, texts, quick ? roundsQuick : rounds),
  )
  if (cranfield) print(qualitySummary(quality, cranfield))
  print(speedSummary(speed, texts.length))
  if (cranfield) print(verdictTable(targetsOf(quality)))
  return [...quality, ...speed]
}

/** An engine that fails does not keep the others from being measured. */
async function each(engines, measure) {
  const rows = []
  for (const engine of engines) {
    const { name, variant } = engine
    progress(`${name}, ${variant}`)
    const facts = { bench: 'text', engine: name, variant }
    try {
      rows.push({ ...facts, version: engine.version(), ...(await measure(engine)) })
    } catch (error) {
      rows.push({ ...facts, error: String(error) })
    }
  }
  return rows
}

async function qualityOf(engine, { documents, questions, relevant }) {
  const building = stopwatch()
  const searcher = await engine.build(documents)
  const buildS = building()
  try {
    let sum = 0
    const searchMs = []
    for (const { id, text } of questions) {
      const searching = stopwatch()
      const found = await searcher.search(text, limit)
      searchMs.push(1000 * searching())
      sum += ndcg(found, relevant.get(id))
    }
    const ndcg10 = rounded(sum / questions.length, 4)
    return {
      set: 'cranfield',
      texts: documents.length,
      buildS: rounded(buildS, 2),
      ndcg10,
      searchMs: rounded(median(searchMs), 3),
    }
  } finally {
    await searcher.close?.()
  }
}

async function speedOf(engine, texts, times) {
  const building = stopwatch()
  const searcher = await engine.build(texts)
  const buildS = rounded(building(), 2)
  try {
    const searchMs = {}
    for (const { name, text } of questionKinds) {
      const measured = []
      for (let round = 0; round < times; round++) {
        const searching = stopwatch()
        await searcher.search(text(round), limit)
        measured.push(1000 * searching())
      }
      searchMs[name] = rounded(Math.min(...measured), 3)
    }
    return { set: 'synthetic', texts: texts.length, buildS, searchMs }
  } finally {
    await searcher.close?.()
  }
}

function qualitySummary(rows, { documents, questions }) {
  const lines = rows
    .filter(({ error }) => error === undefined)
    .map((row) => [row.engine, row.variant, number(row.ndcg10, 4), number(row.buildS, 2), number(row.searchMs, 2)])
  const head = ['engine', 'how', 'nDCG@10', 'build s', 'search ms']
  const title = `# Cranfield: ${number(questions.length)} questions about ${number(documents.length)} abstracts`
  return `\n${title}\n\n${tableWithFailures(head, lines, rows)}\n`
}

function speedSummary(rows, texts) {
  const kinds = questionKinds.map(({ name }) => name)
  const lines = rows
    .filter(({ error }) => error === undefined)
    .map((row) => [row.engine, row.variant, number(row.buildS, 1), ...kinds.map((kind) => number(row.searchMs[kind], 2))])
  const head = ['engine', 'how', 'build s', ...kinds.map((kind) => `${kind} ms`)]
  return `\n# ${number(texts)} short texts, the ten best, least of ${rounds}\n\n${tableWithFailures(head, lines, rows)}\n`
}

function targetsOf(rows) {
  const of = (variant) => rows.find((row) => row.engine === 'quiver' && row.variant === variant)?.ndcg10
  return [
    { what: 'nDCG@10 by words', of: 'cranfield', measured: of('keyword'), wanted: qualityWanted },
    { what: 'hybrid beside by words alone', of: 'cranfield', measured: of('hybrid') / of('keyword'), wanted: 1 },
  ]
}
