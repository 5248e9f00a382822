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
export const quiver = settled('quiver', 'defaults', {})

/** @type {readonly import('./index.mjs').Engine[]} what an index costs in memory, and what it gives for it */
export const quiverModes = ['speed', 'balanced', 'memory'].map((mode) => settled(`quiver-${mode}`, `mode ${mode}`, { mode }))

/** @type {readonly import('./index.mjs').Engine[]} the other presets */
export const quiverPresets = ['highSpeed', 'highRecall'].map((preset) =>
  settled(`quiver-${preset}`, `preset ${preset}`, { preset }),
)

/** @type {import('./index.mjs').Engine} a large graph, two small ones that are not merged, and 4,000 rows that no graph holds */
export const quiverUnsettled = engine('quiver-unsettled', 'unsettled', {}, 'manual', async (db, collection, base) => {
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
})

/** Imported batch by batch, then left alone until `settled()`. @returns {import('./index.mjs').Engine} */
function settled(name, variant, index) {
  return engine(name, variant, index, 'background', async (db, collection, base) => {
    await upsertRows(collection, base)
    return () => db.settled()
  })
}

/** @returns {import('./index.mjs').Engine} */
function engine(name, variant, index, maintenance, fill) {
  return {
    name,
    variant,
    package: 'quiverdb',
    version: quiverVersion,
    stamp: libraryFingerprint,
    settings: efOnly,
    load: () => import('quiverdb'),
    async build(info, base, folder) {
      const elapsed = stopwatch()
      const { db, collection } = await openCollection(folder, info, { index, database: { maintenance } })
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
      const { db, collection } = await openCollection(folder, info, { index, database: { maintenance } })
      return servedCollection(db, collection)
    },
  }
}
