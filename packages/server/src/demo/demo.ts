import type { Database } from 'quiverdb'
import { Progress } from '../cli/render/progress.js'
import { count, duration } from '../cli/render/text.js'
import { taskNames } from '../cli/settle.js'
import { type DigitCollection, fields, openDigits } from './digit-database.js'
import { type Digit, readDigits, readUnseen } from './digits.js'
import { Gallery, labelsOf, sameHits } from './gallery.js'
import { foundOf, neighbours, type Run, runLoop, runSearch, sameAnswers } from './measure.js'
import { heading, say } from './page.js'
import { startSecondProcess } from './second-process.js'

const batchRecords = 1_000
const limit = neighbours

/** What the steps work on. */
interface Stage {
  readonly db: Database
  readonly collection: DigitCollection
  readonly digits: readonly Digit[]
  readonly unseen: readonly Float32Array[]
  readonly gallery: Gallery
  /** What a plain loop over the same vectors answers, and how fast. */
  readonly loop: Run
}

/** Runs all steps on an empty folder. A step that does not find what it promises throws. */
export async function demo(folder: string, keep: boolean): Promise<void> {
  const [digits, unseen] = await Promise.all([readDigits(), readUnseen()])
  say()
  say('Quiver with real data: store it, search it, measure it, change it. Takes less than a minute.')
  // Before the database is open: once a WebAssembly memory has grown, V8 compiles loops over typed arrays to code half as fast.
  const loop = await runLoop(digits, unseen)
  const { db, digits: collection } = await openDigits(folder)
  const stage: Stage = { db, collection, digits, unseen, loop, gallery: new Gallery(digits) }
  let version: string
  try {
    await store(stage, folder)
    await look(stage)
    await compare(stage)
    await filter(stage)
    version = await changeAndLookBack(stage)
  } finally {
    await db.close()
  }
  heading('Open the folder from a second process')
  if (!startSecondProcess(folder, version)) throw new Error('the second process failed')
  say()
  if (keep) say(`The folder stays: ${folder}\nTry: npx quiver info --db ${folder}`)
  else say('Done. The folder is removed again; with --keep it stays.')
}

async function store({ db, collection, digits }: Stage, folder: string): Promise<void> {
  heading(`Store ${count(digits.length)} handwritten digits`)
  say('Real scans (MNIST), 28 x 28 pixels: each is a record with its label and a vector of 784 numbers.')
  say(`The database is the folder ${folder}, and runs inside this process.`)
  const storing = new Progress('Storing', {})
  for (let at = 0; at < digits.length; at += batchRecords) {
    await collection.upsert(digits.slice(at, at + batchRecords))
    storing.update(at + batchRecords, digits.length, `${count(at + batchRecords)} digits`)
  }
  storing.stop()
  const storedMs = storing.elapsedMs
  const indexing = new Progress('Indexing', {})
  await db.settled({ onProgress: ({ task, done, total }) => indexing.update(done, total, taskNames[task]) })
  indexing.stop()
  const rate = count(Math.round(digits.length / (storedMs / 1000)))
  say(`Stored in ${duration(storedMs)} (${rate} digits/s), each batch safely on disk before the next.`)
  say(`Its index was ready ${duration(indexing.elapsedMs)} later. Meanwhile it could be searched all the same.`)
}

async function look({ collection, unseen, gallery }: Stage): Promise<void> {
  heading('Ask for the nearest neighbours of digits that it has never seen')
  say('Nobody told it what they are; the labels of the nearest say it.')
  for (const at of [0, 1, 3]) {
    say()
    const { hits } = await collection.search({ vector: unseen[at]!, limit, fields })
    gallery.show({ captions: [`unseen #${at}`, 'nearest:'], pixels: unseen[at]! }, hits)
  }
  say()
  say('The distance is the squared Euclidean distance of the pixels; smaller is more alike.')
}

