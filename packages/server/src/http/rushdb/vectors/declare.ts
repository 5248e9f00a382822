import { type IndexStatus, QuiverError } from 'quiverdb'
import type { Embedder } from 'quiverdb/embed'
import { v7 as newId } from 'uuid'
import { conflicting, notFound, unprocessable } from '../problem.js'
import type { Project, Unit } from '../project.js'
import { pathOf, propertyTypes, propOf, type StoredIndex } from '../stored.js'
import { declaredIndexes, type IndexSignature } from './catalogue.js'

/** An index that is asked for. The dimensions of a managed one are its embedder's. */
export type WantedIndex = Omit<IndexSignature, 'dimensions'> & { readonly dimensions?: number }

/**
 * Declares an AI index. Its vector index is made first and the declaration names it, so that whoever sees the declaration, in whatever version, has the
 * vector index too; a crash between leaves one that is found when the project is opened.
 * @param embedder of a managed index
 * @throws RushProblem 409: there is the same. 422: the property has other values than texts, there are too many indexes, or the embedder does not fit
 */
export async function declareIndex(project: Project, wanted: WantedIndex, embedder?: Embedder): Promise<StoredIndex> {
  await project.run((unit) => checkNew(unit, { ...wanted, dimensions: wanted.dimensions ?? embedder?.dimensions }))
  if (embedder?.dimensions !== undefined) checkDimensions(wanted, embedder.dimensions)
  const id = newId()
  const { dimensions } = await makeVectorIndex(project, id, wanted, embedder)
  const now = new Date().toISOString()
  const index = { id, ...wanted, dimensions, modelKey: embedder?.id ?? '', createdAt: now, updatedAt: now }
  try {
    checkDimensions(wanted, dimensions)
    await project.run(async (unit) => {
      await checkNew(unit, index)
      await unit.indexes.upsert([index])
    })
  } catch (error) {
    await dropVectorIndex(project, id)
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

async function checkNew(unit: Unit, signature: WantedIndex): Promise<void> {
  const { label, propertyName, sourceType, similarityFunction, dimensions } = signature
  const others = propertyTypes.filter((type) => type !== 'string').map((type) => propOf(type, propertyName))
  if ((await unit.records.count({ where: { props: { $in: others } } })) > 0)
    throw unprocessable(`Property "${propertyName}" has values that are no texts; an AI index is of a property of type "string".`)
  if (dimensions === undefined) return
  const same = await declaredIndexes(unit, { label, propertyName, sourceType, similarityFunction, dimensions })
  if (same.length === 0) return
  throw conflicting(
    `An embedding index of label "${label}" and property "${propertyName}" (${sourceType}, ${similarityFunction}, ${dimensions} dimensions) already exists.`,
  )
}

function checkDimensions({ dimensions: wanted }: WantedIndex, dimensions: number): void {
  if (wanted !== undefined && wanted !== dimensions)
    throw unprocessable(`The embedder of the server makes vectors of ${dimensions} dimensions, not ${wanted}.`)
}

/** @throws RushProblem 422: the project has too many, or the embedder could not be asked */
async function makeVectorIndex(
  { records }: Project,
  name: string,
  { label, propertyName, similarityFunction, dimensions }: WantedIndex,
  embedder: Embedder | undefined,
): Promise<IndexStatus> {
  const metric = similarityFunction === 'cosine' ? 'cosine' : 'l2'
  const source = embedder ? ({ source: 'managed', embedder } as const) : ({ source: 'external', dimensions } as const)
  try {
    return await records.createIndex({ name, field: pathOf(propertyName), metric, where: { label }, ...source })
  } catch (error) {
    if (!(error instanceof QuiverError)) throw error
    if (error.code === 'LIMIT_EXCEEDED')
      throw unprocessable(`The project has as many AI indexes as it can have. Delete some. (${error.message})`)
    if (error.code === 'EMBEDDER_FAILED' || error.code === 'INVALID_EMBEDDING') throw unprocessable(error.message)
    throw error
  }
}

export async function dropVectorIndex({ records }: Project, name: string): Promise<void> {
  try {
    await records.dropIndex(name)
  } catch (error) {
    if (!(error instanceof QuiverError) || error.code !== 'NOT_FOUND') throw error
  }
}
