import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { BenchError } from './errors.mjs'
import { cacheFolder } from './folders.mjs'
import { textSet } from './text-set.mjs'
import { exactNeighbours } from './truth.mjs'

export const k = 10
const quickRows = 10_000
const quickQueries = 200

/**
 * @typedef {object} SetInfo what is known of a set without reading it; small enough to send to a child process
 * @property {string} name
 * @property {'l2' | 'cosine'} metric
 * @property {number} dimensions
 * @property {number} rows
 * @property {number} queries
 * @property {string} data the folder with one folder per set
 */

/** @type {Record<string, Omit<SetInfo, 'name' | 'data'>>} */
const sets = {
  mnist: { metric: 'l2', dimensions: 784, rows: 60_000, queries: 1_000 },
  text: { metric: 'cosine', dimensions: 768, rows: 100_000, queries: 1_000 },
}
export const setNames = Object.keys(sets)

/** @param {string} name @param {{ quick: boolean, data: string }} options @returns {SetInfo} */
export function setInfo(name, { quick, data }) {
  const info = { name, data, ...sets[name] }
  return quick ? { ...info, rows: Math.min(info.rows, quickRows), queries: Math.min(info.queries, quickQueries) } : info
}

/** Vectors of one length in one array, row after row. */
export class Vectors {
  /** @param {Float32Array} values @param {number} dimensions */
  constructor(values, dimensions) {
    this.values = values
    this.dimensions = dimensions
    this.rows = values.length / dimensions
  }

  /** @param {number} index @returns {Float32Array} a view, not a copy */
  row(index) {
    return this.values.subarray(index * this.dimensions, (index + 1) * this.dimensions)
  }
}

/** @param {SetInfo} info @returns {Vectors} */
export function baseOf(info) {
  if (info.name === 'mnist') return mnistPixels(info, 'base-60000x784.u8.gz', info.rows)
  return new Vectors(cachedFloats(info, 'base.f32'), info.dimensions)
}

/** @param {SetInfo} info @returns {Vectors} */
export function queriesOf(info) {
  if (info.name === 'mnist') return mnistPixels(info, 'query-1000x784.u8.gz', info.queries)
  return new Vectors(cachedFloats(info, 'queries.f32'), info.dimensions)
}

/** @param {SetInfo} info @returns {Int32Array} queries x k row numbers */
export function truthOf(info) {
  return new Int32Array(readAligned(truthFile(info)))
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
  if (info.name === 'text' && !existsSync(join(setFolder(info), 'queries.f32'))) {
    process.stderr.write(`Making ${info.rows} vectors of the set text ...\n`)
    const { base, queries } = textSet(info.rows, info.queries)
    writeWhole(join(setFolder(info), 'base.f32'), base)
    writeWhole(join(setFolder(info), 'queries.f32'), queries)
  }
  if (!existsSync(truthFile(info))) {
    process.stderr.write(
      `Finding the exact neighbours of ${info.queries} queries in ${info.name} (once; this takes a minute) ...\n`,
    )
    writeWhole(truthFile(info), exactNeighbours(baseOf(info), queriesOf(info), info.metric, k))
  }
}

function truthFile(info) {
  const published = join(info.data, 'mnist', 'groundtruth-1000x10.i32')
  const isWhole = info.rows === sets[info.name].rows
  return info.name === 'mnist' && isWhole && existsSync(published) ? published : join(setFolder(info), 'truth.i32')
}

function mnistPixels(info, file, rows) {
  const pixels = gunzipSync(readFileSync(join(info.data, 'mnist', file)))
  return new Vectors(Float32Array.from(pixels.subarray(0, rows * info.dimensions)), info.dimensions)
}

function cachedFloats(info, file) {
  return new Float32Array(readAligned(join(setFolder(info), file)))
}

function readAligned(file) {
  const bytes = readFileSync(file)
  if (bytes.byteOffset % 4 === 0) return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  return new Uint8Array(bytes).buffer
}

/** Under its name only when whole, so that an interrupted run leaves nothing half made. */
function writeWhole(file, array) {
  writeFileSync(`${file}.part`, new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
  renameSync(`${file}.part`, file)
}

function missing(info) {
  return [
    `The set mnist is not in ${join(info.data, 'mnist')}.`,
    'It needs base-60000x784.u8.gz and query-1000x784.u8.gz (pixels as bytes, row-major, gzip) and, if there,',
    'groundtruth-1000x10.i32 (exact neighbours, little-endian int32). Name the folder above it with --data DIR,',
    'or run --set text, which needs no data.',
  ].join('\n')
}
