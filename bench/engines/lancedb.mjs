import { createRequire } from 'node:module'
import { attributeFields, attributesOf } from '../sets/attributes.mjs'
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
export const lancedb = engine('lancedb', 'hnsw_sq', {
  settings: (efs, k) =>
    efs
      .filter((ef) => efsSwept.has(ef))
      .flatMap((ef) => [0, 2].map((refine) => ({ k, ef, refine })))
      .filter(({ ef, refine }) => ef > k * Math.max(1, refine)), // it refuses a smaller one
})

/** @type {import('./index.mjs').Engine} each attribute with a B-tree; also without its graph */
export const lancedbAttributes = engine('lancedb-attributes', 'hnsw_sq, btree', {
  settings: (efs, k) => [{ k, linear: true }, ...lancedb.settings(efs, k)],
  hasAttributes: true,
})

/** @returns {import('./index.mjs').Engine} */
function engine(name, variant, { settings, hasAttributes = false }) {
  return {
    name,
    variant,
    settings,
    package: '@lancedb/lancedb',
    version: () => installedVersion('@lancedb/lancedb'),
    async load() {
      library = require('@lancedb/lancedb')
      arrow = require('apache-arrow')
    },
    async build(info, base, folder) {
      const attributes = hasAttributes ? attributesOf(info) : {}
      const elapsed = stopwatch()
      const connection = await library.connect(folder)
      const table = await connection.createTable(tableName, arrowTable(base, attributes, 0))
      for (let first = rowsPerInsert; first < base.rows; first += rowsPerInsert) {
        await table.add(arrowTable(base, attributes, first))
      }
      const buildS = elapsed()
      // One fragment: a query would look into each.
      if (hasAttributes) await table.optimize()
      const config = library.Index.hnswSq({ distanceType: distanceOf(info), numPartitions: 1, m, efConstruction })
      await table.createIndex('embedding', { config })
      if (hasAttributes) for (const field of attributeFields) await table.createIndex(field, { config: library.Index.btree() })
      table.close()
      return { buildS, settledS: elapsed(), unindexed: 0 }
    },
    async open(info, folder, setting) {
      const connection = await library.connect(folder)
      return served(await connection.openTable(tableName), distanceOf(info), setting)
    },
  }
}

const distanceOf = (info) => (info.metric === 'l2' ? 'l2' : 'cosine')

function arrowTable(base, attributes, first) {
  const rows = Math.min(rowsPerInsert, base.rows - first)
  const values = base.values.slice(first * base.dimensions, (first + rows) * base.dimensions)
  const type = new arrow.FixedSizeList(base.dimensions, new arrow.Field('item', new arrow.Float32(), true))
  const items = arrow.makeData({ type: new arrow.Float32(), length: values.length, nullCount: 0, data: values })
  const vectors = arrow.makeData({ type, length: rows, nullCount: 0, child: items })
  const ids = Int32Array.from({ length: rows }, (_, i) => first + i)
  const columns = { row: arrow.makeVector(ids), embedding: arrow.makeVector(vectors) }
  for (const [field, values] of Object.entries(attributes)) {
    columns[field] = arrow.makeVector(Int32Array.from(values.subarray(first, first + rows)))
  }
  return new arrow.Table(columns)
}

function served(table, distanceType, setting) {
  let inputs = []
  let filters
  return {
    prepare(queries, conditions) {
      inputs = Array.from({ length: queries.rows }, (_, query) => queries.row(query).slice())
      filters = conditions?.map(({ field, from, to }) => `${field} >= ${from} AND ${field} < ${to}`)
    },
    configure(next) {
      setting = next
    },
    search(query) {
      let search = table.vectorSearch(inputs[query]).distanceType(distanceType).limit(setting.k).select(['row', '_distance'])
      search = setting.linear ? search.bypassVectorIndex() : search.ef(setting.ef)
      if (setting.refine > 0) search = search.refineFactor(setting.refine)
      if (filters) search = search.where(filters[query])
      return search.toArrow()
    },
    rows: (answer) => answer.getChild('row').toArray(),
    close: () => table.close(),
  }
}
