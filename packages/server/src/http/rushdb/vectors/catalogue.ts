import type { Filter } from 'quiverdb'
import type { Unit } from '../project.js'
import type { StoredIndex } from '../stored.js'

/** More than a project can have: each is a vector index, of which a collection has 64. */
const pageLimit = 1_000

/** The declared AI indexes that match, oldest first. What is asked for is what a commit of someone else can be in the way of. */
export async function declaredIndexes(unit: Unit, where?: Filter): Promise<readonly StoredIndex[]> {
  const { records } = await unit.indexes.list({ ...(where && { where }), limit: pageLimit })
  return records
}

/** The AI index with this id, which may be any text. */
export async function declaredIndex(unit: Unit, id: string): Promise<StoredIndex | undefined> {
  return (await declaredIndexes(unit, { id }))[0]
}

/** What there is one index of. */
export type IndexSignature = Pick<StoredIndex, 'label' | 'propertyName' | 'sourceType' | 'similarityFunction' | 'dimensions'>
