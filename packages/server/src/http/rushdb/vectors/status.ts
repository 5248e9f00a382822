import type { Filter, IndexStatus } from 'quiverdb'
import type { Unit } from '../project.js'
import { propertyTypes, propOf, type StoredIndex } from '../stored.js'
import { declaredIndex, declaredIndexes } from './catalogue.js'

/** An AI index as clients get it. */
export interface EmbeddingIndex extends StoredIndex {
  readonly projectId: string
  /** What upstream keeps the vectors under. Here it is a name and no more. */
  readonly vectorPropertyName: string
  readonly enabled: boolean
  readonly status: 'pending' | 'indexing' | 'awaiting_vectors' | 'ready' | 'error'
}

export interface IndexStats {
  /** Records of the label that have the property, or a vector without it. */
  readonly totalRecords: number
  readonly indexedRecords: number
}

/** All AI indexes of a project, oldest first. Their status is that of the newest version, also within a transaction. */
export async function listIndexes(unit: Unit): Promise<EmbeddingIndex[]> {
  const made = await unit.project.records.indexes()
  return (await declaredIndexes(unit)).map((index) =>
    embeddingIndex(
      unit.project.id,
      index,
      made.find(({ name }) => name === index.id),
    ),
  )
}

/** @param made absent: it was declared just now */
export function embeddingIndex(projectId: string, index: StoredIndex, made?: IndexStatus): EmbeddingIndex {
  const { id, label, propertyName, modelKey, sourceType, similarityFunction, dimensions, createdAt, updatedAt } = index
  return {
    ...{ id, projectId, label, propertyName, modelKey, sourceType, similarityFunction, dimensions },
    vectorPropertyName: `_emb_${sourceType}_${similarityFunction}_${dimensions}`,
    enabled: true,
    status: statusOf(index, made),
    ...{ createdAt, updatedAt },
  }
}

/** Of an external index that it can be searched. How far a managed one is the library knows. */
function statusOf({ sourceType }: StoredIndex, made: IndexStatus | undefined): EmbeddingIndex['status'] {
  if (sourceType === 'managed') return made?.managed?.status ?? 'pending'
  return made && made.records > 0 ? 'ready' : 'awaiting_vectors'
}

/** Zeros for an index that is not there, as upstream. */
export async function indexStats(unit: Unit, id: string): Promise<IndexStats> {
  const index = await declaredIndex(unit, id)
  if (!index) return { totalRecords: 0, indexedRecords: 0 }
  const made = await unit.project.records.indexes()
  const indexedRecords = made.find(({ name }) => name === id)?.records ?? 0
  const { label, propertyName } = index
  const props = propertyTypes.map((type) => propOf(type, propertyName))
  const withProperty = await unit.records.count({ where: { label, props: { $in: props } } })
  const vectorsAlone = indexedRecords === 0 ? 0 : await countIndexed(unit, index, { label, props: { $nin: props } })
  return { totalRecords: withProperty + vectorsAlone, indexedRecords }
}

/** Of the matching records those with a vector: all that a search would look at. */
async function countIndexed(unit: Unit, { id, dimensions }: StoredIndex, where: Filter): Promise<number> {
  if ((await unit.records.count({ where })) === 0) return 0
  const vector = new Float32Array(dimensions).fill(1)
  const search = { index: id, vector, where, limit: 1, strategy: 'preFilter', explain: true, fields: [] } as const
  const { explanation } = await unit.records.search(search)
  return explanation!.parts.reduce((sum, { matches = 0 }) => sum + matches, 0)
}
