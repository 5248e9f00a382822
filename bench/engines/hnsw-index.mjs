import { stopwatch } from '../shared/meters.mjs'
import { libraryFingerprint, quiverVersion } from './quiver-collection.mjs'
import { efOnly } from './settings.mjs'

const memoryBytesMax = 4 * 1024 ** 3
const rowsPerAdd = 1_000

/** @type {import('./index.mjs').Engine} the graph alone, in memory: no records, no disk, no versions */
export const hnswIndex = {
  name: 'quiver-hnsw-index',
  variant: 'HnswIndex, in memory',
  package: 'quiverdb',
  version: quiverVersion,
  stamp: libraryFingerprint,
  settings: efOnly,
  load: () => import('quiverdb'),
  async build({ dimensions, metric }, base) {
    const index = await emptyIndex({ dimensions, metric })
    const elapsed = stopwatch()
    for (let first = 0; first < base.rows; first += rowsPerAdd) {
      index.add(base.values.subarray(first * dimensions, Math.min(base.rows, first + rowsPerAdd) * dimensions))
    }
    const buildS = elapsed()
    return { buildS, settledS: buildS, graphs: [base.rows], unindexed: 0, inMemory: served(index) }
  },
  open: () => Promise.reject(new Error('an HnswIndex is in memory alone')),
}

/** @param {import('quiverdb').HnswIndexOptions} options */
export async function emptyIndex(options) {
  const { HnswIndex, MemoryPool } = await import('quiverdb')
  return new HnswIndex(await MemoryPool.create({ memoryBytesMax }), options)
}

/** @returns {import('./index.mjs').Served} */
function served(index) {
  let inputs = []
  let setting
  return {
    prepare: (queries) => (inputs = Array.from({ length: queries.rows }, (_, query) => queries.row(query).slice())),
    configure(next) {
      setting = next
    },
    search: (query) => index.search(inputs[query], setting.k, { ef: setting.ef }),
    rows: (answer) => answer.ids,
    audit: async () => index.audit(),
    close: () => index.free(),
  }
}
