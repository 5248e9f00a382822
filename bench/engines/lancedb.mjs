import { createRequire } from 'node:module'
import { stopwatch } from '../shared/meters.mjs'
import { efConstruction, installedVersion, m } from './settings.mjs'

const require = createRequire(import.meta.url)
const rowsPerInsert = 5_000
const tableName = 'vectors'
// A query costs about a millisecond before any search is done, so that fewer settings tell as much.
const efsSwept = new Set([12, 16, 24, 32, 64, 128, 256, 512, 1_024])
let library
let arrow

/** @type {import('./index.mjs').Engine} one partition: one graph over eight-bit codes; with and without its exact re-ranking */
export const lancedb = {
  name: 'lancedb',
  variant: 'hnsw_sq',
  package: '@lancedb/lancedb',
  version: () => installedVersion('@lancedb/lancedb'),
  settings: (efs, k) =>
    efs
      .filter((ef) => efsSwept.has(ef))
      .flatMap((ef) => [0, 2].map((refine) => ({ k, ef, refine })))
      .filter(({ ef, refine }) => ef > k * Math.max(1, refine)), // it refuses a smaller one
  async load() {
    library = require('@lancedb/lancedb')
    arrow = require('apache-arrow')
  },
  async build(info, base, folder) {
    const elapsed = stopwatch()
    const connection = await library.connect(folder)
    const table = await connection.createTable(tableName, arrowTable(base, 0))
    for (let first = rowsPerInsert; first < base.rows; first += rowsPerInsert) await table.add(arrowTable(base, first))
    const buildS = elapsed()
    const distanceType = info.metric === 'l2' ? 'l2' : 'cosine'
    const config = library.Index.hnswSq({ distanceType, numPartitions: 1, m, efConstruction })
    await table.createIndex('embedding', { config })
    table.close()
    return { buildS, settledS: elapsed(), unindexed: 0 }
  },
  async open(info, folder, setting) {
    const connection = await library.connect(folder)
    return served(await connection.openTable(tableName), info.metric === 'l2' ? 'l2' : 'cosine', setting)
  },
}

function arrowTable(base, first) {
  const rows = Math.min(rowsPerInsert, base.rows - first)
  const values = base.values.slice(first * base.dimensions, (first + rows) * base.dimensions)
  const type = new arrow.FixedSizeList(base.dimensions, new arrow.Field('item', new arrow.Float32(), true))
  const items = arrow.makeData({ type: new arrow.Float32(), length: values.length, nullCount: 0, data: values })
  const vectors = arrow.makeData({ type, length: rows, nullCount: 0, child: items })
  const ids = Int32Array.from({ length: rows }, (_, i) => first + i)
  return new arrow.Table({ row: arrow.makeVector(ids), embedding: arrow.makeVector(vectors) })
}

function served(table, distanceType, setting) {
  let inputs = []
  return {
    prepare: (queries) => (inputs = Array.from({ length: queries.rows }, (_, query) => queries.row(query).slice())),
    configure(next) {
      setting = next
    },
    search(query) {
      let search = table
        .vectorSearch(inputs[query])
        .distanceType(distanceType)
        .ef(setting.ef)
        .limit(setting.k)
        .select(['row', '_distance'])
      if (setting.refine > 0) search = search.refineFactor(setting.refine)
      return search.toArrow()
    },
    rows: (answer) => answer.getChild('row').toArray(),
    close: () => table.close(),
  }
}
