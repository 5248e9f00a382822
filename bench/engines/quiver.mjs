import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootFolder, sizeBytes } from '../shared/folders.mjs'
import { k } from '../shared/sets.mjs'
import { efOnly, stopwatch } from './settings.mjs'

const rowsPerUpsert = 1_000
const field = 'embedding'
const libraryFolder = join(rootFolder, 'packages', 'quiverdb')
/** The shape of an index in the middle of its life: one large graph, two small ones, and a tail that is scanned. */
const smallGraphShare = 0.08
const tailRows = 4_000

let library

/** @type {import('./index.mjs').Engine} imported batch by batch, then left alone until `settled()` */
export const quiver = engine('quiver', 'settled', async (db, collection, base) => {
  await upsert(collection, base, 0, base.rows)
  return () => db.settled()
})

/** @type {import('./index.mjs').Engine} a large graph, two small ones that are not merged, and 4,000 rows that no graph holds */
export const quiverUnsettled = engine('quiver-unsettled', 'unsettled', async (db, collection, base) => {
  const small = Math.round(base.rows * smallGraphShare)
  const large = base.rows - 2 * small - tailRows
  let first = 0
  for (const rows of [large, small, small]) {
    await upsert(collection, base, first, (first += rows))
    await db.maintain({ only: ['flush', 'build'] })
  }
  await upsert(collection, base, first, base.rows)
  // Parts of one size are merged within a second of the last write, also where graphs are not.
  await db.maintain({ only: ['compact'] })
  return async () => {}
})

/** @returns {import('./index.mjs').Engine} */
function engine(name, variant, fill) {
  const maintenance = variant === 'settled' ? 'background' : 'manual'
  return {
    name,
    variant,
    package: 'quiverdb',
    version: () => JSON.parse(readFileSync(join(libraryFolder, 'package.json'), 'utf8')).version,
    stamp: libraryFingerprint,
    settings: efOnly,
    async load() {
      library = await import('quiverdb')
    },
    async build(info, base, folder) {
      const elapsed = stopwatch()
      const { db, collection } = await opened(info, folder, maintenance)
      const settle = await fill(db, collection, base)
      const buildS = elapsed()
      await settle()
      const settledS = elapsed()
      const [{ graphs, unindexed }] = await collection.indexes()
      await db.close()
      const uncollectedBytes = sizeBytes(folder)
      await collectSuperseded(folder)
      return { buildS, settledS, graphs: [...graphs], unindexed, uncollectedBytes }
    },
    async open(info, folder) {
      const { db, collection } = await opened(info, folder, maintenance)
      return served(db, collection)
    },
  }
}

async function opened(info, folder, maintenance) {
  const db = await library.open(join(folder, 'data'), { maintenance })
  const indexes = [{ field, dimensions: info.dimensions, metric: info.metric }]
  return { db, collection: await db.collection('vectors', { indexes }) }
}

/** What an hour later is collected by itself: versions and parts that later ones have replaced. */
async function collectSuperseded(folder) {
  const db = await library.open(join(folder, 'data'), { maintenance: 'manual', retention: { versionsMs: 0, uploadMs: 0 } })
  await db.maintain({ only: ['collect'] })
  await db.close()
}

async function upsert(collection, base, from, to) {
  for (let first = from; first < to; first += rowsPerUpsert) {
    const length = Math.min(rowsPerUpsert, to - first)
    await collection.upsert(Array.from({ length }, (_, i) => ({ id: String(first + i), [field]: base.row(first + i).slice() })))
  }
}

function served(db, collection) {
  let inputs = []
  let ef
  return {
    prepare: (queries) => (inputs = Array.from({ length: queries.rows }, (_, query) => queries.row(query).slice())),
    configure(setting) {
      ef = setting.ef
    },
    search: (query) => collection.search({ vector: inputs[query], limit: k, ef, fields: [] }),
    rows: (answer) => answer.hits.map((hit) => Number(hit.id)),
    close: () => db.close(),
  }
}

/** Of the code that would build the index: a database built by other code is not measured again. */
function libraryFingerprint() {
  const hash = createHash('sha256')
  for (const folder of ['kernel', 'quiverdb'].map((name) => join(rootFolder, 'packages', name, 'dist'))) {
    if (!existsSync(folder)) continue
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(js|wasm)$/.test(file))
    for (const file of files.sort()) hash.update(file).update(readFileSync(join(folder, file)))
  }
  return hash.digest('hex').slice(0, 16)
}
