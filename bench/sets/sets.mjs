import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { BenchError } from '../shared/errors.mjs'
import { cacheFolder } from '../shared/folders.mjs'
import { progress } from '../shared/output.mjs'
import { baseStream, LatentSource, queryStream } from './latent-set.mjs'
import { RecallJudge } from './recall.mjs'
import { recipes } from './recipes.mjs'
import { exactNeighbours } from './truth.mjs'
import { Vectors } from './vectors.mjs'

/** True neighbours that are kept for each query: the most that a bench asks for. */
export const neighboursMax = 100
const quickRows = 5_000
const quickQueries = 100

/**
 * @typedef {object} SetInfo what is known of a set without reading it; small enough to send to a child process
 * @property {string} name
 * @property {'l2' | 'cosine'} metric
 * @property {number} dimensions
 * @property {number} rows
 * @property {number} queries
 * @property {string} data the folder with one folder per downloaded set
 */

/** @type {Record<string, Omit<SetInfo, 'name' | 'data'>>} */
const sets = { mnist: { metric: 'l2', dimensions: 784, rows: 60_000, queries: 1_000 } }
for (const [name, { dimensions, rows, queries }] of Object.entries(recipes)) {
  sets[name] = { metric: 'cosine', dimensions, rows, queries }
}
export const setNames = Object.keys(sets)

/**
 * @param {string} name @param {{ quick: boolean, data: string }} options @param {Partial<SetInfo>} [changes] fewer rows or queries than
 *   there are: the first of them
 * @returns {SetInfo}
 */
export function setInfo(name, { quick, data }, changes = {}) {
  const info = { name, data, ...sets[name], ...changes }
  return quick ? { ...info, rows: Math.min(info.rows, quickRows), queries: Math.min(info.queries, quickQueries) } : info
}

/** @param {SetInfo} info @returns {Vectors} */
export function baseOf(info) {
  if (info.name === 'mnist') return mnistPixels(info, 'base-60000x784.u8.gz', info.rows)
  return new Vectors(new Float32Array(keptBytes(info, 'base.f32')), info.dimensions)
}

/** @param {SetInfo} info @returns {Vectors} */
export function queriesOf(info) {
  if (info.name === 'mnist') return mnistPixels(info, 'query-1000x784.u8.gz', info.queries)
  return new Vectors(new Float32Array(keptBytes(info, 'queries.f32')), info.dimensions)
}

/** @param {SetInfo} info @returns {RecallJudge} holds the whole set */
export function judgeOf(info) {
  const truth = {
    k: neighboursMax,
    rows: new Int32Array(keptBytes(info, 'neighbours.i32')),
    distances: new Float64Array(keptBytes(info, 'distances.f64')),
  }
  return new RecallJudge({ base: baseOf(info), queries: queriesOf(info), metric: info.metric, truth })
}

/** Where everything made from this set is kept. @param {SetInfo} info */
export function setFolder(info) {
  return join(cacheFolder, `${info.name}-${info.rows}x${info.dimensions}`)
}

/** @param {SetInfo} info @returns {boolean} false when the set has to be downloaded and is not there */
export function isThere(info) {
  return info.name !== 'mnist' || existsSync(join(info.data, 'mnist', 'base-60000x784.u8.gz'))
}

/**
 * Makes what the other functions read: the synthetic vectors and the exact neighbours, each once.
 *
 * @param {SetInfo} info @throws {BenchError} when the set is not there
 */
export function prepareSet(info) {
  if (!isThere(info)) throw new BenchError(missing(info))
  mkdirSync(setFolder(info), { recursive: true })
  if (info.name !== 'mnist' && !isKept(info, 'queries.f32')) {
    progress(`Making ${info.rows} vectors of the set ${info.name}`)
    keep(info, 'base.f32', synthesised(info).values)
    keep(info, 'queries.f32', new LatentSource(recipes[info.name], queryStream).next(info.queries).values)
  }
  if (!isKept(info, 'distances.f64')) {
    progress(`Finding the exact neighbours of ${info.queries} queries in ${info.name} (once; up to a minute)`)
    const truth = exactNeighbours(baseOf(info), queriesOf(info), info.metric, neighboursMax)
    keep(info, 'neighbours.i32', truth.rows)
    keep(info, 'distances.f64', truth.distances)
  }
}

/** @param {SetInfo} info of a synthetic set @returns {Vectors} */
export function synthesised(info) {
  const recipe = recipes[info.name]
  const vectors = new LatentSource(recipe, baseStream).next(info.rows)
  // The first row is the one that is copied.
  const copyEvery = recipe.copies === undefined ? Number.POSITIVE_INFINITY : recipe.rows / recipe.copies
  for (let row = copyEvery; row < info.rows; row += copyEvery) vectors.row(row).set(vectors.row(0))
  return vectors
}

function mnistPixels(info, file, rows) {
  const pixels = gunzipSync(readFileSync(join(info.data, 'mnist', file)))
  return new Vectors(Float32Array.from(pixels.subarray(0, rows * info.dimensions)), info.dimensions)
}

/** @param {SetInfo} info @param {string} name @returns {boolean} */
export function isKept(info, name) {
  return existsSync(join(setFolder(info), name))
}

/** What is kept beside the set under this name. @param {SetInfo} info @param {string} name @returns {ArrayBufferLike} */
export function keptBytes(info, name) {
  const bytes = readFileSync(join(setFolder(info), name))
  return bytes.byteOffset === 0 ? bytes.buffer : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}

/**
 * Under its name only when whole, so that an interrupted run leaves nothing half made.
 *
 * @param {SetInfo} info @param {string} name @param {ArrayBufferView} array
 */
export function keep(info, name, array) {
  const file = join(setFolder(info), name)
  writeFileSync(`${file}.part`, new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
  renameSync(`${file}.part`, file)
}

function missing(info) {
  return [
    `The set mnist is not in ${join(info.data, 'mnist')}.`,
    'It needs base-60000x784.u8.gz and query-1000x784.u8.gz (pixels as bytes, row-major, gzip).',
    'Name the folder above it with --data DIR, or choose other sets with --sets: they need no data.',
  ].join('\n')
}
