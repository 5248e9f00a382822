import { type Static, Type } from 'typebox'
import { notFound, unprocessable } from '../problem.js'
import type { Unit } from '../project.js'
import type { StoredIndex, StoredRecord } from '../stored.js'
import { declaredIndex } from './catalogue.js'
import type { TargetVectors } from './targets.js'

export const vectorItems = Type.Object({
  items: Type.Array(Type.Object({ recordId: Type.String({ minLength: 1 }), vector: Type.Array(Type.Number()) })),
})
type VectorItems = Static<typeof vectorItems>['items']

/** Vectors alone travel in the log, which takes 8 MiB at once; above this, as float64, whole records are written, which lie outside of it. */
const loggedBytesMax = 2 * 1024 * 1024

/**
 * Stores vectors of records that are there, all or none; of two for one record the later wins. A record needs the label of the index, not the property.
 * @throws RushProblem 404: no such index. 422: it is managed, or a record or a vector does not belong in it
 */
export async function upsertVectors(
  unit: Unit,
  indexId: string,
  items: VectorItems,
): Promise<{ readonly updated: number; readonly requested: number }> {
  const index = await declaredIndex(unit, indexId)
  if (!index) throw notFound(`There is no AI index "${indexId}".`)
  if (index.sourceType === 'managed')
    throw unprocessable('The index is managed: its vectors are made from the texts, and none can be written.')
  const vectors = new Map(items.map(({ recordId, vector }) => [recordId, checkedSize(index, recordId, vector)]))
  const ids = [...vectors.keys()]
  if (vectors.size * index.dimensions * Float64Array.BYTES_PER_ELEMENT <= loggedBytesMax) {
    const records = await unit.records.getMany(ids, { fields: ['label'] })
    records.forEach((record, i) => checkOwner(index, ids[i]!, record))
    await unit.records.setVectors(
      index.id,
      ids.map((id) => ({ id, vector: vectors.get(id)! })),
    )
  } else await rewrite(unit, index, vectors)
  return { updated: vectors.size, requested: items.length }
}

async function rewrite(unit: Unit, index: StoredIndex, vectors: ReadonlyMap<string, number[]>): Promise<void> {
  const ids = [...vectors.keys()]
  const records = await unit.records.getMany(ids, { vectors: true })
  await unit.records.upsert(
    records.map((record: (StoredRecord & { $vectors?: TargetVectors }) | null, i) => {
      checkOwner(index, ids[i]!, record)
      return { ...record!, $vectors: { ...record!.$vectors, [index.id]: vectors.get(ids[i]!)! } }
    }),
  )
}

function checkOwner({ label }: StoredIndex, id: string, record: Pick<StoredRecord, 'label'> | null): void {
  if (record?.label !== label) throw unprocessable(`There is no record "${id}" with label "${label}". Nothing was stored.`)
}

function checkedSize({ dimensions }: StoredIndex, id: string, vector: number[]): number[] {
  if (vector.length === dimensions) return vector
  throw unprocessable(
    `The vector of record "${id}" has ${vector.length} dimensions, the index ${dimensions}. Nothing was stored.`,
  )
}
