import type { IndexStatus } from 'quiverdb'
import type { Context } from '../../context.js'
import type { Project } from '../project.js'
import { recordsName } from '../stored.js'
import { declaredIndexes } from './catalogue.js'
import { dropVectorIndex } from './declare.js'

/** A vector index without a declaration may belong to a request that is about to write it; after this time that request is gone. */
const orphanAfterMs = 3_600_000

/** The embedder of the server, for managed indexes that there are, and for one that another process makes. */
export async function giveEmbedder({ id, namespace, records }: Project, { open, settings }: Context): Promise<void> {
  await open.use(id, recordsName, async () => undefined)
  const isManaged = (await namespace.managedIndexes()).some(({ collection }) => collection === recordsName)
  if (!isManaged) await records.embedWith('*', settings.embedder)
}

/** What is due when a project is opened: vector indexes that a crash left are dropped, and declarations name the model that makes their vectors now. */
export async function tidyIndexes(project: Project, now = Date.now()): Promise<void> {
  const made = await project.records.indexes()
  if (made.length === 0) return
  await recordModels(project, made)
  await dropOrphans(project, made, now)
}

async function recordModels(project: Project, made: readonly IndexStatus[]): Promise<void> {
  await project.run(async (unit) => {
    for (const { id, modelKey, dimensions } of await declaredIndexes(unit, { sourceType: 'managed' })) {
      const index = made.find(({ name }) => name === id)
      if (!index?.managed || (index.managed.embedder === modelKey && index.dimensions === dimensions)) continue
      const model = { modelKey: index.managed.embedder, dimensions: index.dimensions }
      await unit.indexes.update(id, { ...model, updatedAt: new Date().toISOString() })
    }
  })
}

async function dropOrphans(project: Project, made: readonly IndexStatus[], now: number): Promise<void> {
  const declared = await project.run(async (unit) => new Set((await declaredIndexes(unit)).map(({ id }) => id)))
  for (const { name } of made) if (!declared.has(name) && timeOf(name) < now - orphanAfterMs) await dropVectorIndex(project, name)
}

/** When an id (UUIDv7) was made, in milliseconds since 1970. */
function timeOf(id: string): number {
  return Number.parseInt(id.replace('-', '').slice(0, 12), 16)
}
