import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { attributeFields } from '../sets/attributes.mjs'
import { rootFolder } from '../shared/folders.mjs'

const rowsPerUpsert = 1_000
const field = 'embedding'
const libraryFolder = join(rootFolder, 'packages', 'quiverdb')

/** @returns {string} */
export const quiverVersion = () => JSON.parse(readFileSync(join(libraryFolder, 'package.json'), 'utf8')).version

/**
 * @param {string} folder @param {Pick<import('../sets/sets.mjs').SetInfo, 'dimensions' | 'metric'>} info
 * @param {{ index?: object, database?: object, hasAttributes?: boolean }} [options] further options of the index, and of `open`
 */
export async function openCollection(folder, { dimensions, metric }, { index = {}, database = {}, hasAttributes = false } = {}) {
  const { open } = await import('quiverdb')
  const db = await open(join(folder, 'data'), database)
  const indexes = [{ field, dimensions, metric, ...index }]
  return { db, collection: await db.collection('vectors', { indexes, ...(hasAttributes && { fields: attributeFields }) }) }
}

/**
 * Upserts rows of the base in batches; a record's id is the number of its row, unless said otherwise.
 *
 * @param {import('../sets/vectors.mjs').Vectors} base
 * @param {{ idOf?: (row: number) => number, fieldsOf?: (row: number) => object }} [options]
 */
export async function upsertRows(
  collection,
  base,
  from = 0,
  to = base.rows,
  { idOf = (row) => row, fieldsOf = () => ({}) } = {},
) {
  for (let first = from; first < to; first += rowsPerUpsert) {
    const length = Math.min(rowsPerUpsert, to - first)
    const record = (row) => ({ id: String(idOf(row)), [field]: base.row(row).slice(), ...fieldsOf(row) })
    await collection.upsert(Array.from({ length }, (_, i) => record(first + i)))
  }
}

/** What an hour later is collected by itself: versions and parts that later ones have replaced. @param {string} folder */
export async function collectSuperseded(folder) {
  const { open } = await import('quiverdb')
  const db = await open(join(folder, 'data'), { maintenance: 'manual', retention: { versionsMs: 0, uploadMs: 0 } })
  await db.maintain({ only: ['collect'] })
  await db.close()
}

/** @returns {import('./index.mjs').Served} */
export function servedCollection(db, collection) {
  let inputs = []
  let setting
  return {
    prepare(queries, conditions) {
      const where = ({ field, from, to }) => ({ where: { [field]: { $gte: from, $lt: to } } })
      inputs = Array.from({ length: queries.rows }, (_, query) => ({
        vector: queries.row(query).slice(),
        fields: [],
        ...(conditions && where(conditions[query])),
      }))
    },
    configure(next) {
      setting = next
    },
    // Without an ef the preset's own is taken.
    search: (query) => collection.search({ ...inputs[query], limit: setting.k, ef: setting.ef }),
    rows: (answer) => answer.hits.map((hit) => Number(hit.id)),
    indexBytes: async () => (await db.stats()).memoryBytes,
    audit: async () => (await db.check()).problems.length,
    close: () => db.close(),
  }
}

/** @returns {string} of the code that would build the index: a database built by other code is not measured again */
export function libraryFingerprint() {
  const hash = createHash('sha256')
  for (const folder of ['kernel', 'quiverdb'].map((name) => join(rootFolder, 'packages', name, 'dist'))) {
    if (!existsSync(folder)) continue
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(js|wasm)$/.test(file))
    for (const file of files.sort()) hash.update(file).update(readFileSync(join(folder, file)))
  }
  return hash.digest('hex').slice(0, 16)
}
