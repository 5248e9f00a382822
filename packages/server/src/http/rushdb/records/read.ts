import type { Filter } from 'quiverdb'
import { notFound } from '../problem.js'
import type { Unit } from '../project.js'
import { pagesOf } from '../query/pages.js'
import type { StoredRecord } from '../stored.js'

/** Vectors of a record by the ids of AI indexes. */
export type VectorsByIndex = { [indexId: string]: number[] }

/** A record and the vectors that were given for it. */
export type LoadedRecord = StoredRecord & { $vectors: VectorsByIndex }

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The records that there are, in the order of the ids. */
export async function recordsByIds(unit: Unit, ids: readonly string[]): Promise<StoredRecord[]> {
  const records = await unit.records.getMany(ids.filter((id) => uuid.test(id)))
  return records.filter((record) => record !== null)
}

/** @throws RushProblem 404 */
export async function recordById(unit: Unit, id: string): Promise<StoredRecord> {
  const [record] = await recordsByIds(unit, [id])
  if (!record) throw missingRecord(id)
  return record
}

/** @throws RushProblem 404 */
export async function loadRecord(unit: Unit, id: string): Promise<LoadedRecord> {
  const record = uuid.test(id) ? await unit.records.get(id, { vectors: true }) : null
  if (!record) throw missingRecord(id)
  return record as LoadedRecord
}

/** All that match, with their vectors. */
export async function loadRecords(unit: Unit, where: Filter): Promise<LoadedRecord[]> {
  const found: LoadedRecord[] = []
  for await (const page of pagesOf(unit.records, { where, vectors: true })) found.push(...(page as LoadedRecord[]))
  return found
}

function missingRecord(id: string) {
  return notFound(`Record with id ${id.slice(0, 100)} not found`)
}