async function compare({ collection, unseen, loop }: Stage): Promise<void> {
  heading('Measure it')
  const indexed = await runSearch(collection, unseen, false)
  const exact = await runSearch(collection, unseen, true)
  const milliseconds = ({ medianMs }: Run) => `${medianMs.toFixed(medianMs < 1 ? 3 : 2)} ms`.padStart(9)
  const times = ({ medianMs }: Run) => `${ratio(loop.medianMs / medianMs)} times as fast as the loop`
  say(`${unseen.length} unseen digits, the ${neighbours} nearest of each. Median time per query, on one thread:`)
  say()
  say(`  Quiver, with its index    ${milliseconds(indexed)}   ${times(indexed)}`)
  say(`  Quiver, exact search      ${milliseconds(exact)}   ${times(exact)}`)
  say(`  a plain JavaScript loop   ${milliseconds(loop)}`)
  say()
  const found = foundOf(exact, indexed)
  const sought = unseen.length * neighbours
  const recall = ((100 * found) / sought).toFixed(2)
  say(`Recall@${neighbours} with the index: ${recall} % (${count(found)} of the ${count(sought)} true neighbours).`)
  say(`Exact search and the plain loop name the same neighbours for ${sameAnswers(exact, loop)} of ${unseen.length} digits.`)
}

function ratio(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value))
}

/** Takes the unseen digit whose neighbours are least of one mind. */
async function filter({ collection, unseen, gallery }: Stage): Promise<void> {
  heading('Search with a filter')
  const answers = await Promise.all(unseen.map((vector) => collection.search({ vector, limit, fields })))
  const agreement = answers.map(({ hits }) => labelsOf(hits)[0]!.times)
  const at = agreement.indexOf(Math.min(...agreement))
  const [likely, other] = labelsOf(answers[at]!.hits)
  const nearestOf = async (label: number) =>
    (await collection.search({ vector: unseen[at]!, where: { label }, limit, fields })).hits
  const [ofLikely, ofOther] = [await nearestOf(likely!.label), await nearestOf(other!.label)]
  if (ofOther.length !== limit || ofOther.some((hit) => hit.record.label !== other!.label))
    throw new Error('the filter let something else through')
  say(
    `Unseen #${at} is hard to read: of its ${limit} nearest, ${likely!.times} are a ${likely!.label} and ${other!.times} a ${other!.label}.`,
  )
  say(`With where: { label: ${other!.label} } the answer holds the ${limit} nearest of that kind alone.`)
  say()
  const title = (label: number) => `{ label: ${label} }`
  const query = { captions: [`unseen #${at}`, ''], pixels: unseen[at]! }
  const pictures = [gallery.picture(ofLikely[0]!, title(likely!.label)), gallery.picture(ofOther[0]!, title(other!.label))]
  gallery.showAll([query, ...pictures])
}

async function changeAndLookBack({ db, collection, unseen, gallery }: Stage): Promise<string> {
  heading('Name a version, delete all 3s, and look back')
  const at = await threeAmong(collection, unseen)
  const search = { vector: unseen[at]!, limit, fields }
  const original = await collection.search(search)
  const version = await db.commit('all ten digits')
  const threes = await collection.list({ where: { label: 3 }, limit: 10_000, fields })
  const { deleted } = await collection.delete(threes.records.map(({ id }) => id))
  const before = await collection.at(version)
  const [now, then] = [await collection.search(search), await before.search(search)]
  if (!sameHits(then.hits, original.hits)) throw new Error('the named version answers otherwise than before')
  say(
    `Version ${version} is "all ten digits": ${count(await before.count())} of them. Then all ${count(deleted)} 3s are deleted; ${count(await collection.count())} stay.`,
  )
  say(`The same search now, and at that version:`)
  say()
  const query = { captions: [`unseen #${at}`, ''], pixels: unseen[at]! }
  gallery.showAll([
    query,
    gallery.picture(now.hits[0]!, `now: a ${now.hits[0]!.record.label}`),
    gallery.picture(then.hits[0]!, `then: a ${then.hits[0]!.record.label}`),
  ])
  say()
  say(`At the version, all ${limit} neighbours and distances are what they were before the deletion.`)
  return version
}

/** The first unseen digit that all its neighbours say is a 3. */
async function threeAmong(collection: DigitCollection, unseen: readonly Float32Array[]): Promise<number> {
  for (const [at, vector] of unseen.entries()) {
    const { hits } = await collection.search({ vector, limit, fields })
    if (hits.every((hit) => hit.record.label === 3)) return at
  }
  throw new Error('no unseen digit is a 3 beyond doubt')
}
