// The scans of one set, asked through `shared/child.mjs`.
import { createRequire } from 'node:module'
import { FlatVectors, measures, MemoryPool, searchFlat } from 'quiverdb'
import { baseOf, queriesOf } from '../sets/sets.mjs'
import { answerRequests, childParameters } from '../shared/answer-requests.mjs'
import { stopwatch } from '../shared/meters.mjs'
import { plainMeasures, plainSearch } from '../shared/plain-loops.mjs'

/** @type {{ info: import('../sets/sets.mjs').SetInfo, k: number, queries: number }} */
const { info, k, queries: queryCount } = childParameters()
const require = createRequire(import.meta.url)
const memoryBytesMax = 4 * 1024 ** 3
const oneThread = 1
/** Vectors go into the kernel's memory in pieces. */
const rowsPerAppend = 1_000

const base = baseOf(info)
const queries = Array.from({ length: queryCount }, (_, query) => queriesOf(info).row(query).slice())
const measure = info.metric === 'l2' ? measures.euclidean : measures.cosine

/**
 * @typedef {object} Scan
 * @property {(query: Float32Array) => ArrayLike<number>} one the k nearest rows
 * @property {(queries: readonly Float32Array[]) => readonly ArrayLike<number>[]} [many] all in one call
 */

/** @type {Record<string, () => Promise<Scan>>} */
const scans = {
  float32: () => quiverScan('float32'),
  int8: () => quiverScan('int8'),
  bit: () => quiverScan('bit'),
  usearch: usearchScan,
  plain: plainScan,
}
/** @type {Scan} */
let scan

answerRequests({
  /** Bytes per second of a native search for a byte that is not there, in as many bytes as the float32 vectors have. */
  readRate({ rounds }) {
    const bytes = Buffer.alloc(base.values.byteLength, 1)
    const seconds = Array.from({ length: rounds }, () => {
      const elapsed = stopwatch()
      if (bytes.indexOf(0) !== -1) throw new Error('there is no such byte')
      return elapsed()
    })
    return bytes.length / Math.min(...seconds)
  },

  /** @param {{ name: string }} options */
  async open({ name }) {
    scan = await scans[name]()
    scan.one(queries[0])
    scan.many?.(queries)
  },

  /** The least of the rounds, in seconds a query; the answers of the last. @param {{ rounds: number, together: boolean, queries: number }} options */
  measure({ rounds, together, queries: count }) {
    const asked = queries.slice(0, count)
    if (together && scan.many === undefined) return undefined
    const search = together ? () => scan.many(asked) : () => asked.map((query) => scan.one(query))
    let found = []
    const seconds = Array.from({ length: rounds }, () => {
      const elapsed = stopwatch()
      found = search()
      return elapsed()
    })
    return { seconds: Math.min(...seconds) / count, found: found.map((rows) => Int32Array.from(rows)) }
  },
})

/** @returns {Promise<Scan>} */
async function quiverScan(codes) {
  const vectors = new FlatVectors(await MemoryPool.create({ memoryBytesMax }), info.dimensions)
  const { dimensions } = info
  for (let first = 0; first < base.rows; first += rowsPerAppend) {
    vectors.append(base.values.subarray(first * dimensions, Math.min(base.rows, first + rowsPerAppend) * dimensions))
  }
  const options = { measure, k, codes }
  return {
    one: (query) => searchFlat(vectors, query, options).rows,
    many: (queries) => searchFlat(vectors, queries, options).map(({ rows }) => rows),
  }
}

/** @returns {Promise<Scan>} */
async function usearchScan() {
  const { exactSearch, MetricKind } = require('usearch')
  const metric = info.metric === 'l2' ? MetricKind.L2sq : MetricKind.IP
  const search = (packed) => exactSearch(base.values, packed, info.dimensions, k, metric, oneThread)
  return {
    one: (query) => Array.from(search(query).keys, Number),
    many(queries) {
      const packed = new Float32Array(queries.length * info.dimensions)
      queries.forEach((query, i) => packed.set(query, i * info.dimensions))
      const { keys } = search(packed)
      return queries.map((_, i) => Array.from(keys.subarray(i * k, (i + 1) * k), Number))
    },
  }
}

/** @returns {Promise<Scan>} */
async function plainScan() {
  const { higherIsBetter, name } = measure
  const vectors = base.list()
  return { one: (query) => plainSearch(vectors, query, { distance: plainMeasures[name], higherIsBetter, k }).rows }
}
