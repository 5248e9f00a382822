import { attributesAt, attributesOf } from '../sets/attributes.mjs'
import { sizeBytes } from '../shared/folders.mjs'
import { stopwatch } from '../shared/meters.mjs'
import {
  collectSuperseded,
  libraryFingerprint,
  openCollection,
  quiverVersion,
  servedCollection,
  upsertRows,
} from './quiver-collection.mjs'
import { efOnly } from './settings.mjs'

/** The shape of an index in the middle of its life: one large graph, two small ones, and a tail that is scanned. */
const smallGraphShare = 0.08
const tailRows = 4_000

/** @type {import('./index.mjs').Engine} with the defaults */
export const quiver = settled('quiver', 'defaults', { index: {} })

/** @type {readonly import('./index.mjs').Engine[]} what an index costs in memory, and what it gives for it */
export const quiverModes = ['speed', 'balanced', 'memory'].map((mode) =>
  settled(`quiver-${mode}`, `mode ${mode}`, { index: { mode } }),
)

/** @type {readonly import('./index.mjs').Engine[]} the other presets */
export const quiverPresets = ['highSpeed', 'highRecall'].map((preset) =>
  settled(`quiver-${preset}`, `preset ${preset}`, { index: { preset } }),
)

/** @type {import('./index.mjs').Engine} the attributes declared as fields of the collection, so that they are indexed */
export const quiverAttributes = settled('quiver-attributes', 'defaults', { index: {}, hasAttributes: true })

/** @type {import('./index.mjs').Engine} a large graph, two small ones that are not merged, and 4,000 rows that no graph holds */
export const quiverUnsettled = engine(
  'quiver-unsettled',
  'unsettled',
  { index: {}, maintenance: 'manual' },
  async (db, collection, base) => {
    const small = Math.round(base.rows * smallGraphShare)
    const large = base.rows - 2 * small - tailRows
    let first = 0
    for (const rows of [large, small, small]) {
      await upsertRows(collection, base, first, (first += rows))
      await db.maintain({ only: ['flush', 'build'] })
    }
    await upsertRows(collection, base, first)
    // Parts of one size are merged within a second of the last write, also where graphs are not.
    await db.maintain({ only: ['compact'] })
    return async () => {}
  },
)

/** Imported batch by batch, then left alone until `settled()`. @returns {import('./index.mjs').Engine} */
function settled(name, variant, { index, hasAttributes = false }) {
  const options = { index, hasAttributes, maintenance: 'background' }
  return engine(name, variant, options, async (db, collection, base, attributes) => {
    const fieldsOf = attributes && ((row) => attributesAt(attributes, row))
    await upsertRows(collection, base, 0, base.rows, { fieldsOf })
    return () => db.settled()
  })
}

/** @returns {import('./index.mjs').Engine} */
function engine(name, variant, { index, hasAttributes, maintenance }, fill) {
  const options = { index, hasAttributes, database: { maintenance } }
  return {
    name,
    variant,
    package: 'quiverdb',
    version: quiverVersion,
    stamp: libraryFingerprint,
    settings: efOnly,
    load: () => import('quiverdb'),
    async build(info, base, folder) {
      const attributes = hasAttributes ? attributesOf(info) : undefined
      const elapsed = stopwatch()
      const { db, collection } = await openCollection(folder, info, options)
      const settle = await fill(db, collection, base, attributes)
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
      const { db, collection } = await openCollection(folder, info, options)
      return servedCollection(db, collection)
    },
  }
}
