// Question: what does a filter over many records cost with field indexes, and what without?
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { quiver } from '../engines/quiver.mjs'
import { cacheFolder, sizeBytes } from '../shared/folders.mjs'
import { stopwatch } from '../shared/meters.mjs'
import { print, progress, rounded } from '../shared/output.mjs'
import { number, table } from '../shared/table.mjs'
import { verdictTable } from '../shared/verdicts.mjs'
import { declared, questions, recordsFrom } from './workload.mjs'

const records = 1_000_000
const quickRecords = 20_000
const batch = 50_000
/** Each time with other operands, since answers are remembered. */
const rounds = 9
const timesWanted = 50
const bytesPerMb = 1e6
const folder = join(cacheFolder, 'fields')

/** @param {import('../shared/arguments.mjs').BenchOptions} options @returns {Promise<object[]>} */
export async function run({ quick }) {
  const count = quick ? quickRecords : records
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  try {
    return await measured(count)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measured(count) {
  const { open } = await import('quiverdb')
  let db = await open(folder, { maintenance: 'manual' })
  let collection = await db.collection('records')
  for (let first = 0; first < count; first += batch) {
    progress(`Writing records from ${number(first)}`)
    await collection.upsert(recordsFrom(first, Math.min(count, first + batch)))
  }
  progress('Settling')
  await db.settled()
  const before = sizeBytes(folder)
  const scanned = []
  for (const question of questions) {
    progress(`Record by record: ${question.name}`)
    // A process that has just begun makes no index on the way: it does not know yet what is asked for often.
    await db.close()
    db = await open(folder, { maintenance: 'manual' })
    collection = await db.collection('records')
    scanned.push(await timed(() => question.ask(collection, 0, count)))
  }
  progress('Making field indexes')
  const building = stopwatch()
  await collection.declareFields(declared)
  await db.settled()
  const buildS = building()
  const fileMb = (sizeBytes(folder) - before) / bytesPerMb

  const rows = []
  for (const [place, question] of questions.entries()) {
    progress(`With indexes: ${question.name}`)
    const first = await timed(() => question.ask(collection, 1, count))
    const later = []
    for (let round = 2; round < rounds + 2; round++) later.push((await timed(() => question.ask(collection, round, count))).ms)
    const again = await question.ask(collection, 0, count)
    if (JSON.stringify(again) !== JSON.stringify(scanned[place].answer))
      throw new Error(`${question.name}: two answers to one question`)
    rows.push(rowOf(question, count, scanned[place], first, later, { buildS, fileMb }))
  }
  await db.close()
  print(`\n# Filters over ${number(count)} records, with and without field indexes\n\n${summary(rows)}\n`)
  print(`Indexes of ${declared.length} fields were made in ${number(buildS, 1)} s and take ${number(fileMb, 1)} MB.\n`)
  print(verdictTable([targetOf(rows[0])]))
  return rows
}

function rowOf({ name }, count, scanned, first, later, { buildS, fileMb }) {
  const least = Math.min(...later)
  return {
    bench: 'fields',
    engine: quiver.name,
    version: quiver.version(),
    variant: name,
    records: count,
    scanMs: rounded(scanned.ms, 2),
    firstMs: rounded(first.ms, 2),
    indexedMs: rounded(least, 3),
    times: rounded(scanned.ms / least, 1),
    buildS: rounded(buildS, 2),
    fileMb: rounded(fileMb, 1),
  }
}

async function timed(work) {
  const seconds = stopwatch()
  const answer = await work()
  return { answer, ms: seconds() * 1000 }
}

function targetOf({ times, variant }) {
  return { what: 'as fast as record by record', of: variant, measured: times, wanted: timesWanted }
}

function summary(rows) {
  const lines = rows.map((row) => [
    row.engine,
    row.variant,
    number(row.scanMs, 1),
    number(row.firstMs, 1),
    number(row.indexedMs, 2),
    number(row.times, 1),
  ])
  return table(['engine', 'question', 'record by record ms', 'first with indexes ms', 'least ms', 'times'], lines)
}
