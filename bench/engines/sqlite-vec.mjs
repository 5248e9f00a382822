import { createRequire } from 'node:module'
import { join } from 'node:path'
import { attributeFields, attributesOf } from '../sets/attributes.mjs'
import { stopwatch } from '../shared/meters.mjs'
import { installedVersion, notInstalled } from './settings.mjs'

const require = createRequire(import.meta.url)
const rowsPerTransaction = 5_000
const databaseFile = (folder) => join(folder, 'vectors.sqlite')
let Database
let extension

/** @type {import('./index.mjs').Engine} scans float32; the attributes are metadata columns, which it looks at first */
export const sqliteVec = {
  name: 'sqlite-vec',
  variant: 'f32 scan',
  package: 'sqlite-vec and better-sqlite3',
  version: () => (installedVersion('better-sqlite3') === notInstalled ? notInstalled : installedVersion('sqlite-vec')),
  settings: (_efs, k) => [{ k }],
  async load() {
    Database = require('better-sqlite3')
    extension = require('sqlite-vec')
  },
  async build(info, base, folder) {
    const attributes = attributesOf(info)
    const database = opened(folder)
    const elapsed = stopwatch()
    // The sets for cosine are of unit length, where L2 orders alike and costs less.
    const columns = [`embedding float[${info.dimensions}]`, ...attributeFields.map((field) => `${field} integer`)]
    database.exec(`create virtual table vectors using vec0(${columns.join(', ')})`)
    const places = Array.from({ length: columns.length + 1 }, () => '?')
    const insert = database.prepare(
      `insert into vectors(rowid, embedding, ${attributeFields.join(', ')}) values (${places.join(', ')})`,
    )
    const insertRows = database.transaction((first, to) => {
      for (let row = first; row < to; row++) {
        insert.run(BigInt(row), base.row(row), ...attributeFields.map((field) => BigInt(attributes[field][row])))
      }
    })
    for (let first = 0; first < base.rows; first += rowsPerTransaction) {
      insertRows(first, Math.min(base.rows, first + rowsPerTransaction))
    }
    const buildS = elapsed()
    database.close()
    return { buildS, settledS: elapsed(), unindexed: base.rows }
  },
  open: async (_info, folder) => served(opened(folder)),
}

function opened(folder) {
  const database = new Database(databaseFile(folder))
  extension.load(database)
  return database
}

function served(database) {
  const nearest = 'select rowid from vectors where embedding match ? and k = ?'
  let asks = []
  let k
  return {
    prepare(queries, conditions) {
      const statements = new Map()
      const statement = (sql) => statements.get(sql) ?? statements.set(sql, database.prepare(sql).pluck()).get(sql)
      asks = Array.from({ length: queries.rows }, (_, query) => {
        const vector = queries.row(query).slice()
        const condition = conditions?.[query]
        if (condition === undefined) return () => statement(nearest).all(vector, k)
        const { field, from, to } = condition
        const filtered = statement(`${nearest} and ${field} >= ? and ${field} < ?`)
        return () => filtered.all(vector, k, from, to)
      })
    },
    configure(setting) {
      k = setting.k
    },
    search: (query) => asks[query](),
    rows: (answer) => answer,
    close: () => database.close(),
  }
}
