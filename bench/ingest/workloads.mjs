import { join } from 'node:path'
import { sizeBytes } from '../shared/folders.mjs'
import { Random } from '../sets/random.mjs'
import { Vectors } from '../sets/vectors.mjs'
import { PlainFile, PlainFolder } from './plain-files.mjs'

const dimensions = 128
const batchCount = 40
const rowsPerBatch = 1_000
const inFlight = 4
const singleCount = 300
const concurrentCount = 100
const bytesPerMb = 1e6
/** More than the log can hold of one workload. */
const logLimit = 10_000

/**
 * @typedef {object} Measured
 * @property {string} what
 * @property {string} plainWhat
 * @property {number} writes records written
 * @property {number} seconds from each call to its acknowledgement, summed
 * @property {number} plainSeconds
 * @property {number} commits how many versions the writes made
 * @property {number} settledS from the last acknowledgement until nothing was left to do
 * @property {number} fileMb what lies on disk then
 */

/** Large batches, one after another, each beside a plain write of its vectors. @returns {Promise<Measured>} */
export async function batches(library, folder) {
  const vectors = randomVectors(batchCount * rowsPerBatch)
  const file = new PlainFile(join(folder, 'plain'))
  const result = await withCollection(library, folder, async (collection) => {
    let seconds = 0
    let plainSeconds = 0
    for (let first = 0; first < vectors.rows; first += rowsPerBatch) {
      const records = recordsOf(vectors, first, rowsPerBatch)
      seconds += await timed(() => collection.upsert(records))
      await expectFound(collection, records[records.length - 1])
      plainSeconds += await timed(() => file.append(bytesOf(vectors, first, rowsPerBatch)))
    }
    return { writes: vectors.rows, seconds, plainSeconds }
  })
  file.close()
  return { ...result, what: `${batchCount} batches of ${rowsPerBatch}`, plainWhat: 'append to one file, fsync each batch' }
}

/** The same batches, four on their way at a time, as a loader would send them. @returns {Promise<Measured>} */
export async function batchesInFlight(library, folder) {
  const vectors = randomVectors(batchCount * rowsPerBatch)
  const file = new PlainFile(join(folder, 'plain'))
  const result = await withCollection(library, folder, async (collection) => {
    const batchesOfRecords = Array.from({ length: batchCount }, (_, batch) =>
      recordsOf(vectors, batch * rowsPerBatch, rowsPerBatch),
    )
    let next = 0
    const send = async () => {
      while (next < batchCount) await collection.upsert(batchesOfRecords[next++])
    }
    const seconds = await timed(() => Promise.all(Array.from({ length: inFlight }, send)))
    for (const records of batchesOfRecords) await expectFound(collection, records[records.length - 1])
    const plainSeconds = await timed(() => {
      for (let first = 0; first < vectors.rows; first += rowsPerBatch) file.append(bytesOf(vectors, first, rowsPerBatch))
    })
    return { writes: vectors.rows, seconds, plainSeconds }
  })
  file.close()
  const what = `${batchCount} batches of ${rowsPerBatch}, ${inFlight} at a time`
  return { ...result, what, plainWhat: 'append to one file, fsync each batch' }
}

/** One record a call, each awaited, each beside the least that makes a file durable. @returns {Promise<Measured>} */
export async function singles(library, folder) {
  const vectors = randomVectors(singleCount)
  const files = new PlainFolder(join(folder, 'plain'))
  const result = await withCollection(library, folder, async (collection) => {
    let seconds = 0
    let plainSeconds = 0
    for (let row = 0; row < vectors.rows; row++) {
      const records = recordsOf(vectors, row, 1)
      seconds += await timed(() => collection.upsert(records))
      await expectFound(collection, records[0])
      plainSeconds += await timed(() => files.create(String(row), bytesOf(vectors, row, 1)))
    }
    return { writes: vectors.rows, seconds, plainSeconds }
  })
  return { ...result, what: `${singleCount} single upserts`, plainWhat: 'a file each: write, fsync, link, fsync folder' }
}

/** Many callers at once: how few commits carry them all? @returns {Promise<Measured>} */
export async function concurrent(library, folder) {
  const vectors = randomVectors(concurrentCount)
  const files = new PlainFolder(join(folder, 'plain'))
  const result = await withCollection(library, folder, async (collection) => {
    const calls = Array.from({ length: vectors.rows }, (_, row) => recordsOf(vectors, row, 1))
    const seconds = await timed(() => Promise.all(calls.map((records) => collection.upsert(records))))
    for (const [record] of calls) await expectFound(collection, record)
    const plainSeconds = await timed(() => {
      for (let row = 0; row < vectors.rows; row++) files.create(String(row), bytesOf(vectors, row, 1))
    })
    return { writes: vectors.rows, seconds, plainSeconds }
  })
  return { ...result, what: `${concurrentCount} upserts at once`, plainWhat: 'a file each, one after another' }
}

async function withCollection(library, folder, work) {
  const data = join(folder, 'data')
  const db = await library.open(data)
  const collection = await db.collection('vectors', { indexes: [{ field: 'embedding', dimensions, metric: 'l2' }] })
  const before = await writesIn(db)
  const result = await work(collection)
  const commits = (await writesIn(db)) - before
  const settledS = await timed(() => db.settled())
  await db.close()
  return { ...result, commits, settledS, fileMb: sizeBytes(data) / bytesPerMb }
}

async function writesIn(db) {
  return (await db.log({ limit: logLimit })).filter((entry) => entry.kind === 'write').length
}

async function expectFound(collection, record) {
  const { hits } = await collection.search({ vector: record.embedding, limit: 1, fields: [] })
  if (hits[0]?.id !== record.id) throw new Error(`${record.id} was acknowledged but not found`)
}

function randomVectors(rows) {
  const random = new Random(rows)
  return new Vectors(
    Float32Array.from({ length: rows * dimensions }, () => random.normal()),
    dimensions,
  )
}

function recordsOf(vectors, first, rows) {
  return Array.from({ length: rows }, (_, i) => ({ id: String(first + i), embedding: vectors.row(first + i).slice() }))
}

function bytesOf(vectors, first, rows) {
  const values = vectors.values.subarray(first * dimensions, (first + rows) * dimensions)
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** @returns {Promise<number>} seconds */
async function timed(work) {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}
