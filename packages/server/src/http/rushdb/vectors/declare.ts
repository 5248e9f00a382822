import { QuiverError } from 'quiverdb'
import { v7 as newId } from 'uuid'
import { conflicting, notFound, unprocessable } from '../problem.js'
import type { Project, Unit } from '../project.js'
import { pathOf, propertyTypes, propOf, type StoredIndex } from '../stored.js'
import { declaredIndexes, type IndexSignature } from './catalogue.js'

/** A vector index without a declaration may belong to a request that is about to write it; after this time that request is gone. */
const orphanAfterMs = 3_600_000

/**
 * Declares an AI index. Its vector index is made first and the declaration names it, so that whoever sees the declaration, in whatever version, has the
 * vector index too; a crash between leaves one that {@link dropOrphans} finds.
 * @throws RushProblem 409: there is the same. 422: the property has other values than texts, or there are too many indexes
 */
export async function declareIndex(project: Project, signature: IndexSignature, modelKey = ''): Promise<StoredIndex> {
  await project.run((unit) => checkNew(unit, signature))
  const now = new Date().toISOString()
  const index: StoredIndex = { id: newId(), ...signature, modelKey, createdAt: now, updatedAt: now }
  await makeVectorIndex(project, index)
  try {
    await project.run(async (unit) => {
      await checkNew(unit, signature)
      await unit.indexes.upsert([index])
    })
  } catch (error) {
    await dropVectorIndex(project, index.id)
    throw error
  }
  return index
}

/** The declaration goes first. @throws RushProblem 404 */
export async function removeIndex(project: Project, id: string): Promise<void> {
  const removed = await project.run((unit) => unit.indexes.delete({ where: { id } }))
  if (removed === 0) throw notFound(`There is no AI index "${id}".`)
  await dropVectorIndex(project, id)
}

/** Drops vector indexes that a crash left without their declaration. */
export async function dropOrphans(project: Project, now = Date.now()): Promise<void> {
  const made = await project.records.indexes()
  if (made.length === 0) return
  const declared = await project.run(async (unit) => new Set((await declaredIndexes(unit)).map(({ id }) => id)))
  for (const { name } of made) {
    if (!declared.has(name) && timeOf(name) < now - orphanAfterMs) await dropVectorIndex(project, name)
  }
}

async function checkNew(unit: Unit, signature: IndexSignature): Promise<void> {
  const { propertyName } = signature
  const others = propertyTypes.filter((type) => type !== 'string').map((type) => propOf(type, propertyName))
  if ((await unit.records.count({ where: { props: { $in: others } } })) > 0)
    throw unprocessable(`Property "${propertyName}" has values that are no texts; an AI index is of a property of type "string".`)
  if ((await declaredIndexes(unit, { ...signature })).length === 0) return
  const { label, sourceType, similarityFunction, dimensions } = signature
  throw conflicting(
    `An embedding index of label "${label}" and property "${propertyName}" (${sourceType}, ${similarityFunction}, ${dimensions} dimensions) already exists.`,
  )
}

async function makeVectorIndex({ records }: Project, index: StoredIndex): Promise<void> {
  const { id, label, propertyName, similarityFunction, dimensions } = index
  try {
    await records.createIndex({
      name: id,
      field: pathOf(propertyName),
      source: 'external',
      dimensions,
      metric: similarityFunction === 'cosine' ? 'cosine' : 'l2',
      where: { label },
    })
  } catch (error) {
    if (error instanceof QuiverError && error.code === 'LIMIT_EXCEEDED')
      throw unprocessable(`The project has as many AI indexes as it can have. Delete some. (${error.message})`)
    throw error
  }
}

async function dropVectorIndex({ records }: Project, name: string): Promise<void> {
  try {
    await records.dropIndex(name)
  } catch (error) {
    if (!(error instanceof QuiverError) || error.code !== 'NOT_FOUND') throw error
  }
}

/** When an id (UUIDv7) was made, in milliseconds since 1970. */
function timeOf(id: string): number {
  return Number.parseInt(id.replace('-', '').slice(0, 12), 16)
}
